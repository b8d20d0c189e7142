"""Seconds as clients write them: `86400`, `"86400"` or `"86400s"`; answered as a plain number."""

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

MOST_SECONDS = 10 * 365 * 86_400
_TEXT = re.compile(r"(\d{1,12})(\.0+)?s?")


def read_seconds(given: Any) -> Any:
    """Whole seconds out of any form; whatever else is left to the validator of numbers."""
    if isinstance(given, str) and (match := _TEXT.fullmatch(given.strip())):
        return int(match[1])
    if isinstance(given, float) and given.is_integer():
        return int(given)
    return given


Seconds = Annotated[int, BeforeValidator(read_seconds), Field(ge=0, le=MOST_SECONDS, strict=True)]
"""A duration of whole seconds."""
