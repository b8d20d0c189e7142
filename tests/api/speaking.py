"""Requests to a space as one actor, and executions in each state to ask about."""

import io
import json
import uuid
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from django.http import HttpResponse
from django.test import Client

from executions.actions.running import (
    Progress,
    Usage,
    begin_attempt,
    begin_called_attempt,
    finish_failed,
    finish_succeeded,
    keep_results,
    record,
)
from executions.actions.starting import dispatch_tool_call
from executions.models import Artifact, SkillExecution
from executions.runlog.lease import Lease
from spaces.blobs import store_blob
from spaces.ids import new_id
from tests.factories import NOW, Actor

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 40


@dataclass
class Api:
    """One actor's client; paths are below the actor's space unless they begin with /."""

    actor: Actor
    client: Client = field(default_factory=Client)

    def url(self, path: str) -> str:
        return path if path.startswith("/") else f"/v1/spaces/{self.actor.space.id}/{path}"

    def get(self, path: str, **headers: str) -> HttpResponse:
        return self.client.get(self.url(path), headers={**self.actor.headers, **_named(headers)})

    def post(self, path: str, body: Any = None, **headers: str) -> HttpResponse:
        content = body if isinstance(body, bytes) else json.dumps(body if body is not None else {}).encode()
        return self.client.generic(
            "POST",
            self.url(path),
            content,
            content_type="application/json",
            headers={**self.actor.headers, **_named(headers)},
        )

    def lookup(self, tool_call_id: str, query: str = "") -> HttpResponse:
        return self.get(f"skills/executions/by-chat-tool-call/{quote(tool_call_id, safe='')}{query}")


def _named(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


def body_of(response: HttpResponse) -> bytes:
    """The whole content, of a streamed answer too."""
    return b"".join(response.streaming_content) if response.streaming else response.content


def problems(response: HttpResponse) -> list[tuple[list[Any], str]]:
    """Where and what is wrong, of a 422."""
    assert response.status_code == 422, response.content
    return [(problem["loc"], problem["type"]) for problem in response.json()["detail"]]


def make_execution(
    actor: Actor, *, tool_call_id: str = "call_1", now: Any = NOW, **fields: Any
) -> SkillExecution:
    """A dispatched execution of the skill `echo`, queued."""
    fields = {"tool_name": "echo", "arguments": {"text": "hi"}, **fields}
    execution, _ = dispatch_tool_call(access=actor.access, tool_call_id=tool_call_id, now=now, **fields)
    return execution


def run(execution: SkillExecution) -> Lease:
    """Let a worker have it; a sub-execution the worker of its caller."""
    begin = begin_called_attempt if execution.parent_id else begin_attempt
    lease = begin(run_id=execution.id, owner=uuid.uuid4(), now=NOW)
    assert lease is not None
    return lease


def spend(lease: Lease, *, cost: str = "0.25") -> None:
    usage = Usage(model="m", input_tokens=10, output_tokens=5, cost_usd=Decimal(cost))
    record(lease=lease, progress=Progress(events=[], usages=[usage], iterations=1))


def succeed(execution: SkillExecution, **outputs: Any) -> SkillExecution:
    return finish_succeeded(lease=run(execution), outputs=outputs, now=NOW)


def fail(execution: SkillExecution) -> SkillExecution:
    error = {"type": "skill_error", "message": "It broke."}
    return finish_failed(lease=run(execution), reason="skill_error", error=error, now=NOW)


def keep(
    lease: Lease, *, relpath: str = "outputs/chart.png", content: bytes = PNG, content_type: str = "image/png"
) -> Artifact:
    """One artifact, and a workspace archive, of a running execution."""
    blob = store_blob(io.BytesIO(content), now=NOW)
    archive = store_blob(io.BytesIO(b"the workspace, packed"), now=NOW)
    artifact = Artifact(
        id=new_id(),
        execution_id=lease.run_id,
        relpath=relpath,
        document_type="chart",
        content_type=content_type,
        blob=blob,
        size_bytes=len(content),
        created_at=NOW,
    )
    keep_results(lease=lease, artifacts=[artifact], archive=(new_id(), archive.sha256), now=NOW)
    return artifact
