"""Calling the v1 dialect as a billing system does: three headers with every request."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import orjson
from django.http import HttpResponse
from django.test import Client

from tests.cast import NORTH, PASSWORD, Cast

BASE = "/api/v1/"


@dataclass
class Answer:
    """Status, body and headers."""

    status: int
    body: Any
    response: HttpResponse

    def ok(self) -> Any:
        """The body of a success."""
        assert self.status == 200, f"{self.status}: {self.body}"
        return self.body

    def refused(self, status: int, code: str, pointer: str | None = None) -> Any:
        """The body of the refusal that is expected."""
        assert self.status == status, self.body
        first = self.body["errors"][0]
        assert (first["status"], first["code"]) == (str(status), code), self.body
        assert first["title"] == self.body["error"]
        assert self.body["request_id"] == self.response["X-Request-Id"]
        if pointer:
            assert first["source"]["pointer"] == pointer, self.body
        return self.body


@dataclass
class Billing:
    """A billing system at an ISP's address."""

    headers: dict[str, str]
    host: str = NORTH
    client: Client = field(default_factory=Client)

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """One request."""
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        content = b"" if body is None else orjson.dumps(body)
        found: Any = self.client.generic(
            method, BASE + path, content, "application/json", headers={**self.headers, **names}, HTTP_HOST=self.host
        )
        return Answer(found.status_code, orjson.loads(found.content) if found.content else None, found)

    def get(self, path: str) -> Answer:
        return self.call("GET", path)

    def post(self, title: str, owner: str, **more: Any) -> Answer:
        return self.call("POST", "organizations", {"organization": {"title": title, "owner": owner, **more}})

    def put(self, number: int, **values: Any) -> Answer:
        return self.call("PUT", f"organizations/{number}", {"organization": values})

    def delete(self, number: int) -> Answer:
        return self.call("DELETE", f"organizations/{number}")


def billing(cast: Cast, login: str = "nora@example.org", password: str = PASSWORD, **more: str) -> Billing:
    """A billing system that knows an administrator's password."""
    headers = {"X-USER": login, "X-PASSWORD": password, "X-DOMAIN-ID": str(cast.north.pk)}
    return Billing({**headers, **{name.replace("_", "-"): value for name, value in more.items()}})
