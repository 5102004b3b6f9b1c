"""`select=name,stats.alive`: the parts of an answer that a caller wants."""

from __future__ import annotations

from typing import Any

Wanted = dict[str, "Wanted"]


def wanted(text: str, *, always: str) -> Wanted | None:
    """What is selected, as a tree; None for all. The key of the rows is always part of it: no row is nameless."""
    paths = [path.strip() for path in text.split(",") if path.strip()]
    if not paths:
        return None
    tree: Wanted = {always: {}}
    for path in paths:
        branch = tree
        for part in path.split("."):
            branch = branch.setdefault(part, {})
    return tree


def pruned(value: Any, tree: Wanted | None) -> Any:
    """A value with nothing but what is selected; each element of a list alike. A leaf selects all below it."""
    if not tree:
        return value
    if isinstance(value, list):
        return [pruned(item, tree) for item in value]
    if isinstance(value, dict):
        return {key: pruned(value[key], branch) for key, branch in tree.items() if key in value}
    return value
