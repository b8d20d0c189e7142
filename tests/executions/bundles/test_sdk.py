"""The module that scripts talk to the runner with."""

import json
from pathlib import Path

import pytest

from tests.executions.bundles.script_play import ORDERS, Play, play


def run(tmp_path: Path, script: str, **inputs: object) -> Play:
    (tmp_path / "run.py").write_text(script)
    return play(tmp_path / "run.py", tmp_path / "ws", inputs=inputs, files=(ORDERS,))


def test_three_lines_make_a_skill(tmp_path: Path) -> None:
    played = run(
        tmp_path,
        """
from callboard_skill import inputs, output, progress

progress(0.5, "Greeting")
output(greeting=f"Hello, {inputs['name']}!")
""",
        name="Ada",
    )

    assert played.messages == [
        {"type": "progress", "fraction": 0.5, "message": "Greeting"},
        {"type": "output", "outputs": {"greeting": "Hello, Ada!"}},
    ]
    assert played.exit_status == 0


def test_every_message_has_its_documented_form(tmp_path: Path) -> None:
    played = run(
        tmp_path,
        """
from decimal import Decimal
from pathlib import Path
import callboard_skill as skill

skill.progress(message="No idea how long")
skill.progress(7)
skill.text("half a li")
skill.usage(input_tokens=1, output_tokens=2, cost_usd=Decimal("0.0100"), model="m")
skill.iteration()
Path("outputs").mkdir()
Path("outputs/a.txt").write_text("a")
skill.artifact(Path("outputs/a.txt").resolve(), "note")
skill.output({"a": 1})
skill.output({"a": 2}, b=[skill.execution_id, skill.materials()[0].name])
""",
    )

    assert played.messages == [
        {"type": "progress", "fraction": None, "message": "No idea how long"},
        {"type": "progress", "fraction": 1.0, "message": None},
        {"type": "text", "text": "half a li"},
        {"type": "usage", "input_tokens": 1, "output_tokens": 2, "cost_usd": "0.0100", "model": "m"},
        {"type": "iteration"},
        {"type": "artifact", "path": "outputs/a.txt", "document_type": "note"},
        {"type": "output", "outputs": {"a": 1}},
        {"type": "output", "outputs": {"a": 2, "b": ["0190b8f0-0000-7000-8000-000000000001", "orders.csv"]}},
    ]


def test_what_is_printed_is_no_message(tmp_path: Path) -> None:
    played = run(
        tmp_path,
        """
from callboard_skill import progress, output

print("before, naïve ✓")
progress(0.1)
print('{"type": "output", "outputs": {"a": 1}}')
output()
print("after")
""",
    )

    assert played.messages == [
        {"type": "progress", "fraction": 0.1, "message": None},
        {"type": "output", "outputs": {}},
    ]
    assert played.printed == 'before, naïve ✓\n{"type": "output", "outputs": {"a": 1}}\nafter\n'


def test_messages_from_many_threads_are_whole_lines(tmp_path: Path) -> None:
    played = run(
        tmp_path,
        """
from concurrent.futures import ThreadPoolExecutor
from callboard_skill import text

with ThreadPoolExecutor(8) as pool:
    for number in range(400):
        pool.submit(text, f"{number:03}" * 500)
""",
    )

    assert sorted(message["text"][:3] for message in played.messages) == [
        f"{number:03}" for number in range(400)
    ]


def test_fail_ends_the_script_with_its_reason(tmp_path: Path) -> None:
    played = run(
        tmp_path,
        """
from callboard_skill import fail

fail("Too few rows.", rows=3)
print("never")
""",
    )

    assert played.messages == [{"type": "error", "message": "Too few rows.", "details": {"rows": 3}}]
    assert played.exit_status == 1


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("output(x=float('nan'))", "ValueError"),
        ("output(x=object())", "TypeError"),
        ("artifact('no.txt')", "FileNotFoundError"),
        ("artifact('/etc/hostname')", "ValueError"),
    ],
)
def test_what_the_runner_could_not_take_is_an_error_in_the_script(
    tmp_path: Path, statement: str, said: str
) -> None:
    played = run(tmp_path, f"from callboard_skill import artifact, output\n{statement}\n")

    assert (played.messages, played.exit_status) == ([], 1)
    assert said in played.stderr


def test_a_called_skill_returns_its_outputs_and_artifacts(tmp_path: Path) -> None:
    played = run(
        tmp_path,
        """
from callboard_skill import call_skill, materials, output

result = call_skill("csv-profile", {"top_values": 0}, files=materials())
output(
    rows=result.outputs["row_count"],
    state=result.state,
    artifacts=["/".join(each.path.parts[-3:]) for each in result.artifacts if each.path.is_file()],
)
""",
    )

    assert played.outputs == {
        "rows": 1493,
        "state": "succeeded",
        "artifacts": [
            "calls/csv-profile-1/profile.json",
            "calls/csv-profile-1/profile.md",
            "calls/csv-profile-1/chart.png",
        ],
    }
    assert (
        json.loads((played.workspace / "calls/csv-profile-1/profile.json").read_text())["row_count"] == 1493
    )


def test_a_called_skill_that_fails_raises_and_can_be_caught(tmp_path: Path) -> None:
    played = run(
        tmp_path,
        """
from callboard_skill import SkillCallFailed, call_skill, output

try:
    call_skill("csv-profile", {"file": "no.csv"}, call_key="mine")
except SkillCallFailed as failure:
    output(said=str(failure), state=failure.result.state)
""",
    )

    assert played.outputs == {
        "said": "csv-profile: There is no file to profile: stage a CSV, TSV or XLSX file.",
        "state": "failed",
    }
    assert played.of_type("call_skill")[0]["call_key"] == "mine"


def test_outputs_take_the_values_of_ordinary_libraries(tmp_path: Path) -> None:
    played = run(
        tmp_path,
        """
import datetime as dt, uuid
from decimal import Decimal
from pathlib import Path
import numpy as np, pandas as pd
from callboard_skill import output

frame = pd.DataFrame({"n": [1, 2], "t": pd.to_datetime(["2026-01-02", None])})
output(
    numbers=[np.int64(7), np.float32(0.5), np.bool_(True), np.array([1, 2]), np.array(3)],
    columns=[frame["n"], frame["t"], frame["n"].sum(), frame["n"].mean()],
    counts=frame["t"].value_counts().to_dict(),
    text=np.str_("x"),
    keys={np.int64(1): 1, dt.date(2026, 1, 2): 2},
    dates=[dt.date(2026, 1, 2), dt.datetime(2026, 1, 2, 3, 4, tzinfo=dt.UTC), dt.time(3, 4)],
    stamps=[pd.Timestamp("2026-01-02"), np.datetime64("2026-01-02"), pd.NaT, pd.NA, np.datetime64("NaT")],
    durations=[dt.timedelta(minutes=1), pd.Timedelta("1s"), np.timedelta64(1500, "ms")],
    decimals=[Decimal("0.1"), Decimal("10"), Decimal("12345678901234567890"), Decimal("1.50")],
    others=(Path("a/b"), uuid.UUID(int=1)),
)
""",
    )

    assert played.outputs == {
        "numbers": [7, 0.5, True, [1, 2], 3],
        "columns": [[1, 2], ["2026-01-02T00:00:00", None], 3, 1.5],
        "counts": {"2026-01-02T00:00:00": 1},
        "text": "x",
        "keys": {"1": 1, "2026-01-02": 2},
        "dates": ["2026-01-02", "2026-01-02T03:04:00+00:00", "03:04:00"],
        "stamps": ["2026-01-02T00:00:00", "2026-01-02", None, None, None],
        "durations": [60, 1, 1.5],
        "decimals": [0.1, 10, 12345678901234567890, 1.5],
        "others": ["a/b", "00000000-0000-0000-0000-000000000001"],
    }


@pytest.mark.parametrize(
    "value",
    ["Decimal('NaN')", "Decimal('1e999999')", "Decimal('sNaN')", "np.float64('inf')", "{1}", "b'x'", "dt"],
)
def test_what_json_cannot_hold_is_an_error_in_the_script(tmp_path: Path, value: str) -> None:
    played = run(
        tmp_path,
        f"""
import datetime as dt
from decimal import Decimal
import numpy as np
from callboard_skill import output
try:
    output(x={value})
except (TypeError, ValueError):
    output(said="no")
""",
    )

    assert played.outputs == {"said": "no"}
