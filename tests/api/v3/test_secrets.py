"""Tokens of v3 stand in no log line, also where they came in an address, and in no table."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from pythonjsonlogger.json import JsonFormatter

from portal.logs import RequestId, Scrub
from tenants.models import Token, UserSession
from tenants.scoping import domain_scope
from tests.api.v3.calls import basic, bearer, nobody
from tests.cast import Cast


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """What the portal writes to its log, in its own form."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    configured: Any = settings.LOGGING
    handler.setFormatter(JsonFormatter(configured["formatters"]["json"]["fmt"]))
    handler.addFilter(RequestId())
    handler.addFilter(Scrub())
    logging.getLogger().addHandler(handler)
    yield written
    logging.getLogger().removeHandler(handler)


def test_tokens_do_not_reach_the_log(cast: Cast, lines: io.StringIO) -> None:
    pair = nobody().post("login", **basic("bob@example.org")).ok()
    access, refresh = pair["access_token"], pair["refresh_token"]
    nobody().get(f"streams/nobody?token={access}").refused(404, "not_found")
    nobody().get(f"profile?token={refresh}").refused(401, "unauthenticated")
    nobody().get("profile", **bearer(refresh)).refused(401, "wrong_credentials")
    logging.getLogger("perch").warning("a client says %s", access)
    text = lines.getvalue()
    assert "streams/nobody" in text, "the request itself is told"
    assert "a client says ***" in text
    for secret in (access, refresh, access.rpartition(".")[2]):
        assert secret not in text


def test_tokens_do_not_lie_in_the_database(cast: Cast) -> None:
    pair = nobody().post("login", **basic("bob@example.org")).ok()
    with domain_scope(cast.north):
        rows = [*Token.objects.values(), *UserSession.objects.values()]
    for secret in (pair["refresh_token"], pair["access_token"].rpartition(".")[2]):
        assert secret not in str(rows)
