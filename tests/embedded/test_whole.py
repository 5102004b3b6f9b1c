"""The whole of Perch as `make run` starts it, without the demo."""

import http.client
import json
import os
import signal
import time
from pathlib import Path
from urllib.parse import urlsplit

from tests.embedded.running import Perch, perch

READY = "Perch is ready at"
STOP_SECONDS = 10.0


def get(address: str, path: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=5)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def ready(running: Perch) -> str:
    return running.wait_line(READY).removeprefix(READY).strip()


def test_one_command_brings_all_of_it_up_again_and_again(tmp_path: Path) -> None:
    folder = tmp_path / "var"
    known = {"PERCH_DEMO": "0", "PERCH_ADMIN_LOGIN": "root", "PERCH_API_KEY": "first-key-of-the-first-isp-0123456789"}
    with perch(folder, "portal.embedded", **known) as running:
        address = ready(running)
        running.wait_line("root / ")  # the password that was made, told once
        assert get(address, "/healthz") == (200, b"ok")

        [web] = running.pids("uvicorn")
        os.kill(web, signal.SIGKILL)
        running.wait_line("web ended (killed by SIGKILL)")
        running.wait_line("web works again")
        assert get(address, "/healthz") == (200, b"ok")
        running.kill_tree()

    with perch(folder, "portal.embedded", **known) as running:
        address = ready(running)
        assert get(address, "/healthz") == (200, b"ok")
        for word in ("bin/postgres", "redis-server", "uvicorn", "worker", "scheduler", "streamer"):
            assert running.pids(word), word
        began = time.monotonic()
        assert running.interrupt() == 0
        assert time.monotonic() - began < STOP_SECONDS
        assert running.all_pids() == []
        assert not [line for line in running.lines if "first-key" in line]

    for log in (folder / "log").glob("*.log"):
        assert "first-key-of-the-first-isp" not in log.read_text(), log.name
    entry = json.loads((folder / "log" / "worker.log").read_text().splitlines()[0])
    assert entry["levelname"] == "INFO"
