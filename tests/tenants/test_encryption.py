"""Secrets at rest open in their own place only, and survive a change of key."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from devices.models import Camera
from tenants import encryption
from tenants.scoping import domain_scope
from tests.cast import Cast


def test_a_secret_copied_to_another_row_or_column_does_not_open(cast: Cast) -> None:
    with domain_scope(cast.north):
        gate, office = Camera.objects.get(name="gate"), Camera.objects.get(name="office")
        office.stream_url_sealed = gate.stream_url_sealed
        with pytest.raises(encryption.Undecipherable):
            _ = office.stream_url
        gate.substream_url_sealed = gate.stream_url_sealed
        with pytest.raises(encryption.Undecipherable):
            _ = gate.substream_url


@pytest.mark.parametrize("position", [3, 10, 20, -2])
def test_a_damaged_secret_does_not_open(position: int) -> None:
    sealed = encryption.encrypt("rtsp://u:p@camera/", context="here")
    letters = list(sealed)
    letters[position] = "A" if letters[position] != "A" else "B"
    with pytest.raises(encryption.Undecipherable):
        encryption.decrypt("".join(letters), context="here")


def test_rotation_rewrites_every_secret_and_loses_none(cast: Cast, settings: Any, tmp_path: Path) -> None:
    settings.PERCH_KEY_DIR = tmp_path / "keys"
    with domain_scope(cast.north):
        before = Camera.objects.get(name="gate").stream_url
    call_command("rotate_keys")
    with domain_scope(cast.north):
        gate = Camera.objects.get(name="gate")
        assert gate.stream_url == before
        assert encryption.key_id_of(gate.stream_url_sealed) == "k2"
    with domain_scope(cast.south):
        assert encryption.key_id_of(Camera.objects.get(name="tree").stream_url_sealed) == "k2"
    assert [path.stat().st_mode & 0o777 for path in (tmp_path / "keys").iterdir()] == [0o600]
