"""Leased runs of prompt skills: a real row, lease, recorder and workspace."""

import io
import json
import time
import uuid
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from executions.actions.dispatch import start_execution
from executions.catalog.archive import Bundle, digest_files
from executions.catalog.importer import import_bundle
from executions.catalog.manifest import TOOLS, Manifest, parse_manifest
from executions.models import RunEvent
from executions.runner.recorder import Recorder
from executions.runner.run import CallOutcome, LeasedRun, SkillCall
from executions.runs.registry import begin_run
from executions.runs.worker.stop_signal import StopSignal
from executions.sandbox.workspace import SandboxWorkspace
from tests.factories import NOW, make_actor

ANSWER = {
    "type": "object",
    "properties": {"answer": {"type": "string", "minLength": 1}},
    "required": ["answer"],
    "additionalProperties": False,
}
type RunMaker = Callable[..., LeasedRun]

CITIES = b"city,people\nRome,3\nOslo,1\n"


STOCK = """---
name: ask
description: Answers a question about files.
allowed-tools: Read Write Bash WebFetch
---
Answer the question.
"""


def make_manifest(*, is_stock: bool = False, **metadata: Any) -> Manifest:
    """A prompt skill named `ask`; `metadata` replaces parts of its front matter's.

    A stock one says nothing of Callboard.
    """
    if is_stock:
        return parse_manifest(STOCK, folder="ask")
    front = {
        "name": "ask",
        "description": "Answers a question about files.",
        "metadata": {
            "version": "1.0.0",
            "kind": "prompt",
            "inputs": {"type": "object"},
            "outputs": ANSWER,
            "tools": sorted(TOOLS),
            **metadata,
        },
    }
    return parse_manifest(f"---\n{json.dumps(front)}\n---\nAnswer the question.\n", folder="ask")


def make_run(
    folder: Path,
    *,
    materials: Mapping[str, bytes] | None = None,
    model: str = "demo",
    permitted: frozenset[str] = TOOLS,
    budget_usd: Decimal | None = None,
    seconds: float = 30.0,
    bundle: Path | None = None,
    **metadata: Any,
) -> LeasedRun:
    """A run of the skill `ask` as a worker would hand it to the runner; its lease lasts 8 s.

    `bundle` is the skill's folder on disk, for what is in it beside its instructions.
    """
    manifest = make_manifest(**metadata)
    lease_id = _leased_execution(manifest)
    workspace = SandboxWorkspace.create(folder)
    staged = {"a.csv": CITIES} if materials is None else materials
    for name, content in staged.items():
        workspace.stage(name, io.BytesIO(content))
    stop = StopSignal()
    return LeasedRun(
        execution_id=lease_id.run_id,
        space_id=uuid.uuid4(),
        attempt=1,
        trace_id=uuid.uuid4().hex,
        inputs={"question": "Which city has most people?"},
        materials=tuple(staged),
        manifest=manifest,
        bundle=bundle or folder,
        workspace=workspace,
        model=model,
        tools=permitted & manifest.tools,
        budget_usd=budget_usd,
        deadline=time.monotonic() + seconds,
        recorder=Recorder(lease_id, stop),
        stop=stop,
        call_skill=_no_skill,
    )


def logged(run: LeasedRun) -> list[tuple[str, Any]]:
    """Kind and payload of every event of the run's log after its first two (queued, started)."""
    run.recorder.flush()
    rows = RunEvent.objects.filter(run_id=run.execution_id).order_by("seq")[2:]
    return [(row.kind, row.data) for row in rows]


def import_manifest(manifest: Manifest) -> None:
    """Its skill, for the whole deployment."""
    text = f"---\n{json.dumps(manifest.document)}\n---\n{manifest.instructions}\n"
    contents = {"SKILL.md": text.encode()}
    bundle = Bundle(manifest, contents, frozenset(), digest_files(contents, frozenset()))
    import_bundle(bundle=bundle, tenant_id=None, now=NOW)


def _leased_execution(manifest: Manifest) -> Any:
    actor = make_actor()
    import_manifest(manifest)
    execution, _ = start_execution(access=actor.access, slug=manifest.slug, inputs={}, now=NOW)
    lease = begin_run(kind="execution", run_id=execution.id, owner=uuid.uuid4(), now=NOW)
    assert lease is not None
    return lease


def _no_skill(call: SkillCall) -> CallOutcome:
    raise AssertionError(f"a prompt skill called {call.slug}")
