"""`python -m tests.devices.streamer.process '{...}'`: the streamer with a test's timings, as its own process."""

from __future__ import annotations

import json
import logging
import sys
from pathlib import Path
from typing import Any


def main(said: dict[str, Any]) -> None:
    # httpx loads a command line of its own where rich is installed: half of the start, and no installation has it.
    sys.modules["rich"] = None  # type: ignore[assignment]
    from devices.streamer.server import serve
    from devices.streamer.settings import Settings
    from tenants.addresses import AddressPolicy

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    add_lamp()
    said["storage"] = Path(said["storage"])
    said["disks"] = tuple(Path(disk) for disk in said.get("disks", ()))
    said["networks"] = AddressPolicy.parse(said.pop("networks"))
    serve(Settings(**said))


def add_lamp() -> None:
    """One more virtual camera: half the picture's size, white and black with the seconds of the wall clock."""
    from devices import sources
    from devices.streamer import virtual

    sources.VIRTUAL = (*sources.VIRTUAL, "parity")
    blinking = "drawbox=c=white:t=fill:enable='lt(mod(time(0)\\,2)\\,1)'"
    virtual.PICTURES["parity"] = (f"color=black:size=320x180:rate={virtual.RATE}", blinking)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
