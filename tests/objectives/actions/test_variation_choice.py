"""Which variation works on a new objective."""

import random
from collections import Counter
from datetime import timedelta

import pytest

from objectives.actions.variations import choose_variation
from objectives.models import VariationChoice
from spaces.errors import NotReady
from tests.factories import NOW, make_actor
from tests.objectives.factories import make_agent, make_feedback, make_objective, make_variation

pytestmark = pytest.mark.django_db


@pytest.fixture
def make():
    """An agent with three variations, of which the first is liked and the second is not."""
    actor = make_actor()

    def made(choice):
        agent = make_agent(space=actor.space, created_by=actor.principal, variation_choice=choice)
        liked, disliked, _ = (
            make_variation(agent=agent, name=name, created_at=NOW + timedelta(seconds=number))
            for number, name in enumerate(["liked", "disliked", "untried"])
        )
        for variation, scores in ((liked, [1.0, 0.5, 0.2, 1.0, 0.0]), (disliked, [-1.0, -0.1, -0.5, -1.0])):
            objective = make_objective(variation=variation)
            for score in scores:
                make_feedback(objective=objective, score=score)
        return agent

    return made


def chosen(agent, *, times):
    rng = random.Random(7)
    return Counter(choose_variation(agent, rng).name for _ in range(times))


def test_by_chance_every_variation_is_chosen_about_as_often(make):
    counts = chosen(make(VariationChoice.RANDOM), times=300)

    assert set(counts) == {"liked", "disliked", "untried"}
    assert all(70 <= count <= 130 for count in counts.values()), counts


def test_by_weight_what_is_liked_is_chosen_most_and_the_untried_gets_its_chances(make):
    counts = chosen(make(VariationChoice.WEIGHTED), times=300)

    # Beta(5, 1) beats Beta(1, 1) five times out of six.
    assert counts["liked"] > 220
    assert 20 < counts["untried"] < 80
    assert counts["disliked"] < 20


def test_the_same_generator_chooses_the_same(make):
    agent = make(VariationChoice.WEIGHTED)

    assert chosen(agent, times=20) == chosen(agent, times=20)


@pytest.mark.parametrize("choice", VariationChoice)
def test_an_agent_without_variations_chooses_none(choice):
    actor = make_actor()
    agent = make_agent(space=actor.space, created_by=actor.principal, variation_choice=choice)

    with pytest.raises(NotReady):
        choose_variation(agent, random.Random(7))
