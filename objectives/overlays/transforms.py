"""What overlays make of the content of a result."""

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from executions.redaction import Redaction
from objectives.ids import Json
from objectives.overlays.liquid import CannotRender, render
from objectives.overlays.strict_json import read_json
from objectives.tool_results.outcome import MOST_TEXT, Draft, Text

MOST_SECONDS = 3.0  # of all templates of one result

logger = logging.getLogger(__name__)

type Drafts = Sequence[Draft]


class CannotTransform(Exception):
    """A result that an overlay must change cannot be changed; the message says why."""


def transformed(
    drafts: Drafts, overlays: Sequence[Json], values: Mapping[str, Any], redaction: Redaction
) -> Drafts:
    """The blocks to keep for those that a tool gave; raises CannotTransform.

    `values` is what templates may name beside `result`. `redaction` takes out what nobody may read: JSON that
    is read, and a template, may bring to light what was hidden in another spelling.
    """
    filling = _Filling(values, redaction, time.monotonic() + MOST_SECONDS)
    for overlay in overlays:
        for one in overlay.get("resultActions", ()):
            action = one["transform"]
            try:
                drafts = filling.applied(action, drafts)
            except CannotRender as problem:
                told = f"The overlay {overlay['key']!r} cannot transform the result: {problem}"
                message = redaction.of_text(told)
                if action["onError"] == "ON_ERROR_FAIL":
                    raise CannotTransform(message if message.endswith(".") else f"{message}.") from None
                logger.info("%s; the content stays as it was", message)
    return drafts


@dataclass(frozen=True, slots=True)
class _Filling:
    """What all transforms of one result share; `until` is monotonic."""

    values: Mapping[str, Any]
    redaction: Redaction
    until: float

    def applied(self, action: Json, drafts: Drafts) -> Drafts:
        """The blocks after one transform; raises CannotRender."""
        texts = [draft.text for draft in drafts if isinstance(draft, Text)]
        if not texts:
            if action.get("expectJson"):
                raise CannotRender("it has no text, and JSON is expected")
            logger.debug("A result without text is not transformed")
            return drafts
        result = self._result(drafts, "\n".join(texts))
        if action.get("expectJson") and "json" not in result:
            raise CannotRender("its text is not JSON")
        values = {**self.values, "result": result}
        text = self.redaction.of_text(render(action["contentTemplate"], values, until=self.until))
        if len(text) > MOST_TEXT:
            raise CannotRender(f"the new text has more than {MOST_TEXT} characters")
        return _replaced(drafts, Text(text.replace("\0", "\ufffd")))

    def _result(self, drafts: Drafts, text: str) -> Json:
        """What templates know as `result`; without `json` for a text that is none."""
        blocks = [_block(draft) for draft in drafts]
        try:
            value = self.redaction.of_json(read_json(text))
        except (ValueError, RecursionError):
            return {"text": text, "blocks": blocks}
        return {"text": text, "blocks": blocks, "json": value}


def _replaced(drafts: Drafts, text: Text) -> Drafts:
    """One block of text in place of all, where the first one was; media keep their order."""
    first = next(place for place, draft in enumerate(drafts) if isinstance(draft, Text))
    before = list(drafts[:first])
    return [*before, text, *(draft for draft in drafts[first:] if not isinstance(draft, Text))]


def _block(draft: Draft) -> Json:
    if isinstance(draft, Text):
        return {"type": "text", "text": draft.text, "size_bytes": len(draft.text.encode(errors="replace"))}
    return {"type": draft.kind, "mime_type": draft.mime_type, "size_bytes": draft.size_bytes}
