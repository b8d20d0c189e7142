"""The tools over the workspace: what they give, what they bound and what they refuse."""

import threading
import time
from pathlib import Path
from typing import Any

import pytest

from executions.inference.interface import ToolRequest
from executions.runner.run import LeasedRun
from executions.runner.workspace_tools import ToolResult, call_tool, offered_tools
from tests.executions.runner.prompt_runs import RunMaker

pytestmark = pytest.mark.django_db


def use(run: LeasedRun, name: str, **arguments: Any) -> ToolResult:
    return call_tool(run, ToolRequest("c1", name, name.replace(".", "_"), arguments))


def read(run: LeasedRun, path: str, offset: int = 0) -> ToolResult:
    return use(run, "workspace.fs.read", path=path, offset=offset)


def test_only_wanted_and_permitted_tools_are_offered(prompt_run: RunMaker) -> None:
    permitted = frozenset({"workspace.fs.read", "workspace.fs.write"})
    run = prompt_run(permitted=permitted, tools=["workspace.fs.list", "workspace.fs.read"])

    assert [tool.name for tool in offered_tools(run)] == ["workspace.fs.read"]


def test_listing_can_be_narrowed_to_a_folder(prompt_run: RunMaker) -> None:
    run = prompt_run(materials={"a.csv": b"1", "b.csv": b"22"})
    use(run, "workspace.fs.write", path="notes.md", text="x")

    everything = use(run, "workspace.fs.list").content
    folder = use(run, "workspace.fs.list", path="inputs/materials/").content

    assert [file["path"] for file in everything["files"]] == [
        "inputs/materials/a.csv",
        "inputs/materials/b.csv",
        "notes.md",
    ]
    assert folder["files"][1] == {"path": "inputs/materials/b.csv", "size_bytes": 2}
    assert use(run, "workspace.fs.list", path="inputs/mat").content["files"] == []


def test_names_that_are_no_text_are_told_beside_the_list(prompt_run: RunMaker) -> None:
    run = prompt_run(materials={"a.csv": b"1"})
    (run.workspace.path / "outputs" / "two\nlines").touch()

    listed = use(run, "workspace.fs.list")

    assert not listed.is_error
    assert [file["path"] for file in listed.content["files"]] == ["inputs/materials/a.csv"]
    assert listed.content["unreadable_names"] == ["outputs/two\\nlines"]


def test_a_long_text_is_read_in_pieces_cut_between_characters(prompt_run: RunMaker) -> None:
    text = "é" * 40_000
    run = prompt_run(materials={"long.txt": b"x" + text.encode()})

    first = read(run, "inputs/materials/long.txt").content
    pieces = [first["text"]]
    following = first
    while following["truncated"]:
        following = read(run, "inputs/materials/long.txt", following["next_offset"]).content
        pieces.append(following["text"])

    assert len(first["text"].encode()) <= 32 * 1024
    assert first["size_bytes"] == 80_001
    assert "".join(pieces) == "x" + text
    assert following["next_offset"] is None


def test_old_encodings_are_read_as_latin_1(prompt_run: RunMaker) -> None:
    run = prompt_run(materials={"old.txt": "Köln".encode("latin-1")})

    content = read(run, "inputs/materials/old.txt").content

    assert (content["text"], content["encoding"]) == ("Köln", "latin-1")


def test_a_binary_file_is_refused_politely(prompt_run: RunMaker) -> None:
    run = prompt_run(materials={"chart.png": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"})

    result = read(run, "inputs/materials/chart.png")

    assert result.is_error
    assert "binary file (image/png, 16 bytes)" in result.content


@pytest.mark.parametrize(
    "path", ["/etc/passwd", "../../etc/passwd", "inputs/materials", "nothing.txt", "a\0b"]
)
def test_nothing_outside_the_workspace_and_no_folder_can_be_read(
    prompt_run: RunMaker, tmp_path: Path, path: str
) -> None:
    result = read(prompt_run(), path)

    assert result.is_error
    assert "root:" not in result.content
    assert str(tmp_path) not in result.content


def test_a_link_is_neither_read_written_nor_committed(prompt_run: RunMaker, tmp_path: Path) -> None:
    run = prompt_run()
    secret = tmp_path / "secret.txt"
    secret.write_text("hidden")
    use(run, "workspace.fs.write", path="outputs/real.txt", text="x")
    real = run.workspace.path / "outputs/real.txt"
    real.with_name("link.txt").symlink_to(secret)

    outcomes = [
        read(run, "outputs/link.txt"),
        use(run, "workspace.fs.write", path="outputs/link.txt", text="overwritten"),
        use(run, "artifact.commit", path="outputs/link.txt"),
    ]

    assert outcomes[0].is_error
    assert outcomes[2].is_error
    assert secret.read_text() == "hidden"
    assert "hidden" not in str(outcomes)
    assert run.recorder.declared_artifacts == {}


def test_an_artifact_must_be_there_when_it_is_committed(prompt_run: RunMaker) -> None:
    run = prompt_run()

    assert use(run, "artifact.commit", path="outputs/none.png").is_error
    assert run.recorder.declared_artifacts == {}


def test_an_offset_behind_the_end_is_refused(prompt_run: RunMaker) -> None:
    assert read(prompt_run(), "inputs/materials/a.csv", 10_000).is_error


def python(run: LeasedRun, code: str) -> ToolResult:
    return use(run, "workspace.code.python", code=code)


def test_a_program_works_on_the_files_and_what_it_prints_comes_back(prompt_run: RunMaker) -> None:
    run = prompt_run()
    code = "print(open('inputs/materials/a.csv').read().upper())\nopen('outputs/n.txt', 'w').write('2')"

    result = python(run, code)

    assert not result.is_error
    assert result.content["stdout"].startswith("CITY,PEOPLE\n")
    assert read(run, "outputs/n.txt").content["text"] == "2"
    assert read(run, "code/1.py").content["text"] == code


def test_a_program_that_fails_tells_the_model_why(prompt_run: RunMaker) -> None:
    result = python(prompt_run(), "print('so far')\nraise ValueError('no such city')")

    assert result.is_error
    assert "exit status 1" in result.content
    assert "so far" in result.content
    assert "ValueError: no such city" in result.content


def test_a_program_that_prints_too_much_is_cut(prompt_run: RunMaker) -> None:
    content = python(prompt_run(), "for _ in range(2000): print('x' * 99)").content

    assert content["truncated"]
    assert len(content["stdout"]) <= 24 * 1024


def test_a_program_that_never_ends_is_ended_by_the_limits(prompt_run: RunMaker) -> None:
    run = prompt_run(limits={"wall_seconds": 1})
    result = python(run, "while True: pass")

    assert result.is_error
    assert "ended by timeout" in result.content


def test_stopping_a_run_kills_its_program(prompt_run: RunMaker) -> None:
    run = prompt_run()
    threading.Timer(1.0, run.stop.set, ["cancelled"]).start()
    started = time.monotonic()

    result = python(run, "import time\ntime.sleep(50)")

    assert result.is_error
    assert time.monotonic() - started < 40
