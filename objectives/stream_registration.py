"""How objectives are streamed over the websocket: what `executions.runs` asks about them."""

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from executions.models import RunKind
from executions.runs.live.registry import ChatStream, RunStream, register_chat, register_maker, register_run
from objectives.access.lineage import lineage_of_made, lineage_of_objective
from objectives.chat.live import Command, obey, snapshot_of_thread
from objectives.former_events import upcast
from objectives.ids import Prefix, read
from objectives.models import OPEN, Objective
from objectives.representations.calls import show_calls
from objectives.representations.objectives import show_objectives
from objectives.representations.reader import Viewer
from spaces.access import Caller
from spaces.ids import parse_uuid
from spaces.models import Space
from spaces.ticket_scopes import TicketKind
from spaces.ticket_targets import Target, register_target


def register() -> None:
    """Called once, when the app is ready."""
    register_run(
        RunStream(
            kind=RunKind.OBJECTIVE,
            id_name="objective_id",
            parse_id=parse_id,
            permission="objectives:read",
            snapshot=snapshot,
            active_name="objectives",
            active=active,
            lineage=lineage_of_objective,
            upcast=upcast,
        )
    )
    register_chat(ChatStream(RunKind.OBJECTIVE, snapshot_of_thread, _obey))
    register_maker(lineage_of_made)
    register_target(Target(TicketKind.OBJECTIVE, _read_id, space_of, "Write obj_… and its ULID, or a UUID."))


def _obey(caller: Caller, verb: str, given: Mapping[str, Any], now: datetime) -> Mapping[str, Any]:
    return obey(caller, Command(verb, given), now=now)


def parse_id(text: str) -> uuid.UUID | None:
    """An objective's id in either spelling."""
    return parse_uuid(text) or read(Prefix.OBJECTIVE, text)


def _read_id(text: str) -> str | None:
    known = parse_id(text)
    return None if known is None else str(known)


def space_of(objective_id: str) -> uuid.UUID | None:
    """Where an objective is, None where there is no such one."""
    return Objective.objects.filter(pk=objective_id).values_list("space_id", flat=True).first()


def snapshot(objective_id: uuid.UUID, base_url: str) -> dict[str, Any] | None:
    """The objective as the workspace API shows it, its open tool calls beside it; None where it is gone."""
    objective = Objective.objects.filter(pk=objective_id).select_related("space").first()
    if objective is None:
        return None
    reader = Viewer(objective.space.tenant_id, base_url=base_url)
    calls = objective.tool_calls.select_related("objective").order_by("created_at", "id")
    shown = show_objectives([objective], reader=reader, with_info=True)[0].wire()
    shown_calls = show_calls(list(calls), reader=reader, with_info=False)
    return {**shown, "toolCalls": [call.wire() for call in shown_calls]}


def active(space_id: uuid.UUID, limit: int) -> list[dict[str, Any]]:
    """The newest objectives of a space that are not over, without their info."""
    # One state at a time, so that each is a walk along `objective_by_state`.
    of_space = Objective.objects.filter(space_id=space_id).order_by("-created_at", "-id")
    newest = [objective for state in sorted(OPEN) for objective in of_space.filter(state=state)[:limit]]
    newest.sort(key=lambda objective: (objective.created_at, objective.id), reverse=True)
    tenant_id = Space.objects.values_list("tenant_id", flat=True).get(pk=space_id)
    shown = show_objectives(newest[:limit], reader=Viewer(tenant_id), with_info=False)
    return [objective.wire() for objective in shown]
