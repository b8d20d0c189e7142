"""A skill of the public format, imported as it is, runs to its result with a model that follows it."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone
from pytest_django import Settings

from executions.actions.dispatch import start_execution
from executions.models import Artifact
from executions.runs.worker.context import Bench
from spaces.access import Caller
from spaces.blobs import open_blob
from spaces.uploads import upload_file
from tests.executions.inference.asking import models_entry
from tests.executions.inference.provider_server import Answer, serving
from tests.executions.inference.wire import chat_events
from tests.executions.runs.worker.attempts import run, start
from tests.factories import make_actor

pytestmark = pytest.mark.django_db(transaction=True)

SKILL = """---
name: invoice-letter
description: "Write a letter for an invoice. Use when: somebody asks for one."
license: Proprietary. See LICENSE.txt
allowed-tools: Read Bash WebFetch
metadata:
  author: Ines Ferrer
  version: "1.0"
---
# Invoice letter

Read [the rules](references/rules.md). Then run `bash scripts/letter.sh <name>`, which fills in
`assets/letter.txt`.
"""
FILES = {
    "SKILL.md": SKILL,
    "LICENSE.txt": "All rights reserved.",
    "references/rules.md": "Names are written in capitals.",
    "scripts/letter.sh": (
        'cp assets/letter.txt outputs/letter.txt\npython scripts/fill.py outputs/letter.txt "$1"\n'
    ),
    "scripts/fill.py": (
        "import sys\nfrom pathlib import Path\nfrom helpers.capitals import capitals\n"
        "path = Path(sys.argv[1])\npath.write_text(path.read_text().replace('NAME', capitals(sys.argv[2])))\n"
        "print('written')\n"
    ),
    "scripts/helpers/capitals.py": "def capitals(text): return text.upper()\n",
    "assets/letter.txt": "Dear NAME, please pay.\n",
}
STEPS: list[tuple[str, dict[str, Any]]] = [
    ("workspace_fs_read", {"path": "references/rules.md"}),
    ("workspace_shell", {"command": 'bash scripts/letter.sh "$(cat inputs/materials/name.txt)"'}),
    ("artifact_commit", {"path": "outputs/letter.txt"}),
    ("final_answer", {"answer": "The letter is written."}),
]


def following(*steps: tuple[str, dict[str, Any]]) -> list[Answer]:
    """A model that makes these calls, one an answer."""
    return [
        Answer(events=chat_events(calls=((f"c{number}", name, json.dumps(given)),), finish="tool_calls"))
        for number, (name, given) in enumerate(steps)
    ]


def test_a_public_skill_is_imported_and_run_as_it_is(bench: Bench, settings: Settings, tmp_path: Path):
    for path, text in FILES.items():
        (tmp_path / "invoice-letter" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "invoice-letter" / path).write_text(text)
    call_command("import_skill", str(tmp_path / "invoice-letter"), stdout=io.StringIO())
    actor = make_actor()
    upload_file(
        caller=Caller(actor.principal), name="name.txt", content=io.BytesIO(b"Ines"), now=timezone.now()
    )

    with serving(*following(*STEPS)) as server:
        settings.MODELS = {"paid": models_entry(server.url)}
        execution, _ = start_execution(
            access=actor.access,
            slug="invoice-letter",
            inputs={"task": "A letter for the person in name.txt"},
            file_source_ids=["name.txt"],
            model="paid",
            now=timezone.now(),
        )
        ended = run(execution, bench)

    told = server.received[-1].body["messages"]
    assert (ended.state, ended.outputs) == ("succeeded", {"answer": "The letter is written."})
    assert "Names are written in capitals." in str(told)
    assert "are not here: WebFetch" in told[0]["content"]
    with open_blob(Artifact.objects.get(execution=ended).blob_id) as letter:
        assert letter.read() == b"Dear INES, please pay.\n"


def test_a_script_that_misses_a_module_says_how_it_is_added(bench: Bench):
    ended = run(start("import cv2"), bench)

    assert ended.error is not None
    assert "`uv add --group skills opencv-python-headless`" in ended.error["message"]
    assert ended.error["exit_status"] == 1
