"""What a grant gives and when it holds: the part that grants on folders and on single cameras share."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from tenants.scoping import ScopedModel

EVERY_DAY = 127
MINUTES = 24 * 60
RIGHTS = ("can_view_dvr", "dvr_depth_limit", "can_export", "can_use_ptz", "can_talk", "can_use_actions")
LIMITS = ("valid_from", "valid_until", "days", "minute_from", "minute_until")


class Grant(ScopedModel):
    """The row itself is the right to see live video (items 69, 303, 304).

    `dvr_depth_limit` is in days, null is the whole archive; `can_export` needs the archive. `days` has a bit for every
    weekday the grant holds on, Monday the lowest; `minute_from` and `minute_until` count from midnight on the ISP's
    wall clock. A window that ends before it begins passes midnight and belongs to the day it begins on.
    """

    can_view_dvr = models.BooleanField(_("archive"), default=False)
    dvr_depth_limit = models.PositiveIntegerField(
        _("archive depth, days"), null=True, blank=True, validators=[MaxValueValidator(3650)]
    )
    can_export = models.BooleanField(_("download"), default=True)
    can_use_ptz = models.BooleanField(_("PTZ"), default=False)
    can_talk = models.BooleanField(_("talk"), default=False)
    can_use_actions = models.BooleanField(_("actions"), default=False)
    valid_from = models.DateTimeField(_("from"), null=True, blank=True)
    valid_until = models.DateTimeField(_("until"), null=True, blank=True)
    days = models.PositiveSmallIntegerField(
        _("weekdays"), default=EVERY_DAY, validators=[MinValueValidator(1), MaxValueValidator(EVERY_DAY)]
    )
    minute_from = models.PositiveSmallIntegerField(
        _("from"), null=True, blank=True, validators=[MaxValueValidator(MINUTES - 1)]
    )
    minute_until = models.PositiveSmallIntegerField(
        _("until"), null=True, blank=True, validators=[MaxValueValidator(MINUTES - 1)]
    )

    class Meta(ScopedModel.Meta):
        abstract = True
        constraints = [
            models.CheckConstraint(
                condition=Q(valid_from=None) | Q(valid_until=None) | Q(valid_from__lt=F("valid_until")),
                name="%(app_label)s_%(class)s_validity",
            ),
            models.CheckConstraint(
                condition=Q(minute_from=None, minute_until=None)
                | Q(minute_from__isnull=False, minute_until__isnull=False) & ~Q(minute_from=F("minute_until")),
                name="%(app_label)s_%(class)s_window",
            ),
            models.CheckConstraint(condition=Q(days__gte=1, days__lte=EVERY_DAY), name="%(app_label)s_%(class)s_days"),
        ]

    @property
    def is_limited(self) -> bool:
        """Whether it holds at some times only."""
        return self.has_window or self.valid_from is not None or self.valid_until is not None

    @property
    def has_window(self) -> bool:
        """Whether it holds on some days of the week or hours of the day only."""
        return self.days != EVERY_DAY or self.minute_from is not None

    @property
    def exports(self) -> bool:
        """Whether it lets files of the archive be downloaded."""
        return self.can_view_dvr and self.can_export

    def holds_at(self, instant: datetime, zone: ZoneInfo) -> bool:
        """Whether the grant holds at an instant, by the wall clock of a zone."""
        if self.valid_from is not None and instant < self.valid_from:
            return False
        if self.valid_until is not None and instant >= self.valid_until:
            return False
        wall = instant.astimezone(zone)
        today = bool(self.days >> wall.weekday() & 1)
        if self.minute_from is None or self.minute_until is None:
            return today
        minute = wall.hour * 60 + wall.minute
        if self.minute_from < self.minute_until:
            return today and self.minute_from <= minute < self.minute_until
        yesterday = bool(self.days >> (wall.weekday() - 1) % 7 & 1)
        return (today and minute >= self.minute_from) or (yesterday and minute < self.minute_until)

    def clean(self) -> None:
        """Refuse times that never hold, in words of the person who typed them."""
        super().clean()
        wrong: dict[str, Any] = {
            name: _("Choose a year from 1970 to 2999.")
            for name in ("valid_from", "valid_until")
            if (moment := getattr(self, name)) and not 1970 <= moment.year <= 2999
        }
        if not wrong and self.valid_from and self.valid_until and self.valid_from >= self.valid_until:
            wrong["valid_until"] = _("This ends before it begins.")
        if (self.minute_from is None) != (self.minute_until is None):
            wrong["minute_from" if self.minute_from is None else "minute_until"] = _("Give both times, or neither.")
        elif self.minute_from is not None and self.minute_from == self.minute_until:
            wrong["minute_until"] = _("This must differ from the beginning; leave both empty for the whole day.")
        if wrong:
            raise ValidationError(wrong)
