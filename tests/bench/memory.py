"""Memory of a whole running Perch: `python -m tests.bench.memory [data folder]`; without a folder, of one it starts.

Proportional set size (PSS): a page that three processes share counts a third in each, so that the sum is what the
machine really gives. RSS would count PostgreSQL's shared buffers once for every session.
"""

import json
import re
import sys
import tempfile
import urllib.request
from collections import defaultdict
from pathlib import Path

from portal.embedded import processes
from tests.embedded.running import perch

SETTLE_SECONDS = 20.0
CAMERAS = 10
API_KEY = "a-system-key-for-the-benchmark-0123456789"
NAMES = (
    ("database", rb"postgres"),
    ("queue", rb"redis-server"),
    ("supervisor", rb"portal\.embedded"),
    ("web", rb"uvicorn"),
    ("worker", rb"manage\.py\0worker"),
    ("scheduler", rb"manage\.py\0scheduler"),
    ("streamer", rb"manage\.py\0streamer"),
    ("ffmpeg", rb"ffmpeg"),
)


def pss(pid: int) -> int:
    """A process's proportional set size in bytes; 0 when it has just gone."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    found = re.search(r"^Pss:\s+(\d+) kB", text, re.MULTILINE)
    return int(found[1]) * 1024 if found else 0


def tree(folder: Path) -> list[int]:
    """The processes of the Perch on a data folder, its supervisor included."""
    homes = {folder / "postgres", folder / "redis"}
    supervisor = int((folder / "run.lock").read_text())
    marked = [pid for pid in processes.all_pids() if processes.carries(pid, f"PERCH_DATA_DIR={folder}")]
    working = [pid for pid in processes.all_pids() if processes.working_folder(pid) in homes]
    return sorted({supervisor, *marked, *working})


def name_of(pid: int) -> str:
    """What a process is in Perch."""
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return "gone"
    return next((name for name, pattern in NAMES if re.search(pattern, command)), "other")


def report(folder: Path) -> None:
    """Print the sum by kind of process."""
    sums: dict[str, list[int]] = defaultdict(list)
    for pid in tree(folder.resolve()):
        sums[name_of(pid)].append(pss(pid))
    for name, sizes in sorted(sums.items(), key=lambda item: -sum(item[1])):
        print(f"{name:11} {len(sizes):3} processes {sum(sizes) / 1e6:8.1f} MB")
    total = [size for sizes in sums.values() for size in sizes]
    print(f"{'all':11} {len(total):3} processes {sum(total) / 1e6:8.1f} MB")


def main() -> None:
    """Measure the Perch that runs on the given folder, or start one with ten cameras that are off and measure it."""
    if len(sys.argv) > 1:
        report(Path(sys.argv[1]))
        return
    with (
        tempfile.TemporaryDirectory(prefix="perch-memory-") as place,
        perch(Path(place) / "var", "portal.embedded", PERCH_DEMO="0", PERCH_API_KEY=API_KEY) as running,
    ):
        address = running.wait_line("Perch is ready at").split()[-1]
        for number in range(CAMERAS):
            add_camera_that_is_off(address, number)
        processes.pause(SETTLE_SECONDS)
        report(running.folder)
        running.interrupt()


def add_camera_that_is_off(address: str, number: int) -> None:
    """A camera in the database that nothing records."""
    request = urllib.request.Request(
        f"{address}/vsaas/api/v2/cameras",
        data=json.dumps({"title": f"Off {number}", "stream_url": "fake://clock", "enabled": False}).encode(),
        headers={"x-vsaas-api-key": API_KEY, "content-type": "application/json"},
        method="POST",
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert answer.status in (200, 201)


if __name__ == "__main__":
    main()
