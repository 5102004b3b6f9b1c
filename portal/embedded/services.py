"""The children of `manage.py run`. The next one: a function here that returns a Service, and its place in `portal`."""

import contextlib
import http.client
import os
import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen
from typing import IO

from portal.embedded import database, paths, processes, queue, readiness
from portal.embedded.cluster import ORPHANS, Cluster
from portal.embedded.supervisor import Service

PROBE_SECONDS = 2.0
MARK = "PERCH_INSTANCE"
WEB_DRAIN_SECONDS = 3
WEB_STATEMENT_MS = "5000"  # a page that needs longer is a bug, and must not hold the others up


@dataclass(frozen=True)
class Addresses:
    """Where this installation listens."""

    bind: str
    web_port: int
    streamer_port: int

    @property
    def web(self) -> str:
        """The portal's address for a browser on this machine."""
        host = "127.0.0.1" if self.bind in ("0.0.0.0", "127.0.0.1") else self.bind  # noqa: S104 - compared, not bound
        return f"http://{host}:{self.web_port}"


def environment(addresses: Addresses) -> dict[str, str]:
    """What every child gets: ours, the resolved addresses, and the mark by which leftovers are known."""
    inherited = {name: value for name, value in os.environ.items() if name != "PERCH_STOP_WITH_PARENT"}
    return {
        **inherited,
        MARK: paths.instance_id(),
        "DJANGO_SETTINGS_MODULE": os.environ.get("DJANGO_SETTINGS_MODULE", "portal.settings"),
        "PERCH_DATA_DIR": str(paths.data_dir()),
        "PERCH_BIND": addresses.bind,
        "PORT": str(addresses.web_port),
        "PERCH_STREAMER_PORT": str(addresses.streamer_port),
        "PYTHONUNBUFFERED": "1",
    }


def mark() -> str:
    """The assignment that our children carry in their environment."""
    return f"{MARK}={paths.instance_id()}"


def manage(*arguments: str) -> list[str]:
    """The command line of a management command."""
    return [sys.executable, str(paths.REPOSITORY / "manage.py"), *arguments]


def foundations() -> list[Service]:
    """What the rest needs, as far as it is ours to run (DATABASE_URL and BROKER_URL say where it is otherwise)."""
    services = []
    if database.is_embedded():
        services.append(_postgres(database.embedded_cluster()))
    if queue.is_embedded():
        services.append(_redis())
    return services


def _postgres(cluster: Cluster) -> Service:
    def start(log: IO[bytes]) -> Popen[bytes]:
        cluster.end_leftovers(ORPHANS)
        return cluster.start(log)

    return Service("database", start, lambda _: cluster.answers(), stop_signal=cluster.stop_signal, foundation=True)


def _redis() -> Service:
    return Service("queue", queue.start, lambda _: queue.answers(), foundation=True)


def portal(addresses: Addresses) -> list[Service]:
    """Web, worker and scheduler."""
    common = environment(addresses)
    return [
        _web(addresses, common),
        _silent("worker", manage("worker"), common),
        _silent("scheduler", manage("scheduler"), common),
    ]


def _web(addresses: Addresses, common: Mapping[str, str]) -> Service:
    options = f"--host {addresses.bind} --port {addresses.web_port} --loop uvloop --http httptools --no-access-log"
    options += f" --no-server-header --ws-max-size 65536 --timeout-graceful-shutdown {WEB_DRAIN_SECONDS}"
    command = [sys.executable, "-m", "uvicorn", "portal.asgi:application", *options.split()]
    limited = {"PERCH_STATEMENT_TIMEOUT_MS": WEB_STATEMENT_MS, **common}
    return Service("web", _starter(command, limited), _probe(addresses.bind, addresses.web_port, "/healthz"))


def streamer(addresses: Addresses, identity: Mapping[str, str]) -> Service:
    """The embedded streamer. `identity`: its hostname and key, from `manage.py setup`."""
    command = manage("streamer", "--hostname", identity["hostname"], "--bind", addresses.bind)
    rtsp_port = os.environ.get("PERCH_RTSP_PORT") or str(addresses.streamer_port + 553)
    command += ["--port", str(addresses.streamer_port), "--rtsp-port", rtsp_port, "--perch-url", addresses.web]
    command += ["--storage", str(paths.data_dir() / "streamer")]
    ready = _probe(addresses.bind, addresses.streamer_port, "/streamer/api/v3/monitoring/readiness")
    return Service(
        "streamer", _starter(command, {**environment(addresses), "PERCH_STREAMER_KEY": identity["key"]}), ready
    )


def _silent(name: str, command: list[str], common: Mapping[str, str]) -> Service:
    """A child without a port: it says in a file that it is ready."""
    file = ready_folder() / name
    return Service(
        name,
        _starter(command, {**common, readiness.VARIABLE: str(file)}),
        lambda pid: readiness.announced(file, pid),
    )


def ready_folder() -> Path:
    """Where the children without a port say that they are ready."""
    folder = paths.make_run_dir() / "ready"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def remove_sockets() -> None:
    """Leave no folder in /tmp after a clean stop; only what we made is removed, in case PERCH_RUN_DIR is shared."""
    folder = paths.run_dir()
    shutil.rmtree(folder / "ready", ignore_errors=True)
    shutil.rmtree(database.socket_folder(), ignore_errors=True)
    queue.socket_file().unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        folder.rmdir()


def _starter(command: list[str], common: Mapping[str, str]) -> Callable[[IO[bytes]], Popen[bytes]]:
    return lambda log: processes.spawn(command, log=log, environment=common, folder=paths.REPOSITORY)


def _probe(bind: str, port: int, path: str) -> Callable[[int], bool]:
    host = "127.0.0.1" if bind == "0.0.0.0" else bind  # noqa: S104 - compared, not bound

    def ready(_: int) -> bool:
        connection = http.client.HTTPConnection(host, port, timeout=PROBE_SECONDS)
        try:
            connection.request("GET", path)
            return connection.getresponse().status == http.client.OK
        except OSError:
            return False
        except http.client.HTTPException:
            return False
        finally:
            connection.close()

    return ready
