"""What two providers put on the wire: OpenAI's chat completions and Anthropic's messages, streamed."""

import json
from typing import Any

USAGE: dict[str, Any] = {
    "prompt_tokens": 120,
    "completion_tokens": 30,
    "total_tokens": 150,
    "prompt_tokens_details": {"cached_tokens": 20},
    "completion_tokens_details": {"reasoning_tokens": 5},
}


def chat_events(
    *pieces: str,
    calls: tuple[tuple[str, str, str], ...] = (),
    finish: str | None = "stop",
    usage: dict[str, Any] | None = USAGE,
    done: bool = True,
) -> tuple[str, ...]:
    """A chat completion in chunks: text, then calls (id, name, arguments in two halves), then the end."""
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": piece} for piece in pieces]
    for index, (call_id, name, arguments) in enumerate(calls):
        half = len(arguments) // 2
        start = {"name": name, "arguments": arguments[:half]}
        deltas.append(
            {"tool_calls": [{"index": index, "id": call_id, "type": "function", "function": start}]}
        )
        deltas.append({"tool_calls": [{"index": index, "function": {"arguments": arguments[half:]}}]})
    choices: list[dict[str, Any]] = [{"index": 0, "delta": delta, "finish_reason": None} for delta in deltas]
    if finish is not None:
        choices.append({"index": 0, "delta": {}, "finish_reason": finish})
    bodies = [_chunk([choice]) for choice in choices]
    if usage is not None:
        bodies.append({**_chunk([]), "usage": usage})
    events = tuple(f"data: {json.dumps(body)}\n\n" for body in bodies)
    return (*events, "data: [DONE]\n\n") if done else events


def _chunk(choices: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "id": "chatcmpl-7",
        "object": "chat.completion.chunk",
        "created": 1795000000,
        "model": "small-model-2026",
        "choices": choices,
    }


def message_events(
    text: str,
    *,
    call: tuple[str, str, str] | None = None,
    complete: bool = True,
    stop_reason: str | None = None,
) -> tuple[str, ...]:
    """An Anthropic message: thinking with a signature, text, perhaps one call, then the end.

    `stop_reason` is another one than the usual.
    """
    start: dict[str, Any] = {
        "type": "message",
        "id": "msg_9",
        "role": "assistant",
        "model": "claude-sonnet-4-6",
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {"input_tokens": 50, "cache_read_input_tokens": 40, "output_tokens": 1},
    }
    events: list[dict[str, Any]] = [
        {"type": "message_start", "message": start},
        *_block(
            0,
            {"type": "thinking", "thinking": "", "signature": ""},
            {"type": "thinking_delta", "thinking": "Hm."},
            {"type": "signature_delta", "signature": "c2ln"},
        ),
        *_block(1, {"type": "text", "text": ""}, {"type": "text_delta", "text": text}),
    ]
    if call is not None:
        call_id, name, arguments = call
        block = {"type": "tool_use", "id": call_id, "name": name, "input": {}}
        events += _block(2, block, {"type": "input_json_delta", "partial_json": arguments})
    if complete:
        reason = stop_reason or ("tool_use" if call else "end_turn")
        usage = {"input_tokens": 50, "cache_read_input_tokens": 40, "output_tokens": 25}
        events.append({"type": "message_delta", "delta": {"stop_reason": reason}, "usage": usage})
        events.append({"type": "message_stop"})
    return tuple(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events)


def _block(index: int, block: dict[str, Any], *deltas: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"type": "content_block_start", "index": index, "content_block": block},
        *({"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas),
        {"type": "content_block_stop", "index": index},
    ]
