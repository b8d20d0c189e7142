"""The desk's queue: everything that waits for people, over all spaces, oldest first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from objectives.admin.calls import ShownCall
from objectives.admin.page import tool_sets_of
from objectives.models import ToolCall
from objectives.representations.waiting import waiting_calls
from spaces.admin.kit.formatting import age
from spaces.admin.kit.keyset import Place, beyond, read_place
from spaces.ids import parse_uuid
from spaces.models import Space

PER_PAGE = 25
MOST_SETTLED = 100
RELATED = ("objective__agent", "objective__created_by", "space__tenant")
# Of an objective only what says whose call it is: its snapshots and texts may be long.
UNREAD = tuple(
    f"objective__{name}"
    for name in ("agent_snapshot", "variation_snapshot", "system_prompt", "system_prompt_data")
)


@dataclass(frozen=True, slots=True)
class WaitingCalls:
    """One call of the queue, since when it waits and until when."""

    shown: ShownCall
    waits: str
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class QueuePage:
    """One page of the queue; `next_place` is "" on the last."""

    rows: list[WaitingCalls]
    next_place: str
    space: Space | None


def read_queue(*, place: str = "", space: str = "", limit: int = PER_PAGE, now: datetime) -> QueuePage:
    """The page that begins past a place, of one space where its id is given; in two queries."""
    space_id = parse_uuid(space)
    rows = waiting_calls(space_id).select_related(*RELATED).defer(*UNREAD).order_by("created_at", "id")
    begins = read_place(place)
    if begins is not None and begins.at is not None:
        rows = rows.filter(beyond(begins, "created_at"))
    found = list(rows[: limit + 1])
    shown = found[:limit]
    following = ""
    if len(found) > limit:
        following = str(Place(is_older=False, number=1, at=shown[-1].created_at, id=shown[-1].id))
    chosen = Space.objects.select_related("tenant").filter(pk=space_id).first() if space_id else None
    return QueuePage([_waiting(call, now) for call in shown], following, chosen)


def read_settled(ids: Sequence[str]) -> dict[str, str]:
    """Who decided these calls, and how each stands since, in words by id."""
    wanted = [found for text in ids[:MOST_SETTLED] if (found := parse_uuid(text)) is not None]
    calls = ToolCall.objects.filter(pk__in=wanted).select_related("decided_by")
    return {str(call.pk): _settled(ShownCall(call)) for call in calls.defer("result", "arguments")}


def _waiting(call: ToolCall, now: datetime) -> WaitingCalls:
    shown = ShownCall(call, tool_sets_of(call.objective).get(call.called_as, ""))
    expires = call.approval_expires_at if shown.is_to_be_decided else call.content_expires_at
    return WaitingCalls(shown, age(call.created_at, now), expires)


def _settled(shown: ShownCall) -> str:
    if not shown.decision:
        return shown.word
    return shown.decision if shown.word == "denied" else f"{shown.decision}, {shown.word}"
