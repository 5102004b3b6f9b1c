"""An ISP's words as a file, for whoever writes them elsewhere: all texts out, changed ones in.

    {"perch": "localization", "language": "ru",
     "texts": [{"id": "Cameras", "plural": "", "ours": ["Камеры"], "own": ["Видеокамеры"]}]}

Only `id` and `own` are read. A bad entry is told by its number and kept out; the good ones are kept in, and the same
file again changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import orjson
from django.utils.translation import gettext as _

from tenants.errors import Invalid
from tenants.models import Domain, User
from tenants.services import wording

LARGEST = 2 * 1024 * 1024  # bytes
MOST_FAULTS = 50


@dataclass
class Report:
    """What became of a file: how many texts changed, and which entries (counted from 1) were bad and why."""

    changed: int = 0
    faults: list[tuple[int, str]] = field(default_factory=list)


def write(language: str) -> bytes:
    """All texts in one language, with the ISP's own ones."""
    entries = [
        {"id": text.original, "plural": text.plural, "ours": text.ours, "own": text.own}
        for text in wording.texts(language)
    ]
    document = {"perch": "localization", "language": language, "texts": entries}
    return orjson.dumps(document, option=orjson.OPT_INDENT_2)


def read(domain: Domain, language: str, content: bytes, *, acting_user: User | None) -> Report:
    """Take the ISP's own texts of a file in. Texts that the file does not name stay as they are.

    Raises Invalid for what is no such file, or one of another language.
    """
    report, changes = Report(), {}
    for number, entry in enumerate(_entries(language, content), 1):
        try:
            original, forms = _entry(entry)
            wording.check_forms(original, language, forms)
            changes[original] = forms
        except Invalid as error:
            report.faults.append((number, error.message))
    report.faults = report.faults[:MOST_FAULTS]
    report.changed = wording.set_words(domain, language, changes, acting_user=acting_user)
    return report


def _entries(language: str, content: bytes) -> list[Any]:
    if len(content) > LARGEST:
        raise Invalid(_("The file is larger than 2 MB."), field="file")
    try:
        document = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise Invalid(_("This is no localization file: take yours from the export."), field="file") from error
    if not isinstance(document, dict) or not isinstance(document.get("texts"), list):
        raise Invalid(_("This is no localization file: take yours from the export."), field="file")
    if document.get("language") != language:
        raise Invalid(_("This file is of another language."), field="file")
    entries: list[Any] = document["texts"]
    return entries


def _entry(entry: Any) -> tuple[str, list[str]]:
    original, forms = (entry.get("id"), entry.get("own", [])) if isinstance(entry, dict) else (None, None)
    if isinstance(forms, str):
        forms = [forms]
    if not isinstance(original, str) or not isinstance(forms, list) or not all(isinstance(one, str) for one in forms):
        raise Invalid(_("An entry has an id and its own texts."))
    return original, forms
