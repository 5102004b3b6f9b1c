"""The temporary data folder of one test run, shared by its worker processes through the environment."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

PREFIX = "perch-test-"
OUTSIDE = ("DATABASE_URL", "BROKER_URL", "CHANNEL_LAYER_URL", "PERCH_DATA_DIR", "PERCH_DB_NAME", "PERCH_MASTER_KEY")


def prepare() -> Path:
    """Point this process at the run's folder, made by whoever comes first and removed when that process ends."""
    inherited = os.environ.get("PERCH_TEST_FOLDER")
    if inherited:
        return Path(inherited)
    for variable in OUTSIDE:  # a test run never touches a database that somebody lives in
        os.environ.pop(variable, None)
    sweep()
    # Not TMPDIR: unix sockets lie in it, and their paths must stay short.
    folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir="/tmp"))
    folder.chmod(0o711)
    os.environ.update(
        PERCH_TEST_FOLDER=str(folder), PERCH_DATA_DIR=str(folder / "data"), PERCH_RUN_DIR=str(folder / "run")
    )
    atexit.register(_remove, folder, os.getpid())
    return folder


def sweep() -> None:
    """Remove what test runs left that were killed before they could do it themselves."""
    for left in Path("/tmp").glob(f"{PREFIX}*"):
        pid = left.name.removeprefix(PREFIX).partition("-")[0]
        if pid.isdigit() and not Path("/proc", pid).exists():
            shutil.rmtree(left, ignore_errors=True)


def _remove(folder: Path, maker: int) -> None:
    if os.getpid() == maker:  # a forked child runs atexit functions too
        shutil.rmtree(folder, ignore_errors=True)
