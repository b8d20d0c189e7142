"""What the admin's page of one objective shows."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from executions.admin.kit.runs import RunPage
from executions.admin.kit.timeline import read_log
from executions.admin.kit.tree import read_tree
from executions.runs.event_kinds import EventKind
from executions.runs.usage import tree_usage
from objectives.actions.resumption import why_not_resumable
from objectives.admin.calls import ShownCall, read_calls
from objectives.admin.timeline import MOST_ENTRIES, Known, entries_of, read_people
from objectives.events import PUBLIC
from objectives.former_events import present, stored
from objectives.ids import Prefix, spell
from objectives.models import (
    ActionState,
    Feedback,
    Objective,
    ObjectiveState,
    QueuedAction,
    Secret,
    Step,
    ToolCall,
)
from spaces.phrases import in_words

MOST_CALLS = 500
MOST_NOTES = 20  # pieces of feedback, and of what is queued
RELATED = ("space__tenant", "agent", "variation", "created_by", "cancel_requested_by", "continued_by")
RELATIVE = ("parent_id", "state", "first_user_message", "agent__name")


@dataclass(frozen=True)
class ObjectivePage(RunPage):
    """One objective, read once for its page."""

    run: Objective
    calls: Sequence[ShownCall]
    queued: Sequence[QueuedAction]
    feedback: Sequence[Feedback]
    secret_names: Sequence[str]

    id_name = "objective_id"
    logs_text = False

    @property
    def title(self) -> str:
        return f"{self.run.agent}: objective"

    @property
    def name(self) -> str:
        return f"{self.run.agent}, {self.public_id}"

    @property
    def public_id(self) -> str:
        return spell(Prefix.OBJECTIVE, self.run.id)

    @property
    def to_decide(self) -> list[ShownCall]:
        """The calls that wait for somebody's decision."""
        return [shown for shown in self.calls if shown.is_to_be_decided]

    @property
    def to_answer(self) -> list[ShownCall]:
        """The calls that wait for their content."""
        return [shown for shown in self.calls if shown.is_to_be_answered]

    @property
    def fitting(self) -> dict[str, str]:
        """A turn goes on, be it that it waits for a decision, where it can be interrupted."""
        run = self.run
        has_open = any(not shown.call.is_settled for shown in self.calls)
        goes_on = run.state == ObjectiveState.RUNNING or (run.state == ObjectiveState.WAITING and has_open)
        verbs = {"interrupt": ""} if goes_on else {}
        if self.has_failed:
            verbs["continue"] = self.not_resumable
        if not self.is_over and run.cancel_requested_at is None:
            verbs["cancel"] = ""
        return verbs

    @property
    def provider_away(self) -> str:
        """For how long its provider has been unavailable; "" while it is not."""
        since = self.run.provider_unavailable_since
        return in_words(timezone.now() - since) if since else ""

    @property
    def is_being_asked(self) -> bool:
        """Whether the next try goes on just now."""
        at = self.run.next_try_at
        return at is not None and at <= timezone.now()

    @property
    def has_failed(self) -> bool:
        return self.run.state == ObjectiveState.FAILED

    @property
    def not_resumable(self) -> str:
        """Why it cannot be taken up again after it has failed; "" where it can."""
        return why_not_resumable(self.run) if self.has_failed else ""

    @property
    def hears_people(self) -> bool:
        """Whether there is a point in saying something to it."""
        return not self.is_over or (self.has_failed and not self.not_resumable)


def read_page(objective_id: uuid.UUID) -> ObjectivePage | None:
    """Everything on the page, in a bounded number of queries; None where there is no such objective."""
    found = Objective.objects.select_related(*RELATED).defer("agent_snapshot", "variation_snapshot")
    objective = found.filter(pk=objective_id).first()
    if objective is None:
        return None
    calls = _calls(objective)
    rows, has_older = read_log(objective_id, most=MOST_ENTRIES, kinds=stored(PUBLIC))
    events = [present(row) for row in rows]
    shown_calls = {shown.call.id: shown for shown in calls}
    known = Known(objective, read_people(events), shown_calls, _steps(objective))
    feedback = Feedback.objects.filter(objective=objective).select_related("created_by")
    secrets = Secret.objects.filter(objective=objective).order_by("name")
    return ObjectivePage(
        run=objective,
        entries=entries_of(events, known),
        has_older_entries=has_older,
        drawn_to=max((event.seq for event in events if event.kind == EventKind.ASSISTANT_MESSAGE), default=0),
        tree=read_tree(objective, Objective.objects.select_related("agent").only(*RELATIVE)),
        total=tree_usage(objective_id),
        calls=calls,
        queued=_queued(objective),
        feedback=list(feedback.order_by("-created_at", "-id")[:MOST_NOTES]),
        secret_names=list(secrets.values_list("name", flat=True)),
    )


def tool_sets_of(objective: Objective) -> dict[str, str]:
    """The names of the sets that an objective's functions belong to, by function."""
    return {one["function"]: one["tool_set"].get("name", "") for one in objective.plan["offered"]}


def _calls(objective: Objective) -> list[ShownCall]:
    """The newest of its calls, in the order in which they were asked for."""
    sets = tool_sets_of(objective)
    newest = ToolCall.objects.filter(objective=objective).order_by("-created_at", "-id")[:MOST_CALLS]
    rows = sorted(read_calls(newest), key=lambda call: (call.step.turn, call.place))
    return [ShownCall(call, sets.get(call.called_as, "")) for call in rows]


def _steps(objective: Objective) -> dict[Any, Step]:
    """Its newest model requests, by the time at which they were written down with their events."""
    rows = Step.objects.filter(objective=objective).defer("request", "response").order_by("-turn")
    return {step.created_at: step for step in rows[:MOST_CALLS]}


def _queued(objective: Objective) -> Sequence[QueuedAction]:
    rows = QueuedAction.objects.filter(objective=objective, state=ActionState.QUEUED)
    return list(rows.order_by("created_at", "id")[:MOST_NOTES])
