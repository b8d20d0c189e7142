"""How long a provider wants to be left alone, wherever its answer says so."""

import math
from typing import Final

from pydantic_ai.exceptions import ModelAPIError, ModelHTTPError

LONGEST_SECONDS: Final = 366 * 86_400.0  # whoever asks for more means never, and times have an end


def asked_wait(error: Exception) -> float | None:
    """Seconds until the provider wants to be asked again; None where it did not say, or said nonsense.

    The library reads `retry-after-ms`, `Retry-After` as whole seconds or as a date, and Google's RetryInfo.
    Gateways also write fractions of seconds. Of several the longest holds.
    """
    if not isinstance(error, ModelAPIError):
        return None
    found = [error.retry_after]
    if isinstance(error, ModelHTTPError):
        headers = {name.lower(): value for name, value in (error.headers or {}).items()}
        found += [
            _number(headers.get("retry-after")),
            _number(headers.get("retry-after-ms"), per_second=1000),
        ]
    # What is not a number (NaN) is not longer than nothing either.
    waits = [wait for wait in found if wait is not None and wait > 0]
    return min(max(waits), LONGEST_SECONDS) if waits else None


def _number(text: str | None, *, per_second: int = 1) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return None if math.isnan(number) else number / per_second
