"""Two people changing the same agent at the same moment."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection

from objectives.actions.assignments import add_assignment
from objectives.actions.variations import delete_variation
from objectives.ids import Prefix, spell
from objectives.models import AgentVariation, Assignment
from objectives.schemas.assignments import VariationAssignment
from spaces.errors import AlreadyExists, DomainError, NotReady
from spaces.models import Role
from tests.factories import NOW, make_actor
from tests.objectives.factories import make_agent, make_variation

pytestmark = pytest.mark.django_db(transaction=True)
AT_ONCE = 4


@pytest.fixture
def actor():
    return make_actor(role=Role.ADMIN)


def at_once(calls):
    """What each of these calls, all made at the same moment, raised; None where it did not."""
    together = Barrier(len(calls))

    def run(call):
        try:
            together.wait(60)
            call()
        except DomainError as error:
            return type(error)
        finally:
            connection.close()
        return None

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def test_of_several_deletions_one_leaves_the_last_variation(actor):
    agent = make_agent(space=actor.space, created_by=actor.principal)
    variations = [make_variation(agent=agent) for _ in range(AT_ONCE)]

    def deletion(variation):
        addresses = {
            "agent_address": spell(Prefix.AGENT, agent.id),
            "address": spell(Prefix.VARIATION, variation.id),
        }
        return lambda: delete_variation(access=actor.access, **addresses)

    raised = at_once([deletion(variation) for variation in variations])

    assert Counter(raised) == {None: AT_ONCE - 1, NotReady: 1}
    assert AgentVariation.objects.count() == 1


def test_a_thing_is_assigned_once_however_many_ask(actor):
    agent = make_agent(space=actor.space, created_by=actor.principal)
    variation = make_variation(agent=agent)

    def call():
        add_assignment(
            access=actor.access,
            agent_address=spell(Prefix.AGENT, agent.id),
            address=spell(Prefix.VARIATION, variation.id),
            assignment=VariationAssignment(sub_agent_id=spell(Prefix.AGENT, agent.id)),
            now=NOW,
        )

    raised = at_once([call] * AT_ONCE)

    assert Counter(raised) == {None: 1, AlreadyExists: AT_ONCE - 1}
    assert Assignment.objects.count() == 1
