"""The API reached in one hop: methods, headers, bodies and paths arrive as they were sent."""

from typing import Any

import httpx2
import pytest

from executions.models import SkillExecution
from tests.factories import Actor, make_actor, make_skill
from tests.live.runs import make_queued
from tests.live.server import Server

pytestmark = pytest.mark.django_db(transaction=True)


def dispatch(server: Server, actor: Actor, prefix: str = "/v1", **options: Any):
    url = f"{server.url}{prefix}/spaces/{actor.space.id}/tools/echo/execute"
    return httpx2.post(url, headers={**actor.headers, "Content-Type": "application/json"}, **options)


def test_a_dispatch_and_its_lookup_pass(server: Server):
    actor = make_actor()
    make_skill()

    made = dispatch(server, actor, json={"arguments": {"text": "ünï"}, "tool_call_id": "c"})
    found = httpx2.get(server.lookup_url(actor.space, "c"), headers=actor.headers)

    assert made.status_code == 201
    assert found.json() == made.json()
    assert found.json()["data"]["inputs"] == {"text": "ünï"}


def test_the_proxy_prefix_leads_to_the_same(server: Server):
    actor = make_actor()
    make_skill()

    made = dispatch(server, actor, "/api-proxy/v1", json={"arguments": {"text": "x"}, "tool_call_id": "c"})
    found = httpx2.get(
        server.lookup_url(actor.space, "c").replace("/v1/", "/api-proxy/v1/"), headers=actor.headers
    )

    assert (made.status_code, found.status_code) == (201, 200)


def test_a_body_too_large_is_413_and_the_connection_lives(server: Server):
    actor = make_actor()

    with httpx2.Client() as client:
        url = f"{server.url}/v1/spaces/{actor.space.id}/tools/echo/execute"
        refused = client.post(url, headers=actor.headers, content=b"x" * (7 * 1024 * 1024))
        alive = client.get(server.lookup_url(actor.space, "c"), headers=actor.headers)

    assert (refused.status_code, alive.status_code) == (413, 404)
    assert isinstance(refused.json()["detail"], str)


def test_a_chunked_body_arrives_whole(server: Server):
    actor = make_actor()
    make_skill()
    text = "x" * 2_000_000

    def pieces():
        yield b'{"arguments": {"text": "'
        yield text.encode()
        yield b'"}}'

    made = dispatch(server, actor, content=pieces())

    assert made.status_code == 201, made.text[:200]
    assert SkillExecution.objects.get().inputs == {"text": text}


def test_a_head_is_a_get_without_its_body(server: Server):
    actor = make_actor()
    make_queued(actor=actor, tool_call_id="c")
    url = server.lookup_url(actor.space, "c")

    got, head = httpx2.get(url, headers=actor.headers), httpx2.head(url, headers=actor.headers)

    assert head.content == b""
    assert head.status_code in {got.status_code, 405}


def test_a_header_with_underscores_is_not_taken_for_the_real_one(server: Server):
    actor = make_actor()

    answer = httpx2.get(server.lookup_url(actor.space, "c"), headers={"x_api_key": actor.token})

    assert answer.status_code == 401


def test_pages_and_static_files_are_served_beside_it(server: Server):
    page = httpx2.get(f"{server.url}/admin/login/")
    style = httpx2.get(f"{server.url}/static/admin/css/base.css")

    assert page.status_code == 200
    assert (style.status_code, style.headers["content-type"].partition(";")[0]) == (200, "text/css")


def test_many_at_once_are_all_answered(server: Server):
    actor = make_actor()
    make_queued(actor=actor, tool_call_id="c")

    with httpx2.Client(limits=httpx2.Limits(max_connections=40)) as client:
        answers = [client.get(server.lookup_url(actor.space, "c"), headers=actor.headers) for _ in range(100)]

    assert {answer.status_code for answer in answers} == {200}
