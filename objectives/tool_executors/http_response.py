"""From a tool's answer over HTTP to the outcome of its call."""

import codecs
import io
import re
from datetime import datetime

from executions.redaction import Redaction
from objectives.models import CallError
from objectives.tool_executors.http_exchange import HttpAnswer
from objectives.tool_results.blocks import keep_media
from objectives.tool_results.outcome import Outcome, Text, media_type

MOST_ERROR_TEXT = 2_000  # characters of an error answer that the model reads
OCTETS = "application/octet-stream"
_SVG = "image/svg+xml"  # may carry a script: it is text here
_TYPE = re.compile(r"[a-z]+/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}")
# What is text although it may not be UTF-8.
_TEXTUAL = re.compile(r"text/.*|.*[/+](?:json|xml|yaml|javascript|x-ndjson|x-www-form-urlencoded)")


def outcome_of_answer(answer: HttpAnswer, redaction: Redaction, *, is_safe: bool, now: datetime) -> Outcome:
    """What an answer means; stores the bytes of what is no text. Nothing in it repeats a secret.

    A call that the tool has accepted is never told as one that failed, but where it `is_safe` to repeat.
    """
    if not answer.is_success:
        said = _text_of(answer, redaction)[:MOST_ERROR_TEXT]
        return Outcome.failed(CallError.TOOL_ERROR, f"The tool answered {answer.status}: {said}".rstrip(": "))
    succeeded = f"The call succeeded: the tool answered {answer.status}."
    note = f"[{succeeded} {answer.cut}]" if answer.cut else ""
    if _is_text(answer):
        return Outcome([Text(_text_of(answer, redaction))], note=note)
    content, mime_type = bytes(answer.content), answer.mime_type
    kind = "file" if answer.cut or not _is_media(answer) else mime_type.partition("/")[0]
    if answer.cut:
        content = redaction.of_cut_bytes(content)
    if redaction.is_needed(content) or redaction.is_needed(mime_type.encode()):
        message = f"The {kind} contains a secret and was not stored."
        if is_safe:
            return Outcome.failed(CallError.TOOL_ERROR, message)
        return Outcome([Text(f"[{succeeded} {message}]")])
    mime_type = mime_type if _TYPE.fullmatch(mime_type) else OCTETS
    return Outcome([keep_media(io.BytesIO(content), mime_type, is_file=kind == "file", now=now)], note=note)


def _text_of(answer: HttpAnswer, redaction: Redaction) -> str:
    text = _decoded(answer)
    return redaction.of_cut_text(text) if answer.cut else redaction.of_text(text)


def _decoded(answer: HttpAnswer) -> str:
    """The text of an answer in whatever charset it claims; NUL, which we cannot keep, is replaced."""
    try:
        text = answer.content.decode(answer.charset or "utf-8", "replace")
    except LookupError:
        text = answer.content.decode("utf-8", "replace")
    return text.replace("\0", "\ufffd")


def _is_media(answer: HttpAnswer) -> bool:
    return bool(answer.content and answer.mime_type != _SVG and media_type(answer.mime_type))


def _is_text(answer: HttpAnswer) -> bool:
    """Whether a model can read it: what is neither said to be text nor looks like it is a file."""
    if _is_media(answer):
        return False
    if answer.charset or _TEXTUAL.fullmatch(answer.mime_type):
        return True
    if b"\0" in answer.content:
        return False
    try:
        # Not final: an answer that is cut may end in the middle of a character.
        codecs.getincrementaldecoder("utf-8")().decode(bytes(answer.content), final=not answer.cut)
    except UnicodeDecodeError:
        return not answer.mime_type
    return True
