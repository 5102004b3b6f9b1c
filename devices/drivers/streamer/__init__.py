"""The makes of streamers. The next make: a file beside these, and a row here."""

from devices.drivers.streamer.base import Driver
from devices.drivers.streamer.embedded import Embedded
from devices.drivers.streamer.flussonic import Flussonic
from devices.drivers.streamer.mediamtx import MediaMtx

STREAMER_DRIVERS: dict[str, type[Driver]] = {
    "embedded": Embedded,
    "flussonic": Flussonic,
    "mediamtx": MediaMtx,
}
