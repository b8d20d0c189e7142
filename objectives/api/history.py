"""What happened in an objective: events, windows, queued actions, feedback, diagnostics, its tools."""

from typing import ClassVar

from django.db.models import QuerySet
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from executions.runlog.models import RunEvent
from objectives.actions.feedback import give_feedback
from objectives.addressing import event_number
from objectives.api.describing import PAGING, operation, page_of
from objectives.api.lists import answer_items, answer_page, limit_of, page_at, sort_order, wants_info
from objectives.api.objectives import OfObjectives
from objectives.former_events import of_window, stored
from objectives.models import (
    ActionState,
    ContextWindow as WindowRow,
    Feedback,
    Objective,
    QueuedAction as ActionRow,
)
from objectives.planning.plan import Plan
from objectives.portraits.diagnostics import diagnose
from objectives.portraits.events import show_events, told_to
from objectives.portraits.history import show_actions, show_feedback, show_windows
from objectives.shapes.history import (
    ContextWindow,
    DiagnosticsAnswer,
    FeedbackBody,
    ObjectiveEvent,
    ObjectiveFeedback,
    ObjectiveTool,
    QueuedAction,
)
from objectives.shapes.metadata import BareMetadata
from objectives.spelling import without_nul
from objectives.validation.labels import read_filter
from spaces.api.idempotency import read_idempotency_key
from spaces.api.pages import Column, Keyset
from spaces.errors import Invalid
from spaces.scopes import May

_PATH = "workspace_id objective_id"
_SEQ = Column("seq", int, int)
_EVENT_FILTERS = {
    "windowId": "Only events of this context window.",
    "sinceEventId": "Only events after this one.",
    "includeInfo": "`true` adds `info` to each item.",
}
_ACTION_FILTERS = {
    **PAGING,
    "state": "Only actions in this state.",
}


class HistoryViewSet(OfObjectives):
    """Everything below an objective that is not a tool call."""

    may_by_ticket: ClassVar = dict.fromkeys(
        ("events", "windows", "diagnostics", "feedback", "queued_actions", "tools"), May.READ
    )

    @operation(
        "listEvents",
        "List what happened in an objective",
        tag="objectives",
        answer=page_of(ObjectiveEvent),
        query={**PAGING, **_EVENT_FILTERS},
        paths=_PATH,
    )
    def events(self, request: Request, workspace_id: str, objective_id: str) -> Response:
        objective = self.owner(objective_id)
        descending = sort_order(request, default="asc") == "desc"
        keyset = Keyset((_SEQ,), is_descending=descending)
        rows = self._events(objective, request)
        if read_filter(request.query_params.get("labels", "")):
            rows = rows.none()  # events carry none
        page = page_at(rows, keyset, request, of_list=f"events {objective.id}")
        with_info = wants_info(request)
        shown = show_events(objective, page.rows, reader=self.reader, now=timezone.now(), with_info=with_info)
        return answer_items(shown, page.meta["next_cursor"])

    @operation(
        "listContextWindows",
        "List the context windows of an objective, newest first",
        tag="objectives",
        answer=page_of(ContextWindow),
        query={**PAGING, "includeInfo": "`true` adds `info` to each item."},
        paths=_PATH,
    )
    def windows(self, request: Request, workspace_id: str, objective_id: str) -> Response:
        objective = self.owner(objective_id)
        rows = WindowRow.objects.filter(objective=objective).defer("opening")  # which may be long
        with_info = wants_info(request)
        return answer_page(
            rows,
            request,
            of_list=f"windows {objective_id}",
            show=lambda page: show_windows(objective, page, reader=self.reader, with_info=with_info),
        )

    @operation(
        "getDiagnostics",
        "Say what fills an objective's context window",
        tag="objectives",
        answer=DiagnosticsAnswer,
        paths=_PATH,
    )
    def diagnostics(self, request: Request, workspace_id: str, objective_id: str) -> Response:
        return self.answer(DiagnosticsAnswer(diagnostics=diagnose(self.objective(objective_id))))

    @operation(
        "listFeedback",
        "List the feedback on an objective",
        tag="objectives",
        answer=page_of(ObjectiveFeedback),
        query=PAGING,
        paths=_PATH,
    )
    def feedback(self, request: Request, workspace_id: str, objective_id: str) -> Response:
        rows = Feedback.objects.filter(objective=self.owner(objective_id)).select_related("variation")
        return answer_page(
            rows,
            request,
            of_list=f"feedback {objective_id}",
            show=lambda page: show_feedback(page, reader=self.reader),
        )

    @operation(
        "createFeedback",
        "Give feedback on an objective",
        tag="objectives",
        body=FeedbackBody,
        answer=ObjectiveFeedback,
        paths=_PATH,
        is_repeatable=True,
    )
    def create_feedback(self, request: Request, workspace_id: str, objective_id: str) -> Response:
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
        answer=page_of(QueuedAction),
        query=_ACTION_FILTERS,
        paths=_PATH,
    )
    def queued_actions(self, request: Request, workspace_id: str, objective_id: str) -> Response:
        rows = ActionRow.objects.filter(objective=self.owner(objective_id))
        if name := request.query_params.get("state"):
            rows = rows.filter(state=_action_state(name))
        return answer_page(
            rows,
            request,
            of_list=f"queued actions {objective_id}",
            show=lambda page: show_actions(page, reader=self.reader),
            newest_first=False,
        )

    @operation(
        "listObjectiveTools",
        "List what an objective may call",
        tag="objectives",
        answer=page_of(ObjectiveTool),
        query={"limit": PAGING["limit"], "cursor": PAGING["cursor"]},
        paths=_PATH,
    )
    def tools(self, request: Request, workspace_id: str, objective_id: str) -> Response:
        offered = Plan.read(self.objective(objective_id).plan).offered
        start = _place(request.query_params.get("cursor", ""))
        end = start + limit_of(request)
        items = [
            ObjectiveTool(
                metadata=BareMetadata(id=one.metadata["id"], name=one.metadata["name"]), snapshot=one.shown
            )
            for one in offered[start:end]
        ]
        return answer_items(items, str(end) if end < len(offered) else None)

    def _events(self, objective: Objective, request: Request) -> QuerySet[RunEvent]:
        kinds = stored(told_to(self.reader.dialect))
        rows = RunEvent.objects.filter(run_id=objective.id, kind__in=kinds)
        if window := request.query_params.get("windowId"):
            rows = rows.filter(of_window(without_nul(window)))
        if since := request.query_params.get("sinceEventId"):
            rows = rows.filter(seq__gt=event_number(objective.id, since, "query", "sinceEventId"))
        return rows


def _place(cursor: str) -> int:
    """Where a list that never changes goes on; raises Invalid."""
    if not (cursor.isascii() and cursor.isdecimal() and len(cursor) < 7) and cursor:
        raise Invalid.field("query", "cursor", msg="This is not a cursor.", value=cursor[:200])
    return int(cursor or 0)


def _action_state(name: str) -> str:
    short = name.removeprefix("STATE_").lower()
    if short not in ActionState.values:
        raise Invalid.field("query", "state", msg="There is no such state.", value=name[:200])
    return short
