"""Secrets and folders: made once, for one owner."""

import base64
import stat
from pathlib import Path

import pytest

from portal.embedded import paths


@pytest.fixture
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder of this test's own."""
    monkeypatch.setenv("PERCH_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.delenv("PERCH_RUN_DIR", raising=False)
    monkeypatch.delenv("PERCH_MASTER_KEY", raising=False)
    return tmp_path / "data"


def test_the_key_file_is_made_once_and_only_its_owner_may_read_it(fresh: Path) -> None:
    key = paths.master_key()
    file = fresh / "master.key"
    assert len(key) == 32
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert paths.master_key() == key
    assert [entry.name for entry in fresh.iterdir()] == ["master.key"]


def test_a_first_start_that_comes_second_takes_the_key_that_is_there(fresh: Path) -> None:
    key = paths.master_key()
    paths._create_key(fresh / "master.key")
    assert paths.master_key() == key


def test_the_key_may_come_from_the_environment_and_then_leaves_no_file(
    fresh: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PERCH_MASTER_KEY", base64.urlsafe_b64encode(b"k" * 32).decode())
    assert paths.master_key() == b"k" * 32
    assert not (fresh / "master.key").exists()


@pytest.mark.parametrize("text", ["short", "not base64 at all!", base64.urlsafe_b64encode(b"k" * 31).decode()])
def test_a_key_that_is_no_key_is_refused(fresh: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("PERCH_MASTER_KEY", text)
    with pytest.raises(paths.BadMasterKey):
        paths.master_key()


def test_what_is_derived_differs_by_purpose_and_by_installation(fresh: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = paths.derive("database/app")
    assert first == paths.derive("database/app")
    assert first != paths.derive("database/owner")
    monkeypatch.setenv("PERCH_DATA_DIR", str(fresh.parent / "other"))
    assert first != paths.derive("database/app")


def test_sockets_get_a_short_folder_of_their_own_however_deep_the_data_lies(
    fresh: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PERCH_DATA_DIR", str(fresh / ("deep/" * 20)))
    folder = paths.run_dir()
    assert len(str(folder / "pg" / ".s.PGSQL.5432")) < 107
    assert not folder.exists()
    assert paths.make_run_dir() == paths.run_dir() == folder
    assert not folder.stat().st_mode & 0o066
    folder.rmdir()


def test_a_socket_folder_that_others_may_write_to_is_refused(
    fresh: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared = tmp_path / "prepared"
    prepared.mkdir()
    prepared.chmod(0o777)
    monkeypatch.setenv("PERCH_RUN_DIR", str(prepared))
    with pytest.raises(paths.UnusableFolder):
        paths.run_dir()
