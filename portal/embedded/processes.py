"""Child processes that cannot outlive us, and the other facts of Linux that the supervisor rests on."""

import contextlib
import ctypes
import os
import pwd
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from tenants import clock

DATABASE_USER = "perch"
UNPRIVILEGED_USER = "nobody"

PR_SET_PDEATHSIG: Final = 1
PR_SET_SECUREBITS: Final = 28
SECBIT_NO_SETUID_FIXUP: Final = 1 << 2
PR_CAP_AMBIENT: Final = 47
PR_CAP_AMBIENT_RAISE: Final = 2
LINUX_CAPABILITY_VERSION_3: Final = 0x20080522
CAP_DAC_OVERRIDE: Final = 1
CAP_DAC_READ_SEARCH: Final = 2

_libc = ctypes.CDLL(None, use_errno=True)


class Unreachable(Exception):
    """The unprivileged user cannot reach a folder and we may not let it through: a human must open or move it."""


@dataclass(frozen=True)
class OsUser:
    """An unprivileged user to run a child as. `capability` lets it pass through folders closed to it, nothing more."""

    uid: int
    gid: int
    capability: int | None = None


def database_user(*must_reach: Path) -> OsUser | None:
    """Who runs PostgreSQL: None = we ourselves; when we are root (PostgreSQL refuses root) the system user `perch`."""
    if os.geteuid() != 0:
        return None
    entry = _system_user()
    closed = [path for path in must_reach if not _reachable(path, entry)]
    capability = _passing_capability() if closed else None
    if closed and capability is None:
        raise Unreachable(
            f"the user {entry.pw_name}, which runs the database, cannot reach {closed[0]}: "
            "open its parent folders (chmod o+x), set PERCH_DATA_DIR to another place, or run Perch as an ordinary user"
        )
    return OsUser(entry.pw_uid, entry.pw_gid, capability)


def _system_user() -> pwd.struct_passwd:
    for attempt in (_find_user, _make_user):
        entry = attempt()
        if entry:
            return entry
    return pwd.getpwnam(UNPRIVILEGED_USER)


def _find_user() -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(DATABASE_USER)
    except KeyError:
        return None


def _make_user() -> pwd.struct_passwd | None:
    command = ["useradd", "--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin", DATABASE_USER]
    with contextlib.suppress(FileNotFoundError):  # a machine without useradd falls back to `nobody`
        subprocess.run(command, capture_output=True, check=False)  # of two first starts one may fail, and both find it
    return _find_user()


def _reachable(path: Path, entry: pwd.struct_passwd) -> bool:
    for folder in path.resolve().parents:
        status = folder.stat()
        if not (status.st_mode & 0o001 or (status.st_uid == entry.pw_uid and status.st_mode & 0o100)):
            return False
    return True


def _passing_capability() -> int | None:
    """The least capability we hold that lets a process through a folder of mode 0700 (a clone in /root, say)."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("CapEff"))
    held = int(line.split()[1], 16)
    return next((bit for bit in (CAP_DAC_READ_SEARCH, CAP_DAC_OVERRIDE) if held >> bit & 1), None)


def die_with_parent(number: signal.Signals) -> None:
    """Ask for a signal to this process when the one that started it dies."""
    _libc.prctl(PR_SET_PDEATHSIG, int(number), 0, 0, 0)


class _CapabilityHeader(ctypes.Structure):
    _fields_ = [("version", ctypes.c_uint32), ("pid", ctypes.c_int)]


class _CapabilitySet(ctypes.Structure):
    _fields_ = [("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32), ("inheritable", ctypes.c_uint32)]


def spawn(
    command: Sequence[str],
    *,
    log: IO[bytes] | int,
    errors: IO[bytes] | int = subprocess.STDOUT,
    environment: Mapping[str, str] | None = None,
    user: OsUser | None = None,
    death_signal: signal.Signals = signal.SIGTERM,
    folder: Path | None = None,
) -> subprocess.Popen[bytes]:
    """Start a child in a session of its own, which gets `death_signal` when the calling thread's process dies.

    Call it from the main thread: the kernel watches the thread that forked, not the process.
    """
    return subprocess.Popen(
        list(command),
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=errors,
        env=dict(environment) if environment is not None else None,
        cwd=folder,
        start_new_session=True,
        preexec_fn=_preparation(os.getpid(), user, death_signal),
    )


def _preparation(parent: int, user: OsUser | None, death_signal: signal.Signals) -> Callable[[], None]:
    def prepare() -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, [])  # the supervisor waits with its signals blocked
        if user:
            _become(user)
        _libc.prctl(PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
        if os.getppid() != parent:  # it died before we asked to hear of it
            os._exit(1)

    return prepare


def _become(user: OsUser) -> None:
    if user.capability is not None:
        # Else the change of user drops all capabilities, and access(2), with which PostgreSQL tries its programs,
        # ignores those that are left.
        _libc.prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0)
    os.setgroups([])
    os.setresgid(user.gid, user.gid, user.gid)
    os.setresuid(user.uid, user.uid, user.uid)
    if user.capability is not None:
        _keep_only(user.capability)


def _keep_only(capability: int) -> None:
    mask = 1 << capability
    header = _CapabilityHeader(LINUX_CAPABILITY_VERSION_3, 0)
    sets = (_CapabilitySet * 2)(_CapabilitySet(mask, mask, mask), _CapabilitySet(0, 0, 0))
    if _libc.capset(ctypes.byref(header), ctypes.byref(sets)) != 0:
        raise OSError(ctypes.get_errno(), "capset")
    if _libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_CAP_AMBIENT)")


def started_at(pid: int) -> int | None:
    """When a process started, in clock ticks since boot; None when there is none. With the pid it names one process."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    state, *fields = text.rpartition(")")[2].split()
    return None if state == "Z" else int(fields[18])


def all_pids() -> Iterator[int]:
    """The processes of this machine at this moment."""
    return (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())


def working_folder(pid: int) -> Path | None:
    """Where a process works; None when it is gone or not ours to ask."""
    try:
        return Path(os.readlink(f"/proc/{pid}/cwd"))
    except OSError:
        return None


def carries(pid: int, assignment: str) -> bool:
    """Whether a process was started with `NAME=value` in its environment."""
    try:
        environment = Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return False
    return assignment.encode() in environment.split(b"\0")


def end(pids: Sequence[int], *signals: tuple[signal.Signals, float]) -> None:
    """Send each signal to those still alive and give them so many seconds, until none is left."""
    known = {pid: started for pid in pids if (started := started_at(pid)) is not None}
    for number, seconds in signals:
        alive = [pid for pid, started in known.items() if started_at(pid) == started]
        for pid in alive:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
        deadline = clock.monotonic() + seconds
        while any(started_at(pid) == known[pid] for pid in alive) and clock.monotonic() < deadline:
            pause(0.02)


def pause(seconds: float) -> None:
    """Do nothing for a moment, between two looks at something that cannot wake us."""
    time.sleep(seconds)
