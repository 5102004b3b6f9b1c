"""What templates say often: icons, menu entries, durations, sizes, statuses."""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import cache
from typing import Any

from django import template
from django.forms import BoundField, CheckboxInput, CheckboxSelectMultiple
from django.templatetags.static import static
from django.urls import reverse
from django.utils import formats
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from billing import money
from tenants.models import AuditEntry

register = template.Library()


@cache
def _sprite() -> str:
    return static("vendor/icons.svg")


@register.simple_tag
def icon(name: str, more: str = "") -> SafeString:
    """One icon of the sprite, hidden from screen readers: the text beside it, or a label, says the same."""
    return format_html(
        '<svg class="icon {}" width="20" height="20" aria-hidden="true"><use href="{}#{}"></use></svg>',
        more,
        _sprite(),
        name,
    )


@register.inclusion_tag("parts/nav_item.html", takes_context=True)
def nav(context: dict[str, Any], url_name: str, label: str, picture: str, count: int | None = None) -> dict[str, Any]:
    """One entry of the menu, marked when the page on show is below its address; `count` stands behind it, if any."""
    url = reverse(url_name)
    current = context["request"].path.startswith(url)
    return {"url": url, "name": url_name, "label": label, "picture": picture, "current": current, "count": count}


@register.inclusion_tag("parts/field.html")
def field(bound: BoundField, more: str = "") -> dict[str, Any]:
    """A form's field with its label, help and errors; a check box becomes a switch."""
    widget = bound.field.widget
    is_group = isinstance(widget, CheckboxSelectMultiple)
    return {"field": bound, "is_switch": isinstance(widget, CheckboxInput), "is_group": is_group, "more": more}


@register.filter
def size(number: int | None) -> str:
    """Bytes in the unit people say: 1.5 GB (decimal, as disks are sold)."""
    value = float(number or 0)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000:
            return f"{formats.number_format(round(value, 1) if value < 10 and unit != 'B' else round(value))} {unit}"
        value /= 1000
    return f"{formats.number_format(round(value, 1))} TB"


@register.filter
def days(number: float | None) -> str:
    """Days of archive: "7 days", "12 hours"; empty for none."""
    if not number:
        return ""
    if number < 1:
        hours = round(number * 24)
        return ngettext("%(count)s hour", "%(count)s hours", hours) % {"count": hours}
    count = round(number)
    return ngettext("%(count)s day", "%(count)s days", count) % {"count": count}


@register.filter
def seconds(number: float | None) -> str:
    """A length of time in its two largest units: 3 d 4 h, 5 min 6 s."""
    left = int(number or 0)
    parts = []
    for unit, label in ((86400, _("d")), (3600, _("h")), (60, _("min")), (1, _("s"))):
        if left >= unit:
            parts.append(f"{left // unit} {label}")
            left %= unit
    return " ".join(parts[:2]) or f"0 {_('s')}"


@register.filter
def telephone(number: str) -> str:
    """A telephone number as an address: digits, with a plus in front where there is one."""
    digits = "".join(char for char in number if char.isascii() and char.isdigit())
    return f"+{digits}" if number.strip().startswith("+") else digits


@register.filter
def instant(stamp: int | None) -> datetime | None:
    """UTC seconds as a moment, for the date filter."""
    return datetime.fromtimestamp(stamp, UTC) if stamp else None


@register.filter
def initials(name: str) -> str:
    """One or two letters that stand for a name."""
    words = [word for word in name.replace("@", " ").replace(".", " ").split() if word]
    return "".join(word[0] for word in words[:2]).upper()


@register.filter(expects_localtime=True)
def day(moment: date | None, form: str) -> str:
    """Like `date`, but a short month is written small where the language does so: Django writes Сен in Russian."""
    if get_language() == "ru":
        form = form.replace("M", "b")
    return formats.date_format(moment, form) if moment else ""


@register.filter
def item(mapping: dict[Any, Any], key: Any) -> Any:
    """A mapping's value, or None."""
    return mapping.get(key)


@register.simple_tag(takes_context=True)
def page_address(context: dict[str, Any], number: int) -> str:
    """The address on show with another page number."""
    query = context["request"].GET.copy()
    query["page"] = str(number)
    return f"?{query.urlencode()}"


@register.simple_tag
def meter(part: int, whole: int, warn: bool = True) -> SafeString:
    """A thin bar: a part of a whole. With `warn` it is marked when nine tenths of a limit are used."""
    share = min(part / whole, 1) if whole else 0
    full = "is-full" if warn and share >= 0.9 else ""
    return format_html(
        '<svg class="meter {}" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">'
        '<rect width="100" height="6"></rect><rect class="on" width="{}" height="6"></rect></svg>',
        full,
        f"{share * 100:.1f}",
    )


@register.simple_tag
def day_strip(ranges: list[tuple[date, date]], days_in_month: int) -> SafeString:
    """A month as a strip of days, those in the ranges filled."""
    filled = {day for first, last in ranges for day in range(first.day, last.day + 1)}
    cells = format_html_join(
        "",
        '<rect x="{}" width="8" height="10" class="{}"></rect>',
        ((10 * (day - 1), "on" if day in filled else "") for day in range(1, days_in_month + 1)),
    )
    return format_html(
        '<svg class="day-strip" viewBox="0 0 {} 10" aria-hidden="true">{}</svg>', 10 * days_in_month - 2, cells
    )


@register.filter
def percent(ppm: int) -> str:
    """Parts per million as per cent: 125000 is 12.5."""
    return money.percent(ppm)


@register.filter
def action_label(action: str) -> str:
    """An audit entry's verb in the language of the reader."""
    return str(dict(AuditEntry.Action.choices).get(action, action))
