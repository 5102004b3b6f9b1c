"""What a row of the permission table is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from tests.permissions.world import ACTORS, Isp

V1, V2 = "/api/v1/", "/vsaas/api/v2/"
V3, V3_ADMIN = "/watcher/client-api/v3/", "/watcher/admin-api/v3/"
EMPTY = "E"  # a success that shows nothing of the organization that is asked about
PLACEHOLDER = re.compile(r"\{(mine\.)?([a-z_]+)\}")


@dataclass(frozen=True)
class Row:
    """One request, and what each actor gets for it: a status, or E for a success without anything of the target.

    `{camera}` and the like are the target ISP's; `{mine.camera}` is the asking actor's own ISP's. `plain`: a success
    has no texts in its answer to recognise the target by. `south`: "E" where the other ISP's people get a list of their
    own; else they are refused. `base`: where the dialect is that `path` belongs to; a page (`form`) has none.
    """

    method: str
    path: str
    cells: str
    body: Any = None
    headers: tuple[tuple[str, str], ...] = ()
    plain: bool = False
    south: str = ""
    form: bool = False
    base: str = V2

    @property
    def address(self) -> str:
        """The whole path."""
        return self.path if self.form else self.base + self.path

    @property
    def refusals(self) -> set[int]:
        """Statuses that say no. The billing dialect says 422 where others say that something named is missing."""
        return {302, 400, 401, 403, 404} | ({422} if self.base == V1 else set())

    @property
    def name(self) -> str:
        """How a failing test calls the row."""
        return f"{self.method} {self.path}" + (f" {self.body}" if self.body else "")

    @property
    def writes(self) -> bool:
        """Whether a success changes something."""
        return self.method not in {"GET", "HEAD"}

    @property
    def names_target(self) -> bool:
        """Whether the request names anything of the target ISP."""
        return any(not mine for mine, _name in PLACEHOLDER.findall(f"{self.path} {self.body}"))

    def expected(self) -> dict[str, str]:
        """The cells by actor."""
        cells = self.cells.split()
        assert len(cells) == len(ACTORS), f"{self.name}: {len(cells)} cells for {len(ACTORS)} actors"
        return dict(zip(ACTORS, cells, strict=True))


def fill(template: Any, *, target: Isp, mine: Isp) -> Any:
    """A path or body with its placeholders replaced; a placeholder alone becomes the number itself."""
    if isinstance(template, dict):
        return {
            str(fill(key, target=target, mine=mine)): fill(value, target=target, mine=mine)
            for key, value in template.items()
        }
    if isinstance(template, list):
        return [fill(value, target=target, mine=mine) for value in template]
    if not isinstance(template, str):
        return template
    whole = PLACEHOLDER.fullmatch(template)
    if whole:
        return (mine if whole[1] else target).ids[whole[2]]
    return PLACEHOLDER.sub(lambda found: str((mine if found[1] else target).ids[found[2]]), template)
