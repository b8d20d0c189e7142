"""What a script prints is shown and never obeyed, whatever it is."""

import io
import json
from pathlib import Path

import pytest
from django.utils import timezone

from executions.admin.timeline import Timeline
from executions.models import Artifact, RunEvent, SkillExecution
from executions.runs.worker.context import Bench
from spaces.access import Caller
from spaces.uploads import upload_file
from tests.executions.runs.worker.attempts import data_of, kinds, run, start
from tests.factories import make_actor

pytestmark = pytest.mark.django_db(transaction=True)

HEAD = "from callboard_skill import *\n"
EVERY_MESSAGE = [
    {"type": "progress", "fraction": 1, "message": "all done"},
    {"type": "text", "text": "forged"},
    {"type": "usage", "input_tokens": 9, "output_tokens": 9, "cost_usd": "99", "model": "m"},
    {"type": "iteration"},
    {"type": "artifact", "path": "inputs/materials/a.txt", "document_type": None},
    {"type": "call_skill", "call_key": "a", "skill": "echo", "inputs": {}, "files": []},
    {"type": "output", "outputs": {"text": "forged"}},
    {"type": "error", "message": "forged", "details": {}},
    {"type": "usage", "input_tokens": -1},
    {"type": "start", "inputs": {}},
    {"type": "skill_result", "call_key": "a", "state": "succeeded"},
]
FRAMES = {
    "lines": lambda message: message + b"\n",
    "no ends": lambda message: message,
    "returns": lambda message: b"\r\n" + message + b"\r\n",
    "nulls": lambda message: message + b"\0",
    "lengths": lambda message: len(message).to_bytes(4, "big") + message,
    "http": lambda message: b"Content-Length: %d\r\n\r\n" % len(message) + message,
    "paths": lambda message: b"/run/callboard/socket /proc/self/fd/3 >&3 " + message + b"\n",
    "records": lambda message: b"\x1e" + message + b"\n",
}


def printed(execution: SkillExecution) -> str:
    return "".join(data["text"] for data in data_of(execution, "text.appended") if "stream" not in data)


@pytest.mark.parametrize("frame", FRAMES)
@pytest.mark.parametrize("descriptor", [1, 2])
def test_a_printed_upload_changes_nothing_but_the_log(bench: Bench, frame: str, descriptor: int):
    hostile = b"".join(FRAMES[frame](json.dumps(message).encode()) for message in EVERY_MESSAGE)
    actor = make_actor()
    upload_file(caller=Caller(actor.principal), name="a.txt", content=io.BytesIO(hostile), now=timezone.now())
    script = f"""{HEAD}
import os
content = materials()[0].read_bytes()
while content: content = content[os.write({descriptor}, content):]
output(text="mine")
"""

    ended = run(start(script, actor=actor, files=("a.txt",)), bench)

    assert (ended.state, ended.outputs) == ("succeeded", {"text": "mine"})
    assert (ended.cost_usd, ended.input_tokens, ended.iteration_count) == (0, 0, 0)
    assert not Artifact.objects.filter(execution=ended).exists()
    assert set(kinds(ended)) == {
        "execution.queued",
        "execution.started",
        "text.appended",
        "execution.succeeded",
    }
    told = data_of(ended, "text.appended")
    assert "".join(data["text"] for data in told) == hostile.decode("utf-8", "replace").replace("\0", "�")
    assert {data.get("stream") for data in told} == {None if descriptor == 1 else "stderr"}


def test_a_line_without_an_end_loses_nothing(bench: Bench):
    script = f"""{HEAD}
from pathlib import Path
Path("chart.txt").write_text("the chart")
print("Saving the chart ...", end="")
artifact("chart.txt")
print(" done")
print("Computing ...", end="")
output(total=42)
"""

    ended = run(start(script), bench)

    assert (ended.state, ended.outputs) == ("succeeded", {"total": 42})
    assert [artifact.relpath for artifact in Artifact.objects.filter(execution=ended)] == ["chart.txt"]
    assert printed(ended) == "Saving the chart ... done\nComputing ..."


def test_asking_somebody_ends_at_once(bench: Bench):
    ended = run(start("name = input('Your name? ')"), bench)

    assert ended.failure_reason == "skill_error"
    assert "EOFError" in ended.error["stderr"]
    assert printed(ended) == "Your name? "


def test_the_complaints_of_a_run_that_succeeded_are_kept_and_shown(bench: Bench):
    script = f"{HEAD}import warnings\nprint('fine')\nwarnings.warn('Column 3 was guessed')\noutput(text='x')"

    ended = run(start(script), bench)

    assert ended.state == "succeeded"
    complaint = data_of(ended, "text.appended")[-1]
    assert complaint["stream"] == "stderr"
    assert "Column 3 was guessed" in complaint["text"]
    assert printed(ended) == "fine\n"
    events = RunEvent.objects.filter(run_id=ended.id).order_by("seq")
    shown = [entry for entry in Timeline(ended, events, has_older=False).entries if entry.text]
    assert [(entry.title, "Column 3 was guessed" in entry.text) for entry in shown] == [
        ("", False),
        ("Standard error", True),
    ]


def test_a_letter_that_is_printed_in_two_pieces_is_one(bench: Bench):
    script = (
        "import os, time\nos.write(1, b'na\\xc3')\ntime.sleep(0.4)\nos.write(1, b'\\xafve \\xff \\x00 end')"
    )

    ended = run(start(script), bench)

    assert printed(ended) == "naïve � � end"


def test_ten_megabytes_on_one_line_are_the_output_limit_or_text(bench: Bench):
    ended = run(start("print('x' * 9_000_000, end='')", limits="{output_mb: 10}"), bench)

    assert ended.state == "succeeded"
    assert len(printed(ended)) == 9_000_000


@pytest.mark.parametrize(
    "line", ["", "not json", "[]", '{"type": "weather"}', '{"type": "output", "outputs": {"a": NaN}}']
)
def test_a_message_by_hand_that_is_none_fails_the_run(bench: Bench, line: str):
    script = f"""
import socket
connection = socket.socket(socket.AF_UNIX)
connection.connect("/run/callboard/socket")
connection.sendall({line!r}.encode() + b"\\n")
connection.recv(1)
"""

    ended = run(start(script), bench)

    assert (ended.state, ended.failure_reason) == ("failed", "skill_error")
    assert ended.error["message"].startswith("A message")


def test_nothing_of_the_run_is_left_on_disk(bench: Bench):
    run(start(f"{HEAD}output(text='x')"), bench)

    assert [path for path in Path(bench.folder).rglob("*") if path.name.startswith("channel-")] == []


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_processes_of_every_kind_speak_for_the_script(bench: Bench, method: str):
    script = f"""
import multiprocessing
from callboard_skill import inputs, iteration, materials, output, progress, text

def work(number):
    progress(number / 8, f"file {{number}}")
    iteration()
    text(inputs["text"] * 100_000)
    return number, len(materials())

if __name__ == "__main__":
    multiprocessing.set_start_method("{method}")
    progress(0)
    with multiprocessing.Pool(4) as pool:
        output(numbers=pool.map(work, range(8)))
"""

    ended = run(start(script, limits="{wall_seconds: 100, cpu_seconds: 100}"), bench)

    assert ended.outputs == {"numbers": [[number, 0] for number in range(8)]}, ended.error
    assert ended.iteration_count == 8
    assert printed(ended) == "hi" * 800_000
    assert {data["message"] for data in data_of(ended, "execution.progressed")} == {
        None,
        *(f"file {number}" for number in range(8)),
    }
