"""Every verb on an objective in every state that there is: what moves, and that nothing else does."""

import itertools

import pytest
from django.utils import timezone

from executions.models import RunEvent, RunHead
from objectives.ids import Prefix, spell
from objectives.models import OVER, PASSING, ErrorType, Objective, ObjectiveState
from tests.factories import Actor, make_actor
from tests.objectives.runs import begin_objective, make_published_agent
from tests.objectives.workspace_client import WorkspaceClient

pytestmark = pytest.mark.django_db

_S = ObjectiveState
VERBS = {
    ":continue": {"message": "Go on."},
    ":continue without a message": {},
    ":continue and enqueue": {"message": "Go on.", "enqueue": True},
    ":compact": {},
    ":cancel": {},
    ":interrupt": None,
}
# A state, and why it failed.
STATES: list[tuple[ObjectiveState, str]] = [
    *((state, "") for state in ObjectiveState if state != _S.FAILED),
    *((_S.FAILED, error.value) for error in ErrorType),
]
OPEN_ONES = (_S.PENDING, _S.RUNNING, _S.WAITING, _S.INTERRUPTING)
# Where each legal verb leads; no other may change anything.
LEGAL: dict[tuple[ObjectiveState, str, str], ObjectiveState] = {
    (_S.WAITING, "", ":continue"): _S.RUNNING,
    (_S.WAITING, "", ":continue and enqueue"): _S.RUNNING,
    (_S.WAITING, "", ":compact"): _S.RUNNING,
    (_S.PENDING, "", ":interrupt"): _S.WAITING,
    (_S.RUNNING, "", ":interrupt"): _S.WAITING,
    **{(state, "", ":continue and enqueue"): state for state in (_S.PENDING, _S.RUNNING, _S.INTERRUPTING)},
    **{(state, "", ":compact"): state for state in (_S.PENDING, _S.RUNNING, _S.INTERRUPTING)},
    **{(state, "", ":cancel"): _S.CANCELLED for state in (*OPEN_ONES, _S.CANCELLED)},
    **{
        (_S.FAILED, error.value, verb): _S.RUNNING
        for error in PASSING
        for verb in (":continue", ":continue without a message", ":continue and enqueue")
    },
}
PAIRS = [(*standing, verb) for standing, verb in itertools.product(STATES, VERBS)]


@pytest.fixture
def actor() -> Actor:
    return make_actor()


def standing_in(actor: Actor, state: ObjectiveState, error: str) -> Objective:
    """An objective in this state, which no worker has, and nothing is open in."""
    objective = begin_objective(actor, make_published_agent(actor))
    is_over = state in OVER
    Objective.objects.filter(pk=objective.pk).update(
        state=state, error_type=error, finished_at=timezone.now() if is_over else None, turn=1
    )
    head = "ended" if is_over else "parked" if state == _S.WAITING else "queued"
    available_at = timezone.now() if head == "queued" else None
    RunHead.objects.filter(pk=objective.pk).update(state=head, available_at=available_at)
    objective.refresh_from_db()
    return objective


@pytest.mark.parametrize(("state", "error", "verb"), PAIRS)
def test_every_verb_in_every_state(actor: Actor, state: ObjectiveState, error: str, verb: str):
    objective = standing_in(actor, state, error)
    before = RunEvent.objects.filter(run_id=objective.id).count()
    queued = objective.queued_actions.count()
    path = f"/objectives/{spell(Prefix.OBJECTIVE, objective.id)}{verb.split(maxsplit=1)[0]}"

    answer = WorkspaceClient(actor).send("post", path, VERBS[verb])

    now = Objective.objects.get(pk=objective.pk)
    wanted = LEGAL.get((state, error, verb))
    if wanted is None:
        is_empty = verb == ":continue without a message" and state in OPEN_ONES
        assert (answer.status_code, answer.json()["code"]) == (400, 3 if is_empty else 9)
        assert (now.state, now.error_type, now.finished_at) == (state, error, objective.finished_at)
        assert RunEvent.objects.filter(run_id=objective.id).count() == before
        assert objective.queued_actions.count() == queued
    else:
        assert answer.status_code == 200, answer.content
        assert now.state == wanted
        assert (now.finished_at is not None) == (wanted in OVER)
        assert now.error_type == ""
