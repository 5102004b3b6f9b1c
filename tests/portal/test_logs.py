"""No secret reaches a log line, whichever way it was about to."""

from __future__ import annotations

import io
import json
import logging
import logging.config
from typing import Any

import pytest
from django.conf import settings

from portal import logs

SECRET = "c4n4ry-9f31"
LINES = [
    f"GET /gate~1/index.m3u8?token={SECRET}&x=1",
    f"rtsp://admin:{SECRET}@10.0.0.5:554/main failed",
    f"POST /auth?login=a&password={SECRET}",
    f"headers {{'x-vsaas-api-key': '{SECRET}', 'host': 'a'}}",
    f"X-Vsaas-Session: {SECRET}",
    f"Authorization: Bearer {SECRET}",
    f"Cookie: perch_session={SECRET}; other=1",
    f"/user=admin&password={SECRET}&channel=1",
    f"apikey={SECRET}",
    f'{{"password": "{SECRET}"}}',
    f"redis://:{SECRET}@127.0.0.1/0",
    f"postgresql://perch_app:{SECRET}@/perch",
]


@pytest.fixture
def log() -> Any:
    """A logger with the handlers of the product and where its lines go."""
    stream = io.StringIO()
    configured: dict[str, Any] = settings.LOGGING
    handler = logging.StreamHandler(stream)
    formatter = logging.config.DictConfigurator(configured).configure_formatter(dict(configured["formatters"]["json"]))
    handler.setFormatter(formatter)
    handler.addFilter(logs.RequestId())
    handler.addFilter(logs.Scrub())
    logger = logging.getLogger("tests.logs")
    logger.handlers, logger.propagate = [handler], False
    return logger, stream


@pytest.mark.parametrize("line", LINES)
def test_a_secret_in_a_message_is_stars(log: Any, line: str) -> None:
    logger, stream = log
    logger.error("asked: %s", line)
    assert SECRET not in stream.getvalue()
    assert "***" in stream.getvalue()


@pytest.mark.parametrize("line", LINES)
def test_a_secret_in_a_traceback_is_stars(log: Any, line: str) -> None:
    logger, stream = log
    try:
        raise ValueError(line)
    except ValueError:
        logger.exception("broken")
    assert SECRET not in stream.getvalue()
    assert "ValueError" in stream.getvalue()


def test_a_line_says_which_request_it_belongs_to(log: Any) -> None:
    logger, stream = log
    token = logs.request_id.set("r-12345678")
    try:
        logger.warning("slow")
    finally:
        logs.request_id.reset(token)
    assert json.loads(stream.getvalue())["request_id"] == "r-12345678"
