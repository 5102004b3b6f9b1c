"""The description of the billing dialect is the committed one, and its answers are what it says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema

from portal.api import docs
from portal.api.v1.docs import document
from tests.api.v1.calls import billing
from tests.cast import Cast

SNAPSHOT = Path(__file__).parent.parent / "openapi_v1.yaml"


def test_the_description_is_the_committed_one() -> None:
    """`make openapi` writes it anew."""
    assert docs.text("v1").decode() == SNAPSHOT.read_text(), "run `make openapi` and look at the difference"


def test_every_operation_has_a_name_a_summary_its_refusals_and_its_credentials() -> None:
    operations = [row for rows in document()["paths"].values() for row in rows.values()]
    assert {row["operationId"] for row in operations} == {
        "tariff_plans_list", "organizations_list", "organizations_add", "organizations_one", "organizations_change",
        "organizations_delete",
    }  # fmt: skip
    for row in operations:
        assert row["summary"]
        assert {"400", "401", "403", "404", "422"} <= row["responses"].keys()
        assert row["security"] == [{"user": [], "password": [], "domain": []}], "all three headers together"


def _strict(schema: Any) -> Any:
    """OpenAPI 3.0 as JSON schema, without keys beyond those described."""
    if isinstance(schema, list):
        return [_strict(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    plain = {key: _strict(value) for key, value in schema.items() if key != "nullable"}
    if plain.get("type") == "object" and "properties" in plain:
        plain["additionalProperties"] = False
    return {"anyOf": [plain, {"type": "null"}]} if schema.get("nullable") is True else plain


def _check(path: str, method: str, status: str, body: Any) -> None:
    described = _strict(document())
    answer = described["paths"][path][method]["responses"][status]["content"]["application/json"]["schema"]
    jsonschema.validate(body, {**answer, "components": described["components"]})  # type: ignore[no-untyped-call]


def test_answers_are_what_the_description_says(cast: Cast) -> None:
    crm = billing(cast)
    made = crm.post("Demo", "alice@example.org").ok()
    one = "/api/v1/organizations/{organization_id}"
    _check("/api/v1/organizations", "post", "200", made)
    _check("/api/v1/tariff_plans", "get", "200", crm.get("tariff_plans").ok())
    _check("/api/v1/organizations", "get", "200", crm.get("organizations").ok())
    _check(one, "get", "200", crm.get(f"organizations/{made['organization']['id']}").ok())
    _check(one, "get", "404", crm.get("organizations/987654321").body)
    _check(one, "put", "422", crm.put(made["organization"]["id"], title="").body)
