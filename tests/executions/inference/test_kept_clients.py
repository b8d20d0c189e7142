"""A worker's requests share connections where they are made as the same one, and else nothing."""

import asyncio
import gc
import socket
import threading
import uuid
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from http.client import parse_headers
from typing import Any

import pytest

from executions.inference import providers
from executions.inference.choices import ModelChoice
from executions.inference.errors import ModelUnavailable
from executions.inference.interface import ModelReply
from executions.inference.kept_clients import KeptClients, keeping_clients
from executions.inference.model_request import ask_model, unheard
from tests.executions.inference.asking import compatible, make_request
from tests.executions.inference.cloud_wire import bedrock_answer, gemini_events
from tests.executions.inference.provider_server import Answer, serving
from tests.executions.inference.test_anthropic_messages import claude
from tests.executions.inference.test_bedrock import bedrock
from tests.executions.inference.test_gemini import gemini
from tests.executions.inference.wire import chat_events, message_events
from tests.executions.runs.worker.processes import wait_until

YES = Answer(events=chat_events("Yes."))


async def asked(choice: ModelChoice) -> ModelReply:
    return await ask_model(make_request(model=choice), on_text=unheard, stopped=asyncio.Event())


def in_a_worker(work: Callable[[], Awaitable[Any]]) -> Any:
    """What it gives in an event loop where clients are kept."""

    async def worked() -> Any:
        return await work()

    return asyncio.run(keeping_clients(worked()))


def ask_each(*choices: ModelChoice) -> None:
    """One after the other."""

    async def each() -> None:
        for choice in choices:
            assert (await asked(choice)).text == "Yes."

    in_a_worker(each)


def test_requests_of_one_credential_share_a_connection() -> None:
    with serving(YES) as server:
        ask_each(compatible(server.url), compatible(server.url), compatible(server.url, name="another-model"))
        wait_until(lambda: not server.open)

    assert len({one.port for one in server.received}) == 1
    assert [one.body["model"] for one in server.received] == ["small-model", "small-model", "another-model"]


@pytest.mark.parametrize(
    ("choice_at", "answer"),
    [
        (claude, Answer(events=message_events("Yes."))),
        (gemini, Answer(events=gemini_events("Yes."))),
    ],
)
def test_other_libraries_share_theirs_too_also_once_their_models_are_made_anew(
    choice_at: Callable[[str], ModelChoice], answer: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def each() -> None:
        for _ in range(3):
            assert (await asked(choice_at(server.url))).text == "Yes."
            # A library may close in the background what its former model has used.
            gc.collect()
            await asyncio.sleep(0.05)

    monkeypatch.setattr(providers, "MODEL_SECONDS", 0.0)
    with serving(answer) as server:
        in_a_worker(each)

    assert len({one.port for one in server.received}) == 1


def test_a_library_that_blocks_is_asked_in_a_worker_too() -> None:
    with serving(bedrock_answer("Yes.")) as server:
        ask_each(bedrock(server.url), bedrock(server.url))

    assert len(server.received) == 2


def test_outside_of_a_worker_each_request_has_its_own() -> None:
    async def each() -> None:
        await asked(compatible(server.url))
        await asked(compatible(server.url))

    with serving(YES) as server:
        asyncio.run(each())

    assert len({one.port for one in server.received}) == 2


@pytest.mark.parametrize(
    "different",
    [
        {"api_key": "wild-otter-7731"},
        {"headers": {"X-Team": "wild-otter-7731"}},
        {"key_id": uuid.uuid4()},
        {"is_guarded": True},
        {"silence_seconds": 7},
    ],
    ids=lambda fields: next(iter(fields)),
)
def test_whoever_asks_as_somebody_else_shares_nothing(different: dict[str, Any], settings: Any) -> None:
    settings.PRIVATE_TOOL_HOSTS = ["127.0.0.0/8"]
    with serving(YES) as server:
        ask_each(compatible(server.url), compatible(server.url, **different), compatible(server.url))

    first, second, third = (one.port for one in server.received)
    assert first == third != second


def test_each_request_over_a_shared_connection_is_made_with_its_own_choice_of_headers() -> None:
    with serving(YES) as server:
        plain, named = compatible(server.url), compatible(server.url, headers={"X-Team": "wild-otter-7731"})
        ask_each(named, plain, named)

    assert ["x-team" in one.headers for one in server.received] == [True, False, True]


def test_no_cookie_is_taken_along() -> None:
    with serving(
        Answer(events=chat_events("Yes."), headers={"Set-Cookie": "session=first; Path=/"})
    ) as server:
        ask_each(compatible(server.url), compatible(server.url))

    first, second = server.received
    assert first.port == second.port
    assert "cookie" not in second.headers


def test_a_changed_key_closes_what_its_former_credential_had_open() -> None:
    key_id = uuid.uuid4()
    former = {"api_key": "calm-heron-5520", "key_id": key_id}

    async def change() -> set[int]:
        await asked(compatible(server.url, **former))
        await asked(compatible(server.url, api_key="wild-otter-7731", key_id=key_id))
        await asyncio.to_thread(wait_until, lambda: len(server.open) < 2)
        return set(server.open)

    with serving(YES) as server:
        left = in_a_worker(change)

    assert left == {server.received[1].port}


class Thing:
    """Says when it is closed."""

    def __init__(self) -> None:
        self.is_closed = False

    async def aclose(self) -> None:
        self.is_closed = True


def test_of_more_than_are_kept_the_one_is_closed_that_was_not_used_for_longest() -> None:
    async def use() -> None:
        kept = KeptClients(most=2)
        for name in ("a", "b", "a", "c"):
            async with kept.lent(name, lambda: things.setdefault(name, Thing())):  # noqa: B023 - called at once
                pass
        await asyncio.sleep(0)

    things: dict[str, Thing] = {}
    asyncio.run(use())

    assert {name: thing.is_closed for name, thing in things.items()} == {"a": False, "b": True, "c": False}


def test_what_is_in_use_is_not_closed_however_many_there_are() -> None:
    async def use() -> tuple[bool, bool]:
        kept = KeptClients(most=1)
        async with kept.lent("a", Thing) as first:
            async with kept.lent("b", Thing) as second:
                pass
            await asyncio.sleep(0)
            return first.is_closed, second.is_closed

    assert asyncio.run(use()) == (False, True)


def test_a_former_owners_thing_in_use_is_closed_by_its_last_user() -> None:
    async def use() -> tuple[bool, bool]:
        kept = KeptClients()
        async with kept.lent("a", Thing, owner=1) as former:
            async with kept.lent("b", Thing, owner=1):
                pass
            await asyncio.sleep(0)
            before = former.is_closed
        await asyncio.sleep(0)
        return before, former.is_closed

    assert asyncio.run(use()) == (False, True)


def test_what_nobody_uses_is_closed_after_a_while() -> None:
    async def use() -> tuple[bool, int]:
        kept = KeptClients(idle_seconds=0.05)
        async with kept.lent("a", Thing) as thing:
            await asyncio.sleep(0.1)
        async with kept.lent("a", Thing) as again:
            assert again is thing
        await asyncio.sleep(0.2)
        return thing.is_closed, len(kept)

    assert asyncio.run(use()) == (True, 0)


@contextmanager
def dropping(*answers: bytes) -> Iterator[tuple[str, list[int]]]:
    """A server that drops a connection at the second request on it, and at the first where told b"".

    Its URL, and how many requests came on each connection.
    """
    counts: list[int] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=_drop, args=[listening, list(answers), counts], daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}", counts
        thread.join(10)


def _drop(listening: socket.socket, answers: list[bytes], counts: list[int]) -> None:
    for answer in answers:
        connection, _ = listening.accept()
        with connection, connection.makefile("rb") as reader:
            counts.append(0)
            while request := parse_headers(reader) if reader.readline() else None:
                reader.read(int(request["Content-Length"]))
                counts[-1] += 1
                if counts[-1] > 1 or not answer:
                    break
                connection.sendall(answer)


def over_the_wire(*events: str) -> bytes:
    content = "".join(events).encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: {len(content)}\r\n\r\n"
    return head.encode() + content


def test_a_kept_connection_that_breaks_as_it_is_used_costs_nobody_an_answer() -> None:
    answer = over_the_wire(*chat_events("Yes."))
    with dropping(answer, answer) as (url, counts):
        ask_each(compatible(url), compatible(url))

    assert counts == [2, 1]


def test_a_new_connection_that_breaks_is_told_of() -> None:
    with dropping(b"") as (url, counts), pytest.raises(ModelUnavailable, match="the connection failed"):
        ask_each(compatible(url))

    assert counts == [1]
