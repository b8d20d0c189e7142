"""Carrying out a tool call as a skill execution of the space."""

import json
from datetime import datetime
from typing import Any

from executions.actions.creation import Order
from executions.actions.dispatch import place_order
from executions.models import Artifact, SkillExecution, Source
from objectives.ids import Prefix, spell
from objectives.lifecycles.objectives import EXECUTION_ENDED
from objectives.models import CallError, ToolCall
from objectives.planning.plan import Offered
from objectives.planning.skills import SKILL_FILES
from objectives.tool_results.outcome import Draft, Media, Outcome, Started, Text
from spaces.errors import DomainError, Invalid
from spaces.idempotency import digest_request
from spaces.models import Space

MOST_ARTIFACTS = 20  # of an execution that become blocks of the result


def dispatch_skill(call: ToolCall, offered: Offered, *, now: datetime) -> Started:
    """Make the execution of a locked call, in the caller's transaction; the call's `run_id` says which.

    Its `chat_tool_call_id` is the call's public id, by which it is found in the space API while it runs. The
    call id makes it unique: a second dispatch of one call finds the first.
    """
    inputs, files = _split(call)
    call_id = spell(Prefix.TOOL_CALL, call.id)
    order = Order(
        space_id=call.space_id,
        tenant_id=Space.objects.values_list("tenant_id", flat=True).get(pk=call.space_id),
        principal_id=call.created_by_id,
        source=Source.OBJECTIVE,
        inputs=inputs,
        file_source_ids=files,
        chat_thread_id=spell(Prefix.OBJECTIVE, call.objective_id),
        chat_tool_call_id=call_id,
        request_digest=digest_request(offered.ref, inputs),
        continuation=(EXECUTION_ENDED, call.id),
    )
    try:
        execution, _ = place_order(order, offered.ref, inputs_name="arguments", now=now)
    except Invalid as invalid:
        return Started(outcome=Outcome.failed(CallError.INVALID_ARGUMENTS, invalid.message))
    except DomainError as error:
        return Started(outcome=Outcome.failed(CallError.SUB_RUN_FAILED, error.message))
    call.run_id, call.skill_slug = execution.id, offered.ref
    call.save(update_fields=["run_id", "skill_slug"])
    return Started()


def outcome_of_execution(execution: SkillExecution) -> Outcome:
    """What came of an execution that is over: outputs as text, pictures and sounds, other files by name."""
    if execution.outputs is None:
        error: dict[str, Any] = execution.error or {}
        reason = error.get("message") or execution.failure_reason or f"It was {execution.state}."
        return Outcome.failed(CallError.SUB_RUN_FAILED, f"The skill ended without outputs: {reason}")
    drafts: list[Draft] = [Text(json.dumps(execution.outputs, ensure_ascii=False))]
    others: list[str] = []
    artifacts = Artifact.objects.filter(execution=execution).select_related("blob")
    for artifact in artifacts.order_by("created_at", "id")[:MOST_ARTIFACTS]:
        kind = artifact.content_type.partition("/")[0]
        if kind == "image" and artifact.content_type != "image/svg+xml":
            drafts.append(_media("image", artifact))
        elif kind == "audio":
            drafts.append(_media("audio", artifact))
        else:
            others.append(f"{artifact.relpath} ({artifact.size_bytes} bytes, artifact {artifact.id})")
    if others:
        drafts.append(Text("Files: " + ", ".join(others)))
    return Outcome(drafts)


def _split(call: ToolCall) -> tuple[dict[str, Any], list[str]]:
    """The skill's own inputs, and the names of files that our schema offers beside them."""
    inputs = dict(call.arguments)
    files = inputs.pop(SKILL_FILES, None) or []
    return inputs, [str(name) for name in files]


def _media(kind: Any, artifact: Artifact) -> Media:
    return Media(kind, artifact.blob_id, artifact.content_type, artifact.size_bytes)
