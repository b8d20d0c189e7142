"""What a provider answered, made sound, and our reply of it: behind this nobody knows providers' oddities.

Ids of calls are there, unique in the conversation and can be stored; names are such as providers take;
arguments are the JSON that the model meant; no text holds half a character; and why it ended is one of a few
reasons. What is sound stays as the provider sent it, and is what it gets back.
"""

import json
import re
import secrets
import string
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

import pydantic_ai
from pydantic_ai.messages import (
    FinishReason,
    ModelMessage,
    ModelResponse,
    ModelResponsePart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
)

from executions.inference import transcript
from executions.inference.arguments import read_arguments
from executions.inference.characters import whole
from executions.inference.choices import ModelChoice
from executions.inference.interface import ModelReply, Spending, ToolRequest
from executions.inference.tool_names import FINAL_ANSWER

CUT_SHORT = frozenset({"length", "error"})
"""The reasons of answers that are not whole: of a call that they ask for nobody knows whether it is."""

SEND_AGAIN = (
    "The answer was cut off before it was complete, so this call was not made: its arguments may not be "
    "whole. Send it again, shorter if need be."
)
"""What the model is told of such a call."""

_UNSOUND_ID = re.compile("[\x00\ud800-\udfff]")
# Nine letters and digits are what even the strictest provider (Mistral) takes.
_ID_CHARACTERS, _ID_LENGTH = string.ascii_letters + string.digits, 9
_MOST_ENCODED = 3  # how often arguments may have been written as JSON in a text of JSON
# What a provider calls the end of an answer, in the few words that the rest of Callboard knows.
_WORDS: Final[dict[FinishReason, set[str]]] = {
    "length": {
        "length",
        "max_tokens",
        "max_output_tokens",
        "max_new_tokens",
        "model_length",
        "token_limit",
        "model_context_window_exceeded",
    },
    "content_filter": {
        "content_filter",
        "content_filtered",
        "guardrail_intervened",
        "refusal",
        "safety",
        "sensitive",
    },
    "tool_call": {"tool_call", "tool_calls", "tool_use", "function_call"},
    "error": {"error", "insufficient_system_resource", "malformed_function_call", "network_error"},
}
_ENDINGS: Final = {word: ending for ending, words in _WORDS.items() for word in words}


def sound(response: ModelResponse, *, asked: Iterable[ModelMessage]) -> ModelResponse:
    """The response as it is to be kept; `asked` are the messages that it answers."""
    taken = {
        part.tool_call_id
        for message in asked
        if isinstance(message, ModelResponse)
        for part in message.parts
        if isinstance(part, ToolCallPart)
    }
    parts = [_sound_part(part, taken) for part in response.parts]
    reason = response.finish_reason or ending_of(_said(response))
    return replace(response, parts=parts, finish_reason=reason)


def is_cut_off(response: ModelResponse) -> bool:
    """True where the provider's stream ended before the answer did.

    Any reason that the provider gives ends an answer. Some servers of chat completions give none, and the
    library says "stop" for them: that they say what it cost shows that they were done.
    """
    if _said(response):
        return False
    if response.state != "complete" or response.finish_reason is None:
        return True
    return bool(response.usage.unmeasured_requests)


def is_empty(response: ModelResponse) -> bool:
    """True for an answer that says nothing and asks for nothing."""
    return not any(
        isinstance(part, ToolCallPart) or (isinstance(part, TextPart) and part.content.strip())
        for part in response.parts
    )


def _said(response: ModelResponse) -> object:
    """Why an answer ended, in its provider's own word."""
    return (response.provider_details or {}).get("finish_reason")


def _sound_part(part: ModelResponsePart, taken: set[str]) -> ModelResponsePart:
    if isinstance(part, TextPart | ThinkingPart):
        content = whole(part.content)
        return part if content == part.content else replace(part, content=content)
    if isinstance(part, ToolCallPart):
        call_id = _sound_id(part.tool_call_id, taken)
        taken.add(call_id)
        name, arguments = whole(part.tool_name), _sound_arguments(part.args)
        # The library's subclasses of it fix the name of their tool in its type.
        return replace(part, tool_call_id=call_id, tool_name=name, args=arguments)  # type: ignore[arg-type]
    return part


def _sound_id(call_id: str, taken: Collection[str]) -> str:
    """The provider's own id, or one of ours where it cannot be kept or stands for another call."""
    if call_id.strip() and not _UNSOUND_ID.search(call_id) and call_id not in taken:
        return call_id
    return "".join(secrets.choice(_ID_CHARACTERS) for _ in range(_ID_LENGTH))


def _unprefixed(written: str) -> str:
    """Without the empty object that some gateways open every call's arguments with."""
    rest = written.removeprefix("{}").lstrip()
    return rest if rest.startswith("{") else written


def _sound_arguments(arguments: Any) -> Any:
    """Arguments as the model meant them: those written as JSON in a text of JSON are taken out of it."""
    if not isinstance(arguments, str):
        return arguments
    written = _unprefixed(whole(arguments).strip())
    for _ in range(_MOST_ENCODED):
        try:
            value = read_arguments(written)
        except ValueError:
            return arguments
        if not isinstance(value, str):
            break
        written = value
    if value is None:
        return "{}"  # as for none at all
    return written if isinstance(value, dict) else whole(arguments)


def ending_of(said: object) -> FinishReason:
    """The ending that a provider's word means; one that nobody knows is the end of a whole answer."""
    return _ENDINGS.get(str(said).strip().lower(), "stop")


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
