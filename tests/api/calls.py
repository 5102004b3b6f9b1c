"""Calling the v2 dialect in tests as its clients do."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import orjson
from django.http import HttpResponse
from django.test import Client

from tenants.models import User
from tests.cast import NORTH
from tests.server import sign_in

BASE = "/vsaas/api/v2/"


@dataclass
class Answer:
    """Status, headers and the decoded body."""

    status: int
    body: Any
    response: HttpResponse

    def ok(self) -> Any:
        """The body of a success."""
        assert self.status == 200, f"{self.status}: {self.body}"
        return self.body

    def refused(self, status: int, error: str, field_name: str | None = None) -> Any:
        """The body of the refusal that is expected."""
        assert (self.status, self.body["error"]) == (status, error), self.body
        assert self.body["success"] is False
        assert self.body["message"]
        assert self.body["request_id"] == self.response["X-Request-Id"]
        if field_name:
            assert self.body["field"] == field_name, self.body
        return self.body


@dataclass
class Caller:
    """A client of the dialect: which ISP it talks to and what it shows."""

    host: str = NORTH
    headers: dict[str, str] = field(default_factory=dict)
    client: Client = field(default_factory=Client)

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """One request with a JSON body."""
        content = b"" if body is None else orjson.dumps(body)
        return self.raw(method, path, content, "application/json", **headers)

    def raw(self, method: str, path: str, content: bytes | str, content_type: str, **headers: str) -> Answer:
        """One request with a body and a content type of one's own."""
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        response = self.client.generic(
            method, BASE + path, content, content_type, headers={**self.headers, **names}, HTTP_HOST=self.host
        )
        found: HttpResponse = response  # type: ignore[assignment]  # the client's own decorated class
        json = found["Content-Type"] == "application/json"
        return Answer(found.status_code, orjson.loads(found.content) if json else found.content, found)

    def get(self, path: str, **headers: str) -> Answer:
        return self.call("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Answer:
        return self.call("POST", path, body, **headers)

    def put(self, path: str, body: Any = None, **headers: str) -> Answer:
        return self.call("PUT", path, body, **headers)

    def delete(self, path: str, **headers: str) -> Answer:
        return self.call("DELETE", path, **headers)


def with_key(key: str, host: str = NORTH, **more: str) -> Caller:
    """A CRM."""
    return Caller(host, {"x-vsaas-api-key": key, **{name.replace("_", "-"): value for name, value in more.items()}})


def as_user(user: User, host: str = NORTH) -> Caller:
    """An application somebody signed in with."""
    return Caller(host, {"x-vsaas-session": sign_in(user)})


def nobody(host: str = NORTH) -> Caller:
    """Somebody without any credentials."""
    return Caller(host)
