"""What Google and AWS put on the wire: Gemini's streamed JSON, and Bedrock's binary event stream."""

import binascii
import json
import struct
from typing import Any

from tests.executions.inference.provider_server import Answer

BEDROCK_STREAM = "application/vnd.amazon.eventstream"
GEMINI_USAGE: dict[str, Any] = {
    "promptTokenCount": 120,
    "candidatesTokenCount": 25,
    "thoughtsTokenCount": 5,
    "cachedContentTokenCount": 20,
    "totalTokenCount": 150,
}
BEDROCK_USAGE: dict[str, Any] = {
    "inputTokens": 100,
    "outputTokens": 30,
    "totalTokens": 150,
    "cacheReadInputTokens": 20,
}


def gemini_events(
    *pieces: str,
    calls: tuple[tuple[str, dict[str, Any]], ...] = (),
    thought: str | None = None,
    finish: str | None = "STOP",
    usage: dict[str, Any] | None = GEMINI_USAGE,
) -> tuple[str, ...]:
    """`:streamGenerateContent?alt=sse`: a thought, text, then calls (name, arguments), then the end."""
    parts: list[dict[str, Any]] = [{"text": thought, "thought": True}] if thought else []
    parts += [{"text": piece} for piece in pieces]
    for name, arguments in calls:
        parts.append({"functionCall": {"name": name, "args": arguments}, "thoughtSignature": "c2ln"})
    bodies = [_candidate({"content": {"role": "model", "parts": [part]}}) for part in parts]
    last: dict[str, Any] = {"content": {"role": "model", "parts": [{"text": ""}]}}
    if finish is not None:
        bodies.append(_candidate({**last, "finishReason": finish}))
    if usage is not None:
        bodies[-1]["usageMetadata"] = usage
    return tuple(f"data: {json.dumps(body)}\r\n\r\n" for body in bodies)


def _candidate(candidate: dict[str, Any]) -> dict[str, Any]:
    return {
        "candidates": [{"index": 0, **candidate}],
        "modelVersion": "gemini-2.5-flash-001",
        "responseId": "r-7",
    }


def google_error(code: int, status: str, message: str) -> dict[str, Any]:
    """An error as Google's APIs write it."""
    return {"error": {"code": code, "message": message, "status": status}}


def bedrock_events(
    *pieces: str,
    calls: tuple[tuple[str, str, str], ...] = (),
    stop: str | None = "end_turn",
    usage: dict[str, Any] | None = BEDROCK_USAGE,
) -> tuple[bytes, ...]:
    """ConverseStream: text, then calls (id, name, arguments in two halves), then the end."""
    events = [frame("messageStart", {"role": "assistant"})]
    texts = [{"contentBlockIndex": 0, "delta": {"text": piece}} for piece in pieces]
    events += [frame("contentBlockDelta", text) for text in texts]
    if pieces:
        events.append(frame("contentBlockStop", {"contentBlockIndex": 0}))
    for index, (call_id, name, arguments) in enumerate(calls, start=1):
        start = {"toolUse": {"toolUseId": call_id, "name": name}}
        events.append(frame("contentBlockStart", {"contentBlockIndex": index, "start": start}))
        half = len(arguments) // 2
        for part in (arguments[:half], arguments[half:]):
            delta = {"toolUse": {"input": part}}
            events.append(frame("contentBlockDelta", {"contentBlockIndex": index, "delta": delta}))
        events.append(frame("contentBlockStop", {"contentBlockIndex": index}))
    if stop is not None:
        events.append(frame("messageStop", {"stopReason": stop}))
    if usage is not None:
        events.append(frame("metadata", {"usage": usage, "metrics": {"latencyMs": 7}}))
    return tuple(events)


def bedrock_answer(*pieces: str, ending: str = "end", **events: Any) -> Answer:
    """An answer of Bedrock's, which fills what it holds open with empty text."""
    filler = frame("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": ""}})
    made = bedrock_events(*pieces, **events)
    return Answer(events=made, media_type=BEDROCK_STREAM, ending=ending, filler=filler)


def frame(kind: str, body: dict[str, Any], *, is_exception: bool = False) -> bytes:
    """One message of `application/vnd.amazon.eventstream`: prelude, headers, payload, each with its CRC."""
    sort = "exception" if is_exception else "event"
    named = {f":{sort}-type": kind, ":content-type": "application/json", ":message-type": sort}
    headers = b"".join(_header(name, value) for name, value in named.items())
    payload = json.dumps(body).encode()
    prelude = struct.pack(">II", len(headers) + len(payload) + 16, len(headers))
    message = prelude + struct.pack(">I", binascii.crc32(prelude)) + headers + payload
    return message + struct.pack(">I", binascii.crc32(message))


def _header(name: str, value: str) -> bytes:
    text = 7  # the number of the type
    return struct.pack(f">B{len(name)}sBH", len(name), name.encode(), text, len(value)) + value.encode()
