"""How a child without a port tells the supervisor that it works now."""

import os
from pathlib import Path

VARIABLE = "PERCH_READY_FILE"


def announce() -> None:
    """Say that this process is ready for work. Does nothing when no supervisor asked."""
    file = os.environ.get(VARIABLE)
    if file:
        Path(file).write_text(str(os.getpid()))


def announced(file: Path, pid: int) -> bool:
    """Whether that very process has said so; what an earlier one left does not count."""
    try:
        return file.read_text() == str(pid)
    except FileNotFoundError:
        return False
