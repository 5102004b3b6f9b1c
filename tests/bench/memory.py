"""Memory of a whole running Perch: `python -m tests.bench.memory [data folder]`; without a folder, of one it starts.

Proportional set size (PSS): a page that three processes share counts a third in each, so that the sum is what the
machine really gives. RSS would count PostgreSQL's shared buffers once for every session.
"""

import re
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

from portal.embedded import processes
from tests.embedded.running import perch

SETTLE_SECONDS = 20.0
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
    """Measure the Perch that runs on the given folder, or start one without the demo and measure it at rest."""
    if len(sys.argv) > 1:
        report(Path(sys.argv[1]))
        return
    with (
        tempfile.TemporaryDirectory(prefix="perch-memory-") as place,
        perch(Path(place) / "var", "portal.embedded", PERCH_DEMO="0") as running,
    ):
        running.wait_line("Perch is ready at")
        processes.pause(SETTLE_SECONDS)
        report(running.folder)
        running.interrupt()


if __name__ == "__main__":
    main()
