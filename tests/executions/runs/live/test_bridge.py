"""The API reached in one hop: methods, headers, bodies and paths arrive as they were sent."""

import contextlib
import io
import random
import socket as sockets
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import pytest
from django.db import connection
from django.utils import timezone

from executions.models import Artifact, SkillExecution
from spaces.blobs import store_blob
from spaces.models import UploadedFile
from tests import asking
from tests.executions.runs.live.runs import make_queued
from tests.executions.runs.live.server import Server, running_server
from tests.factories import Actor, make_actor, make_skill

pytestmark = pytest.mark.django_db(transaction=True)
MIB = 1024 * 1024


def dispatch(server: Server, actor: Actor, prefix: str = "/v1", **options: Any):
    url = f"{server.url}{prefix}/spaces/{actor.space.id}/tools/echo/execute"
    return asking.post(url, headers={**actor.headers, "Content-Type": "application/json"}, **options)


def test_a_dispatch_and_its_lookup_pass(server: Server):
    actor = make_actor()
    make_skill()

    made = dispatch(server, actor, json={"arguments": {"text": "ünï"}, "tool_call_id": "c"})
    found = asking.get(server.lookup_url(actor.space, "c"), headers=actor.headers)

    assert made.status_code == 201
    assert found.json() == made.json()
    assert found.json()["data"]["inputs"] == {"text": "ünï"}


def test_the_proxy_prefix_leads_to_the_same(server: Server):
    actor = make_actor()
    make_skill()

    made = dispatch(server, actor, "/api-proxy/v1", json={"arguments": {"text": "x"}, "tool_call_id": "c"})
    found = asking.get(
        server.lookup_url(actor.space, "c").replace("/v1/", "/api-proxy/v1/"), headers=actor.headers
    )

    assert (made.status_code, found.status_code) == (201, 200)


def test_a_body_too_large_is_413_and_the_connection_lives(server: Server):
    actor = make_actor()

    with asking.Client() as client:
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

    got, head = asking.get(url, headers=actor.headers), asking.head(url, headers=actor.headers)

    assert head.content == b""
    assert head.status_code in {got.status_code, 405}


def test_a_header_with_underscores_is_not_taken_for_the_real_one(server: Server):
    actor = make_actor()

    answer = asking.get(server.lookup_url(actor.space, "c"), headers={"x_api_key": actor.token})

    assert answer.status_code == 401


def test_pages_and_static_files_are_served_beside_it(server: Server):
    page = asking.get(f"{server.url}/admin/login/")
    style = asking.get(f"{server.url}/static/admin/css/base.css")

    assert page.status_code == 200
    assert (style.status_code, style.headers["content-type"].partition(";")[0]) == (200, "text/css")


def test_many_at_once_are_all_answered(server: Server):
    actor = make_actor()
    make_queued(actor=actor, tool_call_id="c")

    with asking.Client(limits=httpx2.Limits(max_connections=40)) as client:
        answers = [client.get(server.lookup_url(actor.space, "c"), headers=actor.headers) for _ in range(100)]

    assert {answer.status_code for answer in answers} == {200}


@pytest.fixture(scope="module", params=["daphne", "uvicorn"])
def either_server(request: pytest.FixtureRequest, server: Server) -> Iterator[Server]:
    """What depends on how a server buffers is seen on both."""
    with running_server(request.param) as found:
        yield found


def test_downloads_that_nobody_reads_cost_no_memory(either_server: Server):
    actor = make_actor()
    path = f"/v1/spaces/{actor.space.id}/artifacts/{make_artifact(actor, 60).id}/download"
    whole = asking.get(either_server.url + path, headers=actor.headers)
    before = either_server.memory()

    with contextlib.ExitStack() as opened:
        for _ in range(3):
            client = opened.enter_context(sockets.create_connection(("127.0.0.1", either_server.port)))
            client.sendall(request_head("GET", path, actor) + b"\r\n")
        time.sleep(3)
        grown = either_server.memory() - before

    assert len(whole.content) == 60 * MIB
    assert grown < 30 * MIB


def test_an_upload_that_breaks_off_is_not_carried_out(either_server: Server):
    actor = make_actor()
    part = b'--B\r\nContent-Disposition: form-data; name="files"; filename="a.csv"\r\n\r\n' + b"1,2\n" * 1000
    headers = b"Content-Type: multipart/form-data; boundary=B\r\nContent-Length: 5000000\r\n\r\n"

    with sockets.create_connection(("127.0.0.1", either_server.port)) as client:
        client.sendall(request_head("POST", "/v1/files/", actor) + headers + part)
        time.sleep(0.5)
    time.sleep(1)

    assert not UploadedFile.objects.filter(principal=actor.principal).exists()


def test_requests_go_on_after_the_database_has_closed_its_connections(server: Server):
    actor = make_actor()
    url = server.lookup_url(actor.space, "c")
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: asking.get(url, headers=actor.headers), range(16)))

    close_other_backends()
    statuses = {asking.get(url, headers=actor.headers).status_code for _ in range(20)}

    assert statuses == {404}


def close_other_backends() -> None:
    """What a restart or a failover of PostgreSQL does to those who are connected; returns once it is done."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(pg_terminate_backend(pid, 60000)) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def request_head(method: str, path: str, actor: Actor) -> bytes:
    """The beginning of a request, open for further headers."""
    return f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {actor.token}\r\n".encode()


def make_artifact(actor: Actor, megabytes: int) -> Artifact:
    execution = make_queued(actor=actor, tool_call_id="c")
    blob = store_blob(io.BytesIO(random.randbytes(MIB) * megabytes), now=timezone.now())
    return Artifact.objects.create(
        execution=execution,
        relpath="a.bin",
        content_type="application/octet-stream",
        blob=blob,
        size_bytes=blob.size_bytes,
        created_at=timezone.now(),
    )
