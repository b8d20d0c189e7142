"""What happened in an objective: events, windows, queued actions, feedback, diagnostics, its tools."""

from typing import ClassVar

from django.db.models import QuerySet
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from executions.runs.models import RunEvent
from objectives.actions.feedback import give_feedback
from objectives.api.describing import IDEMPOTENCY_KEY, page_of
from objectives.api.examples import FEEDBACK
from objectives.api.filters import (
    InfoFilter,
    LabelsFilter,
    QueryParameter,
    StateFilter,
    WorkspaceFilter,
    wants_info,
)
from objectives.api.pagination import EventPages, NewestFirst, OldestFirst, PlanPages
from objectives.api.viewsets import ObjectiveViewMixin
from objectives.former_events import of_window, stored
from objectives.ids import without_nul
from objectives.models import (
    ActionState,
    ContextWindow,
    Feedback,
    Objective,
    QueuedAction,
)
from objectives.planning.plan import Plan
from objectives.representations.diagnostics import diagnose
from objectives.representations.events import show_events, told_to
from objectives.representations.history import show_actions, show_feedback, show_windows
from objectives.schemas.history import (
    ContextWindowSchema,
    DiagnosticsAnswer,
    FeedbackBody,
    ObjectiveEvent,
    ObjectiveFeedback,
    ObjectiveTool,
    QueuedActionSchema,
)
from objectives.schemas.metadata import BareMetadata
from objectives.selectors import event_number
from spaces.api.idempotency import read_idempotency_key
from spaces.api.operations import operation
from spaces.ticket_scopes import May


class EventFilter(InfoFilter):
    labels = LabelsFilter(carries=False)
    window_id = QueryParameter(help_text="Only events of this context window.")
    since_event_id = QueryParameter(help_text="Only events after this one, `objevt_…`.")


class ActionFilter(WorkspaceFilter):
    state = StateFilter("state", ActionState.values, "STATE_", help_text="Only actions in this state.")


class HistoryViewSet(ObjectiveViewMixin):
    """Everything below an objective that is not a tool call."""

    may_by_ticket: ClassVar = dict.fromkeys(
        ("events", "windows", "diagnostics", "feedback", "queued_actions", "tools"), May.READ
    )

    @operation(
        "listEvents",
        "List what happened in an objective",
        tag="objectives",
        answer=page_of(ObjectiveEvent),
        filterset_class=EventFilter,
        pagination_class=EventPages,
    )
    def events(self, request: Request, workspace_id: str, objective_id: str) -> Response:
        """What happened in a run, oldest first: messages, model responses, tool calls, changes of state.

        It is the same record that the event stream sends, so a client may read here what it missed there.
        Events carry no labels.
        """
        objective = self.owner(objective_id)
        with_info = wants_info(request)
        return self.answer_page(
            self._events(objective, request),
            of_list=f"events {objective.id}",
            show=lambda page: show_events(
                objective, page, reader=self.reader, now=timezone.now(), with_info=with_info
            ),
        )

    @operation(
        "listContextWindows",
        "List the context windows of an objective, newest first",
        tag="objectives",
        answer=page_of(ContextWindowSchema),
        filterset_class=InfoFilter,
        pagination_class=NewestFirst,
    )
    def windows(self, request: Request, workspace_id: str, objective_id: str) -> Response:
        """The conversations that the model has been told, newest first: a compaction begins another one."""
        objective = self.owner(objective_id)
        rows = ContextWindow.objects.filter(objective=objective).defer("opening")  # which may be long
        with_info = wants_info(request)
        return self.answer_page(
            rows,
            of_list=f"windows {objective_id}",
            show=lambda page: show_windows(objective, page, reader=self.reader, with_info=with_info),
        )

    @operation(
        "getDiagnostics",
        "Get context diagnostics of an objective",
        tag="objectives",
        answer=DiagnosticsAnswer,
    )
    def diagnostics(self, request: Request, workspace_id: str, objective_id: str) -> Response:
        """What fills the newest context window, in characters by kind, and how many tokens the newest request
        has read.

        It helps to find out why a run is expensive, or when it will be compacted.
        """
        return self.answer(DiagnosticsAnswer(diagnostics=diagnose(self.objective(objective_id))))

    @operation(
        "listFeedback",
        "List the feedback on an objective",
        tag="objectives",
        answer=page_of(ObjectiveFeedback),
        filterset_class=WorkspaceFilter,
        pagination_class=NewestFirst,
    )
    def feedback(self, request: Request, workspace_id: str, objective_id: str) -> Response:
        """What people thought of one run, with the variation that did it. Newest first."""
        rows = Feedback.objects.filter(objective=self.owner(objective_id)).select_related("variation")
        return self.answer_page(
            rows,
            of_list=f"feedback {objective_id}",
            show=lambda page: show_feedback(page, reader=self.reader),
        )

    @operation(
        "createFeedback",
        "Give feedback on an objective",
        tag="objectives",
        body=FeedbackBody,
        answer=ObjectiveFeedback,
        errors=[409],
        parameters=[IDEMPOTENCY_KEY],
        examples={"body": FEEDBACK},
    )
    def create_feedback(self, request: Request, workspace_id: str, objective_id: str) -> Response:
        """Keeps an opinion on a run: a score, a comment or both. Agents that choose variations by weight
        learn from it.

        Several may be given for one run; an `Idempotency-Key` keeps a repeated request from giving it twice.
        """
        objective, body = self.owner(objective_id), self.body(FeedbackBody)
        given = give_feedback(
            access=self.access,
            objective_id=objective.id,
            given=body,
            idempotency_key=read_idempotency_key(request),
            now=timezone.now(),
        )
        return self.answer(show_feedback([given], reader=self.reader)[0])

    @operation(
        "listQueuedActions",
        "List what is queued for an objective",
        tag="objectives",
        answer=page_of(QueuedActionSchema),
        filterset_class=ActionFilter,
        pagination_class=OldestFirst,
    )
    def queued_actions(self, request: Request, workspace_id: str, objective_id: str) -> Response:
        """What is to be said or compacted once the turn is over, in the order in which it will be, and what
        became of former ones.
        """
        rows = QueuedAction.objects.filter(objective=self.owner(objective_id))
        return self.answer_page(
            rows,
            of_list=f"queued actions {objective_id}",
            show=lambda page: show_actions(page, reader=self.reader),
        )

    @operation(
        "listObjectiveTools",
        "List what an objective may call",
        tag="objectives",
        answer=page_of(ObjectiveTool),
        pagination_class=PlanPages,
    )
    def tools(self, request: Request, workspace_id: str, objective_id: str) -> Response:
        """What the run's model is offered, in the order in which it is: tools, sub-agents and skills, as they
        were when the run was started.
        """
        offered = Plan.read(self.objective(objective_id).plan).offered
        items = [
            ObjectiveTool(
                metadata=BareMetadata(id=one.metadata["id"], name=one.metadata["name"]), snapshot=one.shown
            )
            for one in self.paginate_queryset(offered) or ()
        ]
        return self.get_paginated_response(items)

    def _events(self, objective: Objective, request: Request) -> QuerySet[RunEvent]:
        kinds = stored(told_to(self.reader.dialect))
        rows = RunEvent.objects.filter(run_id=objective.id, kind__in=kinds)
        if window := request.query_params.get("windowId"):
            rows = rows.filter(of_window(without_nul(window)))
        if since := request.query_params.get("sinceEventId"):
            rows = rows.filter(seq__gt=event_number(objective.id, since, "query", "sinceEventId"))
        return rows
