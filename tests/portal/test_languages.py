"""Perch speaks English and Russian: no string is left out, and the right one of them is spoken."""

from __future__ import annotations

import io
import os
import re
from functools import cache
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from django.conf import settings
from django.test import Client
from django.utils import translation
from django.utils.translation import ngettext
from django.utils.translation.template import templatize
from pytest_django.fixtures import Settings

from tenants.scoping import domain_scope
from tenants.services import domains, users
from tests.cast import NORTH, SOUTH, Cast

SOURCE = Path(settings.LOCALE_PATHS[0]) / "ru" / "LC_MESSAGES" / "django.po"
APPS = ("tenants", "devices", "billing", "portal")
KEYWORDS = {"_": None, "gettext": None, "gettext_lazy": None, "ngettext": (1, 2), "ngettext_lazy": (1, 2)}
PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|%[sd%]")
CYRILLIC = re.compile("[а-яё]", re.IGNORECASE)
SAME_IN_BOTH = re.compile(r"\b(API|CRM|PTZ)\b")
ENGLISH, RUSSIAN = "<h1>Sign in</h1>", "<h1>Войти</h1>"


@cache
def catalogue() -> Catalog:
    with SOURCE.open("rb") as file:
        return read_po(file)


def messages() -> list[Message]:
    return [message for message in catalogue() if message.id]


def forms(message: Message) -> tuple[str, ...]:
    return (message.string,) if isinstance(message.string, str) else tuple(message.string or ())


def placeholders(text: str) -> list[str]:
    return sorted(PLACEHOLDER.findall(text))


@pytest.fixture(autouse=True)
def compiled(settings: Settings) -> None:
    """The compiled catalogue in its place, as `make messages` leaves it, and nothing older in Django's memory."""
    target = SOURCE.with_suffix(".mo")
    if not target.exists() or target.stat().st_mtime < SOURCE.stat().st_mtime:
        fresh = target.with_suffix(f".{os.getpid()}.mo")
        with fresh.open("wb") as file:
            write_mo(file, catalogue())
        fresh.replace(target)
    settings.LOCALE_PATHS = list(settings.LOCALE_PATHS)  # setting it makes Django read the catalogues anew


def strings(language: str, source: str) -> set[str]:
    """What this piece of code asks gettext for; of a plural its first form."""
    found = extract(language, io.BytesIO(source.encode()), keywords=KEYWORDS)
    return {words if isinstance(words, str) else words[0] for _line, words, _comments, _context in found}


def code() -> list[Path]:
    return [path for app in APPS for path in sorted((settings.BASE_DIR / app).rglob("*.py"))]


def test_no_string_of_the_source_is_missing() -> None:
    """Run `manage.py makemessages -l ru --no-obsolete --no-location` and translate what is empty then."""
    asked: set[str] = set()
    for path in code():
        asked |= strings("python", path.read_text())
    for path in sorted((settings.BASE_DIR / "templates").rglob("*.html")):
        asked |= strings("javascript", templatize(path.read_text()))  # a lexer that minds no indentation
    assert len(asked) > 700
    known = {message.id if isinstance(message.id, str) else message.id[0] for message in messages()}
    assert sorted(asked - known) == []


def test_gettext_goes_by_names_that_makemessages_knows() -> None:
    alias = re.compile(r"\b\w*gettext\w* as (?!_\b)\w+")
    assert [str(path) for path in code() if alias.search(path.read_text())] == []


def test_every_message_is_translated() -> None:
    assert len(messages()) > 700
    assert [message.id for message in messages() if not all(forms(message))] == []


def test_no_translation_is_a_guess() -> None:
    assert not catalogue().fuzzy
    assert [message.id for message in messages() if message.fuzzy] == []
    assert list(catalogue().obsolete) == []


def test_russian_is_written_in_russian() -> None:
    """A translation without a Russian letter is one somebody forgot, unless it has nothing but placeholders in it."""
    forgotten = [
        text
        for message in messages()
        for text in forms(message)
        if not CYRILLIC.search(text) and re.search(r"\w", SAME_IN_BOTH.sub("", PLACEHOLDER.sub("", text)))
    ]
    assert forgotten == []


def test_placeholders_are_those_of_the_original() -> None:
    differing = [
        message.id
        for message in messages()
        for text in forms(message)
        if placeholders(text) != placeholders(message.id if isinstance(message.id, str) else message.id[1])
    ]
    assert differing == []


def test_plurals_have_all_forms_of_russian() -> None:
    plurals = [message for message in messages() if message.pluralizable]
    assert plurals
    assert catalogue().num_plurals == 4  # as in Django's own catalogue; with other rules Django mixes up the forms
    assert [message.id for message in plurals if len(forms(message)) != 4] == []


@pytest.mark.parametrize(("count", "words"), [(1, "1 час"), (3, "3 часа"), (11, "11 часов"), (21, "21 час")])
def test_numbers_are_declined(count: int, words: str) -> None:
    with translation.override("ru"):
        assert ngettext("%(count)s hour", "%(count)s hours", count) % {"count": count} == words


def test_the_browser_is_answered_in_its_language(cast: Cast) -> None:
    page = Client(HTTP_HOST=NORTH).get("/login", headers={"accept-language": "ru-RU,ru;q=0.9,en;q=0.8"})
    assert RUSSIAN in page.content.decode()
    assert '<html lang="ru"' in page.content.decode()
    assert page["Content-Language"] == "ru"
    assert "Accept-Language" in page["Vary"]
    page = Client(HTTP_HOST=NORTH).get("/login", headers={"accept-language": "en-GB,ru;q=0.8"})
    assert ENGLISH in page.content.decode()


def test_the_cookie_is_heard_before_the_browser(cast: Cast) -> None:
    browser = Client(HTTP_HOST=NORTH)
    browser.cookies["perch_language"] = "ru"
    assert RUSSIAN in browser.get("/login", headers={"accept-language": "en"}).content.decode()
    browser.cookies["perch_language"] = "../../ru"
    assert ENGLISH in browser.get("/login", headers={"accept-language": "en"}).content.decode()


@pytest.mark.parametrize("header", [{}, {"accept-language": "kk,tt;q=0.9"}, {"accept-language": "*"}])
def test_a_browser_that_names_no_language_of_ours_gets_the_isps(cast: Cast, header: dict[str, str]) -> None:
    with domain_scope(cast.north):
        domains.change_settings(cast.north, acting_user=cast.nora, locale="ru")
    assert RUSSIAN in Client(HTTP_HOST=NORTH).get("/login", headers=header).content.decode()
    assert ENGLISH in Client(HTTP_HOST=SOUTH).get("/login", headers=header).content.decode()


def test_a_person_is_answered_in_the_language_he_chose_once_he_is_in(cast: Cast) -> None:
    with domain_scope(cast.north):
        users.change_user(cast.alice, acting_user=cast.alice, locale="ru")
    browser = cast.client(cast.alice)
    page = browser.get("/profile/", headers={"accept-language": "en"}).content.decode()
    assert "Как провайдеру и вашей организации" in page
    assert "How the provider" not in page


def test_a_mistake_is_told_in_russian(cast: Cast) -> None:
    page = Client(HTTP_HOST=NORTH).post(
        "/login", {"login": cast.alice.login, "password": "wrong"}, headers={"accept-language": "ru"}
    )
    assert page.status_code == 422
    assert "Неверный логин или пароль." in page.content.decode()
