"""`python -m tests.devices.streamer.process '{...}'`: the streamer with a test's timings, as its own process."""

from __future__ import annotations

import json
import logging
import sys
from pathlib import Path
from typing import Any

from devices import sources
from devices.streamer import virtual
from devices.streamer.server import serve
from devices.streamer.settings import Settings
from tenants.addresses import AddressPolicy

# One more virtual camera: half the picture's size, and white and black with the seconds of the wall clock.
sources.VIRTUAL = (*sources.VIRTUAL, "parity")
virtual.PICTURES["parity"] = (
    f"color=black:size=320x180:rate={virtual.RATE}",
    "drawbox=c=white:t=fill:enable='lt(mod(time(0)\\,2)\\,1)'",
)


def main(said: dict[str, Any]) -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    said["storage"] = Path(said["storage"])
    said["networks"] = AddressPolicy.parse(said.pop("networks"))
    serve(Settings(**said))


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
