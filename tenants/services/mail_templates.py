"""The texts of mails (item 175): ours in English and Russian, the ISP's own in their place.

A template is a head between two lines of `---` with `subject: "..."`, and a body. `{{data.NAME}}` stands for a value;
names that are not known stay as they are written. It is plain substitution in one pass: nothing in a template or in a
value is ever run, and a value is not looked at again. In HTML values are escaped.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tenants import audit
from tenants.errors import Invalid, Missing
from tenants.models import MailTemplate, User
from tenants.scoping import current_domain_id
from tenants.services import languages
from tenants.services.validation import check

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise

FOLDER = Path(__file__).resolve().parent.parent / "mails"
LONGEST = 100_000  # characters
COMMON = ("base_url", "brand", "footer", "login", "name")


@dataclass(frozen=True)
class Kind:
    """A mail that Perch sends: what it is called, which values it may name besides the common ones, and for how long it
    is worth sending: a link is not sent once it has died."""

    title: _StrOrPromise
    values: tuple[str, ...] = ()
    lifetime: timedelta = timedelta(days=2)

    @property
    def names(self) -> tuple[str, ...]:
        """All values that a template may name."""
        return (*COMMON, *self.values)


# The next mail: a row here, and its .email and .email.html in tenants/mails/en and tenants/mails/ru.
KINDS: Mapping[str, Kind] = {
    "password_reset_request": Kind(gettext_lazy("Reset the password"), ("token",), timedelta(hours=2)),
    "password_changed": Kind(gettext_lazy("The password was changed"), ("time", "ip")),
    "activation": Kind(gettext_lazy("A new account"), ("token",), timedelta(days=7)),
    "invitation": Kind(
        gettext_lazy("Invitation to an organization"), ("token", "organization", "inviter"), timedelta(days=7)
    ),
    "new_sign_in": Kind(gettext_lazy("Signed in from a new place"), ("time", "ip", "device")),
    "test": Kind(gettext_lazy("Test"), ("time",)),
}
SAMPLE = {
    "token": "f8b1bdaac58cbe94638e5b14a3728b8e",
    "login": "alice@example.org",
    "name": "Alice Archer",
    "organization": "Harbour",
    "inviter": "Bob Baker",
    "time": "2026-03-01 14:05",
    "ip": "203.0.113.7",
    "device": "Firefox, Linux",
}
_PLACEHOLDER = re.compile(r"\{\{ *data\.([a-z_]{1,40}) *\}\}")
_HEAD = re.compile(r"\A---[ \t]*\r?\n(?P<head>(?:[^\n]*\n)*?)---[ \t]*(?:\r?\n|\Z)(?P<body>.*)\Z", re.DOTALL)


@dataclass(frozen=True)
class Source:
    """A template as it is written."""

    text: str
    html: str = ""


@dataclass(frozen=True)
class Letter:
    """A mail ready to be sent."""

    subject: str
    text: str
    html: str = ""


def kind_of(name: str) -> Kind:
    """The mail of this name, or Missing."""
    if name not in KINDS:
        raise Missing(_("There is no such mail."))
    return KINDS[name]


@cache
def default(name: str, locale: str) -> Source:
    """Our own text of a mail."""
    kind_of(name)
    folder = FOLDER / (locale if locale in languages.OURS else "en")
    return Source((folder / f"{name}.email").read_text(), (folder / f"{name}.email.html").read_text())


def own(name: str, locale: str) -> MailTemplate | None:
    """The ISP's own text of a mail, if it wrote one."""
    row: MailTemplate | None = MailTemplate.objects.filter(name=name, locale=languages.written(locale)).first()
    return row


def source(name: str, locale: str) -> Source:
    """The text of a mail as it will be used: the ISP's own, else ours."""
    row = own(name, locale)
    return Source(row.text, row.html) if row else default(name, locale)


def render(source: Source, values: Mapping[str, str]) -> Letter:
    """Fill a template. Without a subject of its own the brand stands there; a subject is one line whatever is in it."""
    subject, text = split(source.text)
    html_subject, page = split(source.html)
    line = " ".join(fill(subject or html_subject or "{{data.brand}}", values).split())
    readable = "".join(char for char in line if char.isprintable())
    return Letter(readable[:200], fill(text, values), fill(page, values, escape=True))


def split(written: str) -> tuple[str, str]:
    """A template's subject and body."""
    found = _HEAD.match(written.removeprefix("\ufeff"))
    if found is None:
        return "", written
    subject = ""
    for line in found["head"].splitlines():
        name, _colon, value = line.partition(":")
        if name.strip().lower() == "subject":
            subject = _unquoted(value.strip())
    return subject, found["body"]


def _unquoted(value: str) -> str:
    quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "\"'"
    return value[1:-1] if quoted else value


def fill(text: str, values: Mapping[str, str], *, escape: bool = False) -> str:
    """Put values in place of their names, once."""

    def value(found: re.Match[str]) -> str:
        if found[1] not in values:
            return found[0]
        return html.escape(values[found[1]]) if escape else values[found[1]]

    return _PLACEHOLDER.sub(value, text)


@transaction.atomic
def change_template(name: str, locale: str, *, acting_user: User | None, text: str, html: str = "") -> MailTemplate:
    """Write the ISP's own text of a mail in one language."""
    kind_of(name)
    row = own(name, locale)
    fresh = row is None
    row = row or MailTemplate(domain_id=current_domain_id(), name=name, locale=languages.written(locale))
    before = audit.snapshot(row)
    row.text, row.html = text, html
    _check(row)
    row.save()
    if fresh:
        audit.created(row, acting_user=acting_user)
    else:
        audit.changed(row, before, acting_user=acting_user)
    return row


def _check(row: MailTemplate) -> None:
    for field in ("text", "html"):
        written = getattr(row, field)
        if len(written) > LONGEST:
            raise Invalid(_("A mail has at most %(n)s characters.") % {"n": LONGEST}, field=field)
        if "\x00" in written:
            raise Invalid(_("A mail cannot hold a zero byte."), field=field)
        if any(not char.isprintable() for char in split(written)[0]):
            raise Invalid(_("A subject is one line of readable characters."), field=field)
    if not split(row.text)[1].strip():
        raise Invalid(_("The mail says nothing."), field="text")
    needed = "{{data.token}}" if "token" in KINDS[row.name].values else ""
    if needed and "token" not in _PLACEHOLDER.findall(row.text):
        raise Invalid(_("Without %(name)s nobody can follow the mail.") % {"name": needed}, field="text")
    check(row)


@transaction.atomic
def restore_default(name: str, locale: str, *, acting_user: User | None) -> None:
    """Forget the ISP's own text; ours is used again."""
    kind_of(name)
    row = own(name, locale)
    if row is not None:
        audit.deleted(row, acting_user=acting_user)
        row.delete()
