"""The settings of mail, external authentication and demo access in v3: what the pages do, too."""

from __future__ import annotations

import pytest

from tests.api.v3.calls import ADMIN, as_user, with_key
from tests.cast import Cast
from tests.mailbox import mail_server

SERVER = {"host": "mail.example", "sender": "noreply@north.example", "login": "perch", "password": "c4n4ry"}


def test_a_mail_server_is_named_changed_and_forgotten(cast: Cast) -> None:
    crm = with_key(cast.north_key, base=ADMIN)
    assert crm.get("mail").ok()["host"] is None
    named = crm.put("mail", SERVER).ok()
    assert (named["host"], named["port"], named["security"], named["has_password"]) == (
        "mail.example", 587, "starttls", True,
    )  # fmt: skip
    assert "c4n4ry" not in str(crm.get("mail").body)
    assert crm.put("mail", {"sender_name": "North"}).ok()["has_password"] is True
    assert crm.put("mail", {"host": "other.example"}).ok()["has_password"] is False
    crm.put("mail", {"login": "a@b"}).refused(400, "validation_error", pointer="/login")
    assert crm.delete("mail").status == 204
    assert crm.get("mail").ok()["host"] is None


def test_a_test_says_what_the_server_says(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    crm = with_key(cast.north_key, base=ADMIN)
    with mail_server() as box:
        monkeypatch.setenv("PERCH_CAMERA_NETWORKS", f"127.0.0.1/32:{box.port}")
        server = {"host": "127.0.0.1", "port": box.port, "security": "none", "sender": "n@north.example"}
        crm.put("mail", server).ok()
        assert crm.post("mail/test", {"to": "nora@example.org", "name": "invitation"}).status == 204
        assert box.last()["Subject"] == "Bob Baker invites you to Harbour"
        box.data = "554 no"
        refused = crm.post("mail/test", {"to": "nora@example.org"})
        assert "554: no" in refused.body["error"]


def test_a_text_of_ones_own_replaces_ours_in_one_language(cast: Cast) -> None:
    nora = as_user(cast.nora, base=ADMIN)
    ours = nora.get("mail/texts/activation").ok()
    assert (ours["is_own"], ours["locale"]) == (False, "en")
    text = '---\nsubject: "Hello"\n---\n{{data.base_url}}/vsaas/activate/{{data.token}}\n'
    own = nora.put("mail/texts/activation?locale=ru", {"text": text}).ok()
    assert (own["text"], own["html"], own["is_own"]) == (text, "", True)
    assert nora.get("mail/texts/activation").ok()["is_own"] is False
    nora.put("mail/texts/activation", {"text": "no link"}).refused(400, "validation_error", pointer="/text")
    assert nora.delete("mail/texts/activation?locale=ru").status == 204
    nora.delete("mail/texts/activation?locale=ru").refused(404, "not_found")
    nora.get("mail/texts/nothing").refused(404, "not_found")


def test_external_authentication_and_demo_access(cast: Cast) -> None:
    nora = as_user(cast.nora, base=ADMIN)
    assert nora.get("external_auth").ok()["kind"] == "none"
    sent = {"kind": "radius", "radius_host": "radius://ldap.example:1645/c4n4ry-of-some-length"}
    set_up = nora.put("external_auth", sent).ok()
    assert (set_up["radius_host"], set_up["radius_port"], set_up["has_radius_secret"]) == ("ldap.example", 1645, True)
    assert "c4n4ry" not in str(set_up)
    nora.put("external_auth", {"kind": "http", "url": "ftp://x"}).refused(400, "validation_error", pointer="/url")
    assert nora.put("demo_access", {"is_on": True}).ok() == {"is_on": True, "login": "Demo"}
    assert nora.put("demo_access", {"is_on": False}).ok()["is_on"] is False
