"""The published description is the committed one, and says the truth about answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema
import pytest

from portal.api import docs
from tests.api.calls import Caller, as_user, nobody, with_key
from tests.cast import NORTH, PASSWORD, Cast

SNAPSHOT = Path(__file__).parent / "openapi_v2.yaml"


def test_the_description_is_the_committed_one() -> None:
    """A change of the API shows in a review as a change of this file: `make openapi` writes it anew."""
    assert docs.text().decode() == SNAPSHOT.read_text(), "run `make openapi` and look at the difference"


def test_the_description_is_served_to_anybody(cast: Cast) -> None:
    response = nobody().client.get("/api/v2/schema", HTTP_HOST=NORTH)
    assert response.content.decode() == SNAPSHOT.read_text()
    assert response["Content-Type"].startswith("application/vnd.oai.openapi")


def test_every_operation_has_a_summary_a_name_and_its_refusals() -> None:
    operations = [
        (path, method, row) for path, rows in docs.document()["paths"].items() for method, row in rows.items()
    ]
    names = [row["operationId"] for _path, _method, row in operations]
    assert len(set(names)) == len(names) >= 40
    for path, method, row in operations:
        assert row["summary"], (path, method)
        assert {"200", "400", "403", "404"} <= row["responses"].keys(), (path, method)


def _strict(schema: Any) -> Any:
    """OpenAPI 3.0 as JSON schema: `nullable` in its words, and no key beyond those described."""
    if isinstance(schema, list):
        return [_strict(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    plain = {key: _strict(value) for key, value in schema.items() if key != "nullable"}
    if plain.get("type") == "object" and "properties" in plain:
        plain["additionalProperties"] = False
    return {"anyOf": [plain, {"type": "null"}]} if schema.get("nullable") is True else plain


@pytest.fixture(scope="module")
def described() -> Any:
    return _strict(docs.document())


def _check(described: Any, path: str, method: str, body: Any, status: str = "200") -> None:
    schema = described["paths"]["/vsaas/api/v2/" + path][method]["responses"][status]["content"]["application/json"]
    whole = {**schema["schema"], "components": described["components"]}
    jsonschema.validate(body, whole)  # type: ignore[no-untyped-call]


def test_answers_are_what_the_description_says(cast: Cast, described: Any) -> None:
    crm, bob = with_key(cast.north_key), as_user(cast.bob)
    organization = f"organizations/{cast.harbour.pk}"
    folder = f"{organization}/folders/{cast.yard.pk}"
    asked = {
        "cameras": "cameras",
        "cameras/gate": "cameras/{name}",
        "organizations": "organizations",
        organization: "organizations/{organization_id}",
        f"{organization}/presets": "organizations/{organization_id}/presets",
        f"{organization}/users": "organizations/{organization_id}/users",
        f"{organization}/users/{cast.bob.pk}": "organizations/{organization_id}/users/{user_id}",
        f"{organization}/folders": "organizations/{organization_id}/folders",
        folder: "organizations/{organization_id}/folders/{folder_id}",
        f"{folder}/users": "organizations/{organization_id}/folders/{folder_id}/users",
        "presets": "presets",
        f"presets/{cast.basic.pk}": "presets/{preset_id}",
        "users": "users",
        f"users/{cast.bob.pk}?fields=folders_permissions": "users/{user_id}",
        "auth/whoami": "auth/whoami",
    }
    for path, template in asked.items():
        _check(described, template, "get", crm.get(path).ok())
    for path in ("cameras", "cameras/gate", "auth/whoami", f"{organization}/folders"):
        _check(described, asked[path], "get", bob.get(path).ok())
    _check(described, "auth/whoami", "get", nobody().get("auth/whoami").ok())
    login = nobody().post("auth/login", {"login": "bob@example.org", "password": PASSWORD})
    _check(described, "auth/login", "post", login.ok())


def test_refusals_are_what_the_description_says(cast: Cast, described: Any) -> None:
    crm = with_key(cast.north_key)
    refusals = {
        "400": crm.post("presets", {}),
        "403": nobody().get("presets"),
        "404": crm.get("presets/999999"),
    }
    for status, answer in refusals.items():
        assert answer.status == int(status)
        _check(described, "presets", "get", answer.body, status)


def test_errors_keep_their_form_everywhere(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    crm = with_key(cast.north_key)
    crm.call("PATCH", "cameras/gate", {}).refused(405, "MethodNotAllowed")
    crm.get("nothing/here").refused(404, "NotFound")
    crm.get("cameras/a%00b").refused(404, "NotFound")
    crm.get("cameras?search=a%00b").refused(404, "NotFound")
    monkeypatch.setattr("devices.services.camera_rows.camera_rows", lambda *_args, **_more: 1 / 0)
    crm.client.raise_request_exception = False
    broken = crm.get("cameras").refused(500, "InternalError")
    assert "zero" not in str(broken), "the log tells the details, not the answer"


def test_a_refused_change_leaves_nothing_half_done(cast: Cast) -> None:
    """The user is made before the key is found too short: both go."""
    crm: Caller = with_key(cast.north_key)
    before = crm.get("users").ok()
    crm.post("users", {"login": "half", "apikey": "short"}).refused(400, "ValidationError", "apikey")
    assert crm.get("users").ok() == before
