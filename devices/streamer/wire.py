"""What Perch says (config_external), in our own words; a stream that cannot be understood is left out, not fatal."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

NAME = re.compile(r"^[A-Za-z0-9_-]+(?:/[A-Za-z0-9_-]+)*(?:~\d{1,18})?$")


FOREVER = 100 * 365 * 86400  # recorded with a limit of gigabytes only


@dataclass(frozen=True)
class Place:
    """Where another streamer is. Without an address of its own (`url`) it is at the host by which one came here, at
    `port`."""

    url: str
    port: int

    def base(self, host: str) -> str:
        """Its address for whoever reached us by this host name, without port."""
        return self.url.rstrip("/") or f"http://{host}:{self.port}"


@dataclass(frozen=True)
class Peer(Place):
    """A streamer that has recordings of a stream from before it came here, of UTC seconds."""

    start: int
    end: int


@dataclass(frozen=True)
class Wanted:
    """A stream as Perch wants it. `sub` is the address of the second rendition."""

    name: str
    title: str = ""
    static: bool = True
    main: str = field(default="", repr=False)
    sub: str = field(default="", repr=False)
    expiration: int | None = None  # seconds; None: nothing is recorded
    storage_limit: int | None = None  # bytes
    episodes: int | None = None  # seconds that what is protected is kept; None: as long as the rest
    archive_only: bool = False  # it runs elsewhere now: only what was recorded here is served
    peers: tuple[Peer, ...] = ()
    thumbnails: bool = True
    video_only: bool = False
    transcode_audio: bool = False

    def same_source(self, other: Wanted) -> bool:
        """Whether a running recorder can go on under the other's settings."""
        ours = (self.main, self.sub, self.video_only, self.transcode_audio, self.static, self.archive_only)
        return ours == (
            other.main,
            other.sub,
            other.video_only,
            other.transcode_audio,
            other.static,
            other.archive_only,
        )


@dataclass(frozen=True)
class Configuration:
    """One complete answer of Perch, all pages."""

    streams: dict[str, Wanted]
    hosts: dict[str, int]
    version: str = ""
    lease: float | None = None  # seconds without Perch after which another streamer has these streams; None: nobody has
    witnesses: tuple[Place, ...] = ()  # other streamers, which can say whether they hear Perch


def read_lease(value: Any) -> float | None:
    """The lease of an answer; None where there is none."""
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) and value > 0 else None


def read_places(value: Any) -> tuple[Place, ...]:
    """Other streamers of an answer; what is none of them is left out."""
    found = [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
    return tuple(
        Place(str(one.get("url") or ""), one["port"])
        for one in found
        if isinstance(one.get("port"), int) and 0 < one["port"] < 65536
    )


def read_stream(data: dict[str, Any]) -> Wanted | None:
    """One stream_config; None when it has no valid name or no input."""
    name = data.get("name")
    inputs = [one for one in data.get("inputs") or [] if isinstance(one, dict) and isinstance(one.get("url"), str)]
    main = [one["url"] for one in inputs if one.get("rendition") != "sub"]
    sub = [one["url"] for one in inputs if one.get("rendition") == "sub"]
    archive_only = data.get("archive_only") is True
    if not isinstance(name, str) or not 0 < len(name) <= 100 or not NAME.match(name) or not (main or archive_only):
        return None
    dvr = data.get("dvr") if isinstance(data.get("dvr"), dict) else {}
    limit = _positive(dvr, "storage_limit")
    expiration = _positive(dvr, "expiration") or (FOREVER if limit else None)
    return Wanted(
        name=name,
        title=str(data.get("title") or ""),
        static=bool(data.get("static", True)) and not archive_only,
        main="" if archive_only else main[0],
        archive_only=archive_only,
        peers=_peers(dvr),
        sub=sub[0] if sub else "",
        expiration=expiration,
        storage_limit=limit if expiration else None,
        episodes=_positive(dvr, "episodes_expiration") if expiration else None,
        thumbnails=bool((data.get("thumbnails") or {}).get("enabled", True)),
        video_only=bool(data.get("video_only", False)),
        transcode_audio=bool(data.get("transcode_audio", False)),
    )


def read_hosts(data: object) -> dict[str, int]:
    """Host name (lower case, no port) -> ISP."""
    if not isinstance(data, dict):
        return {}
    return {str(host).lower(): int(domain) for host, domain in data.items() if isinstance(domain, int)}


def _positive(data: dict[str, Any] | None, key: str) -> int | None:
    value = (data or {}).get(key)
    return int(value) if isinstance(value, (int, float)) and value > 0 else None


def _peers(dvr: dict[str, Any] | None) -> tuple[Peer, ...]:
    """Where else recordings are; what cannot be understood is left out."""
    found = []
    listed = (dvr or {}).get("peers")
    for one in listed if isinstance(listed, list) else []:
        said = one if isinstance(one, dict) else {}
        url, port, start, end = (said.get(key) for key in ("url", "port", "from", "until"))
        if isinstance(url, str) and isinstance(port, int) and isinstance(start, int) and isinstance(end, int):
            found.append(Peer(url, port, start, end))
    return tuple(found)
