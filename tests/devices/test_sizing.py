"""The sizing calculator, by the manual's own examples (4.1.3-4.1.5)."""

from __future__ import annotations

import pytest

from devices.services import sizing
from devices.services.sizing import Wanted

TB = 1_000_000_000_000
EXAMPLE = Wanted(cameras=500, bitrate=1, users=200, depth=7)


def test_the_manuals_service_of_five_hundred_cameras() -> None:
    found = sizing.size(EXAMPLE)
    assert (round(found.inbound), round(found.outbound)) == (650, 260)
    assert round(found.disk_space / TB, 1) == 54.6, "436,800,000 Mbit; the manual divides by mixed powers and says 52"
    assert found.disks == 6
    assert round(found.disk_size / TB, 1) == 9.1


def test_backwards_from_the_disks() -> None:
    assert sizing.carries(6, bitrate=1) == 738


@pytest.mark.parametrize(("bitrate", "gigabytes"), [(1, 14), (2, 28)])
def test_a_camera_takes_about_so_much_a_day(bitrate: float, gigabytes: int) -> None:
    archive = sizing.size(Wanted(cameras=1, bitrate=bitrate, users=0, depth=1)).archive
    assert abs(archive / 1e9 - gigabytes) < 1


def test_a_checkpoint_with_five_plates_and_ten_faces() -> None:
    cameras = {"license_plates": 5, "faces": 10}
    assert sizing.gpu_memory({"license_plates": 5}) == pytest.approx(3.45)
    assert sizing.gpu_memory({"faces": 10}) == pytest.approx(5.5)
    assert sizing.gpu_memory(cameras) == pytest.approx(8.95)
    assert sizing.ram({"faces": 10}) == pytest.approx(0.715)
    assert sizing.ram(cameras) == pytest.approx(1.4625), "the manual adds 10 MB to number plates by a slip"


def test_cores_by_the_performance_of_the_processor() -> None:
    assert sizing.size(EXAMPLE).cores == (25, 20, 17)


def test_nothing_takes_nothing() -> None:
    found = sizing.size(Wanted(cameras=0, bitrate=1, users=0, depth=0))
    assert (found.disks, found.disk_size, found.archive, found.cores) == (0, 0, 0, (0, 0, 0))
    assert sizing.gpu_memory({"faces": 0}) == 0
