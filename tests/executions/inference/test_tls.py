"""Whom we trust is read once a thread, and nothing else of a request is there for the next one."""

import asyncio
import ssl
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from executions.inference.choices import ModelChoice
from executions.inference.errors import ModelUnavailable
from executions.inference.providers import opened_model
from executions.inference.tls import tls_context
from tests.executions.inference.asking import ask, compatible, make_request
from tests.executions.inference.certificates import tls_of
from tests.executions.inference.provider_server import Answer, serving
from tests.executions.inference.wire import chat_events

CHOICES: dict[str, dict[str, Any]] = {
    "openai": {},
    "openai-compatible": {"base_url": "https://models.example.com/v1"},
    "anthropic": {},
    "google": {},
    "google-cloud": {},
}


def open_and_close(choice: ModelChoice) -> None:
    async def opened() -> None:
        async with opened_model(choice, make_request(model=choice)):
            pass

    asyncio.run(opened())


def in_a_thread[Given](function: Callable[[], Given]) -> Given:
    """What it gives in a thread that nobody has used before."""
    given: list[Given] = []
    thread = threading.Thread(target=lambda: given.append(function()))
    thread.start()
    thread.join(60)
    return given[0]


@pytest.mark.parametrize("provider", CHOICES)
def test_a_second_request_of_a_thread_reads_no_authorities(
    provider: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    choice = ModelChoice.model_validate(
        {"provider": provider, "name": "small", "api_key": "k", **CHOICES[provider]}
    )
    open_and_close(choice)
    read = list[object]()
    load = ssl.SSLContext.load_verify_locations

    def noted(context: ssl.SSLContext, *given: Any, **named: Any) -> None:
        read.append(given or named)
        load(context, *given, **named)

    monkeypatch.setattr(ssl.SSLContext, "load_verify_locations", noted)

    open_and_close(choice)

    assert read == []


def test_a_thread_has_a_context_of_its_own() -> None:
    assert tls_context() is tls_context()
    assert in_a_thread(tls_context) is not tls_context()


def test_who_signed_for_a_provider_is_still_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bundle = tmp_path / "bundle.pem"
    tls = tls_of(bundle)
    with serving(Answer(events=chat_events("Yes.")), tls=tls) as server:
        request = make_request(model=compatible(server.url))
        with pytest.raises(ModelUnavailable):
            ask(request)
        monkeypatch.setenv("SSL_CERT_FILE", str(bundle))

        assert in_a_thread(lambda: ask(request)).text == "Yes."


def test_nothing_of_one_tenant_s_request_goes_with_the_next_one_s() -> None:
    answer = Answer(events=chat_events("Yes."), headers={"Set-Cookie": "session=of-the-first; Path=/"})
    with serving(answer) as server:
        for key in ("calm-heron-5520", "wild-otter-7731"):
            ask(make_request(model=compatible(server.url, api_key=key)))

    first, second = (one.headers for one in server.received)
    assert first["authorization"] == "Bearer calm-heron-5520"
    assert second["authorization"] == "Bearer wild-otter-7731"
    assert "cookie" not in second
