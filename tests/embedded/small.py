"""Perch's supervisor with little to supervise: the foundations, and one child that itself starts a process.

Run as `python -m tests.embedded.small`; everything before and after the children is the product's own.
"""

import sys
from subprocess import Popen
from typing import IO

from portal.embedded import __main__ as run
from portal.embedded import database, paths, processes, readiness, services
from portal.embedded.services import Addresses
from portal.embedded.supervisor import Service, Supervisor

CHILD = """
import os, subprocess, sys, time
from portal.embedded import readiness
if os.environ.get("SMALL_CHILD_FAILS"):
    sys.exit("I cannot work like this")
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)", "grand" + "child"])
readiness.announce()
time.sleep(600)
"""


def bring_up(supervisor: Supervisor, addresses: Addresses) -> run.FirstData:
    supervisor.start(services.foundations())
    supervisor.wait_ready()
    database.bootstrap()
    file = services.ready_folder() / "child"
    environment = {**services.environment(addresses), readiness.VARIABLE: str(file)}

    def start(log: IO[bytes]) -> Popen[bytes]:
        command = [sys.executable, "-c", CHILD, "child"]
        return processes.spawn(command, log=log, environment=environment, folder=paths.REPOSITORY)

    supervisor.start([Service("child", start, lambda pid: readiness.announced(file, pid))])
    supervisor.wait_ready()
    return run.FirstData(lines=["with a line under it"], streamer={})


if __name__ == "__main__":
    sys.exit(run.main(bring_up))
