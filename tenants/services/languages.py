"""The languages an ISP is read in (item 172): ours, and those it adds and writes itself, text by text or as a file.

What is not written yet in an added language is said in English; dates and numbers are that language's own from the
first day. Languages that run from right to left are not offered: the pages have one direction.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any

from django.conf import settings
from django.conf.locale import LANG_INFO
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import trans_real

from tenants import audit
from tenants.errors import Conflict, Invalid, Missing
from tenants.models import Domain, MailTemplate, User, Wording

OURS = tuple(code for code, _name in settings.LANGUAGES)
MOST = 20
_added: ContextVar[tuple[str, ...]] = ContextVar("added languages", default=())


@cache
def addable() -> dict[str, str]:
    """The languages an ISP may add, each by its own name."""
    return {
        code: info["name_local"]
        for code, info in sorted(LANG_INFO.items())
        if "name_local" in info and not info["bidi"] and code not in OURS
    }


@contextmanager
def of(domain: Domain) -> Iterator[None]:
    """Know the ISP's languages for the while of a request."""
    token = _added.set(tuple(domain.more_locales))
    try:
        yield
    finally:
        _added.reset(token)


def known() -> tuple[str, ...]:
    """The codes of the languages that are read here: ours, then the ISP's."""
    return OURS + _added.get()


def choices() -> list[tuple[str, Any]]:
    """The same with their names, for people to choose from."""
    return [*settings.LANGUAGES, *((code, addable()[code]) for code in _added.get())]


def of_person(locale: str, domain: Domain) -> str:
    """The language somebody reads an ISP in, where he is not here to ask: the one he chose, if it is still read there,
    else the ISP's."""
    return locale if locale in (*OURS, *domain.more_locales) else domain.locale


def written(code: str) -> str:
    """A language that texts may be written in, ours or any other; else English."""
    return code if code in OURS or code in addable() else "en"


def meant_by(code: str) -> str:
    """The language of those read here that a browser's code means; nothing: the next one it names has its turn."""
    added = _added.get()
    plain = code.lower()
    for wanted in (plain, *LANG_INFO.get(plain, {}).get("fallback", []), plain.partition("-")[0]):
        if wanted in added:
            return str(wanted)
    try:
        return translation.get_supported_language_variant(code)
    except (LookupError, ValueError):
        return ""


@cache
def plural_forms(code: str) -> int:
    """In how many forms a language counts."""
    catalogue: Any = vars(trans_real.translation(code))["_catalog"]
    return 1 + max(int(catalogue._plurals[0](number)) for number in range(201))


@transaction.atomic
def add(domain: Domain, code: str, *, acting_user: User | None) -> Domain:
    """Let people choose one more language. Nothing happens where it is known already."""
    row = _locked(domain)
    if code in OURS or code in row.more_locales:
        return row
    if code not in addable():
        raise Invalid(_("There is no such language."), field="locale")
    if len(row.more_locales) >= MOST:
        raise Conflict(_("At most %(n)s languages can be added.") % {"n": MOST}, field="locale")
    return _save(domain, row, [*row.more_locales, code], acting_user)


@transaction.atomic
def remove(domain: Domain, code: str, *, acting_user: User | None) -> Domain:
    """Take an added language away, with its texts; whoever chose it reads the ISP's own again."""
    row = _locked(domain)
    if code not in row.more_locales:
        raise Missing(_("There is no such language."))
    if row.locale == code:
        raise Conflict(_("This is your portal's own language: choose another one first."))
    Wording.objects.filter(language=code).delete()
    MailTemplate.objects.filter(locale=code).delete()
    # Processes have the words in memory: another number makes them look again (tenants.services.wording).
    row.wording_version = domain.wording_version = secrets.randbelow(2**31 - 1) + 1
    return _save(domain, row, [kept for kept in row.more_locales if kept != code], acting_user)


def _locked(domain: Domain) -> Domain:
    return Domain.objects.select_for_update().get(pk=domain.pk)


def _save(domain: Domain, row: Domain, codes: list[str], acting_user: User | None) -> Domain:
    before = audit.snapshot(row)
    row.more_locales = domain.more_locales = codes
    row.save(update_fields=["more_locales", "wording_version"])
    audit.changed(row, before, acting_user=acting_user)
    return row
