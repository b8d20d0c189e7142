"""Clients that do not read: bounded memory, nobody else held up, and cut off in the end."""

import contextlib
import socket as sockets
import time

import psutil
import pytest

from tests.executions.runs.live.clients import DOORS
from tests.executions.runs.live.runs import Run, make_run
from tests.executions.runs.live.server import Server
from tests.executions.runs.live.test_leaving import open_raw
from tests.executions.runs.worker.processes import wait_until

pytestmark = pytest.mark.django_db(transaction=True)
MIB = 1024 * 1024


def open_and_never_read(server: Server, run: Run, after: int = 0) -> sockets.socket:
    client = sockets.create_connection(("127.0.0.1", server.port))
    path = server.events_url(run.execution).removeprefix(server.url)
    client.sendall(
        f"GET {path}?after={after} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n"
        f"Authorization: Bearer {run.actor.token}\r\n\r\n".encode()
    )
    return client


def test_clients_that_do_not_read_cost_little_and_hold_up_nobody(server: Server):
    run = make_run()
    for _ in range(30):
        run.say(*["x" * 60_000] * 10)
    with DOORS[0].open(server, run, 0) as warm_up:
        assert len([next(warm_up) for _ in range(302)]) == 302
    before = server.memory()

    with contextlib.ExitStack() as opened:
        for place in range(5):  # each at one of its own, so that they share no bytes
            client = opened.enter_context(open_and_never_read(server, run, place))
            client.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 4096)
        with DOORS[0].open(server, run, 302) as events:
            time.sleep(2)
            run.say("hello")
            seen = next(events)
            after = server.memory()

    assert seen.data == {"text": "hello"}
    # Each of the five would have more than ten megabytes in the server's memory by now.
    assert after - before < 25 * MIB


def test_a_client_that_never_reads_is_cut_off(server: Server):
    run = make_run()
    for _ in range(30):
        run.say(*["x" * 60_000] * 10)

    with open_and_never_read(server, run) as client:
        client.settimeout(60)
        assert client.recv(1, sockets.MSG_PEEK)  # the answer has begun
        wait_until(lambda: not is_connected(server, client), timeout=60)
        received = rest_of(client)

    assert received < 10 * MIB  # of 18; what the kernel and the server had in their buffers
    with DOORS[0].open(server, run, 0) as events:
        assert [next(events).seq for _ in range(302)] == list(range(1, 303))


def test_a_socket_that_never_reads_is_cut_off(server: Server):
    run = make_run()
    for _ in range(30):
        run.say(*["x" * 60_000] * 10)

    with open_raw(server, run, after=0) as client:
        wait_until(lambda: not is_connected(server, client), timeout=60)
        received = rest_of(client)

    assert received < 10 * MIB


def is_connected(server: Server, client: sockets.socket) -> bool:
    """Whether the server has this client's connection open."""
    there = psutil.Process(server.process.pid).net_connections(kind="tcp")
    return client.getsockname() in {tuple(connection.raddr) for connection in there if connection.raddr}


def rest_of(client: sockets.socket) -> int:
    """How many bytes come until the connection is over; raises TimeoutError where it goes on."""
    received = 0
    with contextlib.suppress(ConnectionResetError):
        while block := client.recv(MIB):
            received += len(block)
    return received
