"""Handing tasks to the queue by name: what `tenants.outbox` calls."""

from __future__ import annotations

from typing import Any

from django.utils.module_loading import import_string


def enqueue(actor: str, arguments: list[Any]) -> None:
    """Send an actor, named by its dotted path, its arguments."""
    import_string(actor).send(*arguments)
