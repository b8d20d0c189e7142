"""Lines between a runner and its script."""

import json
import time

from executions.sandbox import Limits, Workspace
from tests.sandbox.scripts import MIB, start_python


def test_lines_come_one_by_one_as_they_are_written(workspace: Workspace):
    code = "import time\nfor n in range(3): print(n); time.sleep(0.2)"

    with start_python(workspace, code) as running:
        arrivals = []
        while not running.at_end:
            line = running.read_line(0.05)
            if line is not None:
                arrivals.append((line, time.monotonic()))

    assert [line for line, _ in arrivals] == [b"0\n", b"1\n", b"2\n"]
    assert arrivals[2][1] - arrivals[0][1] > 0.3


def test_nothing_yet_is_none_after_the_timeout(workspace: Workspace):
    with start_python(workspace, "import time; time.sleep(60)") as running:
        began = time.monotonic()

        assert running.read_line(0.2) is None

        assert 0.15 < time.monotonic() - began < 2
        assert not running.at_end


def test_a_conversation_goes_both_ways(workspace: Workspace):
    code = """
        import json, sys
        for line in sys.stdin:
            print(json.dumps({"echo": json.loads(line)["text"]}), flush=True)
    """

    with start_python(workspace, code) as running:
        answers = []
        for text in ("one", "zwei", "三"):
            running.send_line(json.dumps({"text": text}).encode())
            answers.append(json.loads(running.read_line(10) or b"{}"))

    assert [answer["echo"] for answer in answers] == ["one", "zwei", "三"]


def test_a_long_line_to_a_script_that_never_reads_blocks_nobody(workspace: Workspace):
    with start_python(workspace, "import time; time.sleep(0.5); print('ended')") as running:
        began = time.monotonic()
        running.send_line(b"x" * (4 * MIB))

        assert time.monotonic() - began < 0.3
        assert running.read_line(10) == b"ended\n"
        assert running.wait().exit_status == 0


def test_sending_to_a_script_that_closed_its_stdin_is_harmless(workspace: Workspace):
    with start_python(workspace, "import os, time; os.close(0); print('closed'); time.sleep(0.5)") as running:
        running.read_line(10)
        running.send_line(b"anybody?")

        assert running.wait().exit_status == 0


def test_a_line_of_megabytes_arrives_whole(workspace: Workspace):
    with start_python(workspace, "print('x' * (5 << 20)); print('next')") as running:
        assert len(running.read_line(20) or b"") == 5 * MIB + 1
        assert running.read_line(10) == b"next\n"


def test_the_last_line_needs_no_newline(workspace: Workspace):
    with start_python(workspace, "print('half', end='')") as running:
        running.wait()

        assert running.read_line(0) == b"half"
        assert running.at_end


def test_a_script_ahead_of_its_reader_waits_and_loses_nothing(workspace: Workspace):
    code = "for n in range(60_000): print(f'{n:0100d}')"

    with start_python(workspace, code, limits=Limits(wall_seconds=30)) as running:
        time.sleep(1)
        held = running._output._waiting
        numbers = []
        while not running.at_end:
            line = running.read_line(1)
            if line is not None:
                numbers.append(int(line))

    assert held < 2 * MIB
    assert numbers == list(range(60_000))


def test_waiting_without_reading_takes_the_output_all_the_same(workspace: Workspace):
    with start_python(workspace, "print('x' * (4 << 20))", limits=Limits(wall_seconds=20)) as running:
        outcome = running.wait()

        assert outcome.exit_status == 0
        assert outcome.output_bytes == 4 * MIB + 1
        assert len(running.read_line(0) or b"") == outcome.output_bytes


def test_the_end_of_stderr_is_kept(workspace: Workspace):
    code = "import sys\nfor n in range(20_000): sys.stderr.write(f'line {n}\\n')\nraise SystemExit(3)"

    with start_python(workspace, code) as running:
        outcome = running.wait()

    assert outcome.stderr_tail.endswith("line 19999\n")
    assert len(outcome.stderr_tail) <= 64 * 1024


def test_a_killed_script_leaves_only_its_own_words_in_stderr(workspace: Workspace):
    code = "import sys, time; sys.stderr.write('mine\\n'); sys.stderr.flush(); print('up'); time.sleep(60)"

    with start_python(workspace, code) as running:
        running.read_line(10)
        running.kill("cancelled")

        assert running.wait().stderr_tail == "mine\n"


def test_a_start_is_quick(workspace: Workspace):
    took = []
    for _ in range(5):
        began = time.monotonic()
        with start_python(workspace, "print(1)") as running:
            running.read_line(10)
            took.append(time.monotonic() - began)

    assert min(took) < 0.25
