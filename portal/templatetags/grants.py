"""What templates say of grants: when they hold, and what rights are made of."""

from __future__ import annotations

from datetime import datetime

from django import template
from django.utils import formats, timezone
from django.utils.dates import WEEKDAYS_ABBR
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from devices.access import CameraRights
from tenants.models.grants import EVERY_DAY, Grant

register = template.Library()


@register.filter
def times(grant: Grant) -> str:
    """When a grant holds: "Mon–Fri 08:00–18:00 · until 1 Dec. 2026, 12:00"; empty for always."""
    parts = [window(grant)] if grant.has_window else []
    if grant.valid_from is not None:
        parts.append(_("from %(moment)s") % {"moment": _moment(grant.valid_from)})
    if grant.valid_until is not None:
        parts.append(_("until %(moment)s") % {"moment": _moment(grant.valid_until)})
    return " · ".join(parts)


def window(grant: Grant) -> str:
    """The days and hours of the week."""
    days = "" if grant.days == EVERY_DAY else weekdays(grant.days)
    if grant.minute_from is None or grant.minute_until is None:
        return days
    hours = f"{_hour(grant.minute_from)}–{_hour(grant.minute_until)}"
    return f"{days} {hours}".strip()


def weekdays(bits: int) -> str:
    """Bits of weekdays as people write them: "Mon–Fri, Sun"."""
    runs: list[list[int]] = []
    for day in range(7):
        if not bits >> day & 1:
            continue
        if runs and runs[-1][-1] == day - 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    names = {number: str(name) for number, name in WEEKDAYS_ABBR.items()}
    return ", ".join(
        f"{names[run[0]]}–{names[run[-1]]}" if len(run) > 2 else ", ".join(names[day] for day in run) for run in runs
    )


@register.filter
def rights_list(rights: CameraRights) -> list[str]:
    """What somebody may do with a camera, in words."""
    archive = _("archive")
    if rights.dvr_depth_limit is not None:
        archive = ngettext("archive of %(n)s day", "archive of %(n)s days", rights.dvr_depth_limit) % {
            "n": rights.dvr_depth_limit
        }
    words = {
        _("live"): rights.view,
        archive: rights.dvr,
        _("download"): rights.export,
        _("PTZ"): rights.ptz,
        _("talk"): rights.talk,
        _("actions"): rights.actions,
        _("settings"): rights.edit,
    }
    return [word for word, held in words.items() if held]


def _hour(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _moment(at: datetime) -> str:
    return str(formats.date_format(timezone.localtime(at), "j N Y, H:i"))
