"""Starting, listing and steering objectives."""

from collections.abc import Sequence
from typing import ClassVar

from django.db.models import QuerySet
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from objectives.access.lineage import lineage_of_objective, place_of_call
from objectives.access.permissions import MANAGE_OBJECTIVES, READ_OBJECTIVES
from objectives.access.workspaces import access_to
from objectives.actions.continuing import compact_objective, continue_objective
from objectives.actions.creating import create_objective
from objectives.actions.new_objective import wanted_objective
from objectives.actions.queueing import newest_window, remove_action
from objectives.actions.stopping import cancel_objective, interrupt_objective
from objectives.addressing import find
from objectives.api.describing import PAGING, operation, page_of
from objectives.api.lists import answer_page, named_by, wants_info
from objectives.api.viewsets import WorkspaceViewSet
from objectives.clients import dialect_of
from objectives.models import Agent, Objective as ObjectiveRow, ObjectiveState, QueuedAction as ActionRow
from objectives.portraits.events import show_events
from objectives.portraits.history import action_fields, show_actions, window_data
from objectives.portraits.objectives import show_objectives
from objectives.portraits.reader import Reader
from objectives.portraits.reading import IDENTITY, listed, with_snapshots
from objectives.shapes.history import CompactAnswer, ContinueAnswer, ObjectiveEvent, QueuedAction
from objectives.shapes.objectives import CancelBody, CompactBody, ContinueBody, NewObjectiveBody, Objective
from objectives.spelling import Prefix, read
from spaces.api.idempotency import read_idempotency_key
from spaces.api.viewsets import base_url, caller_of
from spaces.errors import Invalid, NotFound
from spaces.scopes import Kind, May, Place

# Filters by what is not built: nothing has it.
_FILTERS_OF_NOTHING = ("agentScheduleId", "tenantId", "subjectId", "widgetId", "widgetSessionId")
_FILTERS = {
    "agentId": "Only objectives of this agent.",
    "parentObjectiveId": "Only sub-agents of this objective.",
    "state": "Only objectives in this state.",
    "profileId": "Only objectives on behalf of this profile.",
    "includeInfo": "`true` adds `info` to each item.",
    **dict.fromkeys(_FILTERS_OF_NOTHING, "Not built: nothing has one."),
}
_PATH = "workspace_id objective_id"


class OfObjectives(WorkspaceViewSet):
    """A viewset of the objectives group: reading them is one permission, steering another."""

    reads, writes = READ_OBJECTIVES, MANAGE_OBJECTIVES

    def lineage(self) -> Sequence[Place]:
        """Of what the path names: a tool call, else an objective, else the workspace."""
        caller, named = caller_of(self.request), self.kwargs
        space_id = access_to(caller, named["workspace_id"]).space_id
        if "objective_id" not in named:
            return [Place(Kind.SPACE, str(space_id))]
        rows = ObjectiveRow.objects.filter(space_id=space_id).only("id")
        objective_id = find(rows, Prefix.OBJECTIVE, named["objective_id"]).id
        call_id = read(Prefix.TOOL_CALL, named.get("tool_call_id", ""))
        of_call = [] if call_id is None else [place_of_call(call_id, objective_id)]
        return [*of_call, *lineage_of_objective(objective_id)]

    @property
    def reader(self) -> Reader:
        """For whom this request's rows are shown."""
        dialect = dialect_of(self.request.headers.get("User-Agent", ""))
        return Reader(self.access.tenant_id, dialect, base_url(self.request))

    def objectives(self) -> QuerySet[ObjectiveRow]:
        return ObjectiveRow.objects.filter(space_id=self.space_id)

    def objective(self, address: str) -> ObjectiveRow:
        """Raises NotFound."""
        return find(self.objectives(), Prefix.OBJECTIVE, address)

    def owner(self, address: str) -> ObjectiveRow:
        """The objective that what is asked for belongs to, with its identity only; raises NotFound."""
        return find(self.objectives().only(*IDENTITY), Prefix.OBJECTIVE, address)


class ObjectiveViewSet(OfObjectives):
    """`/objectives` and its verbs."""

    may_by_ticket: ClassVar = {"list": May.READ, "retrieve": May.READ, "cancel": May.CANCEL}

    @operation(
        "listObjectives",
        "List objectives",
        tag="objectives",
        answer=page_of(Objective),
        query={**PAGING, **_FILTERS},
        paths="workspace_id",
    )
    def list(self, request: Request, workspace_id: str) -> Response:
        query = request.query_params
        rows = listed(self.objectives())
        if any(query.get(name) for name in _FILTERS_OF_NOTHING):
            rows = rows.none()
        agents = Agent.objects.filter(space_id=self.space_id)
        if agent := named_by(agents, Prefix.AGENT, request, "agentId"):
            rows = rows.filter(agent=agent)
        if parent := named_by(self.objectives(), Prefix.OBJECTIVE, request, "parentObjectiveId"):
            rows = rows.filter(parent=parent)
        if name := query.get("state"):
            rows = rows.filter(state=_state(name))
        if profile := query.get("profileId"):
            rows = rows.filter(created_by_id=read(Prefix.PROFILE, profile))
        with_info = wants_info(request)
        return answer_page(
            rows,
            request,
            of_list=f"objectives {self.space_id}",
            show=lambda page: show_objectives(with_snapshots(page), reader=self.reader, with_info=with_info),
        )

    @operation(
        "createObjective",
        "Start an objective",
        tag="objectives",
        body=NewObjectiveBody,
        answer=Objective,
        paths="workspace_id",
        is_repeatable=True,
    )
    def create(self, request: Request, workspace_id: str) -> Response:
        wanted = wanted_objective(self.body(NewObjectiveBody))
        made = create_objective(
            access=self.access,
            wanted=wanted,
            idempotency_key=read_idempotency_key(request),
            now=timezone.now(),
        )
        return self._show(made)

    @operation("getObjective", "Show an objective", tag="objectives", answer=Objective, paths=_PATH)
    def retrieve(self, request: Request, workspace_id: str, objective_id: str) -> Response:
        return self._show(self.objective(objective_id))

    @operation(
        "cancelObjective",
        "Cancel an objective and what it started",
        tag="objectives",
        body=CancelBody,
        answer=Objective,
        paths=_PATH,
    )
    def cancel(self, request: Request, workspace_id: str, objective_id: str) -> Response:
        row, reason = self.objective(objective_id), self.body(CancelBody).reason
        cancelled = cancel_objective(
            access=self.access, objective_id=row.id, reason=reason, now=timezone.now()
        )
        return self._show(cancelled)

    @operation(
        "continueObjective",
        "Say something more to an objective, or take a failed one up again",
        tag="objectives",
        body=ContinueBody,
        answer=ContinueAnswer,
        paths=_PATH,
        is_repeatable=True,
    )
    def continue_(self, request: Request, workspace_id: str, objective_id: str) -> Response:
        row, body = self.objective(objective_id), self.body(ContinueBody)
        done = continue_objective(
            access=self.access,
            objective_id=row.id,
            message=body.message,
            enqueue=body.enqueue,
            idempotency_key=read_idempotency_key(request),
            now=timezone.now(),
        )
        if isinstance(done, ActionRow):
            queued = QueuedAction(**action_fields(done, reader=self.reader))
            return self.answer(ContinueAnswer(type="queuedAction", queued_action=queued))
        said = show_events(row, [done], reader=self.reader, now=timezone.now(), with_info=True)[0]
        return self.answer(ContinueAnswer(type="event", event=said))

    @operation(
        "compactObjective",
        "Go on in a new context window",
        tag="objectives",
        body=CompactBody,
        answer=CompactAnswer,
        paths=_PATH,
        is_repeatable=True,
    )
    def compact(self, request: Request, workspace_id: str, objective_id: str) -> Response:
        row, config = self.objective(objective_id), self.body(CompactBody).compaction_config
        action = compact_objective(
            access=self.access,
            objective_id=row.id,
            compaction=config.wire() if config else None,
            idempotency_key=read_idempotency_key(request),
            now=timezone.now(),
        )
        window = window_data(newest_window(row))
        shown = CompactAnswer(**action_fields(action, reader=self.reader), context_window=window)
        return self.answer(shown)

    @operation(
        "interruptObjective",
        "Stop the turn that goes on",
        tag="objectives",
        answer=ObjectiveEvent,
        paths=_PATH,
    )
    def interrupt(self, request: Request, workspace_id: str, objective_id: str) -> Response:
        row, now = self.objective(objective_id), timezone.now()
        done = interrupt_objective(access=self.access, objective_id=row.id, now=now)
        return self.answer(show_events(row, [done], reader=self.reader, now=now, with_info=True)[0])

    @operation(
        "removeQueuedAction",
        "Take a queued action back",
        tag="objectives",
        answer=QueuedAction,
        paths=f"{_PATH} queued_action_id",
    )
    def remove_action(
        self, request: Request, workspace_id: str, objective_id: str, queued_action_id: str
    ) -> Response:
        row, action_id = self.objective(objective_id), read(Prefix.QUEUED_ACTION, queued_action_id)
        if action_id is None:
            raise NotFound
        removed = remove_action(access=self.access, objective_id=row.id, action_id=action_id)
        return self.answer(show_actions([removed], reader=self.reader)[0])

    def _show(self, row: ObjectiveRow) -> Response:
        return self.answer(show_objectives([row], reader=self.reader, with_info=True)[0])


def _state(name: str) -> str:
    """A filter's state, as any version of the clients writes it; raises Invalid."""
    short = name.removeprefix("OBJECTIVE_").removeprefix("STATE_").lower()
    if short not in ObjectiveState.values:
        raise Invalid.field("query", "state", msg="There is no such state.", value=name[:200])
    return short
