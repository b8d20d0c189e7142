"""ask-files brings a search over the staged files, which its demo answers with."""

import subprocess
from pathlib import Path

import pytest

from executions.catalog.archive import read_folder
from executions.inference.demo_script import read_script
from tests.executions.bundles.office_files import paragraph, word_file, workbook
from tests.executions.bundles.script_play import (
    BUNDLES,
    ORDERS,
    SAMPLES,
    SDK,
    SKILL_PYTHON,
    TIME_LIMIT_SECONDS,
)

SCRIPTS = BUNDLES / "ask-files" / "scripts"
FILES = (
    ORDERS,
    ORDERS.with_name("handbook.md"),
    *sorted(file for file in SAMPLES.iterdir() if file.is_file()),
)
SEARCH = f"""
import sys
sys.path.insert(0, {str(SCRIPTS)!r})
from passages import write_findings
write_findings("question.txt", answer="answer.md", source="source.txt")
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    materials = tmp_path / "inputs" / "materials"
    materials.mkdir(parents=True)
    for file in FILES:
        (materials / file.name).write_bytes(file.read_bytes())
    return tmp_path


def search(workspace: Path, question: str) -> str:
    (workspace / "question.txt").write_text(question, "utf-8")
    command = [str(SKILL_PYTHON), "-B", "-c", SEARCH]
    found = subprocess.run(
        command,
        cwd=workspace,
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(SDK)},
        timeout=TIME_LIMIT_SECONDS,
        check=True,
    )
    return found.stdout


@pytest.mark.parametrize(
    ("question", "file", "words"),
    [
        ("Can opened coffee be returned?", "handbook.md", "Opened coffee cannot be returned"),
        ("When do the burrs of the grinder need changing?", "manual.pdf", "400 kg of coffee"),
        ("What was decided about Sundays at the meeting?", "minutes.docx", "Open on Sundays from August"),
        ("Until when is it open on Saturday?", "page.html", "14:00"),
    ],
)
def test_the_passage_that_answers_is_found_in_each_kind_of_file(
    workspace: Path, question: str, file: str, words: str
) -> None:
    said = search(workspace, question)

    assert said.startswith(f"The passage that fits best is in {file}:")
    assert words in said
    assert (workspace / "source.txt").read_text() == file
    assert (workspace / "answer.md").read_text().startswith(f"# {question}\n")


@pytest.mark.parametrize(
    ("question", "file", "words"),
    [
        ("What about the EU?", "short.txt", "EU rules"),
        ("Who uses AI here?", "short.txt", "AI is used"),
        ("Wie ist das Wetter in 北京？", "chinese.txt", "北京今天晴天"),
        ("東京の天気", "japanese.txt", "東京の天気は雨です"),
        ("สภาพอากาศ", "thai.txt", "สภาพอากาศดี"),
        ("मौसम कैसा है", "hindi.txt", "मौसम अच्छा है"),
        ("Which supplier delivers the teapot?", "stock.xlsx", "Teapot | Hansen"),
        ("What does the clause on liability say?", "terms.docx", "Liability | limited"),
    ],
)
def test_short_words_tables_and_scripts_without_blanks_are_searched(
    workspace: Path, question: str, file: str, words: str
) -> None:
    rows = "".join(
        f"<w:tr><w:tc>{paragraph(left)}</w:tc><w:tc>{paragraph(right)}</w:tc></w:tr>"
        for left, right in (("Clause", "Content"), ("Liability", "limited"))
    )
    made = {
        "short.txt": b"The EU rules apply since May.\n\nAI is used for sorting.",
        "chinese.txt": "上海昨天下雨。\n\n北京今天晴天。".encode("gb18030"),
        "japanese.txt": "大阪は晴れ。\n\n東京の天気は雨です。".encode(),
        "thai.txt": "วันนี้สภาพอากาศดีมาก".encode(),
        "hindi.txt": "आज मौसम अच्छा है".encode(),
        "stock.xlsx": workbook(Stock=[["Item", "Supplier"], ["Teapot", "Hansen"]]),
        "terms.docx": word_file(f"<w:tbl>{rows}</w:tbl>"),
    }
    for name, content in made.items():
        (workspace / "inputs/materials" / name).write_bytes(content)

    said = search(workspace, question)

    assert said.startswith(f"The passage that fits best is in {file}:")
    assert words in said


def test_a_question_without_a_match_is_said_to_have_none(workspace: Path) -> None:
    said = search(workspace, "xyzzy {zzyx} \\ ''' \"")

    assert said.startswith("None of the staged files has a word of it.\n")
    assert "Not searched: locked.pdf. The PDF is encrypted: it needs a password." in said
    assert (workspace / "source.txt").read_text() == "no file"


def test_the_demo_never_puts_the_question_into_its_code() -> None:
    demo = read_folder(BUNDLES / "ask-files").manifest.demo

    turns = read_script(demo)

    code = [call.arguments["code"] for turn in turns for call in turn.calls if "code" in call.arguments]
    assert len(code) == 1
    assert "{" not in code[0]
    assert turns[-1].answer is not None


def test_the_instructions_name_the_form_of_the_answer() -> None:
    manifest = read_folder(BUNDLES / "ask-files").manifest

    assert '{"answer": "…", "sources": ["file.pdf"]}' in manifest.instructions
    assert manifest.tools == {
        "workspace.fs.list",
        "workspace.fs.read",
        "workspace.fs.write",
        "workspace.code.python",
        "artifact.commit",
    }
