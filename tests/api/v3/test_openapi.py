"""The published descriptions of v3 are the committed ones, and say the truth about answers."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from portal.api import docs
from portal.api.v3.docs import document
from tests.api.test_openapi import _strict
from tests.api.v3.calls import ADMIN, CLIENT, as_user, basic, nobody, with_key
from tests.cast import NORTH, Cast

SNAPSHOTS = {"v3": "openapi_v3_client.yaml", "v3-admin": "openapi_v3_admin.yaml"}


@pytest.mark.parametrize("dialect", SNAPSHOTS)
def test_the_description_is_the_committed_one(dialect: str) -> None:
    """A change of the API shows in a review as a change of this file: `make openapi` writes it anew."""
    snapshot = Path(__file__).parent.parent / SNAPSHOTS[dialect]
    assert docs.text(dialect).decode() == snapshot.read_text(), "run `make openapi` and look at the difference"


@pytest.mark.parametrize("dialect", docs.DIALECTS)
def test_each_description_is_served_to_anybody(cast: Cast, dialect: str) -> None:
    response = nobody().client.get(f"/api/{dialect}/schema", HTTP_HOST=NORTH)
    assert response.content == docs.text(dialect)
    assert response["Content-Type"].startswith("application/vnd.oai.openapi")


def test_the_page_offers_every_dialect(cast: Cast) -> None:
    client = nobody().client
    page = client.get("/api/docs", HTTP_HOST=NORTH).content.decode()
    for dialect in docs.DIALECTS:
        assert f'href="?dialect={dialect}"' in page
        chosen = client.get(f"/api/docs?dialect={dialect}", HTTP_HOST=NORTH).content.decode()
        assert f'data-schema="/api/{dialect}/schema"' in chosen
    assert 'data-schema="/api/v3/schema"' in client.get("/api/docs?dialect=nothing", HTTP_HOST=NORTH).content.decode()
    assert client.get("/api/nothing/schema", HTTP_HOST=NORTH).status_code == 404


@pytest.mark.parametrize("dialect", ["client", "admin"])
def test_every_operation_has_a_summary_a_name_and_its_refusals(dialect: str) -> None:
    operations = [
        (path, method, row) for path, rows in document(dialect)["paths"].items() for method, row in rows.items()
    ]
    names = [row["operationId"] for _path, _method, row in operations]
    assert len(set(names)) == len(names) >= 20
    for path, method, row in operations:
        assert row["summary"], (path, method)
        assert {"400", "401", "403", "404"} <= row["responses"].keys(), (path, method)
        assert row["responses"].keys() & {"200", "201", "204"}, (path, method)


def test_the_manuals_examples_stand_in_the_description() -> None:
    text = docs.text("v3").decode()
    for word in ("access_token", "cam-e7fee73458", "Primary camera title", "created: 2"):
        assert word in text


@pytest.fixture(scope="module")
def described() -> Any:
    return {base: _strict(document(name)) for base, name in ((CLIENT, "client"), (ADMIN, "admin"))}


def _check(described: Any, base: str, path: str, method: str, body: Any, status: str = "200") -> None:
    found = described[base]["paths"][base + path][method]["responses"][status]["content"]["application/json"]
    whole = {**found["schema"], "components": described[base]["components"]}
    jsonschema.validate(body, whole)  # type: ignore[no-untyped-call]


def test_answers_are_what_the_description_says(cast: Cast, described: Any) -> None:
    crm, admin, bob = with_key(cast.north_key), with_key(cast.north_key, base=ADMIN), as_user(cast.bob)
    home = f"organizations/{cast.harbour.pk}"
    place, folder = "organizations/{organization_id}", f"{home}/folders/{cast.yard.pk}"
    asked = {
        "streams": "streams",
        "streams/gate": "streams/{name}",
        "organizations": "organizations",
        home: place,
        f"{home}/presets": f"{place}/presets",
        f"{home}/users": f"{place}/users",
        f"{home}/users/{cast.bob.pk}": f"{place}/users/{{user_id}}",
        f"{home}/folders": f"{place}/folders",
        folder: f"{place}/folders/{{folder_id}}",
        f"{folder}/users": f"{place}/folders/{{folder_id}}/users",
        f"{folder}/users/{cast.bob.pk}": f"{place}/folders/{{folder_id}}/users/{{user_id}}",
        "presets": "presets",
        f"presets/{cast.basic.pk}": "presets/{preset_id}",
        "users": "users",
        f"users/{cast.bob.pk}": "users/{user_id}",
        f"users/{cast.bob.pk}/organization": "users/{user_id}/organization",
        f"users/{cast.bob.pk}/organization/{cast.harbour.pk}/folders": (
            "users/{user_id}/organization/{organization_id}/folders"
        ),
    }
    for path, template in asked.items():
        _check(described, CLIENT, template, "get", crm.get(path).ok())
    for path in ("streams", "streams/gate", "profile", "profile/sessions"):
        _check(described, CLIENT, asked.get(path, path), "get", bob.get(path).ok())
    for path in ("streams", "users", "presets", "organizations", "monitoring/liveness", "monitoring/readiness"):
        _check(described, ADMIN, path, "get", admin.get(path).ok())
    _check(described, CLIENT, "login", "post", nobody().post("login", **basic("bob@example.org")).ok())


def test_refusals_are_what_the_description_says(cast: Cast, described: Any) -> None:
    crm = with_key(cast.north_key)
    refusals = {
        "400": crm.get("presets?limit=x"),
        "401": nobody().get("presets"),
        "404": crm.get("presets/999999"),
        "403": as_user(cast.bob, base=ADMIN).get("presets"),
        "409": crm.delete(f"organizations/{cast.harbour.pk}"),
    }
    for status, answer in refusals.items():
        assert answer.status == int(status)
        _check(described, CLIENT, "presets", "get", answer.body, status)


def test_errors_keep_their_form_everywhere(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    crm = with_key(cast.north_key)
    crm.call("PATCH", "streams/gate", {}).refused(405, "method_not_allowed")
    for base in (CLIENT, ADMIN):
        for method in ("GET", "POST", "PUT", "DELETE"):
            nobody(base=base).call(method, "nothing/here").refused(404, "not_found")
    crm.get("streams/a%00b").refused(404, "not_found")
    crm.get("streams?q=a%00b").refused(404, "not_found")
    crm.raw("POST", "users", b"{", "application/json").refused(400, "bad_request")
    crm.post("users", [1]).refused(400, "validation_error")
    crm.post("users", {"name": "x", "max_sessions": "many"}).refused(400, "validation_error", pointer="/max_sessions")
    monkeypatch.setattr("devices.services.camera_rows.camera_rows", lambda *_args, **_more: 1 / 0)
    broken = crm.get("streams").refused(500, "internal_error")
    assert "zero" not in str(broken), "the log tells the details, not the answer"


def test_probes_need_no_credentials(cast: Cast) -> None:
    for probe in ("liveness", "readiness"):
        body = nobody(base=ADMIN).get(f"monitoring/{probe}").ok()
        assert set(body) == {"status", "now"}
        assert 1e12 < body["now"] < 1e13


def test_no_two_shapes_have_one_name() -> None:
    """The description knows shapes by their names: of two with one name it would promise one where the other comes."""
    folder = Path(__file__).parents[3] / "portal" / "api" / "v3"
    names = [
        name
        for file in sorted(folder.rglob("*.py"))
        for name in re.findall(r"^class (\w+)\(.*TypedDict", file.read_text(), re.MULTILINE)
    ]
    assert [name for name, count in Counter(names).items() if count > 1] == []
