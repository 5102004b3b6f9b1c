"""Grants on folders (and, beside them, on single cameras) as the v3 dialects show and take them (items 69, 303)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, ClassVar, TypedDict

from rest_framework import serializers

from portal.api.v3.columns import EPOCH, FURTHEST
from portal.api.v3.shapes import depth_days, depth_seconds
from portal.api.v3.views import Fields, Number, Truth, utc_ms
from tenants.models.grants import EVERY_DAY, MINUTES, Grant


class GrantShape(TypedDict):
    """What somebody may do with cameras. `dvr_depth_limit` in seconds, 0 is the whole archive; `valid_*` in ms; `days`
    has a bit for every weekday, Monday the lowest; `minute_*` count from midnight at the ISP."""

    can_view: bool
    can_view_dvr: bool
    dvr_depth_limit: int
    can_export: bool
    can_use_ptz: bool
    can_talk: bool
    can_use_actions: bool
    valid_from: int | None
    valid_until: int | None
    days: int
    minute_from: int | None
    minute_until: int | None


class Moment(serializers.IntegerField):
    """An instant in ms, or null."""

    def __init__(self, **more: Any) -> None:
        super().__init__(**{"required": False, "allow_null": True, **more})

    def to_internal_value(self, data: Any) -> Any:
        milliseconds = super().to_internal_value(data)
        if not 0 <= milliseconds <= FURTHEST:
            self.fail("invalid")
        return EPOCH + timedelta(milliseconds=milliseconds)


class GrantFields(Fields):
    """A grant; `can_view: false` takes it away."""

    DEFAULTS: ClassVar[Mapping[str, Any]] = {
        "can_view_dvr": False, "dvr_depth_limit": 0, "can_export": True, "can_use_ptz": False, "can_talk": False,
        "can_use_actions": False, "valid_from": None, "valid_until": None, "days": EVERY_DAY, "minute_from": None,
        "minute_until": None,
    }  # fmt: skip

    can_view = Truth()
    can_view_dvr = Truth()
    dvr_depth_limit = Number(allow_null=True, help_text="seconds, whole days; 0 is the whole archive")
    can_export = Truth()
    can_use_ptz = Truth()
    can_talk = Truth()
    can_use_actions = Truth()
    valid_from = Moment()
    valid_until = Moment()
    days = Number(min_value=1, max_value=EVERY_DAY)
    minute_from = Number(allow_null=True, max_value=MINUTES - 1)
    minute_until = Number(allow_null=True, max_value=MINUTES - 1)


NO_GRANT: GrantShape = {
    "can_view": False, "can_view_dvr": False, "dvr_depth_limit": 0, "can_export": False, "can_use_ptz": False,
    "can_talk": False, "can_use_actions": False, "valid_from": None, "valid_until": None, "days": EVERY_DAY,
    "minute_from": None, "minute_until": None,
}  # fmt: skip


def grant_shape(row: Grant) -> GrantShape:
    """A grant; the row itself is the right to see live video."""
    return {
        "can_view": True,
        "can_view_dvr": row.can_view_dvr,
        "dvr_depth_limit": depth_seconds(row.dvr_depth_limit),
        "can_export": row.exports,
        "can_use_ptz": row.can_use_ptz,
        "can_talk": row.can_talk,
        "can_use_actions": row.can_use_actions,
        "valid_from": utc_ms(row.valid_from),
        "valid_until": utc_ms(row.valid_until),
        "days": row.days,
        "minute_from": row.minute_from,
        "minute_until": row.minute_until,
    }


def grant_values(fields: dict[str, Any]) -> dict[str, Any]:
    """What was sent, in the service's units."""
    values = {name: value for name, value in fields.items() if name != "can_view"}
    if "dvr_depth_limit" in values:
        values["dvr_depth_limit"] = depth_days(values["dvr_depth_limit"])
    return values
