"""The supervisor with real child processes: restarts, stops, and no child left behind."""

import itertools
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from config.server.supervisor import ForkedModule, ProcessSupervisor, Program

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


def pid_of(supervisor: ProcessSupervisor, name: str = "child") -> int:
    """The number of a child that must be running."""
    pid = supervisor.pids[name]
    assert pid is not None
    return pid


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[ProcessSupervisor]:
    """One child that lives for ever, its output in tmp_path/child.log."""
    with ProcessSupervisor([Program("child", FOR_EVER)], logs=tmp_path, grace=30) as running:
        yield running


def test_a_killed_child_is_started_again(supervisor: ProcessSupervisor) -> None:
    first = pid_of(supervisor)

    os.kill(first, signal.SIGKILL)

    def runs_again() -> bool:
        supervisor.tend()
        return supervisor.pids["child"] not in (None, first)

    eventually(runs_again)
    assert lives(pid_of(supervisor))


def test_output_is_collected_by_name(supervisor: ProcessSupervisor, tmp_path: Path) -> None:
    eventually(lambda: (tmp_path / "child.log").read_text() == "up\n")


def test_stopping_ends_every_child_and_reaps_it(supervisor: ProcessSupervisor) -> None:
    pid = pid_of(supervisor)

    supervisor.stop()

    assert not psutil.pid_exists(pid)
    assert supervisor.pids == {"child": None}


def test_a_child_that_ignores_sigterm_is_killed_after_the_grace(tmp_path: Path) -> None:
    supervisor = ProcessSupervisor([Program("child", DEAF)], logs=tmp_path, grace=0.5)
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
    supervisor = ProcessSupervisor([failing], logs=tmp_path, clock=lambda: now)
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

    with ProcessSupervisor([program], logs=tmp_path, grace=30):
        eventually(lambda: (tmp_path / "child.log").read_text() == "blue True\n")


COMMANDS = f"[Program('a', {FOR_EVER!r}), Program('b', {DEAF!r})]"
FORKS = "[ForkedModule(n, [m, str(folder / f'{n}.log')]) for n, m in {'a': 'for_ever', 'b': 'deaf'}.items()]"
SAY = "import pathlib, signal, sys, time; pathlib.Path(sys.argv[1]).write_text(f'{__name__}\\n')"


def start_supervising_process(folder: Path, programs: str) -> tuple["subprocess.Popen[bytes]", list[int]]:
    """A process that supervises two children (one of them deaf to SIGTERM), and the children's numbers."""
    (folder / "for_ever.py").write_text(f"{SAY}; time.sleep(600)")
    (folder / "deaf.py").write_text(f"{IGNORE}; {SAY}; time.sleep(600)")
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from config.server.supervisor import ForkedModule, Program, ProcessSupervisor\n"
        f"folder = Path({str(folder)!r})\n"
        "sys.path.insert(0, str(folder))\n"
        f"logs = folder if {programs == COMMANDS} else None\n"
        f"ProcessSupervisor({programs}, logs=logs, grace=1).run()\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code])
    eventually(
        lambda: all(
            (folder / f"{name}.log").exists() and (folder / f"{name}.log").read_text() for name in "ab"
        )
    )
    return process, [child.pid for child in psutil.Process(process.pid).children()]


kinds = pytest.mark.parametrize("programs", [COMMANDS, FORKS], ids=["commands", "forks"])


@pytest.mark.skipif(
    sys.platform != "linux", reason="the kernel's promise is Linux's; elsewhere a watcher does it"
)
@kinds
def test_kill_minus_nine_of_the_supervisor_leaves_no_child_behind(tmp_path: Path, programs: str) -> None:
    process, children = start_supervising_process(tmp_path, programs)
    assert len(children) == 2

    process.kill()
    process.wait()

    eventually(lambda: not any(lives(pid) for pid in children))


@kinds
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_stops_the_supervisor_with_all_its_children(
    tmp_path: Path, number: int, programs: str
) -> None:
    process, children = start_supervising_process(tmp_path, programs)

    process.send_signal(number)

    assert process.wait(timeout=60) == 0
    assert not any(psutil.pid_exists(pid) for pid in children)


def test_a_fork_leads_a_session_of_its_own_and_is_started_again(tmp_path: Path) -> None:
    process, children = start_supervising_process(tmp_path, FORKS)
    assert [os.getsid(pid) for pid in children] == children

    os.kill(children[0], signal.SIGKILL)

    def others() -> list[int]:
        return [
            child.pid
            for child in psutil.Process(process.pid).children()
            if child.pid not in children and lives(child.pid)
        ]

    eventually(others)
    process.kill()
    process.wait()


def test_nothing_is_forked_beside_a_thread() -> None:
    over = threading.Event()
    beside = threading.Thread(target=over.wait)
    beside.start()

    with pytest.raises(RuntimeError, match="cannot fork"):
        ForkedModule("child", ["this"]).start(None)

    over.set()
    beside.join()


def test_forks_of_one_process_make_ids_of_their_own() -> None:
    code = (
        "import os\n"
        "from spaces.ids import new_id\n"
        "new_id()\n"
        "for _ in range(3):\n"
        "    if (pid := os.fork()) == 0:\n"
        "        os.write(1, f'{str(new_id())[14:]}\\n'.encode())\n"
        "        os._exit(0)\n"
        "    os.waitpid(pid, 0)\n"
    )

    made = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    assert len(set(made.split())) == 3  # without the time that they begin with


def test_where_the_kernel_promises_nothing_a_watcher_kills_the_command(tmp_path: Path) -> None:
    """The way of macOS, run here: parent → command → watcher."""
    parent = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    command = (
        "import os, time\n"
        "from config.server.die_with_parent import watch\n"
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
