"""Log lines: which request and ISP they belong to, and no secrets in them."""

from __future__ import annotations

import logging
import re
from contextvars import ContextVar

from tenants import current

request_id: ContextVar[str] = ContextVar("perch_request_id", default="")

# Query parameters and headers that carry secrets, passwords inside URLs, and our own playback tokens.
_NAMES = r"token|password|passwd|pwd|apikey|api_key|key|secret|sign|auth"
_HEADERS = r"x-vsaas-api-key|x-vsaas-session|authorization|x-password|cookie"
_PATTERNS = [
    (re.compile(rf"(?i)\b({_NAMES})=[^&\s\"']+"), r"\1=***"),
    (re.compile(rf"(?i)(['\"]({_NAMES})['\"]\s*:\s*['\"])[^'\"]+"), r"\1***"),
    (re.compile(rf"(?i)({_HEADERS})(['\"]?\s*[:=]\s*['\"]?)[^'\",}}]+"), r"\1\2***"),
    (re.compile(r"://([^/\s:@]*):[^/\s@]+@"), r"://\1:***@"),
    (re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]+"), "***"),
    (re.compile(r"(?i)(/(?:forgot-password|activate|invite)/)[^\s/?\"'&]+"), r"\1***"),
]


def scrub(text: str) -> str:
    """The text with every secret it is known to carry replaced by stars."""
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text


class Scrub(logging.Filter):
    """Removes secrets from a record's message before any handler sees it."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = scrub(record.getMessage()), None
        if request := getattr(record, "request", None):  # Django gives it along, and the line would say its address
            vars(record)["request"] = scrub(repr(request))
        if record.exc_info and not record.exc_text:
            record.exc_text = scrub(logging.Formatter().formatException(record.exc_info))
            record.exc_info = None
        return True


class RequestId(logging.Filter):
    """Adds the correlation id and the ISP in scope to a record."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = request_id.get()
        record.domain_id = current.domain_id.get()
        return True
