"""Calls of one tool set share connections where they may be repeated; all connections are checked."""

import asyncio
from collections.abc import Iterator

import pytest
from pytest_django import Settings

from executions.inference.kept_clients import keeping_clients
from objectives.tool_executors.http_exchange import Exchange, HttpAnswer
from objectives.tool_executors.http_request import HttpToolRequest
from objectives.tool_executors.public_addresses import AddressRefused
from tests.executions.inference.provider_server import Answer, ProviderServer, serving

SENT = Answer(body={"state": "sent"})


@pytest.fixture
def server(settings: Settings) -> Iterator[ProviderServer]:
    settings.PRIVATE_TOOL_HOSTS = ["127.0.0.0/8"]
    with serving(SENT) as started:
        yield started


def exchange(url: str, tool_set_id: str = "orders", *, is_safe: bool = True) -> Exchange:
    request = HttpToolRequest("POST", url, {}, b"{}", {})
    return Exchange(request, tool_set_id=tool_set_id, is_safe=is_safe)


def run_each(*exchanges: Exchange) -> list[HttpAnswer]:
    async def each() -> list[HttpAnswer]:
        return [await one.run() for one in exchanges]

    return asyncio.run(keeping_clients(each()))


def test_calls_of_a_tool_set_that_may_be_repeated_share_a_connection(server: ProviderServer):
    answers = run_each(exchange(server.url), exchange(f"{server.url}/other"))

    assert [answer.status for answer in answers] == [200, 200]
    assert len({one.port for one in server.received}) == 1


def test_a_call_that_must_not_be_repeated_has_a_connection_of_its_own(server: ProviderServer):
    run_each(exchange(server.url), exchange(server.url, is_safe=False), exchange(server.url, is_safe=False))

    assert len({one.port for one in server.received}) == 3


def test_tool_sets_share_nothing(server: ProviderServer):
    run_each(exchange(server.url), exchange(server.url, "stock"))

    assert len({one.port for one in server.received}) == 2


def test_a_kept_client_reaches_no_address_that_is_not_allowed(server: ProviderServer, settings: Settings):
    settings.PRIVATE_TOOL_HOSTS = ["localhost"]
    by_name = server.url.replace("127.0.0.1", "localhost")

    with pytest.raises(AddressRefused):
        run_each(exchange(by_name), exchange(server.url))

    assert len(server.received) == 1


def test_a_cookie_of_one_call_is_not_sent_with_the_next(settings: Settings):
    settings.PRIVATE_TOOL_HOSTS = ["127.0.0.0/8"]
    cookie = {"Set-Cookie": "session=first; Path=/"}
    with serving(Answer(body={}, headers=cookie)) as server:
        run_each(exchange(server.url), exchange(server.url))

    assert "cookie" not in server.received[1].headers
