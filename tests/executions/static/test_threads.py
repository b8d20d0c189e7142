"""A thread is followed and talked in over one socket; verbs are answered once, whatever the connection does."""

import uuid
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page

from tests.executions.runs.live.server import Server
from tests.executions.static.pages_elsewhere import open_elsewhere
from tests.executions.static.wire_server import WireServer, wire_server

pytestmark = pytest.mark.django_db(transaction=True)
THREAD = "01a203d7-0000-7000-8000-000000000001"


@pytest.fixture
def wire(page: Page, server: Server) -> Iterator[WireServer]:
    open_elsewhere(page, server)
    with wire_server() as wire:
        page.evaluate(
            """url => {
              window.client = callboard.connect({ url, ticket: "cbt_1", space: "s" });
              window.noted = (verb) => verb.then(
                (result) => seen.push(JSON.stringify(result)), ({ code }) => seen.push(`refused ${code}`));
            }""",
            wire.url,
        )
        yield wire


def follow(page: Page, wire: WireServer) -> str:
    """Follow the thread up to event 4; the subscription's name."""
    page.evaluate("id => { window.thread = note(client.thread(id)); }", THREAD)
    asked = wire.take("subscribe")
    assert asked == {"type": "subscribe", "sub": asked["sub"], "thread_id": THREAD, "space_id": "s"}
    wire.send(type="subscribed", sub=asked["sub"], thread_id=THREAD)
    wire.send(type="snapshot", sub=asked["sub"], object={"thread": {}, "messages": [], "queued": []}, seq=4)
    wait(page, "snapshot 4")
    return str(asked["sub"])


def tell(wire: WireServer, sub: str, seq: int) -> None:
    wire.send(
        type="event", sub=sub, objective_id=THREAD, seq=seq, kind="objective.interrupted", data={}, at=""
    )


def wait(page: Page, *until: object) -> None:
    page.wait_for_function("all => all.every(one => seen.includes(one))", arg=list(until))


def test_a_thread_goes_on_behind_its_last_number_and_tells_nothing_twice(
    page: Page, wire: WireServer
) -> None:
    sub = follow(page, wire)
    tell(wire, sub, 5)
    wait(page, 5)

    wire.drop()
    again = wire.take("subscribe")
    assert again["after"] == 5
    for seq in (5, 6, 7):
        tell(wire, again["sub"], seq)
    wait(page, 7)

    assert page.evaluate("seen") == ["snapshot 4", 5, 6, 7]


def test_each_verb_is_one_frame_and_has_its_own_answer(page: Page, wire: WireServer) -> None:
    follow(page, wire)
    call = uuid.UUID("01a203d7-f00d-7000-8000-00000000002a")
    verbs = {
        "thread.say('hi', { files: ['a.csv'] })": {"thread_id": THREAD, "text": "hi", "files": ["a.csv"]},
        "thread.stop()": {"thread_id": THREAD},
        f"thread.approve('{call}')": {"tool_call_id": "toolcall_01M81XFW0D E0080000000001A".replace(" ", "")},
        "thread.deny('toolcall_1', 'no')": {"tool_call_id": "toolcall_1", "memo": "no"},
        "thread.content('toolcall_1', '42')": {"tool_call_id": "toolcall_1", "content": "42"},
        "thread.edit('m', 'ho')": {"thread_id": THREAD, "message_id": "m", "text": "ho"},
        "thread.regenerate()": {"thread_id": THREAD},
        "thread.cancel('e')": {"execution_id": "e"},
    }
    for number, (script, members) in enumerate(verbs.items()):
        page.evaluate(f"() => {{ noted({script}); }}")
        asked = wire.take(script.partition(".")[2].partition("(")[0])
        assert {name: value for name, value in asked.items() if name not in {"type", "id"}} == members
        wire.send(type="done", id=asked["id"], result={"n": number})
        wait(page, f'{{"n":{number}}}')
    page.evaluate("() => { noted(thread.stop()); }")
    wire.send(type="error", sub=None, id=wire.take("stop")["id"], code="conflict", detail="Too late.")

    wait(page, "refused conflict")
    assert page.evaluate("openSockets.length") == 1


def test_what_may_have_been_said_is_not_said_again(page: Page, wire: WireServer) -> None:
    follow(page, wire)
    page.evaluate("() => { noted(thread.say('hi')); noted(thread.approve('toolcall_1')); }")
    wire.take("say")
    wire.take("approve")

    wire.drop()
    wire.take("subscribe")
    asked = wire.take("approve")
    wire.send(type="done", id=asked["id"], result={})

    wait(page, "refused outcome_unknown", "{}")


def test_what_is_said_while_the_connection_is_lost_is_said_once_it_is_back(
    page: Page, wire: WireServer
) -> None:
    follow(page, wire)
    page.evaluate("() => { openSockets[0].close(); }")
    page.wait_for_function("client.status === 'lost'")
    page.evaluate("() => { noted(thread.say('hi')); }")

    wire.take("subscribe")
    wire.send(type="done", id=wire.take("say")["id"], result={"message_id": "m"})

    wait(page, '{"message_id":"m"}')


def test_the_first_words_make_a_thread_which_is_followed_then(page: Page, wire: WireServer) -> None:
    page.evaluate(
        "() => { window.thread = note(client.thread()); noted(thread.say('a')); noted(thread.say('b')); }"
    )
    first = wire.take("say")
    assert (first["text"], first["space_id"], "thread_id" in first) == ("a", "s", False)
    wire.send(type="done", id=first["id"], result={"thread_id": THREAD})

    frames = [wire._frames.get(timeout=20) for _ in range(2)]

    assert {frame["type"] for frame in frames} == {"subscribe", "say"}
    assert {frame["thread_id"] for frame in frames} == {THREAD}
    assert page.evaluate("thread.id") == THREAD


def test_a_connection_that_died_in_silence_is_found_dead_when_the_page_comes_back(
    page: Page, wire: WireServer
) -> None:
    follow(page, wire)
    page.evaluate(
        "() => { openSockets[0].send = () => {}; document.dispatchEvent(new Event('visibilitychange')); }"
    )

    assert wire.take("subscribe")["after"] == 4
