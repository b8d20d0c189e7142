"""Times as the API writes them."""

from datetime import UTC, datetime
from typing import overload


@overload
def wire_time(moment: datetime) -> str: ...
@overload
def wire_time(moment: None) -> None: ...
@overload
def wire_time(moment: datetime | None) -> str | None: ...
def wire_time(moment: datetime | None) -> str | None:
    """RFC 3339 in UTC ending in `Z`, cut to the millisecond; without a fraction on a whole second."""
    if moment is None:
        return None
    text = moment.astimezone(UTC).replace(tzinfo=None).isoformat()
    return f"{text[:23]}Z"
