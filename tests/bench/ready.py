"""From the command to the ready line, `python -m tests.bench.ready`: first start, then warm (goal: under 15 s).

What make adds before it when nothing changed (its stamps are looked at) is measured too.
"""

import os
import resource
import subprocess
import tempfile
import time
from pathlib import Path

from portal.embedded import paths
from tests.embedded.running import perch

WARM_RUNS = 3
GOAL = 15.0


def start(folder: Path) -> tuple[float, float]:
    """Seconds to the ready line, and seconds of CPU the tree had used when it had stopped again."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.monotonic()
    with perch(folder, "portal.embedded", PERCH_DEMO="0") as running:
        running.wait_line("Perch is ready at")
        seconds = time.monotonic() - began
        running.interrupt()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def make_overhead() -> float:
    """What make costs when everything is installed."""
    began = time.monotonic()
    subprocess.run(["make", "--silent", "assets", "messages"], cwd=paths.REPOSITORY, check=True)
    return time.monotonic() - began


def main() -> None:
    """Print the figures beside the goal."""
    print(f"load average at the start: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    print(f"make, nothing to install: {make_overhead():.2f} s")
    with tempfile.TemporaryDirectory(prefix="perch-ready-") as place:
        seconds, cpu = start(Path(place) / "var")
        print(f"first start, empty: {seconds:.1f} s ({cpu:.1f} s of CPU)")
        for _ in range(WARM_RUNS):
            seconds, cpu = start(Path(place) / "var")
            verdict = "met" if seconds < GOAL else "missed"
            print(f"warm: {seconds:.1f} s ({cpu:.1f} s of CPU); goal {GOAL:.0f} s {verdict}")


if __name__ == "__main__":
    main()
