"""What the descriptions allow is sent, and what comes back is what they promise (security.md, check 25).

schemathesis makes requests of each operation of each dialect, valid ones and broken ones, always the same for one
description; every second valid one names things that exist. No answer may be a fault of ours, and each must have a
status, a type and a form that the description knows. A few requests an operation: this is a net, not the matrix.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
import requests
import schemathesis
from django.db import transaction
from django.test import RequestFactory
from django.test.client import ClientHandler
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from pytest_django.plugin import DjangoDbBlocker
from schemathesis import GenerationMode
from schemathesis.checks import (
    content_type_conformance,
    not_a_server_error,
    response_schema_conformance,
    status_code_conformance,
)
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok
from schemathesis.core.transport import Response

from portal.api import docs
from tests.cast import NORTH, PASSWORD, Cast, build
from tests.permissions.asking import undone

EXAMPLES = int(os.environ.get("PERCH_FUZZ_EXAMPLES") or 2)  # valid ones for each operation; half as many broken
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
# Doors count wrong passwords, on a connection of their own: they have their own tests.
DOORS = ("login", "password", "autologin", "second-factor", "refresh")
_handler = ClientHandler(enforce_csrf_checks=False)


class Door(RequestFactory):
    """Straight through the middleware, without a socket."""

    def request(self, **environ: Any) -> Any:
        return _handler(self._base_environ(**environ))  # type: ignore[attr-defined]  # unknown to the stubs


@pytest.fixture(scope="module")
def cast(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Cast]:
    """The cast once for all, in a transaction that is never committed; every request is taken back."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield build()
        transaction.set_rollback(True)


def known(cast: Cast) -> dict[str, Any]:
    """Things that exist, by the names that parameters have in addresses."""
    return {
        "organization_id": cast.harbour.pk, "folder_id": cast.yard.pk, "user_id": cast.bob.pk, "uid": cast.bob.pk,
        "preset_id": cast.basic.pk, "name": cast.gate.name, "id": cast.harbour.pk,
    }  # fmt: skip


def proof(dialect: str, cast: Cast) -> dict[str, str]:
    """An administrator's credentials."""
    if dialect == "v1":
        return {"X-USER": cast.nora.login, "X-PASSWORD": PASSWORD, "X-DOMAIN-ID": str(cast.north.pk)}
    return {"x-vsaas-api-key": cast.north_key}


def send(prepared: requests.PreparedRequest, headers: dict[str, str]) -> Response:
    """The answer of the portal, in schemathesis' own form."""
    body = prepared.body.encode() if isinstance(prepared.body, str) else prepared.body or b""
    sent = {name: value for name, value in prepared.headers.items() if name.lower() not in SHOWN}
    kind = sent.pop("Content-Type", "")
    safe = {name: _latin(value) for name, value in sent.items()}
    answer: Any = Door(HTTP_HOST=NORTH).generic(
        str(prepared.method), str(prepared.path_url), body, _latin(kind), headers={**safe, **headers}
    )
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    found = {name: [value] for name, value in answer.headers.items()}
    return Response(answer.status_code, found, content, prepared, elapsed=0.0, verify=True)


# What the requests themselves must not say: who asks.
SHOWN = {"authorization", "x-vsaas-api-key", "x-vsaas-session", "x-vsaas-user", "cookie", "x-user", "x-password",
         "x-domain-id", "host", "content-length"}  # fmt: skip


def _latin(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


def _operations(dialect: str) -> Iterator[Any]:
    schema = schemathesis.openapi.from_dict(docs.DIALECTS[dialect][1]())
    for found in schema.get_all_operations():
        assert isinstance(found, Ok), found
        operation = found.ok()
        if not any(word in operation.path for word in DOORS):
            yield operation


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["valid", "broken"])
@pytest.mark.parametrize("dialect", list(docs.DIALECTS))
def test_answers_are_what_the_description_promises(dialect: str, mode: GenerationMode, cast: Cast) -> None:
    faults: list[str] = []
    most = EXAMPLES if mode is GenerationMode.POSITIVE else max(1, EXAMPLES // 2)
    things, headers, asked = known(cast), proof(dialect, cast), 0
    for operation in _operations(dialect):

        @settings(
            max_examples=most, derandomize=True, database=None, deadline=None, phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(case=operation.as_strategy(generation_mode=mode))
        def ask(case: Any) -> None:
            nonlocal asked
            asked += 1
            if mode is GenerationMode.POSITIVE and asked % 2:
                case.path_parameters = {name: things.get(name, value) for name, value in case.path_parameters.items()}
            prepared = requests.Request(**case.as_transport_kwargs(base_url=f"http://{NORTH}")).prepare()
            with undone():
                answer = send(prepared, headers)
            try:
                case.validate_response(answer, checks=CHECKS)
            except FailureGroup as fault:
                told = "\n".join(str(part) for part in fault.exceptions)
                faults.append(f"{prepared.method} {prepared.path_url} {prepared.body!r:.300}\n{told}"[:1500])

        with suppress(Unsatisfiable):  # nothing broken can be said where nothing is sent
            ask()
    assert asked >= 6, "something was asked"
    assert not faults, f"{len(faults)} of {asked}:\n\n" + "\n\n".join(faults)
