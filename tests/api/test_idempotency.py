"""A write that is asked for again is done once (issue 314; security.md F5): by every dialect."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import orjson
import pytest
from django.db import connection
from django.test import Client

from tenants import clock
from tenants.models import IdempotentAnswer, Organization, User
from tenants.scoping import domain_scope
from tenants.services import housekeeping, keys
from tests.api.calls import BASE, as_user, with_key
from tests.api.v1.calls import billing
from tests.cast import NORTH, Cast, build


def test_the_same_key_and_body_give_the_same_answer_and_do_nothing(cast: Cast) -> None:
    crm = with_key(cast.north_key)
    first = crm.post("users", {"login": "new"}, Idempotency_Key="one")
    again = crm.post("users", {"login": "new"}, Idempotency_Key="one")
    assert again.ok() == first.ok()
    assert "Idempotent-Replayed" not in first.response
    assert again.response["Idempotent-Replayed"] == "true"
    assert again.response["Content-Type"] == "application/json"
    with domain_scope(cast.north):
        assert User.objects.filter(login="new").count() == 1


def test_another_body_address_or_method_by_the_same_key_is_a_mistake(cast: Cast) -> None:
    crm = with_key(cast.north_key)
    crm.post("presets", {"title": "One"}, Idempotency_Key="k").ok()
    crm.post("presets", {"title": "Two"}, Idempotency_Key="k").refused(422, "IdempotencyKeyReused", "Idempotency-Key")
    crm.post("organizations", {"title": "One"}, Idempotency_Key="k").refused(422, "IdempotencyKeyReused")
    crm.put(f"presets/{cast.basic.pk}", {"title": "One"}, Idempotency_Key="k").refused(422, "IdempotencyKeyReused")
    assert [row["title"] for row in crm.get("presets").ok()].count("One") == 1


def test_a_deletion_is_answered_again_though_the_row_is_gone(cast: Cast) -> None:
    crm, path = with_key(cast.north_key), f"users/{cast.bob.pk}"
    for _time in range(2):
        assert crm.delete(path, Idempotency_Key="bye").ok() == {"success": True}
    crm.delete(path).refused(404, "NotFound")


def test_what_was_refused_did_nothing_and_leaves_its_key_free(cast: Cast) -> None:
    crm = with_key(cast.north_key)
    crm.post("users", {"login": ""}, Idempotency_Key="k").refused(400, "ValidationError")
    assert crm.post("users", {"login": "new"}, Idempotency_Key="k").ok()["login"] == "new"


def test_keys_are_each_callers_own(cast: Cast) -> None:
    body = {"title": "x", "stream_url": "fake://fake", "organization_id": cast.harbour.pk}
    names = {
        with_key(cast.north_key).post("cameras", body, Idempotency_Key="same").ok()["name"],
        as_user(cast.alice).post("cameras", body, Idempotency_Key="same").ok()["name"],
        as_user(cast.ian).post("cameras", body, Idempotency_Key="same").ok()["name"],
    }
    assert len(names) == 3
    with domain_scope(cast.north):
        other = keys.add_key(acting_user=None, title="another")[1]
    assert with_key(other).post("cameras", body, Idempotency_Key="same").ok()["name"] not in names
    assert as_user(cast.alice).post("cameras", body, Idempotency_Key="same").ok()["name"] in names, "by another session"


def test_reading_needs_no_key_and_none_is_kept(cast: Cast) -> None:
    crm = with_key(cast.north_key)
    crm.get("users", Idempotency_Key="k").ok()
    crm.post("users", {"login": "new"}, Idempotency_Key="k").ok()
    assert "new" in {row["login"] for row in crm.get("users", Idempotency_Key="k").ok()}


@pytest.mark.parametrize("key", ["x" * 256, "with space", "ü"])
def test_what_is_no_key_is_refused(cast: Cast, key: str) -> None:
    client = Client(HTTP_HOST=NORTH, headers={"x-vsaas-api-key": cast.north_key})
    answer = client.post(BASE + "presets", b"{}", "application/json", HTTP_IDEMPOTENCY_KEY=key)
    assert (answer.status_code, answer.json()["field"]) == (400, "Idempotency-Key")


def test_a_key_lives_for_a_day_and_its_answer_no_longer(cast: Cast) -> None:
    crm = with_key(cast.north_key)
    first = crm.post("presets", {"title": "x"}, Idempotency_Key="k").ok()
    with clock.shifted(timedelta(hours=23)):
        assert crm.post("presets", {"title": "x"}, Idempotency_Key="k").ok() == first
    with clock.shifted(timedelta(hours=25)):
        assert crm.post("presets", {"title": "x"}, Idempotency_Key="k").ok()["id"] != first["id"]
    with clock.shifted(timedelta(hours=50)), domain_scope(cast.north):
        housekeeping.remove_expired()
        assert not IdempotentAnswer.objects.exists()


def test_answers_are_sealed_at_rest(cast: Cast) -> None:
    secret = "a-very-secret-key-of-a-user"
    crm = with_key(cast.north_key)
    body = {"login": "machine", "apikey": secret}
    assert crm.post("users", body, Idempotency_Key="k").ok()["apikey"] == secret
    with domain_scope(cast.north), connection.cursor() as cursor:
        cursor.execute("SELECT t::text FROM tenants_idempotentanswer t")
        stored = str(cursor.fetchall())
    assert secret not in stored
    assert "machine" not in stored
    assert crm.post("users", body, Idempotency_Key="k").ok()["apikey"] == secret


def test_a_list_is_taken_in_once_a_key(cast: Cast) -> None:
    crm = with_key(cast.north_key)
    for _time in range(2):
        answer = crm.raw("POST", "users/import", "login\nnew\n", "text/csv", Idempotency_Key="k").ok()
        assert answer["created"] == 1
    crm.raw("POST", "users/import", "login\nother\n", "text/csv", Idempotency_Key="k").refused(
        422, "IdempotencyKeyReused"
    )


def test_the_billing_dialect_keeps_its_answers_too(cast: Cast) -> None:
    crm = billing(cast, Idempotency_Key="k")
    first, again = crm.post("Demo", "alice@example.org"), crm.post("Demo", "alice@example.org")
    assert first.ok() == again.ok()
    assert again.response["Idempotent-Replayed"] == "true"
    crm.post("Other", "alice@example.org").refused(422, "idempotency_key_reused", "/Idempotency-Key")
    gone = billing(cast, Idempotency_Key="gone")
    for _time in range(2):
        answer = gone.delete(cast.mill.pk)
        assert (answer.status, answer.response.content) == (204, b"")


def test_the_native_dialect_keeps_its_answers_too(cast: Cast) -> None:
    client = Client(HTTP_HOST=NORTH, headers={"x-vsaas-api-key": cast.north_key, "Idempotency-Key": "k"})
    path = "/watcher/client-api/v3/organizations"
    answers = [client.post(path, orjson.dumps({"title": "Once"}), "application/json") for _time in range(2)]
    assert answers[0].status_code in {200, 201}, answers[0].content
    assert answers[1].content == answers[0].content
    assert answers[1].status_code == answers[0].status_code
    assert answers[1]["Idempotent-Replayed"] == "true"
    other = client.post(path, orjson.dumps({"title": "Twice"}), "application/json")
    assert (other.status_code, other.json()["errors"][0]["code"]) == (422, "idempotency_key_reused")


@pytest.fixture
def committed(transactional_db: None) -> Cast:
    """The cast, committed: several requests at once each have a connection of their own."""
    return build()


def test_two_at_once_by_the_same_key_do_it_once(committed: Cast) -> None:
    key, body = committed.north_key, orjson.dumps({"title": "Once"})

    def ask(_number: int) -> tuple[int, bytes]:
        headers = {"x-vsaas-api-key": key, "Idempotency-Key": "race"}
        try:
            answer = Client(HTTP_HOST=NORTH, headers=headers).post(BASE + "organizations", body, "application/json")
            return answer.status_code, answer.content
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        answers = set(pool.map(ask, range(6)))
    assert len(answers) == 1, answers
    assert next(iter(answers))[0] == 200
    with domain_scope(committed.north):
        assert Organization.objects.filter(title="Once").count() == 1


def test_an_answer_that_was_lost_after_the_commit_is_given_again(
    committed: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process dies between commit and answer: whoever asks again finds what was done."""
    headers = {"x-vsaas-api-key": committed.north_key, "Idempotency-Key": "lost"}
    client, body = Client(HTTP_HOST=NORTH, headers=headers), orjson.dumps({"title": "Once"})

    with monkeypatch.context() as patched:
        patched.setattr("portal.middleware.RequestIdMiddleware.__call__", _dying)
        with pytest.raises(ConnectionResetError):
            client.post(BASE + "organizations", body, "application/json")
    again = client.post(BASE + "organizations", body, "application/json")
    assert (again.status_code, again["Idempotent-Replayed"]) == (200, "true")
    with domain_scope(committed.north):
        assert Organization.objects.get(title="Once").pk == again.json()["id"]


def _dying(middleware: object, request: object) -> None:
    """The outermost middleware, whose answer never leaves."""
    request.request_id = "lost-answer"  # type: ignore[attr-defined]
    middleware.get_response(request)  # type: ignore[attr-defined]
    raise ConnectionResetError
