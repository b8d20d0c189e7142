"""However a sandbox ends, no process of it is left."""

import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from textwrap import dedent

import pytest

from executions.sandbox import Limits, RunningProcess, SandboxWorkspace
from tests.executions.sandbox.scripts import (
    processes_named,
    run_python,
    start_python,
    wait_until_gone,
    wait_until_there,
)

# Leaves a grandchild in a session of its own, with every pipe closed, and stays itself.
DAEMON = """
    import os, sys, time
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            for descriptor in (0, 1, 2): os.close(descriptor)
            time.sleep(100)
        os._exit(0)
    print("ready", flush=True)
    if "stay" in sys.argv: time.sleep(100)
"""


@pytest.fixture
def token() -> str:
    return f"sandboxed-{secrets.token_hex(8)}"


def test_a_killed_tree_is_dead_when_wait_returns(workspace: SandboxWorkspace, token: str):
    with start_python(workspace, DAEMON, token, "stay") as running:
        assert running.read_line(60) == b"ready\n"
        assert len(processes_named(token)) >= 2

        began = time.monotonic()
        running.kill("cancelled")
        running.kill("timeout")
        outcome = running.wait()

    assert processes_named(token) == []
    assert (outcome.killed_for, outcome.exit_status) == ("cancelled", None)
    assert time.monotonic() - began < 50  # it would stay for 100


def test_what_a_script_leaves_running_ends_with_it(workspace: SandboxWorkspace, token: str):
    ended = run_python(workspace, DAEMON, token)

    assert processes_named(token) == []
    assert (ended.outcome.exit_status, ended.outcome.killed_for) == (0, None)
    assert ended.outcome.wall_seconds < 50


def test_leaving_the_with_block_kills(workspace: SandboxWorkspace, token: str):
    with start_python(workspace, DAEMON, token, "stay") as running:
        assert running.read_line(60) == b"ready\n"

    assert processes_named(token) == []
    assert running.wait().killed_for == "abandoned"


def test_a_kill_in_the_first_moment_is_certain_too(workspace: SandboxWorkspace, token: str):
    for delay in (0, 0.001, 0.003, 0.006, 0.01, 0.015):
        with start_python(workspace, DAEMON, token, "stay") as running:
            time.sleep(delay)
            running.kill("cancelled")
            outcome = running.wait()

        assert processes_named(token) == []
        assert outcome.killed_for == "cancelled"


def test_a_kill_after_the_end_changes_nothing(workspace: SandboxWorkspace):
    with start_python(workspace, "print('done')") as running:
        outcome = running.wait()
        running.kill("cancelled")

        assert running.wait() == outcome
        assert (outcome.exit_status, outcome.killed_for) == (0, None)


def test_the_status_of_a_script_is_as_in_a_shell(workspace: SandboxWorkspace):
    statuses = [
        run_python(workspace, code).outcome.exit_status
        for code in (
            "pass",
            "raise SystemExit(7)",
            "import os; os.kill(os.getpid(), 15)",
            "import os; os.abort()",
        )
    ]

    assert statuses == [0, 7, 143, 134]


def test_a_program_that_does_not_exist_is_a_failure_not_a_hang(workspace: SandboxWorkspace):
    ended = run_python(workspace, "import os; os.execv('/usr/bin/no-such-program', ['x'])")

    assert ended.outcome.exit_status == 1
    assert "No such file" in ended.outcome.stderr_tail


def test_the_end_of_the_thread_that_started_it_is_not_its_end(workspace: SandboxWorkspace):
    started: list[RunningProcess] = []
    thread = threading.Thread(
        target=lambda: started.append(start_python(workspace, "import time; time.sleep(0.5); print('alive')"))
    )
    thread.start()
    thread.join()

    with started[0] as running:
        assert running.read_line(60) == b"alive\n"
        assert running.wait().exit_status == 0


WORKER = """
import os, sys, time
from pathlib import Path
from executions.sandbox import Limits, SandboxWorkspace, launch
code, token, parent = sys.argv[1], os.environ["TOKEN"], Path(os.environ["PARENT"])
workspace = SandboxWorkspace.create(parent)
running = launch(["python", "-c", code, token, "stay"], workspace=workspace, bundle=None, limits=Limits())
running.read_line(60)
print("started", flush=True)
time.sleep(100)
"""


def test_a_killed_worker_takes_its_sandboxes_along(tmp_path: Path, token: str):
    environment = {**os.environ, "TOKEN": token, "PARENT": str(tmp_path)}
    worker = subprocess.Popen(
        [sys.executable, "-c", WORKER, dedent(DAEMON)],
        env=environment,
        cwd=Path(__file__).resolve().parents[3],
        stdout=subprocess.PIPE,
    )
    with worker:
        assert worker.stdout is not None
        assert worker.stdout.readline() == b"started\n"
        assert wait_until_there(token)

        worker.send_signal(signal.SIGKILL)
        worker.wait()

        assert wait_until_gone(token, 50)


def test_sandboxes_run_beside_each_other(tmp_path: Path):
    workspaces = [SandboxWorkspace.create(tmp_path) for _ in range(6)]
    limits = Limits(wall_seconds=100)
    runnings = [
        start_python(one, "import time; time.sleep(0.3); print('ok')", limits=limits) for one in workspaces
    ]
    try:
        outcomes = [running.wait() for running in runnings]
    finally:
        for one in workspaces:
            one.remove()

    assert [outcome.exit_status for outcome in outcomes] == [0] * 6


def test_nothing_is_left_open_in_the_worker(workspace: SandboxWorkspace):
    run_python(workspace, "pass")
    before = held_open()

    for _ in range(5):
        run_python(workspace, "print('x')")

    assert held_open() <= before


def held_open() -> set[str]:
    """The open files and living threads of this process; what other tests left may end meanwhile."""
    files = {path.name for path in Path("/proc/self/fd").iterdir() if path.is_symlink()}
    return files | {f"thread {thread.ident}" for thread in threading.enumerate()}
