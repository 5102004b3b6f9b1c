"""An ISP's own words in place of ours, in either language, for its people only."""

from __future__ import annotations

import json
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.translation import ngettext

from tenants.errors import Conflict, Invalid
from tenants.models import Domain, Wording
from tenants.scoping import domain_scope
from tenants.services import domains, languages, mail, users, wording
from tests.api.v3.calls import ADMIN, with_key
from tests.cast import NORTH, SOUTH, Cast

SIGN_IN = "<h1>{}</h1>"


def _say(cast: Cast, original: str, *forms: str, language: str = "en") -> int:
    """Change one text by the page, as a browser does it."""
    client = cast.client(cast.nora)
    path = f"/settings/languages/{language}?q={original[:60]}"
    page = client.get(path).content.decode()
    names = re.findall(rf'name="(t\w+-\d+)"[^>]*aria-label="{re.escape(original)}"', page, re.DOTALL)
    assert len(names) == len(forms), page
    return client.post(path, dict(zip(names, forms, strict=True))).status_code


def _heading(host: str = NORTH, language: str = "en") -> str:
    page = Client(HTTP_HOST=host, headers={"Accept-Language": language}).get("/login").content.decode()
    return str(re.findall(r"<h1>(.*?)</h1>", page)[0])


def test_a_text_is_said_the_isps_way_at_that_isp_only(cast: Cast) -> None:
    assert _heading() == "Sign in"
    assert _say(cast, "Sign in", "Come aboard") == 302
    assert _heading() == "Come aboard"
    assert _heading(SOUTH) == "Sign in"
    assert _heading(language="ru") == "Войти"
    assert _say(cast, "Sign in", "Подняться на борт", language="ru") == 302
    assert _heading(language="ru") == "Подняться на борт"
    assert _heading(SOUTH, "ru") == "Войти"
    assert _say(cast, "Sign in", "") == 302
    assert _heading() == "Sign in"


def test_plurals_have_all_their_forms(cast: Cast) -> None:
    with domain_scope(cast.north):
        text = next(each for each in wording.texts("ru") if each.plural and "%(n)s" in each.original)
        own = [f"%(n)s раз{number}" for number in range(3)]
        with pytest.raises(Invalid):
            wording.set_words(cast.north, "ru", {text.original: own[:2]}, acting_user=None)
        wording.set_words(cast.north, "ru", {text.original: own}, acting_user=None)
        with wording.speaking(cast.north, "ru"):
            said = [ngettext(text.original, text.plural, number) % {"n": number} for number in (1, 2, 5, 21)]
        assert said == ["1 раз0", "2 раз1", "5 раз2", "21 раз0"]


@pytest.mark.parametrize(
    ("original", "own"),
    [
        ("Sign in", "<b>Sign in</b>"), ("Sign in", 'x" onmouseover="alert(1)'), ("Sign in", "x" * 2001),
        ("Sign in", "%(who)s"), ("Sign in", "{x}"),
    ],
)  # fmt: skip
def test_what_would_break_a_page_is_refused_by_its_field(cast: Cast, original: str, own: str) -> None:
    assert _say(cast, original, own) == 422
    assert _heading() == "Sign in"


def test_placeholders_stay(cast: Cast) -> None:
    with domain_scope(cast.north):
        text = next(each for each in wording.texts("en") if "%(" in each.original and not each.plural)
        with pytest.raises(Invalid) as refused:
            wording.set_words(cast.north, "en", {text.original: ["Nothing"]}, acting_user=None)
        assert refused.value.field == text.original
        kept = " ".join(re.findall(r"%\(\w+\)s", text.original))
        assert wording.set_words(cast.north, "en", {text.original: [f"Own {kept}"]}, acting_user=None) == 1


def test_a_text_of_ours_is_no_change(cast: Cast) -> None:
    assert _say(cast, "Sign in", "Sign in") == 302
    with domain_scope(cast.north):
        assert not Wording.objects.exists()


def test_a_page_takes_no_more_queries_for_the_words(cast: Cast) -> None:
    client = cast.client(cast.alice)

    def asked() -> int:
        client.get("/profile/")
        with CaptureQueriesContext(connection) as captured:
            client.get("/profile/")
        return len(captured)

    plain = asked()
    _say(cast, "Sign in", "Come aboard")
    assert asked() == plain, "they are in the memory of the process"


def test_words_go_out_and_come_in_as_a_file(cast: Cast) -> None:
    _say(cast, "Sign in", "Come aboard")
    client = cast.client(cast.nora)
    answer = client.get("/settings/languages/en/export")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="perch-en.json"'
    document = json.loads(answer.content)
    own = {entry["id"]: entry["own"] for entry in document["texts"] if entry["own"]}
    assert own == {"Sign in": ["Come aboard"]}

    def put(content: object, language: str = "en") -> str:
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        upload = SimpleUploadedFile("x.json", data)
        return client.post(f"/settings/languages/{language}/import", {"file": upload}, follow=True).content.decode()

    assert "0 texts are changed" in put(document), "the same file again changes nothing"
    texts = [
        {"id": "Sign in", "own": ["Ahoy"]},
        {"id": "no such text", "own": ["x"]},
        {"id": "Password", "own": ["<b>"]},
        7,
    ]
    said = put({**document, "texts": texts})
    assert "1 text is changed" in said
    assert all(f"Entry {number} was left out" in said for number in (2, 3, 4))
    assert _heading() == "Ahoy"
    for wrong in (b"\xff\xfe", b"[]", {"texts": 3}, {"language": "ru", "texts": []}, b"[" * 100_000):
        assert "toast-card is-error" in put(wrong)
    assert _heading() == "Ahoy"


def test_only_what_was_changed_can_be_shown(cast: Cast) -> None:
    _say(cast, "Sign in", "Come aboard")
    page = cast.client(cast.nora).get("/settings/languages/en?own=1").content.decode()
    assert page.count("<textarea") == 1
    assert "Come aboard" in page
    assert cast.client(cast.nora).get("/settings/languages/xx").status_code == 404


def test_an_isp_adds_a_language_and_writes_it_text_by_text(cast: Cast) -> None:
    client = cast.client(cast.nora)
    assert _heading(language="de-AT,de;q=0.9,ru;q=0.5") == "Войти", "a language nobody speaks is passed over"
    answer = client.post("/settings/languages/add", {"language": "de"})
    assert answer.headers["Location"] == "/settings/languages/de"
    assert _heading(language="de-AT,de;q=0.9,ru;q=0.5") == "Sign in", "not written yet: English"
    assert _say(cast, "Sign in", "Anmelden", language="de") == 302
    page = Client(HTTP_HOST=NORTH, headers={"Accept-Language": "de"}).get("/login").content.decode()
    assert "<h1>Anmelden</h1>" in page
    assert '<html lang="de"' in page
    assert _heading(SOUTH, "de") == "Sign in"


def test_a_person_chooses_an_added_language(cast: Cast) -> None:
    nora, bob = cast.client(cast.nora), cast.client(cast.bob)
    assert bob.post("/profile/", {"locale": "de"}).status_code == 422
    nora.post("/settings/languages/add", {"language": "de"})
    assert _say(cast, "Profile", "Mein Konto", language="de") == 302
    assert bob.post("/profile/", {"locale": "de"}).status_code == 302
    assert "Mein Konto" in bob.get("/profile/").content.decode()


def test_plurals_of_an_added_language_have_its_own_number_of_forms(cast: Cast) -> None:
    client = cast.client(cast.nora)
    for language, forms in {"pl": 3, "de": 2, "ja": 1}.items():
        client.post("/settings/languages/add", {"language": language})
        document = json.loads(client.get(f"/settings/languages/{language}/export").content)
        assert {len(text["ours"]) for text in document["texts"] if text["plural"]} == {forms}
        counted = next(text for text in document["texts"] if text["plural"] and "%(n)s" in text["id"])
        counted["own"] = [f"%(n)s x{number}" for number in range(forms)]
        upload = SimpleUploadedFile("x.json", json.dumps({**document, "texts": [counted]}).encode())
        client.post(f"/settings/languages/{language}/import", {"file": upload})
        with domain_scope(cast.north):
            north = Domain.objects.get(pk=cast.north.pk)
            with wording.speaking(north, language):
                said = {ngettext(counted["id"], counted["plural"], number) for number in range(30)}
        assert said == set(counted["own"])


def test_removing_a_language_takes_its_texts_and_leaves_nobody_without_words(cast: Cast) -> None:
    nora, bob = cast.client(cast.nora), cast.client(cast.bob)
    nora.post("/settings/languages/add", {"language": "de"})
    _say(cast, "Sign in", "Anmelden", language="de")
    bob.post("/profile/", {"locale": "de"})
    assert "1 text that was written goes with it" in nora.get("/settings/languages/de/remove").content.decode()
    assert nora.post("/settings/languages/de/remove").status_code == 302
    with domain_scope(cast.north):
        assert not Wording.objects.exists()
    assert '<html lang="en"' in bob.get("/profile/").content.decode()
    assert nora.get("/settings/languages/de").status_code == 404
    assert nora.post("/settings/languages/en/remove").status_code == 404


def test_the_portals_own_language_stays(cast: Cast) -> None:
    nora = cast.client(cast.nora)
    nora.post("/settings/languages/add", {"language": "de"})
    with domain_scope(cast.north):
        north = domains.change_settings(Domain.objects.get(pk=cast.north.pk), acting_user=None, locale="de")
        with pytest.raises(Conflict):
            languages.remove(north, "de", acting_user=None)
        with pytest.raises(Invalid):
            domains.change_settings(north, acting_user=None, locale="fr")


@pytest.mark.parametrize("code", ["xx", "", "ar", "en-gb-x", "<b>", "\x00"])
def test_a_language_that_is_none_or_runs_the_other_way_is_refused(cast: Cast, code: str) -> None:
    assert cast.client(cast.nora).post("/settings/languages/add", {"language": code}).status_code == 400
    with_key(cast.north_key, base=ADMIN).post("wordings", {"locale": code or "?"}).refused(
        400, "validation_error", pointer="/locale"
    )


def test_an_application_adds_and_removes_languages(cast: Cast) -> None:
    caller = with_key(cast.north_key, base=ADMIN)
    assert caller.post("wordings", {"locale": "pt-br"}).ok(201)["title"] == "Português Brasileiro"
    caller.put("wordings/pt-br", {"wordings": [{"original": "Sign in", "own": ["Entrar"]}]}).ok()
    assert caller.get("wordings").ok()["languages"][2:] == [
        {"locale": "pt-br", "title": "Português Brasileiro", "is_added": True, "own": 1}
    ]
    assert _heading(language="pt-BR") == "Entrar"
    assert caller.delete("wordings/pt-br").status == 204
    caller.delete("wordings/pt-br").refused(404, "not_found")
    caller.delete("wordings/ru").refused(404, "not_found")


def test_a_language_that_comes_back_comes_without_its_old_words(cast: Cast) -> None:
    client = cast.client(cast.nora)
    client.post("/settings/languages/add", {"language": "de"})
    _say(cast, "Sign in", "Anmelden", language="de")
    assert _heading(language="de") == "Anmelden"
    client.post("/settings/languages/de/remove")
    client.post("/settings/languages/add", {"language": "de"})
    assert _heading(language="de") == "Sign in"


def test_mails_to_somebody_whose_language_is_gone_are_in_the_portals(cast: Cast) -> None:
    with domain_scope(cast.north):
        north = Domain.objects.get(pk=cast.north.pk)
        languages.add(north, "de", acting_user=None)
        bob = users.change_user(cast.bob, acting_user=None, locale="de")
        bob.domain = Domain.objects.get(pk=north.pk)
        assert mail.locale_of(bob) == "de"
        languages.remove(north, "de", acting_user=None)
        bob.domain = Domain.objects.get(pk=north.pk)
        assert mail.locale_of(bob) == "en"


def test_a_browser_of_china_is_understood(cast: Cast) -> None:
    cast.client(cast.nora).post("/settings/languages/add", {"language": "zh-hans"})
    page = Client(HTTP_HOST=NORTH, headers={"Accept-Language": "zh-CN,zh;q=0.9"}).get("/login").content.decode()
    assert '<html lang="zh-hans"' in page
