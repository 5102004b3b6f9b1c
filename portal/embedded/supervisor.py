"""Keeps the children alive: starts them, sees when they are ready, restarts what ends, stops all of it in order.

One thread, no callbacks: the loop waits for a signal (a child's end is one) or a tenth of a second, and looks around.
"""

import contextlib
import os
import signal
import subprocess
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import IO, NoReturn, Protocol

from portal.embedded import processes
from portal.embedded.logs import LogFile
from tenants import clock

FIRST_PAUSE = 0.2  # seconds before the first restart; doubled by each failure
LONGEST_PAUSE = 30.0
STEADY_AFTER = 60.0  # a child that ran so long has earned the short pause again
HOPELESS_AFTER = 5  # ends before it was ready even once: a human must look
GRACE = 6.0  # seconds to finish what is at hand before SIGKILL
GRACE_OF_ALL = 9.5  # the foundations get what is left of it: PostgreSQL writes everything down
LOOK_EVERY = 0.1
ROTATE_EVERY = 60.0


class StopAsked(Exception):
    """Ctrl-C, SIGTERM or the terminal's end."""


class Hopeless(Exception):
    """A child ends again and again without ever having worked."""


class Say(Protocol):
    """Where a line for the operator goes."""

    def __call__(self, line: str) -> None: ...


@dataclass(frozen=True)
class Service:
    """What a child is: how to start it, and how to see that it works.

    `foundation`: the others need it, so it starts before them and stops after them.
    """

    name: str
    start: Callable[[IO[bytes]], subprocess.Popen[bytes]]
    ready: Callable[[int], bool]
    stop_signal: signal.Signals = signal.SIGTERM
    foundation: bool = False


class Child:
    """A service that runs, or that is about to run again."""

    def __init__(self, service: Service, log: LogFile, say: Say) -> None:
        self.service = service
        self.log = log
        self._say = say
        self.process: subprocess.Popen[bytes] | None = None
        self.ready = False
        self._was_ready = False
        self._started = 0.0
        self._failures = 0
        self._due = 0.0

    def start(self) -> None:
        """Start the process, its log opened for it."""
        with self.log.open() as stream:
            self.process = self.service.start(stream)
        self._started = clock.monotonic()
        self.ready = False

    def look(self) -> None:
        """Notice an end, a readiness, or that a pause is over."""
        if self.process is None:
            if clock.monotonic() >= self._due:
                self.start()
        elif self.process.poll() is not None:
            self._ended(self.process)
        elif not self.ready and self.service.ready(self.process.pid):
            self._became_ready()

    def _became_ready(self) -> None:
        if self._was_ready:
            self._say(f"{self.service.name} works again")
        self.ready = self._was_ready = True

    def _ended(self, process: subprocess.Popen[bytes]) -> None:
        kill_group(process.pid)  # what it started must not live on beside what its successor starts
        if clock.monotonic() - self._started > STEADY_AFTER:
            self._failures = 0
        pause = min(FIRST_PAUSE * 2**self._failures, LONGEST_PAUSE)
        self._failures += 1
        self.process, self.ready, self._due = None, False, clock.monotonic() + pause
        story = f"{self.service.name} ended ({outcome(process.returncode)}); {self.log.path}: {self.log.last_line()}"
        if not self._was_ready and self._failures >= HOPELESS_AFTER:
            raise Hopeless(story)
        self._say(f"{story}; starting it again in {pause:.1f} s")

    def ask_to_stop(self) -> None:
        """Send the polite signal."""
        if self.process:
            with contextlib.suppress(ProcessLookupError):
                self.process.send_signal(self.service.stop_signal)

    def gone(self) -> bool:
        """Whether no process is left."""
        return self.process is None or self.process.poll() is not None

    def kill(self) -> None:
        """End it and all it started, at once."""
        if self.process:
            kill_group(self.process.pid)
            self.process.wait()
            self.process = None


class Supervisor:
    """The children of one installation."""

    def __init__(self, log: Callable[[str], LogFile], say: Say) -> None:
        self.children: list[Child] = []
        self._log = log
        self._say = say
        self._rotate_at = clock.monotonic() + ROTATE_EVERY
        # A hangup that nohup made us ignore stays ignored; everything else here is waited for, so it must be blocked.
        watched = {signal.SIGINT, signal.SIGTERM, signal.SIGCHLD}
        if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
            watched.add(signal.SIGHUP)
        self._watched = watched
        signal.pthread_sigmask(signal.SIG_BLOCK, watched)

    def start(self, services: Iterable[Service]) -> None:
        """Start these and return at once."""
        for service in services:
            child = Child(service, self._log(service.name), self._say)
            self.children.append(child)
            child.start()

    def wait_ready(self) -> None:
        """Return once every child started so far works. Raises Hopeless or StopAsked."""
        while not all(child.ready for child in self.children):
            self.turn()

    def complete(self, process: subprocess.Popen[bytes]) -> int:
        """Wait for a process that has an end, minding the children meanwhile; returns its exit code."""
        try:
            while process.poll() is None:
                self.turn()
        except BaseException:
            kill_group(process.pid)
            process.wait()
            raise
        return process.returncode

    def run(self) -> NoReturn:
        """Mind the children until asked to stop (StopAsked)."""
        while True:
            self.turn()

    def turn(self) -> None:
        """Wait for a signal or a moment, then look at every child once."""
        caught = signal.sigtimedwait(self._watched, LOOK_EVERY)
        if caught and caught.si_signo != signal.SIGCHLD:
            raise StopAsked(signal.Signals(caught.si_signo).name)
        for child in self.children:
            child.look()
        self._rotate()

    def _rotate(self) -> None:
        if clock.monotonic() < self._rotate_at:
            return
        self._rotate_at = clock.monotonic() + ROTATE_EVERY
        for child in self.children:
            child.log.rotate_when_large()

    def stop(self) -> None:
        """Stop what rests on the foundations, then those. A second Ctrl-C takes the grace away. At most about 10 s."""
        upper = [child for child in self.children if not child.service.foundation]
        lower = [child for child in self.children if child.service.foundation]
        began = clock.monotonic()
        hurried = self._stop(upper, GRACE)
        self._stop(lower, 0.5 if hurried else began + GRACE_OF_ALL - clock.monotonic())
        self.children.clear()

    def _stop(self, children: Sequence[Child], grace: float) -> bool:
        for child in children:
            child.ask_to_stop()
        deadline = clock.monotonic() + grace
        hurried = False
        while clock.monotonic() < deadline and not hurried and not all(child.gone() for child in children):
            caught = signal.sigtimedwait(self._watched, LOOK_EVERY)
            hurried = caught is not None and caught.si_signo == signal.SIGINT
        for child in children:
            if not child.gone():
                self._say(f"{child.service.name} did not stop in {grace:.0f} s and was killed")
            child.kill()
        return hurried


def kill_group(pid: int) -> None:
    """Kill every process of the session that a child of ours leads or led."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def outcome(code: int) -> str:
    """An exit code in words."""
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"code {code}"


def end_marked(mark: str) -> None:
    """End what a killed supervisor left: every process whose environment carries our mark."""
    left = [pid for pid in processes.all_pids() if pid != os.getpid() and processes.carries(pid, mark)]
    processes.end(left, (signal.SIGTERM, 4.0), (signal.SIGKILL, 2.0))
