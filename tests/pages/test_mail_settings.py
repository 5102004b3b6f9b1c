"""Settings > Mail and External sign-in: what administrators set, see and try."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator

import pytest

from tenants.models import MailTemplate, OuterDoor
from tenants.scoping import domain_scope
from tenants.services import mail, mail_relays
from tests.cast import Cast
from tests.mailbox import Mailbox, mail_server, use
from tests.promises import keep_promises

TEXT = '---\nsubject: "Mine, {{data.name}}"\n---\n{{data.base_url}}/vsaas/forgot-password/{{data.token}}\n'
PREVIEW = "/settings/mail/texts/password_reset_request/preview"


@pytest.fixture(scope="module")
def running() -> Iterator[Mailbox]:
    with mail_server() as box:
        yield box


@pytest.fixture
def box(running: Mailbox, monkeypatch: pytest.MonkeyPatch) -> Mailbox:
    monkeypatch.setenv("PERCH_CAMERA_NETWORKS", f"127.0.0.1/32:{running.port}")
    running.mails.clear()
    running.recipients.clear()
    running.data = ""
    return running


def test_an_administrator_names_a_server_and_tries_it(cast: Cast, box: Mailbox) -> None:
    nora = cast.client(cast.nora)
    form = {"host": "127.0.0.1", "port": box.port, "security": "none", "sender": "noreply@north.example"}
    assert nora.post("/settings/mail", form).status_code == 302
    page = nora.post("/settings/mail/test", {"to": "nora@example.org"}, follow=True).content.decode()
    assert "The server took the test for nora@example.org." in page
    assert box.last()["Subject"] == "A test from North Net"
    box.data = "554 I do not like you"
    page = nora.post("/settings/mail/test", {"to": "nora@example.org"}, follow=True).content.decode()
    assert "The test was not sent: the mail server answered 554: I do not like you" in page
    assert nora.post("/settings/mail/remove").status_code == 302
    with domain_scope(cast.north):
        assert mail_relays.relay() is None


def test_a_password_is_kept_and_never_shown(cast: Cast) -> None:
    nora = cast.client(cast.nora)
    form = {"host": "mail.example", "port": 587, "security": "starttls", "sender": "a@b.example", "login": "perch"}
    nora.post("/settings/mail", {**form, "password": "c4n4ry-of-mail"})
    nora.post("/settings/mail", {**form, "sender_name": "North"})
    assert "c4n4ry-of-mail" not in nora.get("/settings/mail").content.decode()
    with domain_scope(cast.north):
        row = mail_relays.relay()
        assert row is not None
        assert row.password == "c4n4ry-of-mail"


def test_a_refused_setting_is_said_by_its_field(cast: Cast) -> None:
    form = {"host": "mail.example", "port": 587, "security": "starttls", "sender": "a@b.example", "login": "a@b"}
    answer = cast.client(cast.nora).post("/settings/mail", form)
    assert answer.status_code == 422
    assert 'id="id_login_error"' in answer.content.decode()


def test_a_text_of_ones_own_is_used_and_can_be_taken_back(cast: Cast, box: Mailbox) -> None:
    nora, path = cast.client(cast.nora), "/settings/mail/texts/password_reset_request"
    assert "Reset your password" in nora.get(path).content.decode(), "ours to begin with"
    assert nora.post(f"{path}?locale=en", {"text": TEXT.replace("\n", "\r\n")}).status_code == 302
    with domain_scope(cast.north):
        assert MailTemplate.objects.get().text == TEXT
        use(box)
        mail.send("password_reset_request", to="a@b.example", locale="en", name="Ann", token="t")
    keep_promises(cast.north)
    assert box.last()["Subject"] == "Mine, Ann"
    nora.post("/settings/mail/test", {"to": "n@b.example", "template": "password_reset_request", "locale": "en"})
    assert box.last()["Subject"] == "Mine, Alice Archer", "filled with samples"
    assert nora.post(f"{path}/default?locale=en").status_code == 302
    with domain_scope(cast.north):
        assert not MailTemplate.objects.exists()


def test_a_text_that_could_not_work_is_refused(cast: Cast) -> None:
    answer = cast.client(cast.nora).post("/settings/mail/texts/activation", {"text": "Hello"})
    assert answer.status_code == 422
    assert 'id="id_text_error"' in answer.content.decode()
    assert cast.client(cast.nora).get("/settings/mail/texts/nothing").status_code == 404


def test_a_preview_shows_samples_and_can_do_nothing(cast: Cast) -> None:
    nora = cast.client(cast.nora)
    page = nora.get("/settings/mail/texts/password_reset_request")
    assert "frame-src 'self'" in page.headers["Content-Security-Policy"]
    assert 'sandbox=""' in page.content.decode()
    kept = nora.get(f"{PREVIEW}?kind=html")
    assert "Alice Archer" in kept.content.decode()
    evil = '<b style="color: red">{{data.name}}</b><style>b{}</style><script>alert(1)</script>{{settings.SECRET_KEY}}'
    shown = nora.post(f"{PREVIEW}?kind=html", {"text": TEXT, "html": evil})
    policy = shown.headers["Content-Security-Policy"]
    assert {"sandbox", "default-src 'none'", "frame-ancestors 'self'"} <= set(policy.split("; "))
    assert "script-src" not in policy
    assert "unsafe-inline" not in policy
    for style in ("color: red", "b{}"):
        assert base64.b64encode(hashlib.sha256(style.encode()).digest()).decode() in policy
    assert "{{settings.SECRET_KEY}}" in shown.content.decode()
    assert shown.headers["X-Frame-Options"] == "SAMEORIGIN"
    text = nora.post(f"{PREVIEW}?kind=text", {"text": TEXT, "html": evil})
    assert text.headers["Content-Type"].startswith("text/plain")
    assert "Subject: Mine, Alice Archer" in text.content.decode()


@pytest.mark.parametrize(
    "path", ["/settings/mail", "/settings/mail/texts/test", "/settings/external", "/vsaas/forgot-password"]
)
def test_pages_of_mail_keep_the_policy(cast: Cast, path: str) -> None:
    answer = cast.client(cast.nora).get(path)
    assert answer.status_code == 200
    policy = answer.headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy


def test_external_sign_in_is_set_up_by_the_manuals_own_address(cast: Cast) -> None:
    nora = cast.client(cast.nora)
    form = {
        "kind": "radius", "method": "get", "radius_host": "radius://ldap.example:1645/a-secret-of-some-length",
        "radius_port": "1812", "require_authenticator": "on", "cache_days": "7",
    }  # fmt: skip
    assert nora.post("/settings/external", form).status_code == 302
    with domain_scope(cast.north):
        row = OuterDoor.objects.get()
    assert (row.radius_host, row.radius_port, row.radius_secret) == ("ldap.example", 1645, "a-secret-of-some-length")
    assert "a-secret-of-some-length" not in nora.get("/settings/external").content.decode()
    refused = nora.post("/settings/external", {**form, "radius_host": "127.0.0.1"})
    assert refused.status_code == 422
