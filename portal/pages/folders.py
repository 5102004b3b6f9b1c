"""Folder trees as pages show them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tenants.models import Folder

INDENT = "\u2003"


def walk(folders: Iterable[Folder]) -> Iterator[tuple[int, Folder]]:
    """The folders of one organization from the top down, each with its depth; siblings in their order."""
    below: dict[int | None, list[Folder]] = {}
    for folder in sorted(folders, key=lambda each: (each.order_num, each.pk)):
        below.setdefault(folder.parent_id, []).append(folder)
    waiting = [(0, folder) for folder in reversed(below.get(None, []))]
    while waiting:
        depth, folder = waiting.pop()
        yield depth, folder
        waiting += [(depth + 1, child) for child in reversed(below.get(folder.pk, []))]


def indented(folders: Iterable[Folder]) -> list[tuple[str, str]]:
    """The tree as choices of a select, depth shown by indentation."""
    return [(str(folder.pk), INDENT * depth + folder.title) for depth, folder in walk(folders)]
