"""From the library's response to our reply."""

import json
from collections.abc import Mapping
from typing import Any

import pydantic_ai
from pydantic_ai.messages import ModelResponse, TextPart, ThinkingPart, ToolCallPart

from executions.inference import transcript
from executions.inference.arguments import read_arguments
from executions.inference.choices import ModelChoice
from executions.inference.interface import ModelReply, Spending, ToolRequest
from executions.inference.tool_names import FINAL_ANSWER


def reply_of(
    response: ModelResponse,
    *,
    names: Mapping[str, str],
    may_end: bool,
    choice: ModelChoice,
    spending: Spending,
) -> ModelReply:
    """`names` maps the names of tools at the provider back to ours; `response` is a sound one.

    `may_end` is whether a final answer was asked for: else a call of it is one of a tool that there is not.
    """
    calls = [_tool_request(part, names) for part in response.parts if isinstance(part, ToolCallPart)]
    answers = [call for call in calls if may_end and call.wire_name == FINAL_ANSWER]
    thoughts = [part.content for part in response.parts if isinstance(part, ThinkingPart)]
    return ModelReply(
        text="".join(part.content for part in response.parts if isinstance(part, TextPart)),
        thinking="\n".join(thoughts) or None,
        # Every call but the accepted answer gets a result, a second answer too: providers insist.
        tool_calls=tuple(call for call in calls if call not in answers[:1]),
        answer=answers[0] if answers else None,
        spending=spending,
        model_name=response.model_name or choice.name,
        provider=response.provider_name or choice.provider,
        finish_reason=response.finish_reason or "stop",
        raw=transcript.dump(response),
        library_version=f"pydantic-ai {pydantic_ai.__version__}",
    )


def _tool_request(part: ToolCallPart, names: Mapping[str, str]) -> ToolRequest:
    raw = part.args if isinstance(part.args, str) else json.dumps(part.args or {})
    return ToolRequest(
        call_id=part.tool_call_id,
        name=names.get(part.tool_name, part.tool_name),
        wire_name=part.tool_name,
        arguments=_json_object(raw),
        raw_arguments=raw,
    )


def _json_object(text: str) -> dict[str, Any] | None:
    try:
        value = read_arguments(text)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
