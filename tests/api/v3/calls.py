"""Calling the v3 dialects in tests as their clients do."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson
from django.http import HttpResponse
from django.test import Client

from portal.api.v3 import tokens
from tenants.models import User, UserSession
from tenants.scoping import domain_scope
from tenants.secrets import digest
from tests.cast import NORTH, PASSWORD
from tests.server import sign_in

CLIENT = "/watcher/client-api/v3/"
ADMIN = "/watcher/admin-api/v3/"


@dataclass
class Answer:
    """Status, headers and the decoded body."""

    status: int
    body: Any
    response: HttpResponse

    def ok(self, status: int = 200) -> Any:
        """The body of a success."""
        assert self.status == status, f"{self.status}: {self.body}"
        return self.body

    def refused(self, status: int, code: str, *, pointer: str = "", parameter: str = "") -> Any:
        """The body of the refusal that is expected, in both spellings."""
        assert self.status == status, f"{self.status}: {self.body}"
        first = self.body["errors"][0]
        assert (first["status"], first["code"]) == (str(status), code), self.body
        assert first["title"]
        assert self.body["error"] == first["title"]
        assert first["id"] == self.response["X-Request-Id"]
        if pointer:
            assert first["source"] == {"pointer": pointer}, self.body
        if parameter:
            assert first["source"] == {"parameter": parameter}, self.body
        if status == 401:
            assert self.response["WWW-Authenticate"].startswith("Bearer")
        return self.body


@dataclass
class Caller:
    """A client of a dialect: which ISP it talks to, and what it shows."""

    host: str = NORTH
    headers: dict[str, str] = field(default_factory=dict)
    base: str = CLIENT
    client: Client = field(default_factory=lambda: Client(raise_request_exception=False))

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """One request with a JSON body."""
        content = b"" if body is None else orjson.dumps(body)
        return self.raw(method, path, content, "application/json", **headers)

    def raw(self, method: str, path: str, content: bytes, content_type: str, **headers: str) -> Answer:
        """One request with a body and a content type of one's own."""
        shown = {**self.headers, **{name.replace("_", "-"): value for name, value in headers.items()}}
        response: Any = self.client.generic(
            method, self.base + path, content, content_type, headers=shown, HTTP_HOST=self.host
        )
        json = response["Content-Type"] == "application/json" if response.content else False
        return Answer(response.status_code, orjson.loads(response.content) if json else response.content, response)

    def get(self, path: str, **headers: str) -> Answer:
        return self.call("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Answer:
        return self.call("POST", path, body, **headers)

    def put(self, path: str, body: Any = None, **headers: str) -> Answer:
        return self.call("PUT", path, body, **headers)

    def delete(self, path: str, **headers: str) -> Answer:
        return self.call("DELETE", path, **headers)

    def walk(self, path: str, items: str, *, backwards: bool = False) -> Iterator[list[Any]]:
        """The pages of a list as the official client walks them: on until `next` is null or absent."""
        join, cursor = "&" if "?" in path else "?", ""
        while True:
            page = self.get(f"{path}{join}cursor={cursor}" if cursor else path).ok()
            yield page[items]
            cursor = page.get("prev" if backwards else "next")
            if cursor is None:
                return
            assert cursor, "an empty text is no end: the official client would walk for ever"


def basic(login: str, password: str = PASSWORD) -> dict[str, str]:
    """The header of a login and a password."""
    return {"authorization": "Basic " + base64.b64encode(f"{login}:{password}".encode()).decode()}


def bearer(text: str) -> dict[str, str]:
    """The header of a token or key."""
    return {"authorization": f"Bearer {text}"}


def access_token(user: User, session_key: str = "") -> str:
    """An access token of a session (a new one by default), without the cost of a password."""
    key = session_key or sign_in(user)
    with domain_scope(user.domain_id):
        return tokens.issue(UserSession.objects.get(digest=digest(key)))


def as_user(user: User, host: str = NORTH, base: str = CLIENT) -> Caller:
    """An application somebody signed in with."""
    return Caller(host, bearer(access_token(user)), base)


def with_key(key: str, host: str = NORTH, base: str = CLIENT, **more: str) -> Caller:
    """A CRM."""
    return Caller(host, {**bearer(key), **{name.replace("_", "-"): value for name, value in more.items()}}, base)


def nobody(host: str = NORTH, base: str = CLIENT) -> Caller:
    """Somebody without any credentials."""
    return Caller(host, {}, base)
