"""How large a machine for so many cameras (items 7-12; manual 4.1.3-4.1.5): network, disks, cores, memory.

Rates are Mbit/s, memory GB, sizes bytes in powers of ten: the manual's example of 52 TB mixes both powers, and is
54.6 TB by the same formula.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

MARGIN = 1.3  # what networks and disks need beside the plain sum
FULLEST = 0.9  # file systems slow down beyond
DAY = 24 * 3600
DISK_SPEED = 160.0  # Mbit/s: what is left of a disk's 100 MB/s when dozens write and read all over it (item 9)
CORES = (20, 25, 30)  # cameras a core: low, middle and high performance (item 10)

# Of each network of recognition: GB a server and MB a camera, on GPUs (item 11) and in RAM (item 12).
GPU = {
    "license_plates": (1.7, 150),
    "no_license_plates": (4.4, 150),
    "emergency_vehicles": (4.4, 150),
    "faces": (2.5, 200),
}
RAM = {"license_plates": (0.45, 25), "faces": (0.25, 30)}
GPU_MARGIN = 1.0  # GB a network


@dataclass(frozen=True)
class Wanted:
    """What is to be served: cameras of a bitrate in Mbit/s, users who watch at once, days of archive, Mbit/s a disk."""

    cameras: int
    bitrate: float
    users: int
    depth: float
    disk_speed: float = DISK_SPEED


@dataclass(frozen=True)
class Sizing:
    """What that takes: Mbit/s in and out, bytes of archive and of disks for it, how many disks of what size."""

    inbound: float
    outbound: float
    archive: int
    disk_space: int
    disks: int
    disk_size: int
    cores: tuple[int, int, int]


def size(wanted: Wanted) -> Sizing:
    """The manual's formulas, forwards. Disks are counted up to whole ones, one at least where there is an archive."""
    inbound = wanted.cameras * wanted.bitrate * MARGIN
    outbound = wanted.users * wanted.bitrate * MARGIN
    archive = inbound * 1e6 / 8 * wanted.depth * DAY
    space = archive / FULLEST
    # A hair less: 6 disks are six, whatever the last bit of a product says.
    disks = max(1, ceil((inbound + outbound) / wanted.disk_speed - 1e-9)) if archive else 0
    low, middle, high = (ceil(wanted.cameras / each) for each in CORES)
    return Sizing(
        inbound, outbound, round(archive), round(space), disks, ceil(space / disks) if disks else 0, (low, middle, high)
    )


def carries(disks: int, *, bitrate: float, disk_speed: float = DISK_SPEED) -> int:
    """The same backwards: how many cameras and users together so many disks can serve."""
    return int(disks * disk_speed / (MARGIN * bitrate))


def gpu_memory(cameras: dict[str, int]) -> float:
    """GB of video memory for cameras by network; networks without cameras need none."""
    return sum(GPU[name][0] + count * GPU[name][1] / 1000 + GPU_MARGIN for name, count in cameras.items() if count)


def ram(cameras: dict[str, int]) -> float:
    """GB of memory for recognition on processors."""
    plain = sum(RAM[name][0] + count * RAM[name][1] / 1000 for name, count in cameras.items() if count)
    return plain * MARGIN
