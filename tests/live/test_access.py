"""Open streams end when what they were let in for is over."""

import contextlib
import time
from collections.abc import Callable

import pytest
from django.test import Client
from django.utils import timezone
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection

from spaces.keys import revoke_key
from spaces.models import ApiKey, Membership, Principal, Role
from tests.factories import Actor, make_actor, make_operator
from tests.live.doors import DOORS, Door, open_socket, receive, send
from tests.live.runs import make_run
from tests.live.server import Server

pytestmark = pytest.mark.django_db(transaction=True)
both = pytest.mark.parametrize("door", DOORS, ids=lambda door: door.name)
BOUND = 6  # seconds: the server under test looks every second


def revoke(actor: Actor):
    revoke_key(key_id=actor.key.id, now=timezone.now())


def expire(actor: Actor):
    ApiKey.objects.filter(pk=actor.key.id).update(expires_at=timezone.now())


def leave(actor: Actor):
    Membership.objects.filter(principal=actor.principal).delete()


def deactivate(actor: Actor):
    Principal.objects.filter(pk=actor.principal.id).update(is_active=False)


def archive(actor: Actor):
    actor.space.archived_at = timezone.now()
    actor.space.save()


def narrow(actor: Actor):
    ApiKey.objects.filter(pk=actor.key.id).update(all_spaces=False)


ENDS = (revoke, expire, leave, deactivate, archive, narrow)


@pytest.mark.parametrize("end", ENDS, ids=lambda end: end.__name__)
def test_an_sse_stream_ends_soon_after_its_access(server: Server, end: Callable[[Actor], None]):
    run = make_run()

    with DOORS[0].open(server, run, 2) as events:
        end(run.actor)
        begun = time.monotonic()
        seen = list(events)

    assert seen == []
    assert time.monotonic() - begun < BOUND


@pytest.mark.parametrize("end", ENDS, ids=lambda end: end.__name__)
def test_a_subscription_ends_soon_after_its_access(server: Server, end: Callable[[Actor], None]):
    run = make_run()

    with open_socket(server, run.actor.headers) as socket:
        for sub, target in (
            ("e", {"execution_id": str(run.execution.id)}),
            ("s", {"space_id": str(run.actor.space.id)}),
        ):
            send(socket, type="subscribe", sub=sub, **target)
            assert [receive(socket)["type"] for _ in range(2)] == ["subscribed", "snapshot"]
        end(run.actor)
        begun = time.monotonic()
        codes = ended(socket)

    assert time.monotonic() - begun < BOUND
    assert codes in ({("e", "not_found"), ("s", "not_found")}, {(None, "unauthenticated")})


def ended(socket: ClientConnection) -> set[tuple[str | None, str]]:
    """The errors that come within the bound, until the socket is closed or both subscriptions are over."""
    found: set[tuple[str | None, str]] = set()
    with contextlib.suppress(ConnectionClosed):
        while len(found) < 2:
            frame = receive(socket, BOUND)
            found.add((frame["sub"], frame["code"]))
    return found


def test_others_stay_when_one_has_to_leave(server: Server):
    run = make_run()
    colleague = make_actor(space=run.actor.space, role=Role.VIEWER, name="colleague")

    with open_socket(server, colleague.headers) as socket:
        send(socket, type="subscribe", sub="a", execution_id=str(run.execution.id), after=2)
        receive(socket)
        revoke(run.actor)
        time.sleep(2.5)
        run.say("still here")
        event = receive(socket)

    assert event["data"] == {"text": "still here"}


def test_a_signed_in_person_streams_until_signing_out(server: Server):
    run = make_run()
    operator = make_operator()
    browser = Client()
    browser.force_login(operator)
    session = browser.cookies["sessionid"].value

    with open_socket(server, {"Cookie": f"sessionid={session}"}, origin=server.url) as socket:
        send(socket, type="subscribe", sub="a", execution_id=str(run.execution.id), after=2)
        run.say("hello")
        seen = [receive(socket)["type"] for _ in range(2)]
        browser.logout()
        said = receive(socket, BOUND)
        with pytest.raises(ConnectionClosed) as closed:
            receive(socket, BOUND)

    assert seen == ["subscribed", "event"]
    assert (said["code"], closed.value.rcvd.code) == ("unauthenticated", 4401)


@both
def test_a_revoked_key_opens_nothing(server: Server, door: Door):
    run = make_run()
    revoke(run.actor)

    with pytest.raises((AssertionError, ConnectionClosed)), door.open(server, run, 0) as events:
        next(events)
