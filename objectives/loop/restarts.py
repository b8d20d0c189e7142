"""A turn that is asked anew: readers drop what they saw of it, and what was cut off is paid for."""

from datetime import datetime

from django.db import transaction

from executions.inference.attaching import fitted
from executions.inference.choices import ModelChoice
from executions.inference.interface import ModelRequest, Spending, TokenUsage
from executions.inference.prices import price
from executions.inference.weighing import tokens_asked, tokens_in
from executions.models import RunEvent
from executions.runlog.events import NewEvent
from executions.runlog.lease import Lease
from objectives.events import Kind
from objectives.lifecycle import note
from objectives.loop.leased import leased_objective
from objectives.models import BrokenRequest, Objective

_OF_TURNS = (Kind.TEXT, Kind.ASSISTANT_MESSAGE, Kind.RESTARTED, Kind.COMPACTED)


def note_restart(lease: Lease, request: ModelRequest, choice: ModelChoice, *, now: datetime) -> None:
    """Say so in the log where a former attempt at this turn was heard of; raises LeaseLost.

    A request of which nobody told what it cost, since its worker vanished, is charged by an estimate.
    """
    with transaction.atomic():
        head, objective = leased_objective(lease)
        heard = RunEvent.objects.filter(run_id=lease.run_id, kind__in=_OF_TURNS).order_by("-seq").first()
        if heard is None or heard.kind != Kind.TEXT or heard.data["turn"] != objective.turn:
            return
        paid = BrokenRequest.objects.filter(
            objective=objective, turn=objective.turn, created_at__gte=heard.at
        )
        if not paid.exists():
            written = heard.data["offset"] + len(heard.data["text"])
            keep_broken(objective, estimate(request, choice, written), now=now)
        restarted = {"turn": objective.turn, "attempt": objective.attempt}
        note(objective, head, [NewEvent(Kind.RESTARTED, restarted, now)])


def keep_broken(objective: Objective, spending: Spending | None, *, now: datetime) -> None:
    """Keep what a request cost that gave no usable answer; it needs no lease, since it was paid for."""
    if spending is None:
        return
    BrokenRequest.objects.create(
        objective=objective,
        turn=objective.turn,
        model_name=spending.model,
        input_tokens=spending.usage.input_tokens,
        output_tokens=spending.usage.output_tokens,
        cost_usd=spending.cost_usd,
        price_version=spending.price_version,
        is_estimated=spending.usage.estimated,
        created_at=now,
    )


def estimate(request: ModelRequest, choice: ModelChoice, written: int) -> Spending:
    """What a request cost of which nobody told: all of it read, so many characters of an answer written."""
    usage = TokenUsage(
        input_tokens=tokens_asked(fitted(request, choice)), output_tokens=tokens_in(written), estimated=True
    )
    cost, version = price(usage, choice, model_name=choice.name, provider_url=None)
    return Spending(model=choice.name, usage=usage, cost_usd=cost, price_version=version)
