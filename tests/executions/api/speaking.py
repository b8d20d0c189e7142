"""Requests to a space as one actor, and executions in each state to ask about."""

import json
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from django.http import HttpResponse
from django.test import Client

from executions.actions.leased import Usage
from executions.models import Artifact, SkillExecution
from executions.runs.lease import Lease
from tests import histories
from tests.factories import Actor

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


def make_execution(actor: Actor, **fields: Any) -> SkillExecution:
    """A dispatched execution of the skill `echo`, queued."""
    return histories.dispatch(actor, **fields)


def run(execution: SkillExecution) -> Lease:
    """Let a worker have it."""
    return histories.begin(execution)


def spend(lease: Lease, *, cost: str = "0.25") -> None:
    usage = Usage(model="m", input_tokens=10, output_tokens=5, cost_usd=Decimal(cost))
    histories.spend(lease, usage)


def succeed(execution: SkillExecution, **outputs: Any) -> SkillExecution:
    return histories.succeed(execution, outputs)


def fail(execution: SkillExecution) -> SkillExecution:
    return histories.fail(execution, "skill_error", "It broke.")


def keep(lease: Lease, *, content: bytes = PNG, **file: str) -> Artifact:
    """One artifact, and a workspace archive, of a running execution."""
    return histories.keep(lease, content=content, archive=b"the workspace, packed", **file)
