"""`manage.py run`: brings the whole of Perch up and keeps it up. Loads no Django, which stays in the children."""

import contextlib
import errno
import fcntl
import json
import os
import socket
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from signal import SIGTERM
from typing import Any

from portal.embedded import database, migrations, paths, processes, queue, services, static
from portal.embedded.cluster import ClusterFailed
from portal.embedded.logs import LogFile
from portal.embedded.services import Addresses
from portal.embedded.supervisor import Hopeless, StopAsked, Supervisor, end_marked
from tenants import clock

DEFAULT_PORT = 8000
PREDECESSOR_SECONDS = 15.0  # one that was told to stop a moment ago gets this long


class CannotRun(Exception):
    """Something a human must change first; the text says what."""


@dataclass(frozen=True)
class FirstData:
    """What `manage.py setup` made or found."""

    lines: list[str]
    streamer: dict[str, str]


BringUp = Callable[[Supervisor, Addresses], FirstData]


def main(bring_up: BringUp | None = None) -> int:
    """Run until stopped; returns the exit code. `bring_up` replaces what is started (tests start less)."""
    if os.environ.get("PERCH_STOP_WITH_PARENT"):
        processes.die_with_parent(SIGTERM)
    try:
        addresses = _addresses()
        with only_one():
            return _run(addresses, bring_up or _bring_up)
    except CannotRun as problem:
        print(f"perch: {problem}", file=sys.stderr)
    except (paths.UnusableFolder, paths.BadMasterKey, processes.Unreachable) as problem:
        print(f"perch: {problem}", file=sys.stderr)
    return 1


def _run(addresses: Addresses, bring_up: BringUp) -> int:
    supervisor = Supervisor(log_file, say)
    try:
        _prepare(addresses)
        first = bring_up(supervisor, addresses)
        print("\n".join([f"Perch is ready at {addresses.web}", *first.lines]), flush=True)
        supervisor.run()
    except StopAsked:
        return 0
    except (Hopeless, CannotRun, ClusterFailed) as problem:
        say(str(problem))
        return 1
    except Exception:
        say(traceback.format_exc())
        return 1
    finally:
        supervisor.stop()
        services.remove_sockets()


def _addresses() -> Addresses:
    web = _port("PORT", DEFAULT_PORT)
    return Addresses(os.environ.get("PERCH_BIND") or "127.0.0.1", web, _port("PERCH_STREAMER_PORT", web + 1))


def _port(variable: str, default: int) -> int:
    text = os.environ.get(variable) or str(default)
    if not text.isdigit() or not 0 < int(text) < 65536:
        raise CannotRun(f"{variable} is {text!r}, which is no port number")
    return int(text)


@contextlib.contextmanager
def only_one() -> Iterator[None]:
    """Hold the data folder. The kernel lets go of it when we die, however we die."""
    file = paths.data_dir() / "run.lock"
    with file.open("a+") as stream:
        deadline = clock.monotonic() + PREDECESSOR_SECONDS
        while not _locked(stream.fileno()):
            if clock.monotonic() > deadline:
                stream.seek(0)
                owner = stream.read().strip()
                raise CannotRun(
                    f"Perch runs already on {paths.data_dir()} (process {owner}); stop it, or set PERCH_DATA_DIR"
                )
            processes.pause(0.2)
        stream.truncate(0)
        stream.write(str(os.getpid()))
        stream.flush()
        yield


def _locked(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _prepare(addresses: Addresses) -> None:
    end_marked(services.mark())
    for variable, port in (("PORT", addresses.web_port), ("PERCH_STREAMER_PORT", addresses.streamer_port)):
        _refuse_taken(addresses.bind, variable, port)
    if database.is_embedded():
        cluster = database.embedded_cluster()
        if not (cluster.folder / "PG_VERSION").exists():
            say("first start: making the database, which takes a little longer")
        cluster.initialize()
    if queue.is_embedded():
        queue.initialize()


def _refuse_taken(bind: str, variable: str, port: int) -> None:
    with socket.socket(socket.AF_INET6 if ":" in bind else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a closed connection's wait is no neighbour
        try:
            probe.bind((bind, port))
        except OSError as problem:
            if problem.errno == errno.EADDRINUSE:
                raise CannotRun(
                    f"port {port} of {bind} is in use by another program; choose one with {variable}"
                ) from None
            raise CannotRun(f"cannot listen on {bind}:{port}: {problem.strerror}") from None


def _bring_up(supervisor: Supervisor, addresses: Addresses) -> FirstData:
    supervisor.start(services.foundations())
    supervisor.wait_ready()
    database.bootstrap()
    if static.is_stale():
        _step(supervisor, addresses, "collectstatic", "--noinput", "--verbosity=0")
        static.mark_fresh()
    first = None
    if migrations.pending():
        _step(supervisor, addresses, "migrate", "--verbosity=0", "--skip-checks", PERCH_DB_ROLE="owner")
        migrations.mark_done()
        first = _setup(supervisor, addresses)
    supervisor.start(services.portal(addresses))
    first = first or _setup(supervisor, addresses)  # beside the others: it changes nothing any more
    try:
        supervisor.start([services.streamer(addresses, first.streamer)])
        supervisor.wait_ready()
    except BaseException:
        print("\n".join(first.lines), flush=True)  # a password made on the first start is told only once
        raise
    return first


def _setup(supervisor: Supervisor, addresses: Addresses) -> FirstData:
    output = _step(supervisor, addresses, "setup", "--skip-checks")
    found: dict[str, Any] = json.loads(output.strip().splitlines()[-1])
    return FirstData(lines=list(found["lines"]), streamer=dict(found["streamer"]))


def _step(supervisor: Supervisor, addresses: Addresses, *command: str, **variables: str) -> str:
    """Run one management command to its end; returns what it printed, unlogged: it may be a password."""
    environment = {**services.environment(addresses), **variables}
    with tempfile.TemporaryFile() as output, log_file(command[0]).open() as errors:
        process = processes.spawn(
            services.manage(*command), log=output, errors=errors, environment=environment, folder=paths.REPOSITORY
        )
        code = supervisor.complete(process)
        output.seek(0)
        if code != 0:
            log = log_file(command[0])
            raise CannotRun(f"`manage.py {command[0]}` failed; {log.path}: {log.last_line()}")
        return output.read().decode()


def log_file(name: str) -> LogFile:
    """The log of one child."""
    return LogFile(paths.data_dir() / "log" / f"{name}.log")


def say(line: str) -> None:
    """One line to the terminal and to the supervisor's own log. A terminal that is gone is no reason to stop."""
    with contextlib.suppress(OSError):
        print(f"perch: {line}", file=sys.stderr, flush=True)
    with log_file("perch").open() as stream:
        stream.write(f"{clock.now():%Y-%m-%dT%H:%M:%SZ} {line}\n".encode())


if __name__ == "__main__":
    sys.exit(main())
