"""Perch's own streamer: it asks and reports by itself (portal/api/hooks), so there is nothing to ask it."""

from __future__ import annotations

from devices.drivers.streamer.base import Addresses, Driver, at


class Embedded(Driver):
    """The streamer in this repository."""

    asked = False

    @staticmethod
    def addresses(base: str, playback: str, name: str) -> Addresses:
        stream = at(base, name)
        return Addresses(
            live=f"{stream}/index.m3u8",
            archive=f"{stream}/archive-{{from}}-{{duration}}.m3u8",
            ranges=f"{stream}/recording_status.json?from={{from}}&to={{to}}",
            file=f"{stream}/archive-{{from}}-{{duration}}.mp4",
            info=f"{stream}/media_info.json",
            picture=f"{stream}/preview.jpg",
            frame=f"{stream}/{{from}}-preview.jpg",
            prepares=True,
        )
