"""What happens to the tree of processes when parts of it are killed: told on real processes, with real signals."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
import redis

from portal.embedded import processes
from portal.embedded.database import EMBEDDED_NAME
from portal.embedded.logs import LogFile
from tests.embedded.running import Perch, free_port, perch, sockets
from tests.eventually import eventually

READY = "Perch is ready at"
CHILD = "import readiness"  # words of the command lines: of the small child


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data folder; sockets go below the run's short folder, named after it."""
    return tmp_path / "var"


def database(folder: Path) -> psycopg.Connection:
    return psycopg.connect(host=str(sockets(folder) / "pg"), dbname=EMBEDDED_NAME, user="postgres", autocommit=True)


def jobs(folder: Path) -> redis.Redis:
    return redis.Redis(unix_socket_path=str(sockets(folder) / "redis.sock"), decode_responses=True)


def other(pids: list[int], running: Perch, word: str) -> list[int]:
    return [pid for pid in running.pids(word) if pid not in pids]


def test_it_says_that_it_is_ready_and_ctrl_c_leaves_nothing_behind(folder: Path) -> None:
    with perch(folder) as running:
        assert running.wait_line(READY).startswith("Perch is ready at http://127.0.0.1:")
        running.wait_line("with a line under it")
        assert running.pids("bin/postgres")
        assert running.pids("redis-server")
        used = sockets(folder)
        assert running.interrupt() == 0
        assert running.all_pids() == []
        assert not used.exists()


@pytest.mark.parametrize("word", ["bin/postgres", "redis-server", CHILD])
def test_a_killed_child_is_started_again_and_the_log_says_so(folder: Path, word: str) -> None:
    with perch(folder) as running:
        running.wait_line(READY)
        killed = running.pids(word)[:1]
        os.kill(killed[0], signal.SIGKILL)
        running.wait_line("killed by SIGKILL")
        running.wait_line("works again")
        assert other(killed, running, word)
        assert "killed by SIGKILL" in (folder / "log" / "perch.log").read_text()


def test_what_a_killed_child_had_started_dies_with_it(folder: Path) -> None:
    with perch(folder) as running:
        running.wait_line(READY)
        before = running.pids("grandchild")
        assert len(before) == 1
        [child] = running.pids(CHILD)
        os.kill(child, signal.SIGKILL)
        running.wait_line("works again")
        assert processes.started_at(before[0]) is None
        assert len(running.pids("grandchild")) == 1


def test_after_kill_9_of_the_whole_tree_the_second_run_finds_all_rows_and_jobs(folder: Path) -> None:
    with perch(folder) as running:
        running.wait_line(READY)
        with database(folder) as connection:
            connection.execute("CREATE TABLE kept (name text)")
            connection.execute("INSERT INTO kept VALUES ('committed')")
        jobs(folder).rpush("kept", "job")
        running.kill_tree()
    with perch(folder) as running:
        running.wait_line(READY)
        with database(folder) as connection:
            assert connection.execute("SELECT name FROM kept").fetchall() == [("committed",)]
        assert jobs(folder).lrange("kept", 0, -1) == ["job"]


def test_when_only_the_supervisor_is_killed_its_children_go_and_the_next_run_is_not_in_their_way(folder: Path) -> None:
    with perch(folder) as running:
        running.wait_line(READY)
        running.process.kill()
        running.process.wait()
        with perch(folder) as second:
            second.wait_line(READY)
            assert len(second.pids("bin/postgres")) == 1
            assert len(second.pids("grandchild")) == 1


def test_a_second_supervisor_waits_for_the_first_one_to_go(folder: Path) -> None:
    with perch(folder) as first:
        first.wait_line(READY)
        with perch(folder) as second:
            assert first.interrupt() == 0
            second.wait_line(READY)


def test_two_installations_run_side_by_side(tmp_path: Path) -> None:
    with perch(tmp_path / "one") as one, perch(tmp_path / "two") as two:
        one.wait_line(READY)
        two.wait_line(READY)
        with database(tmp_path / "one") as connection:
            connection.execute("CREATE TABLE only_here (id int)")
        with database(tmp_path / "two") as connection, pytest.raises(psycopg.errors.UndefinedTable):
            connection.execute("SELECT * FROM only_here")
        jobs(tmp_path / "one").set("only", "here")
        assert jobs(tmp_path / "two").get("only") is None
        assert one.interrupt() == 0
        assert two.pids("bin/postgres")


def test_a_taken_port_is_named_and_nothing_is_started(folder: Path) -> None:
    with socket.socket() as neighbour:
        neighbour.bind(("127.0.0.1", 0))
        neighbour.listen()
        port = neighbour.getsockname()[1]
        with perch(folder, PORT=str(port), PERCH_STREAMER_PORT=str(free_port())) as running:
            running.wait_line(f"port {port} of 127.0.0.1 is in use by another program; choose one with PORT")
            assert running.process.wait(10) == 1
            assert running.all_pids() == []


def test_a_child_that_never_works_ends_the_run_with_its_last_words(folder: Path) -> None:
    with perch(folder, SMALL_CHILD_FAILS="1") as running:
        running.wait_line("starting it again in 0.4 s")
        running.wait_line("child ended (code 1)")
        running.wait_line("starting it again in 1.6 s")
        assert "I cannot work like this" in running.wait_line("child ended (code 1)")
        assert running.process.wait(15) == 1
        assert running.all_pids() == []


def test_a_child_ends_when_the_process_that_started_it_dies(tmp_path: Path) -> None:
    program = (
        "import subprocess, sys, time\n"
        "from portal.embedded import processes\n"
        "child = processes.spawn([sys.executable, '-c', 'import time; time.sleep(600)'], log=subprocess.DEVNULL)\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    parent = processes.spawn([sys.executable, "-c", program], log=-1)
    assert parent.stdout
    child = int(parent.stdout.readline())
    assert processes.started_at(child)
    parent.kill()
    parent.wait()
    eventually(lambda: processes.started_at(child) is None)


def test_the_database_may_live_in_a_folder_closed_to_its_user_who_still_is_not_root(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    program = closed / "program"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    user = processes.database_user(program)
    tries = f"test -x {program} && {program} && id -u"
    child = processes.spawn(["sh", "-c", tries], log=subprocess.PIPE, user=user)
    said, _ = child.communicate()
    assert child.returncode == 0, said
    assert said.strip() != b"0"
    refused = processes.spawn(["sh", "-c", f"echo more >> {program}"], log=subprocess.DEVNULL, user=user)
    assert refused.wait() != 0 or user is None


def test_a_log_that_grew_is_moved_aside_while_it_is_written_to(tmp_path: Path) -> None:
    log = LogFile(tmp_path / "child.log", keep_bytes=100)
    with log.open() as stream:
        for round_number in range(5):
            stream.write(f"round {round_number} ".encode() + b"x" * 100 + b"\n")
            log.rotate_when_large()
        stream.write(b"the newest\n")
    assert log.last_line() == "the newest"
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        "child.log",
        "child.log.1",
        "child.log.2",
        "child.log.3",
    ]
    assert (tmp_path / "child.log.1").read_text().startswith("round 4")
