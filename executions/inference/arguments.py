"""Reading the arguments that a model writes for a call."""

import json
from typing import Any

from spaces.json_depth import MAX_DEPTH, is_too_deep


def read_arguments(text: str) -> Any:
    """The JSON value of a text, an empty object for none.

    Raises ValueError for what is no JSON, or nested deeper than 64 levels: whoever keeps or walks that fails.
    """
    try:
        value = json.loads(text) if text else {}
    except RecursionError:
        value = None
    else:
        if not is_too_deep(value):
            return value
    raise ValueError(f"nested deeper than {MAX_DEPTH} levels")
