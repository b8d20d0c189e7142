"""Each limit holds for the whole process tree and gives the run its code."""

from dataclasses import replace

import pytest

from executions.sandbox import Limits, SandboxWorkspace
from tests.executions.sandbox.scripts import MIB, run_python

ROOMY = Limits(wall_seconds=100)


def test_a_script_past_its_time_is_a_timeout(workspace: SandboxWorkspace):
    ended = run_python(workspace, "import time; time.sleep(60)", limits=Limits(wall_seconds=0.5))

    assert ended.outcome.killed_for == "timeout"
    assert ended.outcome.exit_status is None
    assert 0.5 <= ended.outcome.wall_seconds < 50


def test_closing_stdout_does_not_stop_the_clock(workspace: SandboxWorkspace):
    code = "import os, time; os.close(1); os.close(2); time.sleep(60)"

    ended = run_python(workspace, code, limits=Limits(wall_seconds=0.5))

    assert ended.outcome.killed_for == "timeout"


def test_cpu_time_is_summed_over_the_processes(workspace: SandboxWorkspace):
    code = """
        import os
        os.fork(); os.fork()
        while True: pass
    """

    ended = run_python(workspace, code, limits=replace(ROOMY, cpu_seconds=1))

    assert ended.outcome.killed_for == "cpu_limit"
    assert ended.outcome.cpu_seconds > 1


def test_cpu_time_of_children_nobody_waits_for_counts(workspace: SandboxWorkspace):
    code = """
        import os, signal, time
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        while True:
            if os.fork() == 0:
                until = time.process_time() + 0.5
                while time.process_time() < until: pass
                os._exit(0)
            time.sleep(0.5)
    """

    ended = run_python(workspace, code, limits=replace(ROOMY, cpu_seconds=2))

    assert ended.outcome.killed_for == "cpu_limit"


def test_memory_of_one_process_is_limited(workspace: SandboxWorkspace):
    code = "import time; kept = b'x' * (400 << 20); time.sleep(90)"

    ended = run_python(workspace, code, limits=replace(ROOMY, memory_bytes=128 * MIB))

    assert ended.outcome.killed_for == "memory_limit"
    assert ended.outcome.peak_memory_bytes > 128 * MIB


def test_memory_is_summed_over_the_children(workspace: SandboxWorkspace):
    code = """
        import os, time
        for child in range(6):
            if os.fork() == 0:
                kept = b"x" * (40 << 20)
                time.sleep(90)
                os._exit(0)
        time.sleep(90)
    """

    ended = run_python(workspace, code, limits=replace(ROOMY, memory_bytes=128 * MIB))

    assert ended.outcome.killed_for == "memory_limit"


def test_four_gigabytes_shared_among_children_are_seen(workspace: SandboxWorkspace):
    # Each child touches its part and ends: the pages are in no living process's resident memory.
    code = """
        import mmap, os, time
        shared = mmap.mmap(-1, 4 << 30)
        for child in range(8):
            if os.fork() == 0:
                begin = child << 29
                for offset in range(begin, begin + (1 << 29), 4096): shared[offset] = 1
                os._exit(0)
        time.sleep(90)
    """

    ended = run_python(workspace, code, limits=ROOMY)

    assert ended.outcome.killed_for == "memory_limit"


def test_memory_shared_with_children_counts_once(workspace: SandboxWorkspace):
    code = """
        import os, time
        kept = b"x" * (60 << 20)
        for child in range(6):
            if os.fork() == 0:
                time.sleep(1)
                os._exit(0)
        time.sleep(1.5)
    """

    ended = run_python(workspace, code, limits=replace(ROOMY, memory_bytes=128 * MIB))

    assert ended.outcome.killed_for is None
    assert ended.outcome.exit_status == 0


def test_memory_held_by_sockets_is_seen(workspace: SandboxWorkspace):
    code = """
        import os, socket, time
        for child in range(8):
            if os.fork() == 0:
                pairs = [socket.socketpair() for number in range(100)]
                for one, other in pairs:
                    one.setblocking(False)
                    try:
                        while True: one.send(b"x" * 65536)
                    except BlockingIOError: pass
                time.sleep(90)
        time.sleep(90)
    """

    ended = run_python(workspace, code, limits=ROOMY)

    assert ended.outcome.killed_for == "memory_limit"


def test_files_in_memory_count_as_memory_and_end_by_themselves(workspace: SandboxWorkspace):
    code = """
        import time
        for folder in ("/tmp", "/dev/shm"):
            try:
                with open(f"{folder}/big", "wb") as file:
                    while True: file.write(b"x" * (1 << 20))
            except OSError as error:
                print(folder, error.errno)
        time.sleep(1.5)
    """

    ended = run_python(workspace, code, limits=replace(ROOMY, memory_bytes=128 * MIB))

    assert ended.lines == ["/tmp 28", "/dev/shm 28"]
    assert 64 * MIB <= ended.outcome.peak_memory_bytes <= 128 * MIB


def test_a_fork_bomb_is_stopped_and_named(workspace: SandboxWorkspace):
    code = """
        import os
        while True:
            try: os.fork()
            except OSError: pass
    """

    ended = run_python(workspace, code, limits=ROOMY)

    assert ended.outcome.killed_for == "process_limit"


def test_threads_count_as_processes(workspace: SandboxWorkspace):
    code = """
        import threading, time
        for number in range(30): threading.Thread(target=time.sleep, args=[90]).start()
    """

    ended = run_python(workspace, code, limits=replace(ROOMY, processes=16))

    assert ended.outcome.killed_for == "process_limit"


def test_the_kernel_refuses_processes_soon_after_the_limit(workspace: SandboxWorkspace):
    code = """
        import os, time
        for number in range(1000):
            try: child = os.fork()
            except OSError:
                print(number)
                break
            if child == 0:
                time.sleep(90)
                os._exit(0)
    """

    ended = run_python(workspace, code, limits=replace(ROOMY, processes=16))

    assert ended.stdout == "" or int(ended.stdout) <= 16 + 32
    assert ended.outcome.killed_for in {"process_limit", None}
    assert ended.stdout or ended.outcome.killed_for == "process_limit"


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_flood_of_output_is_stopped(workspace: SandboxWorkspace, stream: str):
    code = f"import sys\nwhile True: sys.{stream}.write('x' * 100_000)"

    ended = run_python(workspace, code, limits=replace(ROOMY, output_bytes=MIB))

    assert ended.outcome.killed_for == "output_limit"
    assert len(ended.stdout) <= MIB
    assert len(ended.outcome.stderr_tail) <= 64 * 1024


def test_ten_gigabytes_in_small_files_do_not_arrive(workspace: SandboxWorkspace):
    code = """
        piece = b"x" * 65536
        for number in range(160_000):
            with open(f"{number}", "wb") as file: file.write(piece)
    """

    ended = run_python(workspace, code, limits=replace(ROOMY, workspace_bytes=16 * MIB))

    assert ended.outcome.killed_for == "workspace_limit"
    assert workspace.size() < 1024 * MIB


def test_more_files_than_allowed_are_a_workspace_limit(workspace: SandboxWorkspace):
    code = """
        import time
        for number in range(3000): open(f"{number}", "wb").close()
        time.sleep(90)
    """

    ended = run_python(workspace, code, limits=replace(ROOMY, files=1000))

    assert ended.outcome.killed_for == "workspace_limit"


@pytest.mark.parametrize(
    "code",
    [
        "file = open('big', 'wb')\nwhile True: file.write(b'x' * (1 << 20))",
        "open('sparse', 'wb').truncate(40 << 20)",
        "open('sparse', 'wb').truncate(1 << 40)",
    ],
    ids=["one big file", "a sparse file", "a huge sparse file"],
)
def test_one_file_cannot_grow_past_the_workspace(workspace: SandboxWorkspace, code: str):
    ended = run_python(workspace, code, limits=replace(ROOMY, workspace_bytes=16 * MIB))

    # The huge one is refused by the kernel at once, so that nothing is there to be limited.
    assert ended.outcome.killed_for == "workspace_limit" or "File too large" in ended.outcome.stderr_tail
    assert workspace.size() <= 18 * MIB or ended.outcome.killed_for == "workspace_limit"


def test_open_files_without_a_name_count(workspace: SandboxWorkspace):
    code = """
        import os
        kept = []
        while True:
            kept.append(open("hidden", "wb"))
            os.unlink("hidden")
            kept[-1].write(b"x" * (4 << 20))
            kept[-1].flush()
    """

    ended = run_python(workspace, code, limits=replace(ROOMY, workspace_bytes=16 * MIB))

    assert ended.outcome.killed_for == "workspace_limit"


def test_mapped_files_without_a_name_count(workspace: SandboxWorkspace):
    code = """
        import mmap, os
        kept = []
        while True:
            with open("hidden", "w+b") as file:
                file.truncate(4 << 20)
                kept.append(mmap.mmap(file.fileno(), 4 << 20))
            os.unlink("hidden")
            kept[-1][:] = b"x" * (4 << 20)
    """

    ended = run_python(workspace, code, limits=replace(ROOMY, workspace_bytes=16 * MIB))

    assert ended.outcome.killed_for == "workspace_limit"


def test_folders_too_deep_to_look_through_are_a_workspace_limit(workspace: SandboxWorkspace):
    code = """
        import os, time
        for level in range(3000):
            os.mkdir("deeper")
            os.chdir("deeper")
        time.sleep(90)
    """

    ended = run_python(workspace, code, limits=ROOMY)

    assert ended.outcome.killed_for == "workspace_limit"
