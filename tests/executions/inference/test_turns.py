"""Requests of one worker beside each other: silent ones delay nobody else's, and leave nothing open."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from executions.inference import turns
from executions.inference.choices import ModelChoice
from executions.inference.errors import ModelHeldBack, ModelStopped, ModelUnavailable
from executions.inference.interface import ModelReply
from executions.inference.kept_clients import keeping_clients
from executions.inference.model_request import ask_model, unheard
from tests.executions.inference.asking import compatible, make_request
from tests.executions.inference.silent_provider import SILENT, SilentProvider, silent_provider

MOST = 50
A_MOMENT = 1.0  # on a machine that does other things, too


def in_a_worker(work: Callable[[SilentProvider], Awaitable[Any]]) -> Any:
    """What it gives in an event loop where clients are kept, beside a provider."""

    async def worked() -> Any:
        async with silent_provider() as provider:
            return await work(provider)

    return asyncio.run(keeping_clients(worked()))


async def asked(
    choice: ModelChoice, space_id: uuid.UUID | None = None, stopped: asyncio.Event | None = None
) -> ModelReply:
    request = make_request(model=choice, space_id=space_id)
    return await ask_model(request, on_text=unheard, stopped=stopped or asyncio.Event())


@asynccontextmanager
async def asking_silently(
    provider: SilentProvider, count: int, space_id: uuid.UUID
) -> AsyncIterator[asyncio.Event]:
    """So many requests that are not answered until the block ends, or the event is set."""
    stopped = asyncio.Event()
    silent = compatible(provider.url, name=SILENT)
    tasks = [asyncio.create_task(asked(silent, space_id, stopped)) for _ in range(count)]
    try:
        yield stopped
    finally:
        stopped.set()
        await asyncio.gather(*tasks, return_exceptions=True)


@pytest.mark.parametrize("most", [MOST, turns.MOST_CONNECTIONS])
def test_a_hundred_silent_requests_of_a_space_do_not_delay_another_s(
    most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def ask(provider: SilentProvider) -> float:
        async with asking_silently(provider, 100, space_id=uuid.uuid4()):
            await provider.is_waited_for(by=min(100, most * 4 // 5))
            begun = time.monotonic()
            await asked(compatible(provider.url), uuid.uuid4())
            return time.monotonic() - begun

    monkeypatch.setattr(turns, "MOST_CONNECTIONS", most)

    assert in_a_worker(ask) < A_MOMENT


def test_a_stopped_request_closes_its_connection_at_once_and_frees_its_place(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def ask(provider: SilentProvider) -> float:
        space_id = uuid.uuid4()
        async with asking_silently(provider, 100, space_id) as stopped:
            await provider.is_waited_for(by=40)
            begun = time.monotonic()
            stopped.set()
            await provider.is_waited_for(by=0)
            seconds = time.monotonic() - begun
        async with asking_silently(provider, 100, space_id):
            await provider.is_waited_for(by=40)
        return seconds

    monkeypatch.setattr(turns, "MOST_CONNECTIONS", MOST)

    assert in_a_worker(ask) < A_MOMENT


def test_a_cancelled_request_does_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    async def ask(provider: SilentProvider) -> str:
        silent = compatible(provider.url, name=SILENT)
        asking = [asyncio.create_task(asked(silent)) for _ in range(2)]
        await provider.is_waited_for(by=1)  # the other one waits for its place
        for task in asking:
            task.cancel()
        await asyncio.wait(asking)
        await provider.is_waited_for(by=0)
        return (await asked(compatible(provider.url))).text

    monkeypatch.setattr(turns, "MOST_CONNECTIONS", 1)

    assert in_a_worker(ask) == "Yes."


@pytest.mark.parametrize("limit", ["silence_seconds", "request_seconds"])
def test_who_is_silent_for_too_long_is_given_up(limit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def ask(provider: SilentProvider) -> tuple[float, int, str]:
        silent = compatible(provider.url, name=SILENT, **{limit: 0.5})
        begun = time.monotonic()
        with pytest.raises(ModelUnavailable, match=r"silent for too long|no complete answer"):
            await asked(silent)
        seconds = time.monotonic() - begun
        await provider.is_waited_for(by=0)
        return seconds, provider.waiting, (await asked(compatible(provider.url))).text

    monkeypatch.setattr(turns, "MOST_CONNECTIONS", 1)
    seconds, waiting, text = in_a_worker(ask)

    assert 0.5 <= seconds < 0.5 + A_MOMENT
    assert (waiting, text) == (0, "Yes.")


def test_who_is_stopped_while_it_waits_for_its_place_has_asked_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def ask(provider: SilentProvider) -> None:
        async with asking_silently(provider, 1, uuid.uuid4()):
            await provider.is_waited_for(by=1)
            stopped = asyncio.Event()
            waiting = asyncio.create_task(asked(compatible(provider.url), stopped=stopped))
            await asyncio.sleep(0.1)
            stopped.set()
            with pytest.raises(ModelStopped) as error:
                await waiting
            assert error.value.spending is None

    monkeypatch.setattr(turns, "MOST_CONNECTIONS", 1)
    in_a_worker(ask)


@pytest.mark.parametrize("name", ["kept", "alone"])
def test_before_its_time_nobody_is_asked(name: str) -> None:
    async def ask(provider: SilentProvider) -> float:
        not_before = datetime.now(UTC) + timedelta(seconds=30)
        with pytest.raises(ModelHeldBack) as error:
            await asked(compatible(provider.url, not_before=not_before))
        assert error.value.retry_after is not None
        return error.value.retry_after

    async def alone() -> float:
        async with silent_provider() as provider:
            return await ask(provider)

    seconds = in_a_worker(ask) if name == "kept" else asyncio.run(alone())

    assert 28 < seconds <= 30
