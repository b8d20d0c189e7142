"""What the strictest providers of chat completions refuse in a history."""

import json
import re
from collections.abc import Iterator
from typing import Any

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


def history_problem(body: dict[str, Any]) -> str | None:
    """Why a strict provider answers 400 to this request, None where it does not."""
    return next(_problems(body["messages"]), None)


def _problems(messages: list[dict[str, Any]]) -> Iterator[str]:
    if "\ufffd" not in json.dumps(messages) and re.search(r"\\ud[89ab]..(?!\\ud[c-f])", json.dumps(messages)):
        yield "half a surrogate pair"
    seen: set[str] = set()
    waiting: list[str] = []
    for message in messages:
        role = message["role"]
        if role == "tool":
            if message["tool_call_id"] not in waiting:
                yield f"a result for {message['tool_call_id']!r}, which does not wait for one"
            else:
                waiting.remove(message["tool_call_id"])
            continue
        if waiting:
            yield f"no result for {waiting}"
        calls = message.get("tool_calls") or []
        if role == "assistant" and not calls and not message.get("content"):
            yield "an assistant message without content"
        for call in calls:
            yield from _call_problems(call, seen)
            seen.add(call["id"])
            waiting.append(call["id"])
    if waiting:
        yield f"no result for {waiting}"


def _call_problems(call: dict[str, Any], seen: set[str]) -> Iterator[str]:
    if not call["id"] or call["id"] in seen:
        yield f"the id {call['id']!r} is empty or not unique"
    if not _NAME.fullmatch(call["function"]["name"]):
        yield f"{call['function']['name']!r} is no name of a function"
    try:
        arguments = json.loads(call["function"]["arguments"], parse_constant=_refuse)
    except ValueError:
        yield f"the arguments of {call['id']!r} are no JSON"
    else:
        if not isinstance(arguments, dict):
            yield f"the arguments of {call['id']!r} are no object"


def _refuse(constant: str) -> None:
    raise ValueError(constant)
