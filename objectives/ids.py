"""How the workspace API writes ids, one prefix a kind of row and then the ULID, and times."""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from spaces.ids import parse_prefixed, to_prefixed

type Json = dict[str, Any]


class Prefix(StrEnum):
    """What an id of a kind begins with."""

    ACCOUNT = "account"
    WORKSPACE = "workspace"
    PROFILE = "profile"
    ACTOR = "actor"
    API_KEY = "apikey"
    AGENT = "agent"
    VARIATION = "agentvar"
    ASSIGNMENT = "avt"
    TOOL_SET = "toolset"
    TOOL = "tool"
    TOOL_SET_SECRET = "toolsecret"  # noqa: S105 - a prefix
    WORKSPACE_SECRET = "wsecret"  # noqa: S105 - a prefix
    PROVIDER_KEY = "aipk"
    MODEL = "model"
    OBJECTIVE = "obj"
    EVENT = "objevt"
    WINDOW = "objwin"
    TOOL_CALL = "toolcall"
    QUEUED_ACTION = "objqa"
    FEEDBACK = "objfb"
    HEARTBEAT = "hb"


EXTERNAL = "external_id:"


# `obj_01ARZ…`, and the row behind that spelling: None for any other text.
spell: Callable[[Prefix, uuid.UUID], str] = to_prefixed
read: Callable[[Prefix, str], uuid.UUID | None] = parse_prefixed


def raw(text: str) -> str:
    """The id behind a canonical spelling, whatever its prefix, as a UUID; another text as it is."""
    return str(parse_prefixed(text.rpartition("_")[0], text) or text)


def external_id_in(text: str) -> str | None:
    """The customer's own name in `external_id:<name>`; None for a text that is no such address."""
    return without_nul(text.removeprefix(EXTERNAL)) if text.startswith(EXTERNAL) else None


def without_nul(text: str) -> str:
    """A text to look for: PostgreSQL knows none with a NUL in it, so nothing is called so."""
    return text.replace("\0", "\ufffd")


def wire_moment(moment: datetime) -> str:
    """RFC 3339 in UTC ending in `Z`, always with six digits: older clients cannot read other counts."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
