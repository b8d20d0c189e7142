"""`manage.py web` as a program: one address, several processes, restarts, a bounded stop."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import psutil
import pytest
from django.core.management.base import CommandError

from config.management.commands.web import STOP_SECONDS, server_command

MANAGE = Path(__file__).parents[3] / "manage.py"


@pytest.fixture(params=["daphne", "uvicorn"])
def web(request: pytest.FixtureRequest) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """A running web command with two server processes, and its address."""
    command = [sys.executable, str(MANAGE), "web", "--port", "0", "--processes", "2"]
    environment = {**os.environ, "ASGI_SERVER": request.param}
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        assert process.stdout is not None
        found = re.search(r"http://\S+", process.stdout.readline())
        assert found is not None
        answers(found.group())
        yield process, found.group()
    finally:
        process.kill()  # its servers go with it
        process.communicate()


def answers(address: str) -> int:
    """The status of one request; waits up to 60 s for a server to come up, the socket being open before."""
    return httpx2.get(f"{address}/no-such-page", timeout=120).status_code


def servers(process: "subprocess.Popen[str]") -> set[int]:
    """The numbers of the server processes that live."""
    children = psutil.Process(process.pid).children()
    return {child.pid for child in children if child.status() != psutil.STATUS_ZOMBIE}


def test_a_dead_server_process_is_replaced_and_sigterm_ends_all(
    web: tuple["subprocess.Popen[str]", str],
) -> None:
    process, address = web
    before = servers(process)
    assert len(before) == 2

    victim = min(before)
    os.kill(victim, signal.SIGKILL)
    deadline = time.monotonic() + 60
    while len(servers(process) - {victim}) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert answers(address) == 404

    running = servers(process)
    process.terminate()

    assert process.wait(timeout=STOP_SECONDS + 60) == 0
    assert not any(psutil.pid_exists(pid) for pid in running)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what memory is shared")
def test_server_processes_share_the_loaded_code_and_no_connection(
    web: tuple["subprocess.Popen[str]", str],
) -> None:
    process, _ = web
    supervisor = psutil.Process(process.pid)
    memory = [psutil.Process(pid).memory_full_info() for pid in servers(process)]

    assert all(used.uss < used.rss / 2 for used in memory)
    assert [held.status for held in supervisor.net_connections("all")] == [psutil.CONN_LISTEN]
    assert supervisor.num_threads() == 1


def test_a_server_we_do_not_know_is_refused() -> None:
    with pytest.raises(CommandError, match="uvicorn or daphne"):
        server_command("gunicorn", 3, verbose=False)
