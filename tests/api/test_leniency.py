"""What real callers of the dialect do (contracts 3.3 and 9.1), one test a habit."""

from __future__ import annotations

import pytest

from tests.api.calls import Caller, nobody, with_key
from tests.cast import NORTH, PASSWORD, Cast

LOGIN = f'{{"login": "bob@example.org", "password": "{PASSWORD}"}}'


@pytest.mark.parametrize("content_type", ["", "Application/json", "text/plain", "application/x-www-form-urlencoded"])
def test_json_is_json_whatever_it_is_called(cast: Cast, content_type: str) -> None:
    assert nobody().raw("POST", "auth/login", LOGIN, content_type).ok()["id"] == cast.bob.pk


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ("login=bob%40example.org&password=correct+horse+battery", "application/x-www-form-urlencoded"),
        (
            '--b\r\nContent-Disposition: form-data; name="login"\r\n\r\nbob@example.org\r\n'
            '--b\r\nContent-Disposition: form-data; name="password"\r\n\r\ncorrect horse battery\r\n--b--\r\n',
            "multipart/form-data; boundary=b",
        ),
    ],
)
def test_a_form_signs_in_too(cast: Cast, body: str, content_type: str) -> None:
    assert nobody().raw("POST", "auth/login", body, content_type).ok()["id"] == cast.bob.pk


def test_a_billing_system_suspends_and_resumes_a_user_by_a_form(cast: Cast) -> None:
    crm, path = with_key(cast.north_key), f"users/{cast.bob.pk}"
    for text, enabled in (("False", False), ("True", True)):
        answer = crm.raw("PUT", path, f"enabled={text}", "application/x-www-form-urlencoded").ok()
        assert answer["enabled"] is enabled
        assert answer["is_admin"] is False, "a form without a field does not clear that field"


def test_row_numbers_may_be_texts(cast: Cast) -> None:
    body = {
        "title": "myCamera",
        "stream_url": "fake://clock",
        "preset_id": str(cast.basic.pk),
        "organization_id": str(cast.harbour.pk),
    }
    answer = with_key(cast.north_key).post("cameras", body).ok()
    assert (answer["preset_id"], answer["organization_id"]) == (cast.basic.pk, cast.harbour.pk)


@pytest.mark.parametrize("name", ["x-vsaas-api-key", "X-Vsaas-Api-Key", "X-VSAAS-API-KEY"])
def test_header_names_come_in_any_case(cast: Cast, name: str) -> None:
    assert Caller(NORTH, {name: cast.north_key}).get("cameras").ok()


def test_pages_are_asked_for_by_query_or_by_headers(cast: Cast) -> None:
    crm = with_key(cast.north_key)
    assert [camera["name"] for camera in crm.get("cameras?limit=1&offset=1").ok()] == ["office"]
    assert [camera["name"] for camera in crm.get("cameras", X_Page_Limit="1", X_Page_Offset="1").ok()] == ["office"]
    assert len(crm.get("users", X_Page_Limit="99").ok()) == 7
    assert (
        len(
            crm.get(
                "domains/1/organizations?search&limit=2000&offset=0&sort=".replace("/1/", f"/{cast.north.pk}/")
            ).ok()
        )
        == 3
    )


def test_a_slash_at_the_end_or_twice_does_not_matter(cast: Cast) -> None:
    crm = with_key(cast.north_key)
    assert crm.get("organizations/").ok() == crm.get("organizations").ok()
    assert crm.delete(f"organizations/{cast.harbour.pk}//users/{cast.bob.pk}/").ok() == {"success": True}


def test_unknown_query_keys_and_any_accept_header_are_ignored(cast: Cast) -> None:
    crm = with_key(cast.north_key)
    assert (
        crm.post("users?trace=sql", {"login": "test", "password": "test1"}, Accept="text/html").ok()["login"] == "test"
    )


def test_a_broken_address_is_a_plain_404(cast: Cast) -> None:
    with_key(cast.north_key).get("organizations&limit=100&offset=0").refused(404, "NotFound")


def test_a_mobile_client_finds_all_it_needs_to_play(cast: Cast) -> None:
    camera = with_key(cast.north_key).get("cameras?limit=65").ok()[0]
    status = camera["stream_status"]
    assert {"alive", "bitrate", "server", "http_port", "https_port"} <= status.keys()
    assert (status["server"], status["http_port"]) == ("north.localhost", cast.streamer.port)
    assert len(camera["playback_config"]["token"]) > 40


def test_a_bot_lets_users_in_with_folders_as_bare_numbers(cast: Cast) -> None:
    body = {"user_id": cast.charlie.pk, "folders_permissions": [cast.yard.pk]}
    answer = with_key(cast.north_key).post(f"organizations/{cast.harbour.pk}/users", body).ok()
    assert [grant["folder_id"] for grant in answer["folders_permissions"]] == [cast.yard.pk]


def test_favorite_0_asks_for_all_cameras(cast: Cast) -> None:
    assert len(with_key(cast.north_key).get("cameras?favorite=0").ok()) == 3


@pytest.mark.parametrize("body", ["{", "[1]", '"text"', "\x00", "nonsense"])
def test_a_body_that_is_nothing_of_this_is_400(cast: Cast, body: str) -> None:
    assert with_key(cast.north_key).raw("POST", "presets", body, "application/json").status == 400
