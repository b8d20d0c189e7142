"""The skill that the documents tell people to write is imported and runs."""

import io
import re
from pathlib import Path

import pytest
from django.core.management import call_command
from django.utils import timezone

from executions.actions.dispatch import start_execution
from executions.runs.worker.context import Bench
from spaces.access import Caller
from spaces.uploads import upload_file
from tests.executions.runs.worker.attempts import run
from tests.factories import make_actor

pytestmark = pytest.mark.django_db(transaction=True)

SKILLS = Path(__file__).resolve().parents[4] / "docs" / "skills.md"
FILE_BLOCK = re.compile(r"^`(line-count/\S+)`\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_the_documents_skill_counts_lines(bench: Bench, tmp_path: Path):
    for name, content in FILE_BLOCK.findall(SKILLS.read_text()):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    call_command("import_skill", str(tmp_path / "line-count"), verbosity=0)
    actor = make_actor()
    upload_file(
        caller=Caller(actor.principal), name="a.txt", content=io.BytesIO(b"one\n\ntwo\n"), now=timezone.now()
    )
    execution, _ = start_execution(
        access=actor.access,
        slug="line-count",
        inputs={"skip_blank": True},
        file_source_ids=["a.txt"],
        now=timezone.now(),
    )

    ended = run(execution, bench)

    assert (ended.state, ended.outputs, ended.error) == ("succeeded", {"a.txt": 2}, None)


def test_the_documents_script_is_no_longer_than_it_says():
    scripts = [content for name, content in FILE_BLOCK.findall(SKILLS.read_text()) if name.endswith(".py")]

    assert len(scripts) == 1
    assert len([line for line in scripts[0].splitlines() if line.strip()]) <= 10
