"""JSON Schemas that users write, checked when they are written."""

from typing import Any

from executions.catalog.errors import BundleRefused
from executions.catalog.schemas import check_schema
from spaces.errors import Invalid


def checked_schema(schema: Any, *loc: str | int) -> dict[str, Any] | None:
    """A sound schema of an object, None for an empty one; raises Invalid naming the wrong keyword."""
    if not schema:
        return None
    try:
        return check_schema(schema, str(loc[-1]))
    except BundleRefused as refused:
        raise Invalid.field(*loc[:-1], refused.path, msg=f"Invalid JSON Schema: {refused.reason}.") from None
