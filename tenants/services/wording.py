"""An ISP's own words in place of ours (item 172): read, changed, taken out and put back as a file, and spoken.

What an ISP changes lies over Django's own catalogue, in the memory of each process. `Domain.wording_version` stands in
the row that every request reads anyway: an unchanged version costs no query.

Templates write our texts into pages as they are, for we wrote them. Hence an ISP's text may carry no markup that the
original has not: neither angle brackets nor straight double quotes, which would end an attribute.
"""

from __future__ import annotations

import copy
import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from babel.messages.pofile import read_po
from django.conf import settings
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import trans_real

from tenants import audit
from tenants.errors import Invalid, Missing
from tenants.models import AuditEntry, Domain, User, Wording
from tenants.scoping import current_domain_id
from tenants.secrets import digest
from tenants.services import languages

LONGEST = 2000  # characters
RUSSIAN_FORMS = 3  # fractions, which are a fourth, we never write
PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|%[a-z%]|\{\w*\}")
MARKUP = re.compile(r'[<>"]')
NOTED = 30  # changed texts that one audit row tells in full
SOURCE = "ru"  # the catalogue that lists all originals

_spoken: dict[int, tuple[int, dict[str, Any]]] = {}


@dataclass(frozen=True)
class Text:
    """One text of ours: the English original (and its plural), what we say in a language, and what the ISP says."""

    original: str
    plural: str
    ours: tuple[str, ...]
    own: tuple[str, ...] = ()

    @property
    def shown(self) -> tuple[str, ...]:
        """What people read."""
        return self.own or self.ours


def known_language(code: str) -> str:
    """The code if it is spoken here; else Missing."""
    if code not in languages.known():
        raise Missing(_("There is no such language."))
    return code


@cache
def _originals() -> dict[str, tuple[str, tuple[str, ...]]]:
    """All our texts: the plural of each, and its forms in Russian."""
    path = Path(settings.LOCALE_PATHS[0]) / SOURCE / "LC_MESSAGES" / "django.po"
    with path.open("rb") as file:
        catalogue = read_po(file)
    found: dict[str, tuple[str, tuple[str, ...]]] = {}
    for message in catalogue:
        if not message.id or message.context:
            continue
        ids = message.id if isinstance(message.id, tuple | list) else (message.id, "")
        strings = message.string if isinstance(message.string, tuple | list) else (message.string,)
        found[str(ids[0])] = (str(ids[1]), tuple(str(text) for text in strings))
    return found


def _ours(original: str, language: str) -> tuple[str, ...]:
    plural, russian = _originals()[original]
    if language == SOURCE:
        return russian[:RUSSIAN_FORMS] if plural else russian[:1]
    if not plural:
        return (original,)
    forms = 2 if language == "en" else languages.plural_forms(language)
    return (original, *[plural] * (forms - 1))[-forms:]


def own_words(language: str) -> dict[str, tuple[str, ...]]:
    """What the ISP in scope says differently."""
    rows = Wording.objects.filter(language=language).values_list("original", "forms")
    return {original: tuple(forms) for original, forms in rows}


def texts(language: str) -> list[Text]:
    """All texts in one language, in the order of the alphabet."""
    own = own_words(known_language(language))
    return [
        Text(original, plural, _ours(original, language), own.get(original, ()))
        for original, (plural, _russian) in sorted(_originals().items(), key=lambda item: item[0].casefold())
    ]


def find(found: Sequence[Text], *, query: str = "", changed: bool = False) -> list[Text]:
    """Those that hold a word, in English or in the language; those the ISP changed."""
    word = query.casefold()
    return [
        text
        for text in found
        if (not changed or text.own)
        and any(word in part.casefold() for part in (text.original, text.plural, *text.ours, *text.own))
    ]


def check_forms(original: str, language: str, forms: Sequence[str]) -> tuple[str, ...]:
    """An ISP's text as it may be spoken; Invalid says what is wrong with it. Empty: ours is meant."""
    if original not in _originals():
        raise Invalid(_("There is no such text."))
    cleaned = tuple(form.strip() for form in forms)
    if not any(cleaned):
        return ()
    if len(cleaned) != len(_ours(original, language)):
        raise Invalid(_("This text has %(n)s forms.") % {"n": len(_ours(original, language))})
    plural = _originals()[original][0]
    for form in cleaned:
        _check_form(form, original, plural)
    return () if cleaned == _ours(original, language) else cleaned


def _check_form(form: str, original: str, plural: str) -> None:
    if not form:
        raise Invalid(_("Write every form of this text, or none."))
    if len(form) > LONGEST or "\x00" in form:
        raise Invalid(_("At most %(n)s characters.") % {"n": LONGEST})
    if sorted(MARKUP.findall(form)) != sorted(MARKUP.findall(original)):
        raise Invalid(_("Write “quotes” and no < or >: this text stands inside of pages."))
    wanted = sorted(PLACEHOLDER.findall(original))
    if sorted(PLACEHOLDER.findall(form)) not in (wanted, sorted(PLACEHOLDER.findall(plural or original))):
        raise Invalid(_("Keep what stands for something else: %(names)s.") % {"names": ", ".join(wanted) or "–"})


@transaction.atomic
def set_words(domain: Domain, language: str, changes: Mapping[str, Sequence[str]], *, acting_user: User | None) -> int:
    """Say some texts differently; an empty one is said as we say it again. Returns how many changed.

    Raises Invalid with the original as the field's name.
    """
    before = own_words(known_language(language))
    wanted = {}
    for original, forms in changes.items():
        try:
            wanted[original] = check_forms(original, language, forms)
        except Invalid as error:
            raise Invalid(error.message, field=original) from error
    changed = {name: forms for name, forms in wanted.items() if before.get(name, ()) != forms}
    if changed:
        _write(domain, language, changed)
        _note(domain, language, before, changed, acting_user)
    return len(changed)


def _write(domain: Domain, language: str, changed: Mapping[str, tuple[str, ...]]) -> None:
    digests = [digest(name) for name in changed]
    Wording.objects.filter(language=language, digest__in=digests).delete()
    Wording.objects.bulk_create(
        Wording(domain_id=current_domain_id(), language=language, original=name, digest=digest(name), forms=list(forms))
        for name, forms in changed.items()
        if forms
    )
    # Random rather than counted: a database that was restored must not say an old number for other words.
    domain.wording_version = secrets.randbelow(2**31 - 1) + 1
    Domain.objects.filter(pk=domain.pk).update(wording_version=domain.wording_version)


def _note(
    domain: Domain,
    language: str,
    before: Mapping[str, tuple[str, ...]],
    changed: Mapping[str, tuple[str, ...]],
    acting_user: User | None,
) -> None:
    told: dict[str, list[Any]] = {
        f"{language}: {name[:60]}": [" | ".join(before.get(name, ())) or None, " | ".join(forms) or None]
        for name, forms in list(changed.items())[:NOTED]
    }
    if len(changed) > NOTED:
        told[f"{language}: …"] = [None, len(changed) - NOTED]
    audit.record(AuditEntry.Action.CHANGE, domain, acting_user=acting_user, changed=told)


@contextmanager
def speaking(domain: Domain, language: str) -> Iterator[None]:
    """Speak a language in an ISP's own words. Opens no scope; needs the ISP's where its words are not in memory yet."""
    active: Any = vars(trans_real)["_active"]  # where Django keeps what it speaks
    outer = getattr(active, "value", None)
    try:
        with languages.of(domain), translation.override(language):
            spoken = _spoken_by(domain, language)
            if spoken is not None:
                active.value = spoken
            yield
    finally:
        if outer is not None:
            active.value = outer


def _spoken_by(domain: Domain, language: str) -> Any:
    """The catalogue with the ISP's words on top, or None where it says everything as we do."""
    if not domain.wording_version or not domain.pk:
        return None
    version, made = _spoken.get(domain.pk, (0, {}))
    if version != domain.wording_version:
        made = {}
        for code in (*languages.OURS, *domain.more_locales):
            own = own_words(code)
            if own:
                made[code] = _laid_over(code, own)
        _spoken[domain.pk] = (domain.wording_version, made)
    return made.get(language)


def _laid_over(language: str, own: Mapping[str, tuple[str, ...]]) -> Any:
    """Django's catalogue of a language with one more on top of those it looks through, first to last."""
    base: Any = trans_real.translation(language)
    entries: dict[Any, str] = {}
    for original, forms in own.items():
        if original not in _originals():
            continue  # a text of an older version
        if len(forms) == 1 and not _originals()[original][0]:
            entries[original] = forms[0]
        else:  # some languages count in more forms than people write
            entries |= {(original, number): forms[min(number, len(forms) - 1)] for number in range(6)}
    catalogue = copy.copy(base._catalog)
    catalogue._catalogs = [entries, *base._catalog._catalogs]
    catalogue._plurals = [base._catalog._plurals[0], *base._catalog._plurals]
    spoken = copy.copy(base)
    spoken._catalog = catalogue
    return spoken
