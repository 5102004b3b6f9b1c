"""`make bench`: runs each benchmark of this folder in a process of its own and shows what it prints.

The next benchmark: a module here with a `main()` that prints its figures beside the limit they are held to.
"""

import importlib.util
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def main() -> int:
    """Run the benchmarks named on the command line, or all; returns how many failed."""
    names = sys.argv[1:] or sorted(file.stem for file in HERE.glob("*.py") if not file.stem.startswith("_"))
    failed = 0
    for name in names:
        if importlib.util.find_spec(f"tests.bench.{name}") is None:
            print(f"no benchmark is called {name}")
            failed += 1
            continue
        print(f"== {name}", flush=True)
        failed += subprocess.run([sys.executable, "-m", f"tests.bench.{name}"], check=False).returncode != 0
    return failed


if __name__ == "__main__":
    sys.exit(main())
