"""A prompt skill's own files: told, read on demand, and found by its programs."""

import shutil
from pathlib import Path

import pytest
from pytest_django import Settings

from executions.runner import prompt_texts
from executions.runner.code_tool import PROGRAMS
from executions.runner.missing_modules import how_to_add_missing
from executions.runner.prompt import run_prompt
from executions.runner.run import LeasedRun
from executions.runner.skill_files import skill_files
from executions.runner.workspace_tools import ToolResult, offered_tools
from tests.executions.inference.asking import models_entry
from tests.executions.inference.provider_server import Answer, serving
from tests.executions.inference.wire import chat_events
from tests.executions.runner.prompt_runs import RunMaker, make_manifest
from tests.executions.runner.test_workspace_tools import read, use

pytestmark = pytest.mark.django_db
FILES = {
    "SKILL.md": "Count.",
    "references/rules.md": "Blank lines do not count.",
    "scripts/count.py": "import sys\nprint(len(open(sys.argv[1]).readlines()))\n",
    "scripts/count.js": "const lines = require('fs').readFileSync(process.argv[2], 'utf8').split('\\n')\n"
    "console.log(lines.length - 1)\n",
    "core/__init__.py": "",
    "core/words.py": "def count(text): return len(text.split())\n",
}


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    for path, text in FILES.items():
        (tmp_path / "bundle" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "bundle" / path).write_text(text)
    return tmp_path / "bundle"


def shell(run: LeasedRun, command: str) -> ToolResult:
    return use(run, "workspace.shell", command=command)


def test_the_model_is_told_which_files_there_are(bundle: Path) -> None:
    told = prompt_texts.instructions_of(make_manifest(), skill_files(bundle))

    assert "- scripts/count.py (" in told
    assert "SKILL.md" not in told.partition("Answer the question.")[2]
    assert "skill/" not in prompt_texts.instructions_of(make_manifest(), [])


def test_a_skill_with_very_many_files_is_told_in_part() -> None:
    told = prompt_texts.instructions_of(make_manifest(), [(f"f{n}", 1) for n in range(500)])

    assert "- and 300 more" in told


@pytest.mark.parametrize("path", ["skill/references/rules.md", "references/rules.md"])
def test_a_file_of_the_skill_is_read_by_either_path(prompt_run: RunMaker, bundle: Path, path: str) -> None:
    assert read(prompt_run(bundle=bundle), path).content["text"] == FILES["references/rules.md"]


def test_a_file_of_the_workspace_comes_before_one_of_the_skill(prompt_run: RunMaker, bundle: Path) -> None:
    (bundle / "notes.md").write_text("the skill's")
    run = prompt_run(bundle=bundle)
    use(run, "workspace.fs.write", path="notes.md", text="mine")

    assert read(run, "notes.md").content["text"] == "mine"
    assert read(run, "skill/notes.md").content["text"] == "the skill's"


@pytest.mark.parametrize("folder", ["skill", "skill/scripts", "scripts/"])
def test_the_files_of_the_skill_are_listed(prompt_run: RunMaker, bundle: Path, folder: str) -> None:
    listed = use(prompt_run(bundle=bundle), "workspace.fs.list", path=folder).content["files"]

    paths = [file["path"] for file in listed]
    assert {"skill/scripts/count.js", "skill/scripts/count.py"} <= set(paths)
    assert ("skill/core/words.py" in paths) is (folder == "skill")


@pytest.mark.parametrize("path", ["skill/x.md", "scripts/count.py", "references/new.md", "skill"])
def test_the_files_of_the_skill_are_never_written(prompt_run: RunMaker, bundle: Path, path: str) -> None:
    run = prompt_run(bundle=bundle)

    before = use(run, "workspace.fs.write", path=path, text="x")
    shell(run, "true")
    after = use(run, "workspace.fs.write", path=path, text="x")

    assert before.is_error
    assert "read-only" in before.content
    assert before.content == after.content
    assert shell(run, "echo x > scripts/count.py").is_error
    assert (bundle / "scripts/count.py").read_text() == FILES["scripts/count.py"]


@pytest.mark.parametrize(
    "path", ["skill/../SKILL.md", "skill//SKILL.md", "skill//etc/passwd", "../bundle/SKILL.md"]
)
def test_no_path_leads_out_of_the_skill(prompt_run: RunMaker, bundle: Path, path: str) -> None:
    assert read(prompt_run(bundle=bundle), path).is_error


def test_programs_find_the_skills_files_by_its_own_paths(prompt_run: RunMaker, bundle: Path) -> None:
    run = prompt_run(bundle=bundle)
    code = (
        "import subprocess, sys\nfrom core.words import count\n"
        "print(open('references/rules.md').read(), count('a b'))\n"
        "subprocess.run([sys.executable, 'scripts/count.py', 'inputs/materials/a.csv'], check=True)"
    )

    printed = use(run, "workspace.code.python", code=code)

    assert printed.content["stdout"].split("\n") == ["Blank lines do not count. 2", "3", ""]
    assert [path for path, _ in run.workspace.list()] == ["code/1.py", "inputs/materials/a.csv"]


def test_a_shell_runs_scripts_of_the_skill(prompt_run: RunMaker, bundle: Path) -> None:
    run = prompt_run(bundle=bundle)

    result = shell(
        run,
        "cat skill/references/rules.md; cd inputs; python $SKILL_DIR/scripts/count.py materials/a.csv",
    )

    assert result.content["stdout"] == "Blank lines do not count.3\n"
    assert read(run, "code/1.sh").content["text"].startswith("cat skill/")


@pytest.mark.skipif("node" not in PROGRAMS, reason="the host has no node")
def test_a_shell_runs_node_where_the_host_has_it(prompt_run: RunMaker, bundle: Path) -> None:
    run = prompt_run(bundle=bundle, limits={"processes": 128, "memory_mb": 1024})

    assert shell(run, "node scripts/count.js inputs/materials/a.csv").content["stdout"] == "3\n"


def test_a_shell_has_no_network_and_tells_how_it_failed(prompt_run: RunMaker) -> None:
    result = shell(prompt_run(), "echo begun; exec 3<>/dev/tcp/1.1.1.1/80")

    assert result.is_error
    assert "begun" in result.content


def test_a_shell_is_there_only_where_the_space_permits_it(prompt_run: RunMaker) -> None:
    run = prompt_run(permitted=frozenset({"workspace.code.python"}))

    assert [tool.name for tool in offered_tools(run)] == ["workspace.code.python"]
    assert shell(run, "true").is_error


def test_a_missing_module_is_answered_with_how_it_is_added(prompt_run: RunMaker) -> None:
    result = use(prompt_run(), "workspace.code.python", code="import cv2")

    assert "`uv add --group skills opencv-python-headless`" in result.content
    assert how_to_add_missing("ValueError: x") is None


def test_a_foreign_skill_is_told_what_its_tools_are_called_here(
    prompt_run: RunMaker, bundle: Path, settings: Settings
) -> None:
    final = chat_events(calls=(("c9", "final_answer", '{"answer": "3"}'),), finish="tool_calls")
    with serving(Answer(events=final)) as server:
        settings.MODELS = {"paid": models_entry(server.url)}
        run_prompt(prompt_run(model="paid", bundle=bundle, is_stock=True))

    told = server.received[0].body["messages"][0]["content"]
    assert "use what you have of `workspace.fs.read`" in told
    assert "are not here: WebFetch" in told
    assert "- references/rules.md (" in told


def test_the_host_has_a_shell() -> None:
    assert shutil.which("sh", path="/usr/bin:/bin")
