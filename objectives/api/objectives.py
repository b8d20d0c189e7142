"""Starting, listing and steering objectives."""

from typing import ClassVar

from django.db.models import QuerySet
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from objectives.actions.cancellation import cancel_objective, interrupt_objective
from objectives.actions.continuation import compact_objective, continue_objective
from objectives.actions.creation import create_objective
from objectives.actions.new_objective import wanted_objective
from objectives.actions.queued_actions import newest_window, remove_action
from objectives.api.describing import IDEMPOTENCY_KEY, page_of
from objectives.api.examples import (
    CANCEL,
    CONTINUE,
    CONTINUED,
    NEW_OBJECTIVE,
    OBJECTIVE,
    page as page_example,
)
from objectives.api.filters import AddressFilter, InfoFilter, QueryParameter, StateFilter, wants_info
from objectives.api.pagination import NewestFirst
from objectives.api.viewsets import ObjectiveViewMixin
from objectives.ids import Prefix, read
from objectives.models import Agent, Objective, ObjectiveState, QueuedAction
from objectives.representations.events import show_events
from objectives.representations.history import action_fields, show_actions, window_data
from objectives.representations.objectives import show_objectives
from objectives.representations.selectors import listed, with_snapshots
from objectives.schemas.history import CompactAnswer, ContinueAnswer, ObjectiveEvent, QueuedActionSchema
from objectives.schemas.objectives import (
    CancelBody,
    CompactBody,
    ContinueBody,
    NewObjectiveBody,
    ObjectiveSchema,
)
from spaces.api.idempotency import read_idempotency_key
from spaces.api.operations import operation
from spaces.errors import NotFound
from spaces.ticket_scopes import May


def _of_profile(rows: QuerySet[Objective], profile: str) -> QuerySet[Objective]:
    return rows.filter(created_by_id=read(Prefix.PROFILE, profile))


def _unbuilt(what: str) -> QueryParameter:
    return QueryParameter(
        help_text=f"Not built: no objective has {what}, so none is found.", narrow=lambda rows, _: rows.none()
    )


class ObjectiveFilter(InfoFilter):
    agent_id = AddressFilter("agent", Agent, Prefix.AGENT, help_text="Only objectives of this agent")
    parent_objective_id = AddressFilter(
        "parent", Objective, Prefix.OBJECTIVE, help_text="Only sub-agents of this objective"
    )
    state = StateFilter(
        "state", ObjectiveState.values, "OBJECTIVE_", "STATE_", help_text="Only objectives in this state."
    )
    profile_id = QueryParameter(
        help_text="Only objectives on behalf of this profile, `profile_…`.", narrow=_of_profile
    )
    agent_schedule_id, tenant_id = _unbuilt("a schedule"), _unbuilt("a tenant")
    subject_id, widget_id = _unbuilt("a subject"), _unbuilt("a widget")
    widget_session_id = _unbuilt("a widget session")


class ObjectiveViewSet(ObjectiveViewMixin):
    """`/objectives` and its verbs."""

    may_by_ticket: ClassVar = {"list": May.READ, "retrieve": May.READ, "cancel": May.CANCEL}

    @operation(
        "listObjectives",
        "List objectives",
        tag="objectives",
        answer=page_of(ObjectiveSchema),
        filterset_class=ObjectiveFilter,
        pagination_class=NewestFirst,
        examples={"answer": page_example(OBJECTIVE)},
    )
    def list(self, request: Request, workspace_id: str) -> Response:
        """The agent runs of a workspace, newest first. Several filters must all hold.

        `info`, which counts events, tokens and tool calls, comes only where `includeInfo` asks for it.
        """
        with_info = wants_info(request)
        return self.answer_page(
            listed(self.objectives()),
            of_list=f"objectives {self.space_id}",
            show=lambda page: show_objectives(with_snapshots(page), reader=self.reader, with_info=with_info),
        )

    @operation(
        "createObjective",
        "Start an objective",
        tag="objectives",
        body=NewObjectiveBody,
        answer=ObjectiveSchema,
        errors=[409, 501],
        parameters=[IDEMPOTENCY_KEY],
        examples={"body": NEW_OBJECTIVE, "answer": OBJECTIVE},
    )
    def create(self, request: Request, workspace_id: str) -> Response:
        """Starts a run of a published agent: a worker takes it up within a second where one is free.

        Agent and variation are copied into it, so later changes do not touch it. With an `Idempotency-Key`,
        or an external id, it can be asked for again without a second run. An agent that is not published is
        refused (code 9).

        `POST …/objectives:stream` takes the same body and answers with the run's event stream.
        """
        wanted = wanted_objective(self.body(NewObjectiveBody))
        made = create_objective(
            access=self.access,
            wanted=wanted,
            idempotency_key=read_idempotency_key(request),
            now=timezone.now(),
        )
        return self._show(made)

    @operation(
        "getObjective",
        "Show an objective",
        tag="objectives",
        answer=ObjectiveSchema,
        examples={"answer": OBJECTIVE},
    )
    def retrieve(self, request: Request, workspace_id: str, objective_id: str) -> Response:
        """One run with its state, its output once it is finalized, and the counts of `info`.

        To follow it, open its event stream or the websocket instead of asking again.
        """
        return self._show(self.objective(objective_id))

    @operation(
        "cancelObjective",
        "Cancel an objective and what it started",
        tag="objectives",
        body=CancelBody,
        answer=ObjectiveSchema,
        examples={"body": CANCEL, "answer": OBJECTIVE},
    )
    def cancel(self, request: Request, workspace_id: str, objective_id: str) -> Response:
        """Ends a run and everything that it started: sub-agents, skills and calls that are open. One that a
        worker holds is `OBJECTIVE_STATE_CANCELLED` within seconds.

        Asking again changes nothing. One that has ended otherwise is refused (code 9).
        """
        row, reason = self.objective(objective_id), self.body(CancelBody).reason
        cancelled = cancel_objective(
            access=self.access, objective_id=row.id, reason=reason, now=timezone.now()
        )
        return self._show(cancelled)

    @operation(
        "continueObjective",
        "Continue an objective, or resume a failed one",
        tag="objectives",
        body=ContinueBody,
        answer=ContinueAnswer,
        errors=[409],
        parameters=[IDEMPOTENCY_KEY],
        examples={"body": CONTINUE, "answer": CONTINUED},
    )
    def continue_(self, request: Request, workspace_id: str, objective_id: str) -> Response:
        """Says something more to a run that waits for a message, or takes one up again that failed for a
        cause which may pass.

        While a turn goes on this is refused (code 9) unless `enqueue` is set: then it is said after the turn,
        and the answer is a queued action instead of an event.
        """
        row, body = self.objective(objective_id), self.body(ContinueBody)
        done = continue_objective(
            access=self.access,
            objective_id=row.id,
            message=body.message,
            enqueue=body.enqueue,
            idempotency_key=read_idempotency_key(request),
            now=timezone.now(),
        )
        if isinstance(done, QueuedAction):
            queued = QueuedActionSchema(**action_fields(done, reader=self.reader))
            return self.answer(ContinueAnswer(type="queuedAction", queued_action=queued))
        said = show_events(row, [done], reader=self.reader, now=timezone.now(), with_info=True)[0]
        return self.answer(ContinueAnswer(type="event", event=said))

    @operation(
        "compactObjective",
        "Compact an objective",
        tag="objectives",
        body=CompactBody,
        answer=CompactAnswer,
        errors=[409],
        parameters=[IDEMPOTENCY_KEY],
    )
    def compact(self, request: Request, workspace_id: str, objective_id: str) -> Response:
        """Has the conversation go on in a new context window, shortened by the strategies that are given: at
        once where nothing else goes on, else after the turn.

        Without `compactionConfig` the variation's own strategies count. A run that is over is refused (code
        9).
        """
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
        "Interrupt an objective's turn",
        tag="objectives",
        answer=ObjectiveEvent,
    )
    def interrupt(self, request: Request, workspace_id: str, objective_id: str) -> Response:
        """Stops the turn that goes on: open tool calls are given up, and the run waits for a message.
        Sub-agents and skills that were called go on, unheard.

        Where no turn goes on this is refused (code 9).
        """
        row, now = self.objective(objective_id), timezone.now()
        done = interrupt_objective(access=self.access, objective_id=row.id, now=now)
        return self.answer(show_events(row, [done], reader=self.reader, now=now, with_info=True)[0])

    @operation(
        "removeQueuedAction",
        "Cancel a queued action",
        tag="objectives",
        answer=QueuedActionSchema,
    )
    def remove(
        self, request: Request, workspace_id: str, objective_id: str, queued_action_id: str
    ) -> Response:
        """Takes back what is queued and not sent yet. What is sent, removed or discarded already is refused
        (code 9).
        """
        row, action_id = self.objective(objective_id), read(Prefix.QUEUED_ACTION, queued_action_id)
        if action_id is None:
            raise NotFound
        removed = remove_action(
            access=self.access, objective_id=row.id, action_id=action_id, now=timezone.now()
        )
        return self.answer(show_actions([removed], reader=self.reader)[0])

    def _show(self, row: Objective) -> Response:
        return self.answer(show_objectives([row], reader=self.reader, with_info=True)[0])
