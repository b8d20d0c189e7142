"""What the shared verbs take for granted of every kind of run."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from executions.models import RunHead
from executions.runs.db_retry import retry_database
from executions.runs.registry import begin_run, kind_of, registration, registrations
from executions.runs.verbs import CANCELLED, backoff
from spaces.errors import IllegalMove
from tests.executions.runs.worker.attempts import start_again
from tests.factories import make_actor, make_skill
from tests.objectives.runs import begin_objective, make_published_agent


def test_every_kind_can_be_cancelled_unless_it_is_over():
    for kind in registrations():
        states = dict(kind.model._meta.get_field("state").choices)

        assert CANCELLED in kind.model.over < set(states), kind.name
        for state in states:
            run = kind.model(state=state)
            if run.is_over:
                with pytest.raises(IllegalMove):
                    kind.check_move(run, CANCELLED)
            else:
                kind.check_move(run, CANCELLED)


@pytest.mark.django_db
def test_a_run_of_either_kind_is_claimed_by_a_ticket_that_does_not_say_it():
    actor = make_actor()
    make_skill(tenant=actor.tenant)
    runs = {
        "execution": start_again(actor).id,
        "objective": begin_objective(actor, make_published_agent(actor)).id,
    }

    leases = {
        kind: begin_run(run_id, kind_of(run_id), owner=uuid.uuid4(), now=timezone.now())
        for kind, run_id in runs.items()
    }

    assert {kind: lease.kind for kind, lease in leases.items()} == {kind: kind for kind in runs}
    assert set(RunHead.objects.values_list("state", flat=True)) == {"running"}
    assert {registration(kind).model.objects.get().state for kind in runs} == {"running"}
    assert kind_of(uuid.uuid4()) is None


def test_each_try_waits_twice_as_long_up_to_five_minutes():
    second = timedelta(seconds=1)

    assert [backoff(tries, first=2 * second) / second for tries in (0, 1, 2, 3, 8, 9, 10_000)] == [
        *(2, 2, 4, 8),
        *(256, 300, 300),
    ]


def test_nobody_asks_again_once_there_is_no_need_for_an_answer():
    def stop() -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        retry_database(pytest.fail, check=stop)("It was asked.")
