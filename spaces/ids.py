"""One 128-bit, time-ordered id a row, and its two spellings.

The space API writes it as a UUID, the workspace API as `prefix_` and a ULID of the same bits.
"""

import re
import uuid
from functools import lru_cache

import uuid_utils.compat as uuid_utils
from ulid import ULID

_ULID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")

WORKSPACE = "workspace"  # how the workspace API calls a space


def new_id() -> uuid.UUID:
    """A new UUIDv7: ids made by one process ascend, ids of several ascend within clock skew."""
    return uuid_utils.uuid7()


def parse_uuid(text: str) -> uuid.UUID | None:
    """The id behind the canonical lower-case spelling; None for any other text."""
    return uuid.UUID(text) if _UUID.fullmatch(text) else None


@lru_cache(maxsize=4096)
def to_prefixed(prefix: str, row_id: uuid.UUID) -> str:
    """`obj_01ARZ…`: the workspace API's spelling of an id.

    Remembered: an answer repeats the ids of account, workspace and profile in every row.
    """
    return f"{prefix}_{ULID.from_uuid(row_id)}"


def parse_prefixed(prefix: str, text: str) -> uuid.UUID | None:
    """The id behind the canonical `prefix_ULID` spelling; None for any other text."""
    head, _, tail = text.rpartition("_")
    if head != prefix or not _ULID.fullmatch(tail):
        return None
    return ULID.from_str(tail).to_uuid()
