"""The embedded PostgreSQL with real servers: races, crashes, users and odd places."""

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from config.postgres import PostgresUnavailable, ensure_started, is_running, local, stop, stop_if_unused
from config.postgres.account import server_account
from config.postgres.server_file import ServerFile

IS_ROOT = os.geteuid() == 0


def open_folder() -> Iterator[Path]:
    """A folder that every user may enter, which pytest's own temporary folders are not."""
    folder = Path(tempfile.mkdtemp(prefix="callboard-test-", dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    for home in folder.rglob("data"):
        stop(home.parent)
    shutil.rmtree(folder)


place = pytest.fixture(open_folder)
shared_place = pytest.fixture(open_folder, scope="module")


@pytest.fixture
def home(place: Path) -> Path:
    """Where a durable server keeps its data; nothing is there yet."""
    return place / "postgres"


def postmaster(home: Path) -> int:
    """The process number of the server of `home`."""
    server = ServerFile.read(home / "data")
    assert server is not None
    return server.pid


def query(url: str, statement: str) -> object:
    """The first column of the first row of one statement, on a connection of its own."""
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(statement)
        row = cursor.fetchone() if cursor.description else None
        return row[0] if row else None


def in_other_process(code: str, *arguments: object) -> "subprocess.Popen[str]":
    """Run a line of Python that has `ensure_started` and its arguments as `sys.argv[1:]`."""
    lines = f"import os, sys, time\nfrom pathlib import Path\nfrom config.postgres import *\n{code}"
    argv = [sys.executable, "-c", lines, *map(str, arguments)]
    return subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_six_processes_that_race_get_one_server(home: Path) -> None:
    racers = [in_other_process("print(ensure_started(Path(sys.argv[1])))", home) for _ in range(6)]

    urls = {racer.communicate(timeout=60)[0].strip() for racer in racers}

    assert len(urls) == 1
    url = urls.pop()
    assert query(url, "SELECT current_database()") == "callboard"
    masters = [
        process.pid
        for process in psutil.process_iter(["cmdline"])
        if str(home / "data") in (process.info["cmdline"] or [])
    ]
    assert masters == [postmaster(home)]


def test_attaching_to_a_running_server_is_cheap(shared_place: Path) -> None:
    home = shared_place / "postgres"
    url = ensure_started(home)

    times = []
    for _ in range(20):
        began = time.perf_counter()
        assert ensure_started(home) == url
        times.append(time.perf_counter() - began)

    assert min(times) < 0.02


def test_the_server_outlives_a_kill_of_whoever_started_it(home: Path) -> None:
    starter = in_other_process("print(ensure_started(Path(sys.argv[1]))); os.kill(os.getpid(), 9)", home)
    starter.communicate(timeout=60)
    assert starter.returncode == -signal.SIGKILL

    pid = postmaster(home)

    assert is_running(home)
    ensure_started(home)
    assert postmaster(home) == pid


def test_what_was_committed_survives_a_kill_of_the_server(home: Path) -> None:
    url = ensure_started(home)
    query(url, "CREATE TABLE kept AS SELECT 42 AS answer")

    os.kill(postmaster(home), signal.SIGKILL)
    again = ensure_started(home)

    assert again == url  # the same port too: clients that wait find it again
    assert query(again, "SELECT answer FROM kept") == 42


def test_a_making_of_the_data_that_was_cut_off_is_begun_again(home: Path) -> None:
    ensure_started(home)
    stop(home)
    (home / "data").rename(home / "data.new")  # as a crash just before the rename leaves it

    url = ensure_started(home)

    assert query(url, "SELECT 1") == 1
    assert not (home / "data.new").exists()


def test_a_number_of_a_dead_server_that_somebody_else_bears_now_is_no_obstacle(home: Path) -> None:
    ensure_started(home)
    account = server_account(home / "data")
    os.kill(postmaster(home), signal.SIGKILL)
    # As after the restart of a container, where the same few numbers come round again.
    stranger = subprocess.Popen(["sleep", "60"], user=account.uid if account.drops_root else None)
    try:
        server_file = home / "data" / "postmaster.pid"
        lines = server_file.read_text().splitlines()
        server_file.write_text("\n".join([str(stranger.pid), *lines[1:]]) + "\n")

        assert query(ensure_started(home), "SELECT 1") == 1
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_port_that_was_taken_meanwhile_is_replaced(home: Path) -> None:
    url = ensure_started(home)
    stop(home)
    taken = int((home / "port").read_text())

    squat = "import socket; squat = socket.create_server(('127.0.0.1', int(sys.argv[1])))"
    squatter = in_other_process(f"{squat}; print('up', flush=True); input()", taken)
    assert squatter.stdout is not None
    assert squatter.stdout.readline() == "up\n"
    again = ensure_started(home)
    squatter.communicate("\n", timeout=60)

    assert again != url
    assert query(again, "SELECT 1") == 1


def test_the_password_is_asked_for_and_kept_private(shared_place: Path) -> None:
    home = shared_place / "postgres"
    url = ensure_started(home)
    port = (home / "port").read_text()

    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(f"postgresql://callboard:guess@127.0.0.1:{port}/callboard")

    password = url.split(":")[2].split("@")[0]
    assert query(f"postgresql://callboard:{password}@127.0.0.1:{port}/callboard", "SELECT 1") == 1
    assert (home / "password").stat().st_mode & 0o077 == 0
    assert home.stat().st_mode & 0o077 == 0


def test_data_that_do_not_start_are_kept_and_the_servers_words_are_shown(home: Path) -> None:
    ensure_started(home)
    stop(home)
    (home / "data" / "global" / "pg_control").unlink()

    with pytest.raises(PostgresUnavailable, match="pg_control"):
        ensure_started(home)

    assert (home / "data" / "PG_VERSION").exists()


def test_a_test_cluster_that_does_not_start_is_made_anew(place: Path) -> None:
    home = place / "postgres-test"
    ensure_started(home)
    stop(home)
    (home / "data" / "global" / "pg_control").unlink()

    url = ensure_started(home)

    assert query(url, "SHOW fsync") == "off"


def test_the_last_user_of_a_server_stops_it(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = place / "postgres-test"
    monkeypatch.setitem(local.HOMES, "test", home)
    monkeypatch.setenv("CALLBOARD_LOCAL", "test")
    local.local_database_url()
    other = in_other_process(
        "from config.postgres import local; local.HOMES['test'] = Path(sys.argv[1])\n"
        "local_database_url(); print('up', flush=True); input()",
        home,
    )
    assert other.stdout is not None
    assert other.stdout.readline() == "up\n"

    assert stop_if_unused(home) is False
    assert is_running(home)
    other.communicate("\n", timeout=60)
    assert stop_if_unused(home) is True
    assert not is_running(home)


def test_a_path_too_long_for_a_socket_is_served_from_a_private_folder(place: Path) -> None:
    home = place / ("deep" * 20) / "postgres"

    url = ensure_started(home)

    server = ServerFile.read(home / "data")
    assert server is not None
    socket_folder = Path(server.socket_folder)
    try:
        assert query(url, "SELECT 1") == 1
        assert socket_folder.parent == Path("/tmp")
        assert socket_folder.stat().st_mode & 0o077 == 0
    finally:
        stop(home)
        socket_folder.rmdir()


@pytest.mark.skipif(not IS_ROOT, reason="only root has to hand the server to another account")
def test_root_in_a_closed_folder_keeps_the_data_in_a_system_folder(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local, "SYSTEM_FOLDER", place / "system")
    closed = place / "closed"
    closed.mkdir(mode=0o700)

    url = ensure_started(closed / "postgres")

    assert query(url, "SELECT 1") == 1
    assert closed.stat().st_mode & 0o077 == 0
    assert not (closed / "postgres").exists()
    assert [path.name for path in (place / "system").glob("*/postgres/data")] == ["data"]


@pytest.mark.skipif(not IS_ROOT, reason="needs root to become somebody else")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_an_ordinary_user_runs_the_server_under_that_users_own_name(place: Path) -> None:
    somebody = pwd.getpwnam("nobody")
    mine = place / "mine"
    mine.mkdir()
    os.chown(mine, somebody.pw_uid, somebody.pw_gid)

    def as_somebody(work: Callable[[], object]) -> int:
        if (child := os.fork()) == 0:
            os.setgroups([])
            os.setgid(somebody.pw_gid)
            os.setuid(somebody.pw_uid)
            try:
                work()
                os._exit(0)
            except PostgresUnavailable:
                os._exit(7)
            finally:
                os._exit(1)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

    assert as_somebody(lambda: ensure_started(mine / "postgres")) == 0

    assert psutil.Process(postmaster(mine / "postgres")).uids().real == somebody.pw_uid
    assert query(ensure_started(mine / "postgres"), "SELECT 1") == 1  # root attaches
    stop(mine / "postgres")
    ensure_started(mine / "postgres")  # and starts it for them
    assert psutil.Process(postmaster(mine / "postgres")).uids().real == somebody.pw_uid
    ensure_started(place / "postgres")
    assert as_somebody(lambda: ensure_started(place / "postgres")) == 7
