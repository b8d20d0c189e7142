"""What fills an objective's newest context window, in characters."""

import json
from typing import Any

from objectives.models import ContextWindow, ExecutionStatus, Objective, Step, ToolCall, UserMessage
from objectives.planning.plan import Plan
from objectives.schemas.history import ContextLengths, Diagnostics
from objectives.tool_results.blocks import tell_model


def diagnose(objective: Objective) -> Diagnostics:
    """Characters by kind, and the tokens of the newest request."""
    window = ContextWindow.objects.filter(objective=objective).latest("sequence")
    steps = list(Step.objects.filter(window=window).order_by("turn"))
    messages = UserMessage.objects.filter(window=window).values_list("content", flat=True)
    done = ToolCall.objects.filter(step__window=window, execution=ExecutionStatus.COMPLETED)
    offered = Plan.read(objective.plan).offered
    newest = steps[-1] if steps else None
    return Diagnostics(
        context_lengths=ContextLengths(
            system_prompt=len(objective.system_prompt),
            available_tools=sum(len(one.function) + len(one.description) for one in offered),
            tool_definitions=sum(len(json.dumps(one.parameters)) for one in offered),
            user_messages=sum(map(len, messages)),
            assistant_messages=sum(_said(step.response) for step in steps),
            tool_results=sum(len(str(tell_model(call.result or []))) for call in done),
        ),
        input_tokens=newest.input_tokens if newest else 0,
        cached_input_tokens=newest.cache_read_tokens if newest else 0,
    )


def _said(response: Any) -> int:
    """Characters of what a response says and calls, its provider's wrapping left out."""
    return sum(len(str(part.get("content") or part.get("args") or "")) for part in response.get("parts", []))
