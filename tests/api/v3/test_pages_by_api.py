"""What pages do, v3 does: signing in, invitations, figures, words, support, floor plans, demo access."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import Any

import pytest

from tenants import clock
from tenants.models import AuditEntry, Domain, OneTimeGenerator, SuperAdministrator, User, UserSession
from tenants.scoping import domain_scope
from tenants.services import support
from tests.api.v3.calls import ADMIN, Caller, as_user, with_key
from tests.cast import Cast
from tests.sign_in.people import guess, with_generator

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


@pytest.fixture
def nora(cast: Cast) -> Caller:
    return as_user(cast.nora, base=ADMIN)


def test_the_rules_of_signing_in_are_read_and_changed(cast: Cast, nora: Caller) -> None:
    assert nora.get("sign_in_rules").ok()["session_hours"] == 336
    changed = nora.put("sign_in_rules", {"min_password_length": 12, "session_idle_hours": 24}).ok()
    assert (changed["min_password_length"], changed["session_idle_hours"]) == (12, 24)
    nora.put("sign_in_rules", {"min_password_length": 0}).refused(400, "validation_error")
    as_user(cast.bob).put("profile", {"password": "only eleven"}).refused(400, "validation_error")


def test_a_second_factor_for_administrators_begins_with_ones_own(cast: Cast, nora: Caller) -> None:
    nora.put("sign_in_rules", {"requires_admin_factor": True}).refused(409, "conflict")
    with_generator(cast.nora)
    assert nora.put("sign_in_rules", {"requires_admin_factor": True}).ok()["requires_admin_factor"] is True
    with domain_scope(cast.north):
        assert Domain.objects.get(pk=cast.north.pk).requires_admin_factor


def test_the_access_log_tells_who_came_and_is_never_counted(cast: Cast, nora: Caller) -> None:
    guess(cast.bob.login, "wrong")
    body = nora.get(f"access_log?user_id={cast.bob.pk}&result=password").ok()
    assert body["estimated_count"] is None
    assert [(row["login"], row["door"]) for row in body["sign_ins"]] == [(cast.bob.login, "page")]
    own = as_user(cast.bob).get("profile/sign_ins").ok()["sign_ins"]
    assert {row["user_id"] for row in own} == {cast.bob.pk}
    assert as_user(cast.alice).get("profile/sign_ins?result=password").ok()["sign_ins"] == []


def test_an_administrator_ends_somebodys_sessions_one_or_all(cast: Cast, nora: Caller) -> None:
    first, second, third = (as_user(cast.bob) for _number in range(3))
    rows = nora.get(f"users/{cast.bob.pk}/sessions?sort=id").ok()["sessions"]
    nora.delete(f"users/{cast.bob.pk}/sessions/{rows[0]['id']}").ok(204)
    assert [caller.get("profile").status for caller in (first, second, third)] == [401, 200, 200]
    nora.delete(f"users/{cast.bob.pk}/sessions").ok(204)
    assert [caller.get("profile").status for caller in (second, third)] == [401, 401]
    nora.delete(f"users/{cast.nora.pk}/sessions").ok(204)
    nora.get("users").ok()


def test_one_ends_all_of_ones_other_sessions(cast: Cast) -> None:
    here, there = as_user(cast.bob), as_user(cast.bob)
    here.delete("profile/sessions").ok(204)
    assert (here.get("profile").status, there.get("profile").status) == (200, 401)
    with domain_scope(cast.north):
        assert UserSession.objects.filter(user=cast.bob).count() == 1


def test_lost_factors_are_forgotten_and_their_owner_signs_in_anew(cast: Cast, nora: Caller) -> None:
    with_generator(cast.bob)
    bob = as_user(cast.bob)
    path = f"users/{cast.bob.pk}/second_factors"
    assert nora.get(path).ok() == {"generator": True, "passkeys": 0, "recovery_codes": 0}
    nora.delete(path).ok(204)
    bob.get("profile").refused(401, "wrong_credentials")
    with domain_scope(cast.north):
        assert not OneTimeGenerator.objects.filter(user=cast.bob).exists()


def test_two_accounts_become_one(cast: Cast, nora: Caller) -> None:
    row = nora.post(f"users/{cast.bob.pk}/merge", {"user_id": cast.ian.pk}).ok()
    assert row["name"] == cast.bob.login
    nora.get(f"users/{cast.ian.pk}").refused(404, "not_found")


def test_a_token_signs_somebody_in_once(cast: Cast, nora: Caller) -> None:
    until = int((clock.now() + timedelta(minutes=5)).timestamp() * 1000)
    token = nora.post(f"users/{cast.bob.pk}/autologin_token", {"valid_till": until}).ok(201)["autologin_token"]
    browser = cast.client()
    assert browser.post("/vsaas/autologin", {"autologin_token": token}).status_code == 302
    assert cast.bob.login in browser.get("/profile/").content.decode()
    nora.post(f"users/{cast.nora.pk}/autologin_token").refused(403, "forbidden")


def test_users_are_taken_in_from_a_table(cast: Cast, nora: Caller) -> None:
    table = b"login,name,email\nfay,Fay,fay@example.org\n,Nobody,\n"
    told = nora.raw("POST", "users/import", table, "text/csv").ok()
    assert (told["created"], list(told["errors"])) == (1, ["3"])
    assert nora.raw("POST", "users/import", table, "text/csv").ok()["created"] == 0


PROVIDER: dict[str, Any] = {
    "title": "Work", "issuer": "https://id.example.org", "client_id": "perch", "client_secret": "very secret",
}  # fmt: skip


def test_identity_providers_are_kept_and_their_secrets_never_shown(cast: Cast, nora: Caller) -> None:
    made = nora.post("identity_providers", PROVIDER).ok(201)
    assert made["has_client_secret"] is True
    assert made["is_active"] is True
    path = f"identity_providers/{made['id']}"
    assert nora.put(path, {"title": "Office"}).ok()["title"] == "Office"
    nora.put(path, {"issuer": "http://id.example.org"}).refused(400, "validation_error", pointer="/issuer")
    listed = nora.get("identity_providers").ok()["identity_providers"]
    assert [row["title"] for row in listed] == ["Office"]
    assert "very secret" not in str([made, listed])
    nora.delete(path).ok(204)
    nora.get(path).refused(404, "not_found")


def test_an_isp_says_things_in_its_own_words(cast: Cast, nora: Caller) -> None:
    word = {"original": "Sign in", "own": ["Come in"]}
    assert nora.put("wordings/en", {"wordings": [word]}).ok() == {"changed": 1}
    assert nora.get("wordings/en?own=true").ok()["wordings"] == [{**word, "ours": ["Sign in"]}]
    assert "Come in" in cast.client().get("/login").content.decode()
    nora.put("wordings/en", {"wordings": [{"original": "Nothing says this", "own": ["x"]}]}).refused(
        400, "validation_error"
    )
    nora.get("wordings/tlh").refused(404, "not_found")
    assert nora.put("wordings/en", {"wordings": [{"original": "Sign in"}]}).ok() == {"changed": 1}


def test_the_isp_sees_who_of_the_installation_was_here_and_ends_it(cast: Cast, nora: Caller) -> None:
    reason = "Ticket 4711: cameras are off"
    stay, _secret = support.start(cast.north, administrator=SuperAdministrator(login="greta"), reason=reason)
    [row] = nora.get("support_accesses").ok()["support_accesses"]
    assert (row["administrator"], row["reason"], row["ended_at"]) == ("greta", reason, None)
    nora.delete(f"support_accesses/{stay.pk}").ok(204)
    [row] = nora.get("support_accesses").ok()["support_accesses"]
    assert row["ended_by"] == cast.nora.login


def test_invitations_are_listed_and_withdrawn(cast: Cast) -> None:
    alice = as_user(cast.alice)
    path = f"organizations/{cast.harbour.pk}"
    sent = {"email": "dora@example.org", "permissions": {"can_view_stats": True}}
    made = alice.post(f"{path}/invite", sent).ok()
    [row] = alice.get(f"{path}/invitations").ok()["invitations"]
    assert (row["id"], row["email"], row["invited_by"]) == (made["id"], "dora@example.org", cast.alice.login)
    assert row["permissions"]["can_view_stats"] is True
    assert made["invite_key"] not in str(row)
    alice.delete(f"{path}/invitations/{row['id']}").ok(204)
    assert alice.get(f"{path}/invitations").ok()["invitations"] == []
    as_user(cast.charlie).get(f"organizations/invite/{made['invite_key']}").refused(404, "not_found")


def test_an_organization_in_figures(cast: Cast) -> None:
    body = as_user(cast.alice).get(f"organizations/{cast.harbour.pk}/statistics").ok()
    streams = body["streams"]
    assert streams["total"] == 2
    assert sum(streams[state] for state in ("online", "offline", "waiting", "disabled")) == 2
    assert sum(row["streams"] for row in body["folders"]) == 2
    assert body["streams_limit"] == cast.harbour.camera_limit


def test_a_floor_plan_is_drawn_shown_and_taken_away(cast: Cast) -> None:
    alice = as_user(cast.alice)
    path = f"organizations/{cast.harbour.pk}/folders/{cast.yard.pk}"
    shown = alice.put(path, {"floor_plan": {"file": PIXEL, "topleft": "55.7 37.7"}}).ok()["floor_plan"]
    assert shown["topleft"] == "55.7 37.7"
    answer = alice.client.get(shown["file"], headers=alice.headers, HTTP_HOST=alice.host)
    assert answer["Content-Type"] == "image/png"
    assert answer.content.startswith(base64.b64decode(PIXEL)[:8])
    assert alice.put(path, {"floor_plan": {"file": None}}).ok()["floor_plan"]["file"] is None
    alice.put(path, {"floor_plan": {"file": "nonsense"}}).refused(400, "validation_error", pointer="/floor_plan/file")


def test_only_an_administrator_shows_a_folder_to_strangers(cast: Cast) -> None:
    path = f"organizations/{cast.harbour.pk}/folders/{cast.yard.pk}"
    as_user(cast.alice).put(path, {"is_public": True}).refused(403, "forbidden")
    crm = with_key(cast.north_key)
    assert crm.put(path, {"is_public": True}).ok()["is_public"] is True
    assert crm.put(path, {"title": "Yard"}).ok()["is_public"] is True
    assert crm.put(path, {"is_public": False}).ok()["is_public"] is False


def test_the_particulars_on_invoices_are_settings_too(cast: Cast, nora: Caller) -> None:
    body = nora.put("domain_config", {"legal_name": "North Net Ltd", "vat_id": "DE123"}).ok()
    assert (body["legal_name"], body["vat_id"]) == ("North Net Ltd", "DE123")
    with domain_scope(cast.north):
        assert AuditEntry.objects.filter(object_type="Domain", changed__has_key="vat_id").exists()
        assert User.objects.count()


def test_the_pictures_of_the_brand_are_sent_and_taken_away(cast: Cast, nora: Caller) -> None:
    made = nora.put("brand_pictures/logo", {"file": PIXEL}).ok()
    assert made["kind"] == "logo"
    shown = as_user(cast.bob).get("ui_settings").ok()["brand"]["logo"]
    assert shown.endswith(made["mark"])
    assert cast.client().get(shown).status_code == 200
    nora.put("brand_pictures/banner", {"file": PIXEL}).refused(404, "not_found")
    nora.put("brand_pictures/logo", {"file": "nonsense"}).refused(400, "validation_error")
    nora.delete("brand_pictures/logo").ok(204)
    assert as_user(cast.bob).get("ui_settings").ok()["brand"]["logo"] is None


def test_the_last_mails_are_told_without_what_stands_in_them(cast: Cast, nora: Caller) -> None:
    alice = as_user(cast.alice)
    alice.post(f"organizations/{cast.harbour.pk}/invite", {"email": "dora@example.org"}).ok()
    [row] = nora.get("mails?template=invitation").ok()["mails"]
    assert (row["recipient"], row["sent_at"], row["attempts"]) == ("dora@example.org", None, 0)
    assert "data" not in row
    assert "invitation" in nora.get("mail/texts").ok()["texts"]


def test_roles_are_filters_of_the_list_of_users(cast: Cast, nora: Caller) -> None:
    nora.put(f"users/{cast.bob.pk}", {"can_edit_organizations": True}).ok()
    found = nora.get("users?can_edit_organizations=true&access_level=generic").ok()["users_list"]
    assert [row["id"] for row in found] == [cast.bob.pk]
