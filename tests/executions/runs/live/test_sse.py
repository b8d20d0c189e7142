"""What only the SSE door has: statuses, headers and comments."""

import httpx2
import pytest

from tests import asking
from tests.executions.runs.live.clients import events_in
from tests.executions.runs.live.runs import make_run
from tests.executions.runs.live.server import Server
from tests.factories import make_actor, unknown_id

pytestmark = pytest.mark.django_db(transaction=True)


def test_an_event_is_id_kind_and_one_json_object(server: Server):
    run = make_run()
    run.finish()

    answer = asking.get(server.events_url(run.execution), headers=run.actor.headers)
    events = list(events_in(iter(answer.text.splitlines())))

    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert answer.text.startswith("retry: 1000\n\nid: 1\nevent: execution.queued\ndata: {")
    assert [event.kind for event in events] == [
        "execution.queued",
        "execution.started",
        "execution.succeeded",
    ]


def test_the_header_wins_over_the_query_and_the_end_is_204(server: Server):
    run = make_run()
    run.finish()
    url = server.events_url(run.execution)

    by_query = asking.get(url, params={"after": 2}, headers=run.actor.headers)
    by_both = asking.get(url, params={"after": 0}, headers={**run.actor.headers, "Last-Event-ID": "3"})
    beyond = asking.get(url, params={"after": 99}, headers=run.actor.headers)

    assert [event.seq for event in events_in(iter(by_query.text.splitlines()))] == [3]
    assert (by_both.status_code, by_both.content) == (204, b"")
    assert beyond.status_code == 204


def test_the_proxy_prefix_leads_to_the_same_stream(server: Server):
    run = make_run()
    run.finish()
    url = server.events_url(run.execution).replace("/v1/", "/api-proxy/v1/")

    answer = asking.get(url, headers={"X-API-Key": run.actor.token})

    assert len(list(events_in(iter(answer.text.splitlines())))) == 3


def test_a_silent_stream_says_that_it_lives(server: Server):
    run = make_run()

    with asking.stream("GET", server.events_url(run.execution), headers=run.actor.headers) as response:
        comments = [line for line in first_lines(response, 12) if line.startswith(":")]

    assert comments


def first_lines(response: httpx2.Response, count: int):
    lines = response.iter_lines()
    return [next(lines) for _ in range(count)]


@pytest.mark.parametrize(
    ("place", "value", "loc"),
    [
        ("space_id", "not-an-id", ["path", "space_id"]),
        ("after", "x", ["query", "after"]),
        ("Last-Event-ID", "-1", ["header", "Last-Event-ID"]),
    ],
)
def test_malformed_values_are_named(server: Server, place: str, value: str, loc: list[str]):
    run = make_run()
    path = {"space_id": run.execution.space_id, "execution_id": run.execution.id} | {place: value}
    url = f"{server.url}/v1/spaces/{path['space_id']}/skills/executions/{path['execution_id']}/events"
    headers = run.actor.headers | ({place: value} if place == "Last-Event-ID" else {})

    answer = asking.get(url, params={"after": value} if place == "after" else {}, headers=headers)

    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == loc


def test_what_is_no_id_is_not_found_as_everywhere(server: Server):
    run = make_run()
    events = server.events_url(run.execution).replace(str(run.execution.id), "not-an-id")

    answers = [asking.get(url, headers=run.actor.headers) for url in (events, events.removesuffix("/events"))]

    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].content == answers[1].content


def test_missing_and_wrong_credentials_are_401(server: Server):
    run = make_run()

    for headers in ({}, {"Authorization": "Bearer cb_no_key"}, {"Authorization": "Basic eA=="}):
        answer = asking.get(server.events_url(run.execution), headers=headers)
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, 'Bearer realm="api"')
        assert isinstance(answer.json()["detail"], str)


def test_a_key_that_may_not_read_is_403(server: Server):
    run = make_run(actor=make_actor(permissions=("executions:manage",)))
    blind = make_actor(space=run.actor.space, permissions=("files:manage",), name="blind")

    assert asking.get(server.events_url(run.execution), headers=blind.headers).status_code == 403


def test_a_stranger_sees_what_does_not_exist(server: Server):
    run, stranger = make_run(), make_actor(name="stranger")
    unknown = server.events_url(run.execution).replace(str(run.execution.id), str(unknown_id()))

    foreign = asking.get(server.events_url(run.execution), headers=stranger.headers)
    missing = asking.get(unknown, headers=run.actor.headers)
    own_space = server.events_url(run.execution).replace(str(run.execution.space_id), str(stranger.space.id))
    crossed = asking.get(own_space, headers=stranger.headers)

    assert {foreign.status_code, missing.status_code, crossed.status_code} == {404}
    assert foreign.content == missing.content == crossed.content


def test_only_reading_is_possible(server: Server):
    run = make_run()
    url = server.events_url(run.execution)

    head = asking.head(url, headers=run.actor.headers)
    posted = asking.post(url, headers=run.actor.headers)

    assert (head.status_code, head.content) == (200, b"")
    assert posted.status_code in {404, 405}


def test_pages_of_allowed_origins_may_read(server: Server):
    run = make_run()
    run.finish()
    url = server.events_url(run.execution)

    allowed = asking.get(url, headers={**run.actor.headers, "Origin": "https://app.example.com"})
    foreign = asking.get(url, headers={**run.actor.headers, "Origin": "https://evil.example"})
    preflight = asking.options(
        url,
        headers={
            "Origin": "https://app.example.com",
            "Access-Control-Request-Method": "GET",
            "Access-Control-Request-Headers": "authorization,last-event-id",
        },
    )

    assert allowed.headers["access-control-allow-origin"] == "https://app.example.com"
    assert "access-control-allow-origin" not in foreign.headers
    assert preflight.headers["access-control-allow-origin"] == "https://app.example.com"
