"""What executions go through, as workers write it: for tests of whoever shows them."""

import io
import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from executions.actions.claim import claim
from executions.actions.dispatch import dispatch_tool_call
from executions.actions.leased import Progress, Usage, finish_failed, finish_succeeded, keep_results, record
from executions.models import Artifact, SkillExecution
from executions.runs.claims import called, one
from executions.runs.lease import Lease
from executions.runs.log import NewEvent
from spaces.blobs import store_blob
from spaces.ids import new_id
from tests.factories import NOW, Actor


def dispatch(
    actor: Actor, *, tool_call_id: str | None = "call_1", now: datetime = NOW, **fields: Any
) -> SkillExecution:
    """A queued execution of a tool call, of the skill `echo` unless the fields say otherwise."""
    fields = {"tool_name": "echo", "arguments": {"text": "hi"}, **fields}
    execution, _ = dispatch_tool_call(access=actor.access, tool_call_id=tool_call_id, now=now, **fields)
    return execution


def begin(execution: SkillExecution) -> Lease:
    """Let a worker have it; a sub-execution the worker of its caller."""
    wanted = called(execution.id) if execution.parent_id else one(execution.id)
    lease = claim(wanted, owner=uuid.uuid4(), now=NOW)
    assert lease is not None
    return lease


def succeed(execution: SkillExecution, outputs: dict[str, Any], *, now: datetime = NOW) -> SkillExecution:
    """Run it to these outputs."""
    return finish_succeeded(lease=begin(execution), outputs=outputs, now=now)


def fail(execution: SkillExecution, reason: str, message: str, *, now: datetime = NOW) -> SkillExecution:
    """Run it to this failure reason."""
    error = {"type": reason, "message": message}
    return finish_failed(lease=begin(execution), reason=reason, error=error, now=now)


def spend(lease: Lease, usage: Usage, *, events: Sequence[NewEvent] = ()) -> None:
    """One turn that used this much."""
    record(lease=lease, progress=Progress(events, [usage], 1))


def keep(
    lease: Lease,
    *,
    relpath: str = "outputs/chart.png",
    content: bytes,
    content_type: str = "image/png",
    archive: bytes | None = None,
) -> Artifact:
    """One artifact of a running execution, and its workspace's archive where there is one."""
    blob = store_blob(io.BytesIO(content), now=NOW)
    artifact = Artifact(
        execution_id=lease.run_id,
        relpath=relpath,
        document_type="chart",
        content_type=content_type,
        blob=blob,
        size_bytes=blob.size_bytes,
        created_at=NOW,
    )
    packed = None if archive is None else (new_id(), store_blob(io.BytesIO(archive), now=NOW).sha256)
    keep_results(lease=lease, artifacts=[artifact], archive=packed, now=NOW)
    return artifact
