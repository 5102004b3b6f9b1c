"""What Perch asks of a make of streamer: one small interface. `wanted` is always in the words of the streamer contract
(devices.services.streamers.stream_entry), whatever a make calls them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

from devices.drivers.streamer.http import Reach

OURS = re.compile(r"\A[A-Za-z0-9_/-]+~[0-9]+\Z")  # names that Perch made; all others are the operator's own
Entry = Mapping[str, Any]


@dataclass(frozen=True)
class Difference:
    """How one stream runs otherwise than wanted: `kind` as of CameraDrift; `detail` names settings, never values."""

    name: str
    kind: str
    detail: str = ""


@dataclass
class Seen:
    """What a streamer runs: its word on every stream in the form of the status report, and its settings by name."""

    reports: list[dict[str, Any]] = field(default_factory=list)
    running: dict[str, dict[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class Session:
    """Somebody who watches, in the streamer's words: `query` is what he came with, token included."""

    kind: str
    id: str
    name: str
    query: str


@dataclass(frozen=True)
class Addresses:
    """What a browser loads, with places for `{from}`, `{to}`, `{duration}` (seconds) and `{from_time}`, `{to_time}`
    (RFC 3339); empty for what the make has not. Everything takes `token` beside.

    `info` says whether live video is open to the asker; `archive_as` is `hls` or `file`; `prepares` says that a file is
    made and verified before it is offered.
    """

    live: str
    archive: str
    ranges: str
    file: str
    info: str
    picture: str = ""
    frame: str = ""
    archive_as: str = "hls"
    prepares: bool = False

    def origins(self) -> set[str]:
        """The hosts the browser must be let to."""
        found = {urlsplit(text) for text in asdict(self).values() if isinstance(text, str) and "://" in text}
        return {f"{parts.scheme}://{parts.netloc}" for parts in found}


class Driver:
    """A streamer. `asked` is False for makes that have no API of theirs to be asked."""

    asked = True
    has_viewers = False  # whether viewers must be looked at, because the make asks once and never again

    def __init__(self, reach: Reach, *, storage: str = "") -> None:
        self.reach, self.storage = reach, storage

    @staticmethod
    def addresses(base: str, playback: str, name: str) -> Addresses:
        """What a browser loads of one stream; `base` and `playback` are without a slash at the end."""
        raise NotImplementedError

    async def check(self) -> str:
        """Whether it can be asked; returns its version, empty if it says none. Raises Trouble."""
        raise NotImplementedError

    async def look(self) -> Seen:
        """What runs. Raises Trouble."""
        raise NotImplementedError

    def settings(self, entry: Entry) -> dict[str, Any]:
        """What is wanted of one stream, in the words and units in which `Seen.running` has it."""
        raise NotImplementedError

    async def converge(self, wanted: Mapping[str, Entry], seen: Seen) -> list[Difference]:
        """Make the streamer run what is wanted; returns what it refused. Raises Trouble."""
        raise NotImplementedError

    async def sessions(self) -> list[Session]:
        """Who watches. Raises Trouble."""
        return []

    async def cut(self, session: Session) -> None:
        """End somebody's watching. Raises Trouble."""

    async def recheck(self, name: str) -> None:
        """Make the streamer ask again for everybody who watches a stream. Raises Trouble."""

    def differences(self, wanted: Mapping[str, Entry], seen: Seen) -> list[Difference]:
        """How what runs differs from what is wanted."""
        found = [Difference(name, "extra") for name in seen.running if name not in wanted]
        for name, entry in wanted.items():
            if name not in seen.running:
                found.append(Difference(name, "missing"))
            elif other := _others(self.settings(entry), seen.running[name]):
                found.append(Difference(name, "different", ", ".join(other)))
        return found


def _others(wanted: Mapping[str, Any], running: Mapping[str, Any]) -> list[str]:
    return sorted(key for key, value in wanted.items() if running.get(key) != value)


def at(base: str, name: str) -> str:
    """A stream's address; names keep their slashes there."""
    return f"{base}/{quote(name, safe='/~')}"


def bare(url: Any) -> str:
    """A source without its login: APIs hide it, so it is no use in a comparison."""
    try:
        parts = urlsplit(str(url))
        return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
    except ValueError:
        return ""


def ours(names: Iterable[Any]) -> list[str]:
    """Those of the names that Perch made."""
    return [name for name in names if isinstance(name, str) and OURS.match(name)]


def items(body: Any, key: str) -> list[dict[str, Any]]:
    """The objects of a list in an answer; whatever is none is passed over."""
    found = body.get(key) if isinstance(body, dict) else None
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []
