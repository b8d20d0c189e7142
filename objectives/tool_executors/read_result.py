"""Carrying out a call that reads on in a result of the same objective."""

import re
import uuid
from typing import Any

from objectives.ids import Json, Prefix, read
from objectives.models import CallError, ResultMedia, ToolCall
from objectives.planning.plan import Offered
from objectives.planning.skills import SKILL_VERSION
from objectives.tool_executors.read_skill import read_skill
from objectives.tool_results.outcome import PLAIN, Outcome, Text
from spaces.blobs import open_blob

AROUND = 120  # characters on either side of a place that is found
MOST_PLACES = 20
NO_RESULT = "Result not found in this conversation."
LOST = "The full result is no longer stored."


def read_on(call: ToolCall, offered: Offered) -> Outcome:
    """A part of a result's text, or where it holds another text; never more than the plan lets one read.

    A call of a skill that is read gives of that.
    """
    if SKILL_VERSION in offered.config:
        return read_skill(call, offered)
    wanted: Json = call.arguments
    block = _block(call, wanted)
    if block is None:
        return Outcome.failed(CallError.INVALID_ARGUMENTS, NO_RESULT)
    if block.get("mime_type", PLAIN) != PLAIN:
        message = f"That is a file which cannot be read as text: {block['text']}"
        return Outcome.failed(CallError.INVALID_ARGUMENTS, message)
    try:
        text = _whole(block)
    except (FileNotFoundError, ResultMedia.DoesNotExist):
        return Outcome.failed(CallError.TOOL_ERROR, LOST)
    most, offset = int(offered.config["most"]), int(wanted.get("offset") or 0)
    if search := str(wanted.get("search") or ""):
        return Outcome([Text(_places(text, search, offset, most))])
    return Outcome([Text(_part(text, offset, min(int(wanted.get("length") or most), most)))])


def _block(call: ToolCall, wanted: Json) -> dict[str, Any] | None:
    """The text block that is meant: the one named, else the first that was cut, else the first."""
    call_id = read(Prefix.TOOL_CALL, str(wanted.get("tool_call_id", "")))
    if call_id is None:
        return None
    found = ToolCall.objects.filter(pk=call_id, objective_id=call.objective_id).only("result").first()
    blocks = [] if found is None or found.result is None else found.result
    if "block" in wanted:
        blocks = blocks[int(wanted["block"]) :][:1]
    texts = [block for block in blocks if block["type"] == "text"]
    return next((one for one in texts if "whole_id" in one), texts[0] if texts else None)


def _whole(block: dict[str, Any]) -> str:
    if "whole_id" not in block:
        return str(block["text"])
    media = ResultMedia.objects.only("blob_id").get(pk=uuid.UUID(block["whole_id"]))
    with open_blob(media.blob_id) as stored:
        return stored.read().decode()


def _part(text: str, offset: int, length: int) -> str:
    part = text[offset : offset + length]
    end = offset + len(part)
    rest = f"; offset {end} reads on" if end < len(text) else ""
    return f"[Characters {offset} to {end} of {len(text)}{rest}]\n{part}"


def _places(text: str, search: str, offset: int, most: int) -> str:
    """The places that hold a text, in either case, with what stands around them."""
    lines: list[str] = []
    room, last = most, offset
    for found in re.compile(re.escape(search), re.IGNORECASE).finditer(text, offset):
        around = text[max(found.start() - AROUND, 0) : found.end() + AROUND]
        line = f"At {found.start()}: {around}"
        if len(lines) == MOST_PLACES or len(line) >= room:
            lines.append(f"[There are more: search again with offset {last}]")
            break
        room -= len(line) + 1
        last = found.end()
        lines.append(line)
    return "\n".join(lines) or f"[No character from {offset} to {len(text)} begins that text]"
