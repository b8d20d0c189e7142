"""What the admin's page of one objective shows."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from executions.admin.shown import dollars, duration, pretty_json
from executions.runs.usage import TreeUsage, tree_usage
from objectives.actions.resuming import why_not_resumable
from objectives.admin.calls import ShownCall, read_calls
from objectives.admin.family import Relative, read_tree
from objectives.admin.timeline import Entry, Known, entries_of, read_events, read_people
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
from objectives.spelling import Prefix, spell
from spaces.wording import in_words

MOST_CALLS = 500
MOST_NOTES = 20  # pieces of feedback, and of what is queued
RELATED = ("space__tenant", "agent", "variation", "created_by", "cancel_requested_by", "continued_by")


@dataclass(frozen=True)
class ObjectivePage:
    """One objective, read once for its page."""

    objective: Objective
    entries: list[Entry]
    has_older_entries: bool
    calls: list[ShownCall]
    tree: list[Relative]
    total: TreeUsage
    queued: Sequence[QueuedAction]
    feedback: Sequence[Feedback]
    secret_names: list[str]

    @property
    def public_id(self) -> str:
        return spell(Prefix.OBJECTIVE, self.objective.id)

    @property
    def to_decide(self) -> list[ShownCall]:
        """The calls that wait for somebody's decision."""
        return [shown for shown in self.calls if shown.is_to_be_decided]

    @property
    def to_answer(self) -> list[ShownCall]:
        """The calls that wait for their content."""
        return [shown for shown in self.calls if shown.is_to_be_answered]

    @property
    def took(self) -> str:
        return duration(self.objective.started_at, self.objective.finished_at, timezone.now())

    @property
    def cost(self) -> str:
        return dollars(self.objective.cost_usd)

    @property
    def total_cost(self) -> str:
        return dollars(self.total.cost_usd)

    @property
    def budget(self) -> str:
        limit = self.objective.cost_budget_usd
        return "none" if limit is None else dollars(limit)

    @property
    def output(self) -> str:
        return "" if self.objective.output is None else pretty_json(self.objective.output)

    @property
    def can_cancel(self) -> bool:
        return not self.objective.is_over and self.objective.cancel_requested_at is None

    @property
    def can_interrupt(self) -> bool:
        """A turn goes on, be it that it waits for a decision."""
        has_open = any(not shown.call.is_settled for shown in self.calls)
        state = self.objective.state
        return state == ObjectiveState.RUNNING or (state == ObjectiveState.WAITING and has_open)

    @property
    def provider_away(self) -> str:
        """For how long its provider has been unavailable; "" while it is not."""
        since = self.objective.provider_unavailable_since
        return in_words(timezone.now() - since) if since else ""

    @property
    def is_being_asked(self) -> bool:
        """Whether the next try goes on just now."""
        at = self.objective.next_try_at
        return at is not None and at <= timezone.now()

    @property
    def has_failed(self) -> bool:
        return self.objective.state == ObjectiveState.FAILED

    @property
    def not_resumable(self) -> str:
        """Why it cannot be taken up again after it has failed; "" where it can."""
        return why_not_resumable(self.objective) if self.has_failed else ""

    @property
    def hears_people(self) -> bool:
        """Whether there is a point in saying something to it."""
        return not self.objective.is_over or (self.has_failed and not self.not_resumable)

    def live(self) -> dict[str, Any]:
        """What the page's script begins with."""
        return {"objective_id": str(self.objective.id), "is_over": self.objective.is_over}


def read_page(objective_id: uuid.UUID) -> ObjectivePage | None:
    """Everything on the page, in a bounded number of queries; None where there is no such objective."""
    found = Objective.objects.select_related(*RELATED).defer("agent_snapshot", "variation_snapshot")
    objective = found.filter(pk=objective_id).first()
    if objective is None:
        return None
    calls = _calls(objective)
    events, has_older = read_events(objective_id)
    known = Known(
        objective, read_people(events), {shown.call.id: shown for shown in calls}, _steps(objective)
    )
    tree = read_tree(objective)
    feedback = Feedback.objects.filter(objective=objective).select_related("created_by")
    return ObjectivePage(
        objective=objective,
        entries=entries_of(events, known),
        has_older_entries=has_older,
        calls=calls,
        tree=tree if len(tree) > 1 else [],
        total=tree_usage(objective_id),
        queued=_queued(objective),
        feedback=list(feedback.order_by("-created_at", "-id")[:MOST_NOTES]),
        secret_names=list(
            Secret.objects.filter(objective=objective).order_by("name").values_list("name", flat=True)
        ),
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
