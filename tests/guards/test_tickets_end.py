"""A ticket ends with what it rests on, and lets do what its maker still may."""

import pytest
from django.utils import timezone
from rest_framework.settings import api_settings

from spaces.keys import revoke_key, rotate_key
from spaces.models import Membership, Role, Ticket
from tests.factories import NOW, Actor
from tests.guards.ticketed import (
    EXECUTION,
    ROUTES,
    VERBS,
    World,
    ask,
    expected,
    make_world,
    opened,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return make_world()


def revoke(actor: Actor) -> None:
    revoke_key(key_id=actor.key.id, now=NOW)


def rotate(actor: Actor) -> None:
    rotate_key(key_id=actor.key.id, now=timezone.now())


def expire(actor: Actor) -> None:
    Ticket.objects.update(expires_at=timezone.now())


def disable(actor: Actor) -> None:
    type(actor.key).objects.filter(pk=actor.key.pk).update(disabled_at=NOW)


def deactivate(actor: Actor) -> None:
    type(actor.principal).objects.filter(pk=actor.principal.pk).update(is_active=False)


@pytest.mark.parametrize("end", [revoke, rotate, expire, disable, deactivate], ids=lambda end: end.__name__)
def test_after_the_end_of_what_it_rests_on_it_is_a_401_everywhere(world, end):
    ticket = world.ticket("space_id", *VERBS)
    end(world.actor)

    assert {ask(route, world.own, ticket) for route in ROUTES} == {401}


def leave(actor: Actor) -> None:
    Membership.objects.filter(principal=actor.principal).delete()


def archive(actor: Actor) -> None:
    type(actor.space).objects.filter(pk=actor.space.pk).update(archived_at=NOW)


def narrow(actor: Actor) -> None:
    type(actor.key).objects.filter(pk=actor.key.pk).update(all_spaces=False)


@pytest.mark.parametrize("end", [leave, archive, narrow], ids=lambda end: end.__name__)
def test_after_the_end_of_its_makers_access_it_opens_nothing(world, end):
    ticket = world.ticket("space_id", *VERBS)
    end(world.actor)

    assert opened(world.own, ticket) == set()


def test_it_lets_do_no_more_than_its_maker_may_by_now(world):
    ticket = world.ticket("space_id", *VERBS)
    Membership.objects.filter(principal=world.actor.principal).update(role=Role.VIEWER)

    assert opened(world.own, ticket) == expected("space_id", "read")


def test_requests_by_ticket_are_counted_for_the_ticket(world, monkeypatch):
    rates = {**api_settings.DEFAULT_THROTTLE_RATES, "ticket": "2/day"}
    monkeypatch.setattr(api_settings, "DEFAULT_THROTTLE_RATES", rates)
    route = next(route for route in ROUTES if str(route) == f"GET /{EXECUTION}")
    ticket = world.ticket("execution_id", "read")

    statuses = [ask(route, world.own, ticket) for _ in range(3)]

    assert statuses == [200, 200, 429]
    assert ask(route, world.own, world.ticket("execution_id", "read")) == 200
