"""A Perch started by a test: its lines, its processes, its end."""

import os
import queue
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from portal.embedded import paths, processes
from tests.eventually import eventually

SECONDS_TO_START = 180.0  # a machine may be busy with the rest of the tests
SECONDS_TO_STOP = 12.0
OURS = ("PERCH_", "PORT", "DATABASE_URL", "BROKER_URL", "CHANNEL_LAYER_URL", "DJANGO_SETTINGS_MODULE")


class Perch:
    """One supervisor process on a data folder of its own."""

    def __init__(self, folder: Path, module: str, variables: Mapping[str, str]) -> None:
        self.folder = folder
        self.lines: list[str] = []
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
        self.process = subprocess.Popen(
            [sys.executable, "-m", module],
            cwd=paths.REPOSITORY,
            env={**inherited, "PERCH_DATA_DIR": str(folder), **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._arrived: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self._arrived.put(line.rstrip("\n"))
        self._arrived.put(None)

    def wait_line(self, containing: str, seconds: float = SECONDS_TO_START) -> str:
        """The next line with this text; fails with all that was said when it does not come."""
        while True:
            try:
                line = self._arrived.get(timeout=seconds)
            except queue.Empty:
                line = None
            assert line is not None, f"no line with {containing!r}; said: {self.lines}"
            self.lines.append(line)
            if containing in line:
                return line

    def pids(self, word: str) -> list[int]:
        """The living processes of this Perch whose command line has a word."""
        return [pid for pid in self.all_pids() if word.encode() in _command(pid)]

    def all_pids(self) -> list[int]:
        """Every living process that works for this data folder, the supervisor not among them."""
        mark = f"PERCH_DATA_DIR={self.folder}"
        # PostgreSQL and Redis write their titles over their environment, but work in their own folders.
        homes = {self.folder.resolve() / "postgres", self.folder.resolve() / "redis"}
        return [
            pid
            for pid in sorted(processes.all_pids())
            if pid not in (self.process.pid, os.getpid())
            and (processes.carries(pid, mark) or processes.working_folder(pid) in homes)
            and processes.started_at(pid) is not None
        ]

    def interrupt(self) -> int:
        """Ctrl-C; returns the exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(SECONDS_TO_STOP)

    def kill_tree(self) -> None:
        """kill -9 of everything, the supervisor first so that it cannot restart what follows."""
        victims = self.all_pids()
        self.process.kill()
        self.process.wait()
        for pid in victims:
            _kill(pid)
        eventually(lambda: not [pid for pid in victims if processes.started_at(pid)])


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def free_port() -> int:
    """A port nobody listens on, whose successor is free as well (the streamer's)."""
    while True:
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port: int = first.getsockname()[1]
            try:
                second.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return port


@contextmanager
def perch(folder: Path, module: str = "tests.embedded.small", **variables: str) -> Iterator[Perch]:
    """A Perch that is gone when the test is, whatever the test did."""
    running = Perch(folder, module, {"PORT": str(free_port()), **variables})
    try:
        yield running
    finally:
        running.process.kill()
        running.process.wait()
        processes.end(running.all_pids(), (signal.SIGTERM, 5.0), (signal.SIGKILL, 2.0))
        shutil.rmtree(sockets(folder), ignore_errors=True)


def sockets(folder: Path) -> Path:
    """The folder of a Perch's sockets, as the product computes it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PERCH_DATA_DIR", str(folder))
        patch.delenv("PERCH_RUN_DIR", raising=False)
        return paths.run_dir()
