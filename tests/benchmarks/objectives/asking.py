"""The client of the asks part, and the provider that its objectives ask, in one process with one clock."""

import time
from collections.abc import Mapping

from procrastinate import App

from tests.benchmarks.barejobs import CHANNEL, bare_app, defer_bare
from tests.benchmarks.http_client import HttpClient
from tests.benchmarks.listener import Listener
from tests.benchmarks.objectives.turning import (
    IS_FINALIZED,
    Stream,
    approve,
    creating,
)
from tests.benchmarks.provider import PATIENCE_SECONDS, Provider

WARM_UPS = 3  # not counted


def time_asks(
    *,
    port: int,
    path: str,
    headers: Mapping[str, str],
    agents: Mapping[str, str],
    provider_port: int,
    bare_url: str,
    count: int,
) -> dict[str, list[float]]:
    """Milliseconds, in turns: `created` from before an objective is created to its model's being asked.

    `approved` is from before an approval to the event that the call was begun, `continued` to the request
    after the call; `bare` from before a job is deferred to its own request. `path` is where the workspace
    API begins; the agents are given by id.
    """
    taken: dict[str, list[float]] = {name: [] for name in ("created", "approved", "continued", "bare")}
    app = bare_app(bare_url)
    with Provider(provider_port) as provider, Listener(bare_url, [CHANNEL]) as bare, app.open():
        for number in range(count + WARM_UPS):
            seen = {
                "bare": _ask_barely(app, bare, number, provider),
                "created": _create(port, path, headers, agent=agents["teller"], provider=provider),
                **_approve(port, path, headers, agent=agents["changer"], provider=provider),
            }
            if number >= WARM_UPS:
                for name, nanoseconds in seen.items():
                    taken[name].append(nanoseconds / 1e6)
    return taken


def _ask_barely(app: App, bare: Listener, number: int, provider: Provider) -> int:
    """The job is over before anything else begins."""
    provider.forget()
    begun = time.monotonic_ns()
    defer_bare(app, number)
    asked = provider.wait_for(1)
    bare.wait_for(lambda _channel, payload: payload == str(number), PATIENCE_SECONDS)
    return asked - begun


def _create(port: int, path: str, headers: Mapping[str, str], *, agent: str, provider: Provider) -> int:
    """It then goes on to its end before anything else begins."""
    provider.forget()
    with Stream(port) as stream:
        begun = stream.send(creating(path, headers, agent))
        asked = provider.wait_for(1)
        stream.wait_for(IS_FINALIZED)
    return asked - begun


def _approve(
    port: int, path: str, headers: Mapping[str, str], *, agent: str, provider: Provider
) -> dict[str, int]:
    """The objective is at rest when it is decided; the same."""
    provider.forget()
    with Stream(port) as stream, HttpClient(port) as client:
        begun, called = approve(stream, client, path, headers, agent=agent)
        asked = provider.wait_for(2)
        stream.wait_for(IS_FINALIZED)
    return {"approved": called - begun, "continued": asked - begun}
