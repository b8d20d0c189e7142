"""Messages in the model library's own JSON: the only form in which a history is kept."""

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, cast

import orjson
from pydantic_ai.messages import (
    BinaryContent,
    ModelMessage,
    ModelMessagesTypeAdapter,
    ModelRequest,
    ModelRequestPart,
    ModelResponse,
    ModelResponsePart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)

from executions.inference.arguments import read_arguments
from executions.inference.interface import Json, Message, ToolRequest
from executions.inference.media import Mixed, line_of
from executions.inference.tool_names import acceptable_name
from executions.postgres_text import storable


def user_message(text: str) -> Message:
    """What a person, or the system on a person's behalf, says to the model."""
    return dump(ModelRequest(parts=[UserPromptPart(content=text)]))


def tool_message(results: Sequence[tuple[ToolRequest, Json | Mixed, bool]]) -> Message:
    """The results of one response's calls, all of them: (call, JSON or mixed content, is it an error)."""
    return dump(
        ModelRequest(
            parts=[
                ToolReturnPart(
                    tool_name=call.wire_name,
                    content=content.lines() if isinstance(content, Mixed) else content,
                    tool_call_id=call.call_id,
                    metadata=content.metadata() if isinstance(content, Mixed) else None,
                    outcome="failed" if is_error else "success",
                )
                for call, content, is_error in results
            ]
        )
    )


def dump(message: ModelMessage) -> Message:
    """One message as JSON values."""
    return cast(Message, ModelMessagesTypeAdapter.dump_python([message], mode="json")[0])


def load(messages: Sequence[Message], *, instructions: str) -> list[ModelMessage]:
    """The library's messages as strict providers take them, the instructions put on the newest request.

    Raises ValueError if a message is not in the library's format.
    """
    loaded = ModelMessagesTypeAdapter.validate_json(_written(messages))
    for index in reversed(range(len(loaded))):
        message = loaded[index]
        if isinstance(message, ModelRequest):
            loaded[index] = replace(message, instructions=instructions)
            break
    return [_acceptable(message) for message in loaded]


def _written(messages: Sequence[Message]) -> bytes | str:
    """The messages as JSON: orjson knows no integer of more than 64 bits, as tools may give."""
    try:
        return orjson.dumps(list(messages))
    except TypeError:
        return json.dumps(list(messages))


def _acceptable(message: ModelMessage) -> ModelMessage:
    """What is kept as the model wrote it may be more than a provider takes back."""
    if isinstance(message, ModelResponse):
        return replace(message, parts=[_acceptable_part(part) for part in message.parts])
    return replace(message, parts=[_acceptable_part(part) for part in message.parts])


def _acceptable_part[Part: (ModelRequestPart, ModelResponsePart)](part: Part) -> Part:
    if isinstance(part, ToolCallPart):
        name, arguments = acceptable_name(part.tool_name), _strict_arguments(part.args)
        return replace(part, tool_name=name, args=arguments)  # type: ignore[arg-type]
    if isinstance(part, ToolReturnPart):
        return replace(part, tool_name=acceptable_name(part.tool_name))  # type: ignore[arg-type]
    return part


def _strict_arguments(arguments: Any) -> Any:
    """Arguments that any reader of JSON takes: Python's own also reads NaN and half a surrogate pair."""
    if not isinstance(arguments, str):
        return arguments
    try:
        orjson.loads(arguments)
    except ValueError:
        with suppress(ValueError):
            return storable(read_arguments(arguments))
    return arguments


def responses_before(messages: Sequence[ModelMessage]) -> int:
    """How many responses the model has given so far."""
    return sum(isinstance(message, ModelResponse) for message in messages)


def results_so_far(messages: Sequence[ModelMessage]) -> list[Any]:
    """What every tool has returned, in the order of the calls; an error as `{"error": …}`.

    A text that is a JSON object or array is that value: tools that are not ours answer in texts. Media are
    lines of text.
    """
    return [
        _value(part.content) if part.outcome == "success" else {"error": part.content}
        for message in messages
        if isinstance(message, ModelRequest)
        for part in message.parts
        if isinstance(part, ToolReturnPart)
    ]


def media_given(messages: Sequence[ModelMessage]) -> list[str]:
    """The type of every picture and sound in the results, in order."""
    return [
        file.media_type
        for message in messages
        if isinstance(message, ModelRequest)
        for part in message.parts
        if isinstance(part, ToolReturnPart)
        for file in part.files
        if isinstance(file, BinaryContent)
    ]


def _value(content: Any) -> Any:
    if isinstance(content, list) and any(isinstance(item, BinaryContent) for item in content):
        return "\n".join(map(_line, content))
    if not isinstance(content, str) or not content.lstrip().startswith(("{", "[")):
        return content
    try:
        return orjson.loads(content)
    except ValueError:
        return content


def _line(item: Any) -> str:
    if isinstance(item, BinaryContent):
        return line_of(item.media_type.partition("/")[0], item.media_type, len(item.data))
    return str(item)


def newest_user_text(messages: Sequence[ModelMessage]) -> str:
    """The last thing said to the model that was text, or an empty text."""
    for message in reversed(messages):
        for part in reversed(message.parts):
            if isinstance(part, UserPromptPart) and isinstance(part.content, str):
                return part.content
    return ""
