"""What one attempt holds: its lease, what its newest step has read, the text that comes meanwhile.

Decision: an attempt alternates between steps and waits. A step is one short transaction under the lease: it
locks the objective, reads, decides and writes. A wait, for a model or for tool calls, is in no transaction,
and what comes of it is kept with the next step; what it has to write before, such as the intent to ask for a
judgement or the cost of a request that failed, are short transactions of their own. Waiting goes on in the
worker's event loop, beside hundreds of others, and holds no thread and no connection: all that speaks to the
database does so in step threads. So a `*_step` module is what happens inside of steps, on a `LockedTurn`, and
a `*_wait` module what goes on between two.
"""

import logging
import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Concatenate

from django.db import InterfaceError, OperationalError, transaction
from django.utils import timezone

from executions.models import RunHead
from executions.postgres_text import storable_text
from executions.runs.event_kinds import EventKind
from executions.runs.group_writer import GroupRecorder
from executions.runs.lease import LeaseLost
from executions.runs.locks import leased
from executions.runs.log import NewEvent
from executions.runs.models import HeadState
from executions.runs.recorder import TEXT_LIMIT
from executions.runs.worker.heartbeat import HeldLease
from executions.runs.worker.steps import Steps
from objectives.events import event
from objectives.ids import Json
from objectives.lifecycles.objectives import note
from objectives.models import Objective, Step, ToolCall
from objectives.planning.plan import Plan

logger = logging.getLogger(__name__)


class TextRecorder(GroupRecorder):
    """Pieces of text of one attempt at a turn; those that wait together become one event of at most 64 Ki."""

    _turn = _attempt = 0

    def begin(self, turn: int, attempt: int) -> None:
        """From now on texts belong to this attempt at this turn; their offsets count characters from 0.

        None of the last one's may wait any more.
        """
        self._turn, self._attempt, self.offset = turn, attempt, 0

    async def add(self, item: str) -> None:
        await super().add(storable_text(item))

    def events(self, texts: Sequence[str]) -> list[NewEvent]:
        text, now, of_attempt = "".join(texts), timezone.now(), {"turn": self._turn, "attempt": self._attempt}
        return [
            event(
                EventKind.TEXT,
                {**of_attempt, "offset": self.offset + start, "text": text[start : start + TEXT_LIMIT]},
                now=now,
            )
            for start in range(0, len(text), TEXT_LIMIT)
        ]


type Keep = Callable[[LockedTurn], None]
"""Writes what came of a wait; it may be repeated."""


class AttemptContext:
    """One worker's time with one objective; `objective` is as the newest step has left it.

    Between two steps people, other runs and the sweeper may write: each step reads the row, its calls and
    what is queued anew. What cannot change is kept: a response is written once, a plan only grows.
    """

    objective: Objective

    def __init__(self, held: HeldLease[TextRecorder], steps: Steps) -> None:
        self.held = held
        self.steps = steps
        self.is_over = False
        # The turn for whose response nobody has asked the model yet, as this worker knows without looking.
        self.unasked_turn: int | None = 0
        self.newest: Step | None = None
        self._stored_plan: Json | None = None
        self._plan: Plan | None = None

    async def read[**P, Answer](self, do: Callable[P, Answer], *args: P.args, **named: P.kwargs) -> Answer:
        """What a function gives that speaks to the database, without a lock. Raises LeaseLost."""
        return await self.steps.run_while(self.held.require, do, *args, **named)

    async def step[**P, Answer](
        self, do: Callable[Concatenate["LockedTurn", P], Answer], *args: P.args, **named: P.kwargs
    ) -> Answer:
        """`do` with the objective locked, in a transaction of its own, and again while the database is away.

        Raises LeaseLost. So `do` may be repeated where only the answer to its commit was lost: with the same
        time, and the rows as they are by then.
        """
        held = self.held
        # A step may give the lease up: whoever finds it gone meanwhile must not take it for lost.
        held.is_ending = True
        try:
            return await self.read(self._once, lambda turn: do(turn, *args, **named), timezone.now())
        finally:
            held.is_ending = held.is_over

    async def keep(self, keeps: Iterable["Keep"]) -> None:
        """What came of waits, each in a step of its own: one that cannot be written costs no other."""
        for keep in keeps:
            try:
                await self.step(keep)
            except (LeaseLost, OperationalError, InterfaceError):
                raise
            except Exception:
                logger.exception("What came of a wait could not be kept for %s", self.held.lease.run_id)

    def _once[Answer](self, do: Callable[["LockedTurn"], Answer], now: datetime) -> Answer:
        with transaction.atomic():
            head, objective = leased(Objective, self.held.lease)
            turn = LockedTurn(self, head, objective, self.plan_of(objective), now)
            answer = do(turn)
            turn.write()
        self.objective, self.is_over = objective, objective.is_over
        self.held.is_over, self.held.known_seq = head.state != HeadState.RUNNING, head.seq
        return answer

    def plan_of(self, objective: Objective) -> Plan:
        """The parsed plan of a row.

        Parsed again only where it has grown: by a search of this worker's, or by a long result that somebody
        else supplied meanwhile, since the model is offered to read on in it.
        """
        stored = objective.plan
        is_known = self._plan is not None and (stored is self._stored_plan or stored == self._stored_plan)
        if self._plan is None or not is_known:
            self._plan = Plan.read(stored)
        self._stored_plan = stored
        return self._plan


@dataclass
class LockedTurn:
    """A running objective, locked under this attempt's lease until the step's transaction ends.

    What a step has to say is collected and written once: `events`, and the `fields` of the row that it set.
    """

    context: AttemptContext
    head: RunHead
    objective: Objective
    plan: Plan
    now: datetime
    events: list[NewEvent] = field(default_factory=list)
    fields: set[str] = field(default_factory=set)
    _calls: list[ToolCall] | None = None

    @property
    def is_unasked(self) -> bool:
        """Whether certainly nobody has asked the model for this turn's response yet.

        An objective that was never in a worker's hands before; or this worker saw the turn begin.
        """
        turn = self.objective.turn
        return self.context.unasked_turn == turn and (turn > 0 or self.objective.attempt == 1)

    def newest_step(self) -> Step | None:
        """The newest response of the model, which nobody changes any more once it is written."""
        turn, known = self.objective.turn, self.context.newest
        if turn == 0:
            return None
        if known is None or known.turn != turn:
            known = Step.objects.filter(objective=self.objective).order_by("-turn").first()
            self.context.newest = known
        return known

    def calls(self, step: Step) -> list[ToolCall]:
        """The calls of the newest response, locked: people may have decided since the last step."""
        if self._calls is None:
            rows = ToolCall.objects.filter(step=step).select_for_update(no_key=True).order_by("place")
            self._calls = list(rows)
            for call in self._calls:
                call.step, call.objective = step, self.objective
        return self._calls

    def call(self, call_id: uuid.UUID) -> ToolCall | None:
        """A call of the newest response, locked; None for another."""
        step = self.newest_step()
        return next((call for call in self.calls(step) if call.id == call_id), None) if step else None

    def has_asked_for(self, step: Step, calls: list[ToolCall]) -> None:
        """A response and its calls, which this step itself has just inserted."""
        self.context.newest, self.context.unasked_turn, self._calls = step, step.turn, calls

    def take(self) -> tuple[list[NewEvent], set[str]]:
        """Events and fields, for the move that ends this step to write with its own."""
        taken = self.events, self.fields
        self.events, self.fields = [], set()
        return taken

    def save(self) -> None:
        """Write the fields that are set so far, for what counts over rows."""
        if self.fields:
            self.objective.save(update_fields=sorted(self.fields))
            self.fields.clear()

    def write(self) -> None:
        """Write what was collected; in the middle of a step, before somebody else appends to the log."""
        if self.events:
            note(self.objective, self.head, self.events, also=self.fields)
            self.events.clear()
            self.fields.clear()
        self.save()
