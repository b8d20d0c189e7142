"""Chat completions as servers really send them: made by hand after public reports, byte by byte."""

import json
from typing import Any

FINAL_USAGE = {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}


def stream(
    *deltas: Any,
    finish: object = "stop",
    usage: Any = FINAL_USAGE,
    usages: tuple[Any, ...] = (),
    done: bool = True,
) -> bytes:
    """A whole stream: a chunk for each delta, each with its own of `usages`, then the end.

    `finish` and `usage` None leave their chunks out. Halves of surrogate pairs are escaped, as JSON allows.
    """
    chunks: list[dict[str, Any]] = [_chunk(delta) for delta in deltas]
    for chunk, counted in zip(chunks, usages, strict=False):
        chunk["usage"] = counted
    if finish is not None:
        chunks.append(_chunk({}, finish))
    if usage is not None:
        chunks.append({**_chunk({}), "choices": [], "usage": usage})
    events = "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks)
    return (events + ("data: [DONE]\n\n" if done else "")).encode()


def text(content: str) -> dict[str, Any]:
    return {"role": "assistant", "content": content}


def call(**fields: Any) -> dict[str, Any]:
    """A piece of a call; `name` and `arguments` are its function's, left out where not given."""
    function = {key: fields.pop(key) for key in ("name", "arguments") if key in fields}
    return {"type": "function", "function": function, **fields}


def calls(*pieces: dict[str, Any]) -> dict[str, Any]:
    """The delta that brings these pieces."""
    return {"tool_calls": list(pieces)}


def _chunk(delta: Any, finish: object = None) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return {
        "id": "c1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "odd-model",
        "choices": [choice],
    }
