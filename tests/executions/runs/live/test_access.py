"""Open streams end when what they were let in for is over."""

import contextlib
from collections.abc import Callable

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection

from spaces.keys import revoke_key
from spaces.models import ApiKey, Membership, Principal, Role
from tests import asking
from tests.admin.desk import make_staff
from tests.executions.runs.live.clients import DOORS, Door, events_in, open_socket, receive, send
from tests.executions.runs.live.runs import make_run
from tests.executions.runs.live.server import Server
from tests.factories import NOW, Actor, make_actor, make_operator

pytestmark = pytest.mark.django_db(transaction=True)
both = pytest.mark.parametrize("door", DOORS, ids=lambda door: door.name)


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
        seen = list(events)

    assert seen == []


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
        codes = ended(socket)

    assert codes in ({("e", "not_found"), ("s", "not_found")}, {(None, "unauthenticated")})


def ended(socket: ClientConnection) -> set[tuple[str | None, str]]:
    """The errors that come until the socket is closed or both subscriptions are over."""
    found: set[tuple[str | None, str]] = set()
    with contextlib.suppress(ConnectionClosed):
        while len(found) < 2:
            frame = receive(socket)
            found.add((frame["sub"], frame["code"]))
    return found


def test_others_stay_when_one_has_to_leave(server: Server):
    run = make_run()
    colleague = make_actor(space=run.actor.space, role=Role.VIEWER, name="colleague")

    with open_socket(server, run.actor.headers) as leaving, open_socket(server, colleague.headers) as socket:
        send(socket, type="subscribe", sub="a", execution_id=str(run.execution.id), after=2)
        receive(socket)
        revoke(run.actor)
        assert receive(leaving)["code"] == "unauthenticated"
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
        said = receive(socket)
        with pytest.raises(ConnectionClosed) as closed:
            receive(socket)

    assert seen == ["subscribed", "event"]
    assert (said["code"], closed.value.rcvd.code) == ("unauthenticated", 4401)


def person_of(actor: Actor) -> Principal:
    """Somebody of the same space who signs in."""
    person = Principal.objects.create(
        tenant=actor.tenant, email="ada@example.com", display_name="Ada", created_at=NOW
    )
    Membership.objects.create(space=actor.space, principal=person, role=Role.VIEWER, created_at=NOW)
    return person


def sign_out(browser: Client, person: Principal):
    browser.logout()


def let_session_expire(browser: Client, person: Principal):
    Session.objects.update(expire_date=timezone.now())


def be_deactivated(browser: Client, person: Principal):
    Principal.objects.filter(pk=person.pk).update(is_active=False)


def change_password(browser: Client, person: Principal):
    person.set_password("another horse battery")
    person.save()


SIGN_OUTS = (sign_out, let_session_expire, be_deactivated, change_password)
each_sign_out = pytest.mark.parametrize("end", SIGN_OUTS, ids=lambda end: end.__name__)


def ticket_of(browser: Client) -> str:
    answer = browser.post("/v1/tickets")
    assert answer.status_code == 201
    ticket: str = answer.json()["data"]["ticket"]
    return ticket


@each_sign_out
def test_a_socket_opened_by_ticket_ends_with_the_session_that_asked_for_it(
    server: Server, end: Callable[[Client, Principal], None]
):
    run = make_run()
    person, browser = person_of(run.actor), Client()
    browser.force_login(person)

    with open_socket(server, {}, f"?ticket={ticket_of(browser)}") as socket:
        send(socket, type="subscribe", sub="a", execution_id=str(run.execution.id), after=2)
        assert receive(socket)["type"] == "subscribed"
        end(browser, person)
        said = receive(socket)
        with pytest.raises(ConnectionClosed) as closed:
            receive(socket)

    assert (said["code"], closed.value.rcvd.code) == ("unauthenticated", 4401)


@each_sign_out
def test_a_ticket_is_worth_nothing_after_the_session_that_asked_for_it(
    server: Server, end: Callable[[Client, Principal], None]
):
    actor, browser = make_actor(), Client()
    person = person_of(actor)
    browser.force_login(person)
    ticket = ticket_of(browser)

    end(browser, person)

    with open_socket(server, {}, f"?ticket={ticket}") as socket:
        assert receive(socket)["code"] == "unauthenticated"


def test_a_socket_opened_by_ticket_ends_with_the_key_that_asked_for_it(server: Server):
    actor = make_actor()
    ticket = Client().post("/v1/tickets", headers=actor.headers).json()["data"]["ticket"]

    with open_socket(server, {}, f"?ticket={ticket}") as socket:
        send(socket, type="ping", sub="a")
        assert receive(socket)["type"] == "pong"
        revoke(actor)
        assert receive(socket)["code"] == "unauthenticated"


def test_staff_follow_as_long_as_a_permission_lets_them_look(server: Server):
    run, browser = make_run(), Client()
    staff = make_staff(permissions=("view_skillexecution",))
    browser.force_login(staff)
    cookie = {"Cookie": f"sessionid={browser.cookies['sessionid'].value}"}

    with (
        asking.stream("GET", server.events_url(run.execution), headers=cookie) as stream,
        open_socket(server, cookie, origin=server.url) as socket,
    ):
        assert stream.status_code == 200
        send(socket, type="subscribe", sub="a", execution_id=str(run.execution.id), after=2)
        assert receive(socket)["type"] == "subscribed"
        staff.user_permissions.clear()
        assert receive(socket)["code"] == "not_found"
        told = [seen.seq for seen in events_in(stream.iter_lines())]

    assert told == [1, 2]


@pytest.mark.parametrize(
    ("permissions", "first"),
    [
        (("view_skillexecution", "view_objective"), "subscribed"),
        (("view_tenant",), "error"),
    ],
)
def test_a_spaces_feed_asks_staff_for_all_that_it_tells_of(
    server: Server, permissions: tuple[str, ...], first: str
):
    actor, browser = make_actor(), Client()
    browser.force_login(make_staff(permissions=permissions))
    cookie = {"Cookie": f"sessionid={browser.cookies['sessionid'].value}"}

    with open_socket(server, cookie, origin=server.url) as socket:
        send(socket, type="subscribe", sub="s", space_id=str(actor.space.id))
        assert receive(socket)["type"] == first


def test_another_session_of_the_same_person_stays(server: Server):
    run = make_run()
    browsers, person = (Client(), Client()), person_of(run.actor)
    for browser in browsers:
        browser.force_login(person)

    with (
        open_socket(server, {}, f"?ticket={ticket_of(browsers[0])}") as socket,
        open_socket(server, {}, f"?ticket={ticket_of(browsers[1])}") as leaving,
    ):
        send(socket, type="ping", sub="a")
        receive(socket)
        browsers[1].logout()
        assert receive(leaving)["code"] == "unauthenticated"
        send(socket, type="ping", sub="b")
        assert receive(socket) == {"type": "pong", "sub": "b"}


@both
def test_a_revoked_key_opens_nothing(server: Server, door: Door):
    run = make_run()
    revoke(run.actor)

    with pytest.raises((AssertionError, ConnectionClosed)), door.open(server, run, 0) as events:
        next(events)
