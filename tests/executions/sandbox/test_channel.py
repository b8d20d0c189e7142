"""A script's own channel: what is said over it arrives whole, whoever says it and whatever happens."""

import json
import time
from textwrap import dedent

import pytest

from executions.sandbox import Heard, Limits, ProcessOutcome, RunningProcess, SandboxWorkspace, launch
from tests.executions.sandbox.scripts import MIB

CONNECT = """
import json, os, socket, sys, time
def connect():
    connection = socket.socket(socket.AF_UNIX)
    connection.connect("/run/callboard/socket")
    return connection
"""


def start(workspace: SandboxWorkspace, code: str, *, limits: Limits | None = None) -> RunningProcess:
    return launch(
        ["python", "-c", CONNECT + dedent(code)],
        workspace=workspace,
        bundle=None,
        limits=limits or Limits(wall_seconds=100),
        start_message=b'{"inputs": {"a": 1}}',
    )


def heard_of(
    workspace: SandboxWorkspace, code: str, *, limits: Limits | None = None
) -> tuple[list[bytes], bytes, ProcessOutcome]:
    """(messages, printed, how it ended)"""
    messages, printed = [], bytearray()
    with start(workspace, code, limits=limits) as running:
        while not running.at_end:
            heard = running.hear(0.05)
            if heard is not None and heard.connection is not None:
                messages.append(heard.content)
            elif heard is not None:
                printed += heard.content
        return messages, bytes(printed), running.wait()


def test_a_script_reads_what_it_was_started_with_and_cannot_change_it(workspace: SandboxWorkspace):
    code = """
        print(open("/run/callboard/start.json").read())
        for path in ("start.json", "socket", "more"):
            try: os.rename("/run/callboard/" + path, "/run/callboard/x")
            except OSError as error: print(type(error).__name__)
        try: open("/run/callboard/start.json", "w")
        except OSError as error: print("no")
    """

    _, printed, _ = heard_of(workspace, code)

    first, *rest = printed.decode().splitlines()
    assert json.loads(first) == {"inputs": {"a": 1}}
    assert rest[-1] == "no"
    assert len(rest) == 4


def test_a_conversation_goes_both_ways_over_each_connection(workspace: SandboxWorkspace):
    code = """
        one, two = connect(), connect()
        one.sendall(b"first\\n"); two.sendall(b"second\\n")
        print(two.recv(99), one.recv(99))
    """

    with start(workspace, code) as running:
        said: dict[bytes, Heard] = {}
        while len(said) < 2:
            if heard := running.hear(60):
                said[heard.content] = heard
        for content, heard in said.items():
            assert heard.connection is not None
            running.answer(heard.connection, b"to " + content)
        answers = running.hear(60)

    assert answers == Heard(b"b'to second\\n' b'to first\\n'\n")


def test_what_a_process_said_just_before_it_died_is_heard(workspace: SandboxWorkspace):
    code = """
        for number in range(20):
            if os.fork() == 0:
                connect().sendall(b"%d\\n" % number)
                os.kill(os.getpid(), 9)
        connect().sendall(b"last\\n")
        os.kill(os.getpid(), 9)
    """

    messages, _, outcome = heard_of(workspace, code)

    assert sorted(messages) == sorted([b"last", *(b"%d" % number for number in range(20))])
    assert outcome.exit_status == 137


def test_a_message_that_its_process_did_not_finish_is_none_and_harms_no_other(workspace: SandboxWorkspace):
    code = """
        mine = connect()
        mine.sendall(b"whole, ")
        if os.fork() == 0:
            connect().sendall(b"half")
            os._exit(0)
        os.wait()
        mine.sendall(b"though late\\n")
    """

    messages, _, _ = heard_of(workspace, code)

    assert messages == [b"whole, though late"]


def test_messages_of_many_processes_are_whole(workspace: SandboxWorkspace):
    code = """
        for letter in b"abcdefgh":
            if os.fork() == 0:
                connection = connect()
                for _ in range(5): connection.sendall(bytes([letter]) * 200_000 + b"\\n")
                os._exit(0)
        for _ in range(8): os.wait()
    """

    messages, _, outcome = heard_of(workspace, code, limits=Limits(wall_seconds=100))

    assert outcome.exit_status == 0, outcome
    assert len(messages) == 40
    assert all(message == message[:1] * 200_000 for message in messages)


@pytest.mark.parametrize(
    "flood",
    [
        'while True: connection.sendall(b"x" * 65536)',
        'while True: connection.sendall(b"{}\\n" * 20000)',
        "while True: connect().close()",
    ],
    ids=["one line", "lines", "connections"],
)
def test_a_flood_is_bounded_as_that_of_stdout_is(workspace: SandboxWorkspace, flood: str):
    limits = Limits(wall_seconds=100, cpu_seconds=100, output_bytes=MIB)

    _, _, outcome = heard_of(workspace, f"connection = connect()\n{flood}", limits=limits)

    assert outcome.killed_for == "output_limit"


def test_too_many_connections_are_refused_and_the_others_go_on(workspace: SandboxWorkspace):
    code = """
        held = [connect() for _ in range(100)]
        time.sleep(0.5)
        held[0].sendall(b"still here\\n")
        print(held[99].recv(9))
    """

    messages, printed, outcome = heard_of(workspace, code, limits=Limits(wall_seconds=100, processes=8))

    assert (messages, printed, outcome.exit_status) == ([b"still here"], b"b''\n", 0)


def test_no_message_of_many_short_lived_processes_is_lost(workspace: SandboxWorkspace):
    code = """
        for number in range(300):
            if os.fork() == 0:
                connect().sendall(b"%d\\n" % number)
                os._exit(0)
            if number % 4 == 3:
                for _ in range(4): os.wait()
    """

    messages, _, outcome = heard_of(workspace, code, limits=Limits(wall_seconds=100, processes=8))

    assert outcome.exit_status == 0, outcome
    assert sorted(map(int, messages)) == list(range(300))


def test_a_daemon_that_holds_the_channel_open_does_not_hold_the_run(workspace: SandboxWorkspace):
    code = """
        connection = connect()
        connection.sendall(b"done\\n")
        if os.fork() == 0:
            os.setsid()
            time.sleep(100)
    """
    began = time.monotonic()

    messages, _, outcome = heard_of(workspace, code)

    assert (messages, outcome.exit_status) == ([b"done"], 0)
    assert time.monotonic() - began < 50


def test_a_script_that_never_reads_its_answers_blocks_nobody(workspace: SandboxWorkspace):
    code = """
        connection = connect()
        connection.sendall(b"ask\\n")
        while not os.path.exists("go"): time.sleep(0.05)
        connection.sendall(b"ended\\n")
    """

    with start(workspace, code) as running:
        asked = running.hear(60)
        assert asked is not None
        assert asked.connection is not None
        running.answer(asked.connection, b"x" * (4 * MIB))
        workspace.write("go", b"")

        assert running.hear(60) == Heard(b"ended", asked.connection)
        assert running.wait().exit_status == 0


def test_a_script_may_close_every_descriptor(workspace: SandboxWorkspace):
    code = """
        connect().sendall(b"before\\n")
        os.closerange(0, 256)
        connect().sendall(b"after\\n")
    """

    messages, _, outcome = heard_of(workspace, code)

    assert (sorted(messages), outcome.exit_status) == ([b"after", b"before"], 0)


def test_text_without_a_line_s_end_comes_before_what_follows_it(workspace: SandboxWorkspace):
    code = """
        print("Saving ...", end="", flush=True)
        time.sleep(0.3)
        connect().sendall(b"saved\\n")
    """
    heard = []

    with start(workspace, code) as running:
        while not running.at_end:
            heard.append(running.hear(0.05))

    assert [one.content for one in heard if one] == [b"Saving ...", b"saved"]


def test_a_program_without_a_channel_has_none(workspace: SandboxWorkspace):
    with launch(
        ["python", "-c", "import os; print(os.path.exists('/run/callboard'))"],
        workspace=workspace,
        bundle=None,
        limits=Limits(wall_seconds=100),
    ) as running:
        assert running.read_line(60) == b"False\n"


def test_nothing_of_the_channel_is_left_behind(workspace: SandboxWorkspace):
    heard_of(workspace, "connect()")

    assert [path.name for path in workspace.path.parent.iterdir()] == [workspace.path.name]


def test_connections_one_after_another_are_each_answered(workspace: SandboxWorkspace):
    code = """
        for number in range(10):
            with connect() as connection:
                connection.sendall(b"%d\\n" % number)
                assert connection.recv(9) == b"go on\\n"
            time.sleep(0.02)
    """
    said = []

    with start(workspace, code, limits=Limits(wall_seconds=20)) as running:
        while not running.at_end:
            heard = running.hear(0.05)
            if heard is not None and heard.connection is not None:
                said.append(int(heard.content))
                running.answer(heard.connection, b"go on")

    assert said == list(range(10))
