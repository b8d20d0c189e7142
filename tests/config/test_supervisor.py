"""The supervisor with real child processes: restarts, stops, and no child left behind."""

import itertools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from config.supervisor import Program, Supervisor

FOR_EVER = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(600)"]
IGNORE = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN)"
DEAF = [sys.executable, "-c", f"{IGNORE}; print('deaf', flush=True); time.sleep(600)"]


def eventually(holds: Callable[[], object], seconds: float = 60) -> None:
    """Wait until `holds()` is true; fails after `seconds`."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.02)


def lives(pid: int) -> bool:
    """Whether a process runs under that number; a zombie does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def pid_of(supervisor: Supervisor, name: str = "child") -> int:
    """The number of a child that must be running."""
    pid = supervisor.pids[name]
    assert pid is not None
    return pid


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    """One child that lives for ever, its output in tmp_path/child.log."""
    with Supervisor([Program("child", FOR_EVER)], logs=tmp_path, grace=30) as running:
        yield running


def test_a_killed_child_is_started_again(supervisor: Supervisor) -> None:
    first = pid_of(supervisor)

    os.kill(first, signal.SIGKILL)

    def runs_again() -> bool:
        supervisor.tend()
        return supervisor.pids["child"] not in (None, first)

    eventually(runs_again)
    assert lives(pid_of(supervisor))


def test_output_is_collected_by_name(supervisor: Supervisor, tmp_path: Path) -> None:
    eventually(lambda: (tmp_path / "child.log").read_text() == "up\n")


def test_stopping_ends_every_child_and_reaps_it(supervisor: Supervisor) -> None:
    pid = pid_of(supervisor)

    supervisor.stop()

    assert not psutil.pid_exists(pid)
    assert supervisor.pids == {"child": None}


def test_a_child_that_ignores_sigterm_is_killed_after_the_grace(tmp_path: Path) -> None:
    supervisor = Supervisor([Program("child", DEAF)], logs=tmp_path, grace=0.5)
    supervisor.tend()
    eventually(lambda: (tmp_path / "child.log").read_text() == "deaf\n")
    pid = pid_of(supervisor)

    began = time.monotonic()
    supervisor.stop()

    assert 0.4 < time.monotonic() - began < 60  # it would live for 600
    assert not psutil.pid_exists(pid)


def test_a_child_that_keeps_failing_is_started_ever_more_slowly(tmp_path: Path) -> None:
    now = 0.0
    failing = Program("child", [sys.executable, "-c", "print('tried'); raise SystemExit(3)"])
    supervisor = Supervisor([failing], logs=tmp_path, clock=lambda: now)
    starts = []
    for _ in range(600):  # a minute of the clock that is passed in
        supervisor.tend()
        if (pid := supervisor.pids["child"]) is not None:
            starts.append(round(now, 1))
            os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        now += 0.1

    pauses = [round(later - earlier, 1) for earlier, later in itertools.pairwise(starts)]
    assert pauses[:4] == sorted(pauses[:4])
    assert pauses[-1] == pytest.approx(5.0, abs=0.3)
    assert (tmp_path / "child.log").read_text().count("tried") == len(starts)


def test_the_environment_of_a_program_is_laid_over_our_own(tmp_path: Path) -> None:
    say = "import os, time; print(os.environ['COLOUR'], 'PATH' in os.environ, flush=True); time.sleep(600)"
    program = Program("child", [sys.executable, "-c", say], env={"COLOUR": "blue"})

    with Supervisor([program], logs=tmp_path, grace=30):
        eventually(lambda: (tmp_path / "child.log").read_text() == "blue True\n")


def start_supervising_process(folder: Path) -> tuple["subprocess.Popen[bytes]", list[int]]:
    """A process that supervises two children (one of them deaf to SIGTERM), and the children's numbers."""
    code = (
        "from pathlib import Path\n"
        "from config.supervisor import Program, Supervisor\n"
        f"programs = [Program('a', {FOR_EVER!r}), Program('b', {DEAF!r})]\n"
        f"Supervisor(programs, logs=Path({str(folder)!r}), grace=1).run()\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code])
    eventually(
        lambda: all(
            (folder / f"{name}.log").exists() and (folder / f"{name}.log").read_text() for name in "ab"
        )
    )
    return process, [child.pid for child in psutil.Process(process.pid).children()]


@pytest.mark.skipif(
    sys.platform != "linux", reason="the kernel's promise is Linux's; elsewhere a watcher does it"
)
def test_kill_minus_nine_of_the_supervisor_leaves_no_child_behind(tmp_path: Path) -> None:
    process, children = start_supervising_process(tmp_path)
    assert len(children) == 2

    process.kill()
    process.wait()

    eventually(lambda: not any(lives(pid) for pid in children))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_stops_the_supervisor_with_all_its_children(tmp_path: Path, number: int) -> None:
    process, children = start_supervising_process(tmp_path)

    process.send_signal(number)

    assert process.wait(timeout=60) == 0
    assert not any(psutil.pid_exists(pid) for pid in children)


def test_where_the_kernel_promises_nothing_a_watcher_kills_the_command(tmp_path: Path) -> None:
    """The way of macOS, run here: parent → command → watcher."""
    parent = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    command = (
        "import os, time\n"
        "from config.leash import watch\n"
        "me = os.getpid()\n"
        "if os.fork() == 0:\n"
        f"    watch({parent.pid}, me)\n"
        "    os._exit(0)\n"
        "time.sleep(600)\n"
    )
    child = subprocess.Popen([sys.executable, "-c", command])
    time.sleep(0.7)
    assert child.poll() is None

    parent.kill()
    parent.wait()

    assert child.wait(timeout=60) == -signal.SIGKILL
