"""What the scores of a judged call mean: it runs by itself, is denied, or people are asked."""

import uuid
from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from executions.models import RunHead
from executions.runs.lease import Lease
from executions.runs.locks import leased
from objectives.actions.approvals import deny
from objectives.actions.locks import locked_call
from objectives.agent_loop.auto_approval import Judgement
from objectives.agent_loop.charges import CHARGED, charge
from objectives.agent_loop.cut_off_requests import keep_broken
from objectives.ids import Json
from objectives.lifecycles.calls import ask_people, decide
from objectives.lifecycles.objectives import note
from objectives.models import ApprovalStatus, Objective, ToolCall
from objectives.planning.plan import Offered, Plan


def write_judgement(lease: Lease, call_id: uuid.UUID, judgement: Judgement, *, now: datetime) -> None:
    """Decide a call by its scores, or leave it to people; raises LeaseLost.

    Where somebody decided meanwhile, or gave the call up, only the cost is kept. May be repeated.
    """
    with transaction.atomic():
        head, objective = leased(Objective, lease)
        call = locked_call(objective, call_id)
        if call.awaits_judgement and not call.is_settled:
            if judgement.spending is not None:
                charge(objective, call.step.window_id, judgement.spending)
                objective.save(update_fields=CHARGED)
            offered = Plan.read(objective.plan).offered_as(call.called_as)
            _decide(call, head, objective, offered=offered, scores=judgement.scores, now=now)
        elif call.decision_scores is None:
            keep_broken(objective, judgement.spending, now=now)


def decision_scores(auto_mode: Json, scores: Sequence[float]) -> Json:
    """An evaluation as the API writes it: a question is passed from its threshold on."""
    judged = [
        {"score": score, "passed": score >= question["threshold"]}
        for score, question in zip(scores, auto_mode["questions"], strict=True)
    ]
    passed = [bool(one["passed"]) for one in judged]
    return {
        "autoMode": auto_mode,
        "scores": judged,
        "approved": _is_approved(auto_mode["passingMode"], passed),
    }


def _is_approved(mode: str, passed: Sequence[bool]) -> bool:
    if mode == "PASSING_MODE_NONE":
        return not any(passed)
    if mode == "PASSING_MODE_MOST":
        return sum(passed) > len(passed) / 2
    return all(passed)


def _decide(
    call: ToolCall,
    head: RunHead,
    objective: Objective,
    *,
    offered: Offered,
    scores: Sequence[float] | None,
    now: datetime,
) -> None:
    auto_mode = offered.auto_mode or {}
    if scores is not None:
        call.decision_scores = decision_scores(auto_mode, scores)
        call.save(update_fields=["decision_scores"])
    if call.decision_scores is not None and call.decision_scores["approved"]:
        call.decided_at = now
        decide(call, ApprovalStatus.AUTO_APPROVED, also=["decided_at"])
    elif call.decision_scores is not None and auto_mode.get("failureMessage"):
        deny(call, head, objective, by=None, memo=auto_mode["failureMessage"], now=now)
    else:
        note(objective, head, [ask_people(call, offered.approval_expires_seconds, now=now)])
