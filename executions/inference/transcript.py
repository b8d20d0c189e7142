"""Messages in the model library's own JSON: the only form in which a history is kept."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

import orjson
from pydantic_ai.messages import (
    BinaryContent,
    ModelMessage,
    ModelMessagesTypeAdapter,
    ModelRequest,
    ModelResponse,
    ToolReturnPart,
    UserPromptPart,
)

from executions.inference.interface import Json, Message, ToolRequest
from executions.inference.media import Mixed, line_of


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
    """The library's messages, the instructions put on the newest request.

    Raises ValueError if a message is not in the library's format.
    """
    loaded = ModelMessagesTypeAdapter.validate_json(orjson.dumps(list(messages)))
    for index in reversed(range(len(loaded))):
        message = loaded[index]
        if isinstance(message, ModelRequest):
            loaded[index] = replace(message, instructions=instructions)
            break
    return loaded


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
