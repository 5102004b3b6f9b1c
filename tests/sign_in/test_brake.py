"""Guessing is held back before anything expensive happens, and nobody is locked out of his own network by others."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from tenants import clock
from tenants.hashers import PerchArgon2Hasher
from tenants.models import SignInEntry
from tenants.scoping import domain_scope
from tests.cast import PASSWORD, Cast, build
from tests.sign_in.people import ELSEWHERE, HOME, counted_hashes, guess, log, results

WRONG = "not my password"


def test_a_thousand_guesses_cost_at_most_five_comparisons(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    client, body = cast.client(), {"login": cast.alice.login, "password": WRONG}
    with clock.frozen(clock.now()), counted_hashes(monkeypatch) as hashes:
        answers = [client.post("/vsaas/api/v2/auth/login", body, "application/json").status_code for _ in range(1000)]
    assert 1 <= hashes.count <= 5
    assert answers.count(429) == 1000 - hashes.count


def test_guesses_from_a_thousand_networks_cost_an_account_at_most_five(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    with clock.frozen(clock.now()), counted_hashes(monkeypatch) as hashes:
        for number in range(150):
            guess(cast.alice.login, WRONG, ip=f"100.0.{number}.1")
    assert hashes.count <= 5


def test_guesses_at_the_same_moment_are_counted_each(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    cast = build()

    def one(_number: int) -> int:
        try:
            return int(guess(cast.alice.login, WRONG, ip=ELSEWHERE).status_code)
        finally:
            connection.close()

    with counted_hashes(monkeypatch) as hashes, ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(one, range(40)))
    assert hashes.count <= 5
    assert set(answers) == {422, 429}


def test_guesses_by_the_api_are_counted_although_their_requests_are_undone(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = cast.client()
    with counted_hashes(monkeypatch) as hashes:
        answers = [
            client.post("/vsaas/api/v2/auth/login", {"login": cast.alice.login, "password": WRONG}, "application/json")
            for _ in range(20)
        ]
    assert hashes.count <= 5
    assert answers[0].status_code == 403
    assert answers[-1].status_code == 429
    assert answers[-1].json()["error"] == "TooManyAttempts"
    assert int(answers[-1]["Retry-After"]) > 0


def test_the_page_says_how_long_to_wait(cast: Cast) -> None:
    answers = [guess(cast.alice.login, WRONG) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [422, 422, 422, 422, 429]
    assert 55 <= int(answers[-1]["Retry-After"]) <= 61
    assert "Too many attempts. Try again in" in answers[-1].content.decode()


def test_even_the_right_password_waits_its_time_and_opens_then(cast: Cast) -> None:
    now = clock.now()
    with clock.frozen(now):
        for _ in range(4):
            guess(cast.alice.login, WRONG)
        assert guess(cast.alice.login, PASSWORD).status_code == 429
    with clock.frozen(now + timedelta(seconds=61)):
        assert guess(cast.alice.login, PASSWORD).status_code == 302


def test_the_wait_doubles_to_an_hour_and_never_becomes_a_lock(cast: Cast) -> None:
    now, waits = clock.now(), []
    for _ in range(4):
        with clock.frozen(now):
            guess(cast.alice.login, WRONG)
    for _ in range(9):
        with clock.frozen(now):
            waits.append(int(guess(cast.alice.login, WRONG)["Retry-After"]))
        now += timedelta(seconds=waits[-1])
        with clock.frozen(now):
            assert guess(cast.alice.login, WRONG).status_code == 422
    assert [round(wait / 60) for wait in waits] == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    with clock.frozen(now + timedelta(hours=1, seconds=1)):
        assert guess(cast.alice.login, PASSWORD).status_code == 302


def test_a_guesser_elsewhere_locks_nobody_out_of_his_own_network(cast: Cast) -> None:
    assert guess(cast.alice.login, PASSWORD, ip=HOME).status_code == 302
    for number in range(60):
        guess(cast.alice.login, WRONG, ip=f"203.0.{number}.9")
    assert guess(cast.alice.login, PASSWORD, ip="192.0.2.1").status_code == 429, "the brake holds for strangers"
    assert guess(cast.alice.login, PASSWORD, ip="198.51.100.200").status_code == 302


def test_whoever_never_signed_in_before_gets_past_one_guesser(cast: Cast) -> None:
    for _ in range(100):
        guess(cast.alice.login, WRONG, ip=ELSEWHERE)
    assert guess(cast.alice.login, PASSWORD, ip=HOME).status_code == 302


def test_neighbours_in_a_network_share_the_count_and_ipv6_does_not_help(cast: Cast) -> None:
    for last in range(4):
        guess(cast.alice.login, WRONG, ip=f"2001:db8:1:2::{last}")
    assert guess(cast.alice.login, WRONG, ip="2001:db8:1:2:ffff::1").status_code == 429
    assert guess(cast.alice.login, PASSWORD, ip="2001:db8:1:3::1").status_code == 302


def test_one_network_that_tries_many_logins_is_held_back(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    assert guess(cast.bob.login, PASSWORD, ip=ELSEWHERE).status_code == 302
    with clock.frozen(clock.now()), counted_hashes(monkeypatch) as hashes:
        for number in range(60):
            guess(f"nobody{number}@example.org", WRONG, ip=ELSEWHERE)
    assert hashes.count == 30
    assert guess(cast.bob.login, PASSWORD, ip=ELSEWHERE).status_code == 302, "but not those who are at home there"


def test_another_spelling_of_a_login_is_the_same_login(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    spellings = [cast.alice.login.upper(), cast.alice.login.title(), f" {cast.alice.login}", "ALICE@example.ORG"]
    with counted_hashes(monkeypatch) as hashes:
        for number in range(12):
            guess(spellings[number % 4], WRONG, ip=f"203.0.{number}.9")
    assert hashes.count <= 5


def test_other_isps_have_counts_of_their_own(cast: Cast) -> None:
    for _ in range(6):
        guess(cast.sam.login, WRONG, ip=ELSEWHERE)
    assert guess(cast.sam.login, PASSWORD, ip=ELSEWHERE, host="south.localhost").status_code == 302


def test_the_right_password_forgives_the_wrong_ones(cast: Cast) -> None:
    for _ in range(3):
        for _ in range(3):
            assert guess(cast.alice.login, WRONG).status_code == 422
        assert guess(cast.alice.login, PASSWORD).status_code == 302


def test_known_and_unknown_logins_cost_one_hash_each(
    cast: Cast, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the real hasher. A hash is all that costs time, so that time does not tell who has an account."""
    hashed: list[str] = []
    for name in ("encode", "verify"):
        real = getattr(PerchArgon2Hasher, name)

        def counted(self: PerchArgon2Hasher, *given: Any, real: Any = real, **named: Any) -> Any:
            hashed.append(type(self).__name__)
            return real(self, *given, **named)

        monkeypatch.setattr(PerchArgon2Hasher, name, counted)
    settings.PASSWORD_HASHERS = ["tenants.hashers.PerchArgon2Hasher"]
    with domain_scope(cast.north):
        cast.alice.set_password(PASSWORD)
        cast.alice.save()
    for login in (cast.alice.login, "nobody@example.org"):
        hashed.clear()
        assert guess(login, WRONG).status_code == 422
        assert hashed == ["PerchArgon2Hasher"]


def test_the_log_tells_each_result_once_and_no_password(cast: Cast) -> None:
    guess(cast.alice.login, PASSWORD)
    guess(cast.alice.login, WRONG, ip=ELSEWHERE)
    guess("hunter2-typed-in-the-wrong-field", WRONG, ip=ELSEWHERE)
    with domain_scope(cast.north):
        cast.bob.is_active = False
        cast.bob.save()
    guess(cast.bob.login, PASSWORD, ip=ELSEWHERE)
    for _ in range(30):
        guess(cast.mallory.login, WRONG, ip="192.0.2.1")
    assert log(cast)[:4] == [
        (cast.alice.login, "page", "entered"),
        (cast.alice.login, "page", "password"),
        ("hun…", "page", "unknown"),
        (cast.bob.login, "page", "blocked"),
    ]
    assert results(cast)[4:] == ["password"] * 4 + ["throttled"]
    with domain_scope(cast.north):
        entry = SignInEntry.objects.filter(result="password").order_by("id")[0]
        assert (entry.ip, entry.user_id) == (ELSEWHERE, cast.alice.pk)


@pytest.mark.parametrize(
    ("allowed", "ip", "status"),
    [
        ("198.51.100.0/24, 2001:db8::/32", "198.51.100.7", 302),
        ("198.51.100.0/24, 2001:db8::/32", "2001:db8::7", 302),
        ("198.51.100.7", "::ffff:198.51.100.7", 302),
        ("198.51.100.7", "198.51.100.8", 422),
        ("198.51.100.0/24", "203.0.113.9", 422),
        ("", "203.0.113.9", 302),
    ],
)
def test_a_user_signs_in_only_from_his_addresses(cast: Cast, allowed: str, ip: str, status: int) -> None:
    with domain_scope(cast.north):
        cast.alice.authorized_ip = allowed
        cast.alice.save()
    assert guess(cast.alice.login, PASSWORD, ip=ip).status_code == status
    body = {"login": cast.alice.login, "password": PASSWORD}
    answer = cast.client().post("/vsaas/api/v2/auth/login", body, "application/json", REMOTE_ADDR=ip)
    assert answer.status_code == (200 if status == 302 else 403)


def test_an_open_session_does_not_travel_past_the_addresses(cast: Cast) -> None:
    client = cast.client(cast.alice)
    with domain_scope(cast.north):
        cast.alice.authorized_ip = "127.0.0.0/8"
        cast.alice.save()
    assert client.get("/profile/").status_code == 200
    assert client.get("/profile/", REMOTE_ADDR=ELSEWHERE).status_code == 302


@pytest.mark.parametrize("text", ["nonsense", "10.0.0.0/33", "1.2.3.4-1.2.3.9"])
def test_addresses_that_cannot_be_read_are_refused_by_the_field(cast: Cast, text: str) -> None:
    answer = cast.client(cast.nora).post(f"/users/{cast.bob.pk}/sign-in", {"authorized_ip": text})
    assert answer.status_code == 422
    assert "Write addresses or networks" in answer.content.decode()
