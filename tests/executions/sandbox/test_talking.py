"""What a runner hears of its script."""

import resource
import time

from executions.sandbox import Limits, SandboxWorkspace
from tests.executions.sandbox.scripts import MIB, run_python, start_python


def test_lines_come_one_by_one_as_they_are_written(workspace: SandboxWorkspace):
    # It writes the next one only when the one before has been read.
    code = """
        import os, time
        for n in range(3):
            print(n)
            while not os.path.exists(f"go-{n}"): time.sleep(0.02)
    """

    with start_python(workspace, code) as running:
        lines = []
        for number in range(3):
            lines.append(running.read_line(60))
            workspace.write(f"go-{number}", b"")

    assert lines == [b"0\n", b"1\n", b"2\n"]


def test_nothing_yet_is_none_after_the_timeout(workspace: SandboxWorkspace):
    with start_python(workspace, "import time; time.sleep(60)") as running:
        began = time.monotonic()

        assert running.read_line(0.2) is None

        assert 0.15 < time.monotonic() - began < 50
        assert not running.at_end


def test_stdin_is_at_its_end(workspace: SandboxWorkspace):
    code = "import sys\ntry: input('Name? ')\nexcept EOFError: print('nobody', sys.stdin.read() == '')"

    assert run_python(workspace, code).stdout == "Name? nobody True\n"


def test_a_line_of_megabytes_arrives_whole(workspace: SandboxWorkspace):
    with start_python(workspace, "print('x' * (5 << 20)); print('next')") as running:
        assert len(running.read_line(60) or b"") == 5 * MIB + 1
        assert running.read_line(60) == b"next\n"


def test_the_last_line_needs_no_newline(workspace: SandboxWorkspace):
    with start_python(workspace, "print('half', end='')") as running:
        running.wait()

        assert running.read_line(0) == b"half"
        assert running.at_end


def test_a_script_ahead_of_its_reader_waits_and_loses_nothing(workspace: SandboxWorkspace):
    code = "for n in range(60_000): print(f'{n:0100d}')"

    with start_python(workspace, code, limits=Limits(wall_seconds=100)) as running:
        time.sleep(1)
        held = running._output._waiting
        numbers = []
        while not running.at_end:
            line = running.read_line(1)
            if line is not None:
                numbers.append(int(line))

    assert held < 2 * MIB
    assert numbers == list(range(60_000))


def test_waiting_without_reading_takes_the_output_all_the_same(workspace: SandboxWorkspace):
    with start_python(workspace, "print('x' * (4 << 20))", limits=Limits(wall_seconds=100)) as running:
        outcome = running.wait()

        assert outcome.exit_status == 0
        assert outcome.output_bytes == 4 * MIB + 1
        assert len(running.read_line(0) or b"") == outcome.output_bytes


def test_the_end_of_stderr_is_kept(workspace: SandboxWorkspace):
    code = "import sys\nfor n in range(20_000): sys.stderr.write(f'line {n}\\n')\nraise SystemExit(3)"

    with start_python(workspace, code) as running:
        outcome = running.wait()

    assert outcome.stderr_tail.endswith("line 19999\n")
    assert len(outcome.stderr_tail) <= 64 * 1024


def test_a_killed_script_leaves_only_its_own_words_in_stderr(workspace: SandboxWorkspace):
    code = "import sys, time; sys.stderr.write('mine\\n'); sys.stderr.flush(); print('up'); time.sleep(60)"

    with start_python(workspace, code) as running:
        running.read_line(60)
        running.kill("cancelled")

        assert running.wait().stderr_tail == "mine\n"


def test_a_start_costs_little(workspace: SandboxWorkspace):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    for _ in range(5):
        with start_python(workspace, "print(1)") as running:
            assert running.read_line(60) == b"1\n"
            running.wait()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)

    spent = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    assert spent / 5 < 1  # second of a processor; a tenth is usual
