"""Every field of a model, sent to every address that writes it: only what is declared changes (security.md T3)."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import models

from devices.models import Camera, Preset
from tenants.models import Folder, Membership, Organization, User
from tenants.scoping import domain_scope
from tests.api.v3.calls import ADMIN, as_user
from tests.cast import Cast

# The address, the model and what stands in its row; who writes there with the least rights that are enough; and the
# columns that may change by that.
# What one may set, and what follows from it: an address that one says of oneself is not known to be one's.
OWN = {"login", "name", "email", "is_email_proven", "phone", "notification_email", "locale"}
WRITTEN: dict[str, tuple[type[models.Model], str, str, set[str]]] = {
    "profile": (User, "bob", "bob", OWN),
    "users/{bob}": (User, "bob", "bob", OWN),
    "organizations/{harbour}": (Organization, "harbour", "nora", {"title", "external_id", "owner_id"}),
    "organizations/{harbour}/users/{ian}": (
        Membership, "ian", "alice", {"can_edit_cameras", "can_edit_users", "can_view_stats", "is_accountant"},
    ),
    "organizations/{harbour}/folders/{yard}": (Folder, "yard", "alice", {"title", "parent_id", "coordinates"}),
    "streams/gate": (
        Camera, "gate", "alice",
        {
            "name", "title", "comment", "static", "motion_detector_enabled", "postal_address", "external_id",
            "updated_at", "preset_id", "dvr_depth", "dvr_lock_days", "dvr_space", "precise_thumbnails_days",
        },
    ),
    "presets/{basic}": (Preset, "basic", "nora", {"title", "is_adjustable", "is_everywhere", "max_streams"}),
}  # fmt: skip


def _value(field: models.Field[Any, Any], now: Any) -> Any:
    """Another value than the row has, of a type that the field takes."""
    if isinstance(field, models.BooleanField):
        return not now
    if isinstance(field, models.ForeignKey | models.IntegerField | models.FloatField | models.AutoField):
        return 1 if now != 1 else 2
    if isinstance(field, models.DateTimeField):
        return 1_715_105_180_000
    if isinstance(field, models.EmailField):
        return "mallory@example.com"
    return "en" if field.name == "locale" else "x"


def _row(cast: Cast, model: type[models.Model], name: str) -> models.Model:
    with domain_scope(cast.north):
        found: models.Model = (
            Membership.objects.get(user=cast.ian, organization=cast.harbour)
            if model is Membership
            else model._default_manager.get(pk=getattr(cast, name).pk)
        )
        return found


def _columns(row: models.Model) -> dict[str, Any]:
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


@pytest.mark.parametrize("path", WRITTEN)
def test_nothing_changes_but_what_is_declared(cast: Cast, path: str) -> None:
    model, name, who, allowed = WRITTEN[path]
    row = _row(cast, model, name)
    before = _columns(row)
    numbers = {key: getattr(cast, key).pk for key in ("bob", "harbour", "ian", "yard", "basic")}
    caller = as_user(getattr(cast, who), base=ADMIN if model is Preset else "/watcher/client-api/v3/")
    sent: dict[str, Any] = {}
    for field in row._meta.concrete_fields:
        value = _value(field, before[field.attname])
        sent |= {field.name: value, field.attname: value}
    # Together one bad value refuses all, so each field is sent alone, too.
    for body in [sent, *({key: value} for key, value in sent.items())]:
        answer = caller.put(path.format(**numbers), body)
        assert answer.status in {200, 400, 403, 404, 409}, (body, answer.body)
    after = _columns(_row(cast, model, name)) if name != "gate" else _columns(_moved(cast, row))
    changed = {column for column in before if before[column] != after[column]}
    assert changed <= allowed, changed - allowed
    assert changed, "void: nothing could be changed at all"


def _moved(cast: Cast, row: models.Model) -> models.Model:
    """The camera may have been renamed."""
    with domain_scope(cast.north):
        found: models.Model = Camera.objects.get(pk=row.pk)
        return found
