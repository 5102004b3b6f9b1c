"""What the children say, kept in files that do not grow for ever."""

import shutil
from pathlib import Path
from typing import IO

KEEP_BYTES = 20 * 1024 * 1024
KEEP_FILES = 3


class LogFile:
    """One child's log. The child holds it open for appending, so it is rotated by copying and cutting it short.

    A line written between the copy and the cut is lost: the price of needing no help from the child.
    """

    def __init__(self, path: Path, *, keep_bytes: int = KEEP_BYTES) -> None:
        self.path = path
        self.keep_bytes = keep_bytes

    def open(self) -> IO[bytes]:
        """The file to hand to a starting child."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.rotate_when_large()
        return self.path.open("ab", buffering=0)

    def rotate_when_large(self) -> None:
        """Move `x.log` to `x.log.1`, that one to `x.log.2` and so on, when it has passed its size."""
        if not self.path.exists() or self.path.stat().st_size < self.keep_bytes:
            return
        for number in range(KEEP_FILES - 1, 0, -1):
            older = self._numbered(number)
            if older.exists():
                older.replace(self._numbered(number + 1))
        shutil.copyfile(self.path, self._numbered(1))
        with self.path.open("r+b") as stream:
            stream.truncate(0)

    def _numbered(self, number: int) -> Path:
        return self.path.with_name(f"{self.path.name}.{number}")

    def last_line(self) -> str:
        """The last thing said, for a message on the terminal."""
        if not self.path.exists():
            return ""
        with self.path.open("rb") as stream:
            stream.seek(max(0, self.path.stat().st_size - 4096))
            lines = [line.strip() for line in stream.read().decode(errors="replace").splitlines()]
        return next((line for line in reversed(lines) if line), "")[:300]
