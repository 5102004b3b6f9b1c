"""A real FreeRADIUS on loopback: its own port, its own folder, and nothing of the machine's configuration.

Package: freeradius. A test that asks for it is skipped, with the reason, where it is missing; on CI it fails instead.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from portal.embedded import processes
from tests.eventually import eventually

BINARIES = ("freeradius", "radiusd")
READY = "Ready to process requests"
CONFIGURATION = """
prefix = /usr
sbindir = /usr/sbin
logdir = {folder}
raddbdir = {folder}
libdir = {libraries}
run_dir = {folder}
pidfile = {folder}/radiusd.pid
max_request_time = 5
hostname_lookups = no
proxy_requests = no
log {{
    destination = stdout
    auth = no
}}
security {{
    reject_delay = 1
    status_server = no
}}
thread pool {{
    start_servers = 1
    max_servers = 2
    min_spare_servers = 1
    max_spare_servers = 1
}}
client perch {{
    ipaddr = 127.0.0.1
    secret = "{secret}"
    require_message_authenticator = yes
}}
modules {{
    files {{
        usersfile = {folder}/users
    }}
    pap {{
    }}
}}
server signing {{
    listen {{
        type = auth
        ipaddr = 127.0.0.1
        port = {signing}
    }}
    authorize {{
        files
        pap
    }}
    authenticate {{
        pap
    }}
    post-auth {{
        update reply {{
            Message-Authenticator := 0x00
        }}
        Post-Auth-Type REJECT {{
            update reply {{
                Message-Authenticator := 0x00
            }}
        }}
    }}
}}
server bare {{
    listen {{
        type = auth
        ipaddr = 127.0.0.1
        port = {bare}
    }}
    authorize {{
        files
        pap
    }}
    authenticate {{
        pap
    }}
}}
"""


@dataclass(frozen=True)
class Ports:
    """Where it signs its answers, and where it does not: versions before 3.2.5 sign only when told to."""

    signing: int
    bare: int


def binary() -> str:
    """Where FreeRADIUS is; skips the test without it, or fails it on CI."""
    found = next(
        (path for name in BINARIES if (path := shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin"))), ""
    )
    if not found:
        reason = "FreeRADIUS is not installed (Debian: apt install freeradius)"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return found


def _libraries() -> str:
    places = ("/usr/lib/freeradius", "/usr/lib64/freeradius", "/usr/local/lib")
    return next((place for place in places if Path(place).is_dir()), places[0])


def _free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def freeradius(folder: Path, *, secret: str, **people: str) -> Iterator[Ports]:
    """Run one that knows these people."""
    program = binary()
    ports = Ports(_free_port(), _free_port())
    text = CONFIGURATION.format(
        folder=folder, libraries=_libraries(), secret=secret, signing=ports.signing, bare=ports.bare
    )
    (folder / "radiusd.conf").write_text(text)
    lines = [f'"{login}" Cleartext-Password := "{password}"\n' for login, password in people.items()]
    (folder / "users").write_text("".join(lines))
    said = folder / "said"
    with said.open("ab") as log:
        process = processes.spawn(
            [program, "-d", str(folder), "-n", "radiusd", "-f", "-l", "stdout"], log=log, folder=folder,
            environment=dict(os.environ),
        )  # fmt: skip

    def ready() -> bool:
        assert process.poll() is None, said.read_text()[-3000:]
        return READY in said.read_text()

    try:
        eventually(ready, seconds=60)
        yield ports
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
