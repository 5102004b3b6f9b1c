"""What the embedded streamer can be told; every default runs."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tenants.addresses import AddressPolicy, camera_policy

GIGABYTE = 10**9


@dataclass(frozen=True)
class Settings:
    """One streamer. Times are seconds, sizes bytes; what follows `networks` was measured, and is shorter in tests."""

    hostname: str
    perch_url: str
    key: str = field(repr=False)
    storage: Path  # the index and what may be thrown away; the archive too, where `disks` names no others
    bind: str = "127.0.0.1"
    port: int = 8001
    rtsp_port: int = 0  # 0: RTSP is not served
    networks: AddressPolicy = field(default_factory=camera_policy)
    disks: tuple[Path, ...] = ()  # folders of the archive, each on a disk of its own

    capacity: int | None = None  # at most this much archive in all; None: the disk, less `reserve`
    reserve: int = GIGABYTE  # free space kept on the disk, or a twentieth of a small disk
    segment: float = 1.0  # shortest live segment; a longer key frame interval makes longer ones
    longest_segment: float = 12.0  # cut here even without a key frame
    fragment: float = 0.5  # how often a running recorder shows that it lives
    window: int = 8  # segments in the live playlist
    block: float = 60.0  # one file on disk
    chunk: float = 4.0  # archive segments are joined to about this length

    poll: float = 1.0
    report: float = 10.0
    neighbour: float = 5.0  # another streamer that has not answered after this is away
    news: float = 0.2  # a changed stream is reported after at most this
    doubt: float = 60.0  # an old decision holds this long while Perch does not answer
    idle: float = 60.0  # an on-demand camera closes this long after its last viewer
    viewer: float = 12.0  # a viewer who asked nothing for this long has gone
    unread: int = 1_000_000  # kept for an RTSP player that does not read; the system keeps as much again
    rtsp_each: int = 50  # RTSP connections from one address; in IPv6 from one /64, which is one host's
    rtsp_stranger: float = 15.0  # one without a DESCRIBE that was admitted is closed after this
    rtsp_silence: float = 30.0  # one may say nothing for this long while it is sent nothing, or take for one request
    patience: float = 10.0  # how long a viewer's first request waits for an on-demand camera

    connect: float = 6.0  # dial, TLS and each answer of a camera
    stall: float = 12.0  # no bytes for this long: the source is dead
    first_retry: float = 1.0
    slowest_retry: float = 60.0
    healthy: float = 30.0  # running this long forgets earlier failures
    grace: float = 3.0  # SIGTERM to SIGKILL

    cleanup: float = 3600.0
    disk_check: float = 5.0
    thumbnail: float = 20.0
    export_quota: int = 4 * GIGABYTE
    export_longest: float = 6 * 3600.0
    export_lifetime: float = 1800.0

    @property
    def base(self) -> str:
        """Where Perch speaks of this streamer."""
        return f"{self.perch_url.rstrip('/')}/central/api/v3/streamers/{self.hostname}"


def capacity_from(environment: Mapping[str, str]) -> int | None:
    """PERCH_STREAMER_CAPACITY in gigabytes (1e9), absent for the whole disk."""
    text = environment.get("PERCH_STREAMER_CAPACITY", "")
    return int(float(text) * GIGABYTE) if text else None


def folders_from(storages: Sequence[Path], index: Path | None, environment: Mapping[str, str]) -> tuple[Path, ...]:
    """(folder of the index, disks...): of the command line, else of PERCH_STREAMER_STORAGE, parted by colons.

    Without a folder of its own the index lies in the first disk's.
    """
    named = environment.get("PERCH_STREAMER_STORAGE", "")
    found = [path.absolute() for path in storages or [Path(part) for part in named.split(os.pathsep) if part]]
    if not found:
        return ()
    return ((index or found[0]).absolute(), *dict.fromkeys(found))
