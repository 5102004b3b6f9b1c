"""Mails reach a real server: once, later when it is away, with nothing in their headers that does not belong there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tenants import clock
from tenants.errors import Invalid
from tenants.models import AuditEntry, Mail, MailRelay
from tenants.scoping import domain_scope
from tenants.services import domains, mail, mail_relays, mail_templates
from tenants.services.mail_templates import Source
from tests.cast import Cast
from tests.mailbox import LOGIN, PASSWORD, Mailbox, certificate, mail_server, use
from tests.promises import keep_promises


@pytest.fixture
def box(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mailbox]:
    with mail_server() as running:
        monkeypatch.setenv("PERCH_CAMERA_NETWORKS", f"127.0.0.1/32:{running.port}")
        yield running


def promise(cast: Cast, to: str = "alice@example.org", **data: str) -> int:
    with domain_scope(cast.north):
        values = {"login": to, "name": "Alice", "token": "t0ken", **data}
        return mail.send("password_reset_request", to=to, locale="en", **values).pk


def row(cast: Cast, mail_id: int) -> Mail:
    with domain_scope(cast.north):
        found: Mail = Mail.objects.get(pk=mail_id)
        return found


def test_a_mail_arrives_with_the_brand_the_link_and_both_forms(cast: Cast, box: Mailbox) -> None:
    with domain_scope(cast.north):
        use(box)
    promise(cast)
    assert keep_promises(cast.north) == 1
    assert box.recipients == ["alice@example.org"]
    assert box.last()["Subject"] == "Reset your password at North Net"
    assert box.last()["From"] == "North Net <noreply@north.example>"
    assert box.last()["Auto-Submitted"] == "auto-generated"
    assert "/vsaas/forgot-password/t0ken" in box.text()
    assert "http://north.localhost" in box.text(), "the ISP's own name, whoever asked"
    assert "/vsaas/forgot-password/t0ken" in box.html()


def test_a_mail_leaves_once_however_often_it_is_tried(cast: Cast, box: Mailbox) -> None:
    with domain_scope(cast.north):
        use(box)
    number = promise(cast)
    assert [mail.deliver(cast.north.pk, number) for _ in range(3)] == [True, False, False]
    assert len(box.mails) == 1


def test_a_server_that_is_away_gets_the_mail_once_it_is_back(cast: Cast, box: Mailbox) -> None:
    with domain_scope(cast.north):
        use(box)
        box.data = "451 try later"
    number = promise(cast)
    assert not mail.deliver(cast.north.pk, number)
    waiting = row(cast, number)
    assert (waiting.attempts, waiting.sent_at, waiting.failed_at) == (1, None, None)
    assert "451: try later" in waiting.error
    box.data = ""
    with domain_scope(cast.north):
        assert mail.due() == [], "not before the pause is over"
    with clock.shifted(timedelta(minutes=2)), domain_scope(cast.north):
        assert mail.due() == [number]
        assert mail.deliver(cast.north.pk, number)
    assert len(box.mails) == 1
    assert row(cast, number).sent_at is not None


def test_pauses_grow_and_a_mail_that_makes_no_sense_any_more_is_given_up(cast: Cast) -> None:
    number = promise(cast)
    pauses = []
    with clock.shifted(timedelta()):
        for _ in range(9):
            assert not mail.deliver(cast.north.pk, number), "no server is named"
            waiting = row(cast, number)
            pauses.append(round((waiting.next_try_at - clock.now()) / timedelta(minutes=1)))
            with domain_scope(cast.north):
                Mail.objects.update(next_try_at=clock.now())
    assert pauses == [1, 2, 5, 10, 20, 30, 60, 60, 60]
    with clock.shifted(mail_templates.KINDS["password_reset_request"].lifetime + timedelta(minutes=1)):
        assert not mail.deliver(cast.north.pk, number)
    given_up = row(cast, number)
    assert given_up.failed_at is not None
    assert given_up.data == ""


@pytest.mark.parametrize("answer", ["550 no such user", "553 not here"])
def test_a_recipient_the_server_never_takes_is_not_tried_again(cast: Cast, box: Mailbox, answer: str) -> None:
    with domain_scope(cast.north):
        use(box)
    box.recipient = answer
    number = promise(cast)
    assert not mail.deliver(cast.north.pk, number)
    refused = row(cast, number)
    assert refused.failed_at is not None
    assert answer.partition(" ")[2] in refused.error


def test_the_token_of_a_mail_is_unreadable_while_it_waits_and_gone_afterwards(cast: Cast, box: Mailbox) -> None:
    with domain_scope(cast.north):
        use(box)
    number = promise(cast, token="c4n4ry-token")
    assert "c4n4ry-token" not in row(cast, number).data_sealed
    assert "c4n4ry-token" in row(cast, number).data
    assert mail.deliver(cast.north.pk, number)
    assert row(cast, number).data_sealed == ""


@pytest.mark.parametrize("implicit", [False, True], ids=["STARTTLS", "TLS from the start"])
def test_a_password_goes_over_tls_to_a_server_whose_name_is_proved(
    cast: Cast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, implicit: bool
) -> None:
    certified = certificate(tmp_path)
    security = MailRelay.Security.TLS if implicit else MailRelay.Security.STARTTLS
    with mail_server(certified=certified, implicit=implicit) as box:
        monkeypatch.setenv("PERCH_CAMERA_NETWORKS", f"127.0.0.1/32:{box.port}")
        with domain_scope(cast.north):
            use(box, host="localhost", security=security, login=LOGIN, password=PASSWORD)
        number = promise(cast)
        assert not mail.deliver(cast.north.pk, number), "nobody vouches for this certificate"
        assert "certificate" in row(cast, number).error.lower()
        monkeypatch.setenv("SSL_CERT_FILE", str(certified[0]))
        with domain_scope(cast.north):
            Mail.objects.update(next_try_at=clock.now())
        assert mail.deliver(cast.north.pk, number), row(cast, number).error
        assert (box.signed_in, box.encrypted) == ([True], [True])


def test_a_server_without_starttls_gets_neither_password_nor_mail(cast: Cast, box: Mailbox) -> None:
    with domain_scope(cast.north):
        use(box, security="starttls", login=LOGIN, password=PASSWORD)
    number = promise(cast)
    assert not mail.deliver(cast.north.pk, number)
    assert box.mails == []
    assert row(cast, number).failed_at is None, "the settings may be mended"


@pytest.mark.parametrize("field", ["login", "password"])
@pytest.mark.parametrize("letter", list("@;#[\\/"))
def test_the_letters_the_manual_forbids_are_refused(cast: Cast, field: str, letter: str) -> None:
    values: dict[str, Any] = {"host": "mail.example", "sender": "a@b.example", "login": "x", field: f"a{letter}b"}
    with domain_scope(cast.north), pytest.raises(Invalid) as refused:
        mail_relays.change_relay(acting_user=None, **values)
    assert refused.value.field == field


CRLF = ["a\r\nBcc: eve@evil.test", "a\nBcc: eve@evil.test", "a\rBcc: eve@evil.test", "a\x0bb", "a\x85b", "a\u2028b"]


@pytest.mark.parametrize("text", CRLF)
@pytest.mark.parametrize("field", ["host", "login", "password", "sender", "sender_name"])
def test_no_setting_holds_a_second_line(cast: Cast, field: str, text: str) -> None:
    values: dict[str, Any] = {"host": "mail.example", "sender": "a@b.example", "login": "x", "password": "y"}
    with domain_scope(cast.north), pytest.raises(Invalid) as refused:
        mail_relays.change_relay(acting_user=None, **{**values, field: text})
    assert refused.value.field == field


@pytest.mark.parametrize("text", CRLF)
def test_no_value_gets_into_the_headers(cast: Cast, box: Mailbox, text: str) -> None:
    with domain_scope(cast.north):
        use(box)
        mail_templates.change_template(
            "password_reset_request", "en", acting_user=None,
            text='---\nsubject: "For {{data.name}}"\n---\n{{data.name}} {{data.token}}',
        )  # fmt: skip
    promise(cast, name=text)
    keep_promises(cast.north)
    assert box.recipients == ["alice@example.org"]
    assert box.last()["Bcc"] is None
    assert b"\nBcc:" not in box.raw[-1].partition(b"\r\n\r\n")[0]
    assert len(box.last().get_all("Subject") or []) == 1
    assert str(box.last()["Subject"]).startswith("For a")


@pytest.mark.parametrize("to", [*(f"alice@example.org{text[1:]}" for text in CRLF), "alice", "a@b@c", "", "<a@b.de>"])
def test_nothing_but_one_address_is_written_to(cast: Cast, to: str) -> None:
    with domain_scope(cast.north), pytest.raises(Invalid):
        mail.send("test", to=to, locale="en", time="now")


def test_a_template_is_filled_once_and_never_run(cast: Cast) -> None:
    written = Source(
        "x---\nno head\n{{settings.SECRET_KEY}} {% load x %} {{data.name}} {{ data.token }} {{data.__class__}} "
        "{{data.unknown}}",
        "<b>{{data.name}}</b><script>{{settings.SECRET_KEY}}</script>",
    )
    letter = mail_templates.render(written, {"name": "<i>{{data.token}}</i>", "token": "s3cret", "brand": "North"})
    assert letter.subject == "North"
    assert "{{settings.SECRET_KEY}} {% load x %} <i>{{data.token}}</i> s3cret {{data.__class__}}" in letter.text
    assert "{{data.unknown}}" in letter.text
    assert letter.html == "<b>&lt;i&gt;{{data.token}}&lt;/i&gt;</b><script>{{settings.SECRET_KEY}}</script>"


MANUAL = """---
subject: "ABC surveillance password reset"
---
Thank you for using the forgot password option. Follow this link to reset your password to the ABC surveillance system:
{{data.base_url}}/vsaas/forgot-password/{{data.token}}
"""


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_the_manuals_own_template_works(cast: Cast, box: Mailbox, end: str) -> None:
    with domain_scope(cast.north):
        use(box)
        text = MANUAL.replace("\n", end)
        mail_templates.change_template("password_reset_request", "en", acting_user=cast.nora, text=text)
    promise(cast)
    keep_promises(cast.north)
    assert box.last()["Subject"] == "ABC surveillance password reset"
    assert "http://north.localhost:8000/vsaas/forgot-password/t0ken" in box.text()
    assert box.html() == "", "the ISP wrote no HTML"


def test_each_language_has_its_own_text_and_others_get_english(cast: Cast, box: Mailbox) -> None:
    with domain_scope(cast.north):
        use(box)
        for locale in ("ru", "de"):
            mail.send("activation", to="a@b.example", locale=locale, login="a", name="А", token="t")
    keep_promises(cast.north)
    assert [mail["Subject"] for mail in box.mails] == ["Ваша учётная запись — North Net", "Your account at North Net"]


@pytest.mark.parametrize("name", list(mail_templates.KINDS))
@pytest.mark.parametrize("locale", ["en", "ru"])
def test_our_own_texts_name_only_what_they_are_given(cast: Cast, name: str, locale: str) -> None:
    values = {each: f"<{each}>" for each in mail_templates.KINDS[name].names}
    letter = mail_templates.render(mail_templates.default(name, locale), values)
    assert "{{" not in letter.subject + letter.text + letter.html
    assert letter.subject
    assert "<script" not in letter.html
    assert "http" not in letter.html, "nothing is loaded, nobody is told that it was read"
    for value in mail_templates.KINDS[name].values:
        assert f"<{value}>" in letter.text + letter.subject
        assert f"&lt;{value}&gt;" in letter.html


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("no token at all", "text"),
        ('---\nsubject: "x"\n---\n  \n', "text"),
        ('---\nsubject: "x\x07y"\n---\n{{data.token}}', "text"),
        ("{{data.token}}\x00", "text"),
        ("{{data.token}}" + "x" * 100_001, "text"),
    ],
    ids=["no token", "nothing", "a bell in the subject", "a zero byte", "too long"],
)
def test_a_text_nobody_could_use_is_refused(cast: Cast, text: str, field: str) -> None:
    with domain_scope(cast.north), pytest.raises(Invalid) as refused:
        mail_templates.change_template("password_reset_request", "en", acting_user=cast.nora, text=text)
    assert refused.value.field == field


def test_mails_of_an_isp_without_a_server_leave_by_the_installations(cast: Cast, box: Mailbox, settings: Any) -> None:
    settings.PERCH_SMTP = {
        "host": "127.0.0.1", "port": box.port, "security": "none", "login": "", "password": "",
        "sender": "perch@installation.example",
    }  # fmt: skip
    promise(cast)
    keep_promises(cast.north)
    assert box.last()["From"] == "North Net <perch@installation.example>"


def test_the_address_of_a_mail_server_is_judged(cast: Cast, box: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    with domain_scope(cast.north):
        use(box, host="localhost")
    monkeypatch.setenv("PERCH_CAMERA_NETWORKS", "")
    with domain_scope(cast.north), pytest.raises(Invalid) as refused:
        use(box, host="127.0.0.1")
    assert refused.value.field == "host"
    number = promise(cast)
    assert not mail.deliver(cast.north.pk, number)
    assert box.mails == []


def test_pointing_perch_at_another_server_forgets_the_password(cast: Cast, box: Mailbox) -> None:
    with domain_scope(cast.north):
        use(box, security="starttls", login=LOGIN, password=PASSWORD)
        assert mail_relays.change_relay(acting_user=cast.nora, sender_name="N").password == PASSWORD
        assert mail_relays.change_relay(acting_user=cast.nora, host="mail.evil.test").password == ""


def test_settings_and_texts_leave_their_trace_without_the_password(cast: Cast, box: Mailbox) -> None:
    with domain_scope(cast.north):
        use(box, cast.nora, security="starttls", login=LOGIN, password=PASSWORD)
        mail_templates.change_template("test", "en", acting_user=cast.nora, text="Hello")
        mail_templates.restore_default("test", "en", acting_user=cast.nora)
        entries = AuditEntry.objects.filter(object_type__in=["MailRelay", "MailTemplate"]).order_by("id")
        told = [(entry.object_type, entry.action, entry.user_login) for entry in entries]
        assert PASSWORD not in str([entry.changed for entry in entries])
    nora = cast.nora.login
    assert told == [
        ("MailRelay", "create", nora), ("MailTemplate", "create", nora), ("MailTemplate", "delete", nora),
    ]  # fmt: skip


def test_an_isp_without_a_name_of_its_own_still_writes_links(cast: Cast, settings: Any) -> None:
    settings.PERCH_SCHEME, settings.PORT = "https", 8000
    assert mail.base_url(cast.north) == "https://north.localhost"
    domains.add_host(cast.north, "cams.north.example", is_primary=True)
    cast.north.hosts.filter(host="north.localhost").update(is_primary=False)
    assert mail.base_url(cast.north) == "https://cams.north.example"
