"""Tools over HTTP: what is sent, what comes back, and where a call may not go."""

import gzip
import json
import socket
import time

import pytest

from executions.runs.worker.stop_signal import StopSignal
from objectives.ids import Prefix, spell
from objectives.models import CallError
from objectives.tool_executors.http import MOST_BYTES, UNKNOWN
from objectives.tool_executors.public_addresses import is_public
from objectives.tool_results.outcome import Media, Text
from spaces.blobs import open_blob
from tests.factories import make_actor
from tests.objectives.tool_executors.http_calls import SECRET, calls_of, tool

pytestmark = pytest.mark.django_db

PRIVATE = [
    "127.0.0.1", "::1", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
    "fe80::1", "fc00::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::",
    "224.0.0.1", "255.255.255.255", "192.0.2.1", "fd00:ec2::254", "fec0::1", "::ffff:0:127.0.0.1",
    "::127.0.0.1", "64:ff9b:1::7f00:1", "4000::1", "168.63.129.16", "::ffff:168.63.129.16",
]  # fmt: skip


def ok(_):
    return 200, {"Content-Type": "text/plain"}, b"fine"


@pytest.fixture(autouse=True)
def _listed(settings):
    settings.PRIVATE_TOOL_HOSTS = ["127.0.0.0/8"]


@pytest.fixture
def call():
    return calls_of(make_actor())


def test_templates_arguments_and_secrets_make_the_request(call):
    config = {
        "requestMethod": "POST",
        "path": "/orders/{{ order }}/{{ arguments.item.name }}",
        "query": "q={{ text }}",
        "headers": {"X-Text": "{{ text }}"},
        "requestBodyTemplate": '{"text": {{ text | json }}, "key": {{ secrets.TOKEN | json }}}',
    }
    arguments = {"order": "../admin?x=1#", "item": {"name": "a b"}, "text": 'say "hi" & go'}

    with tool(ok) as server:
        outcome, row = call(
            server.url, config=config, arguments=arguments, headers={"Authorization": "Bearer ${TOKEN}"}
        )

    method, path, headers, body = server.seen[0]
    assert method == "POST"
    assert path == "/orders/..%2Fadmin%3Fx%3D1%23/a%20b?q=say%20%22hi%22%20%26%20go"
    assert headers["authorization"] == f"Bearer {SECRET}"
    assert headers["x-text"] == 'say "hi" & go'
    assert headers["idempotency-key"] == headers["x-cadenya-tool-call-id"] == spell(Prefix.TOOL_CALL, row.id)
    assert headers["x-cadenya-objective-id"] == spell(Prefix.OBJECTIVE, row.objective_id)
    assert headers["content-type"] == "application/json"
    assert body == b'{"text": "say \\"hi\\" & go", "key": "' + SECRET.encode() + b'"}'
    assert outcome.drafts == [Text("fine")]
    assert row.resolved_secrets == [{"key": "TOKEN", "source": "RESOLVED_SECRET_SOURCE_WORKSPACE"}]


def test_without_templates_arguments_are_the_body_or_the_query(call):
    with tool(ok) as server:
        call(
            server.url,
            config={"requestMethod": "PUT", "path": "/a"},
            arguments={"b": [1, None]},
            secret=False,
        )
        path = "/orders/{{ arguments.id }}"
        config = {"requestMethod": "GET", "path": path}
        call(server.url, config=config, arguments={"id": 7, "order": "c d"}, secret=False)

    assert [(one[0], one[1], one[3]) for one in server.seen] == [
        ("PUT", "/a", b'{"b":[1,null]}'),
        ("GET", "/orders/7?order=c+d", b""),
    ]


def test_a_missing_secret_is_named_and_nothing_is_sent(call):
    with tool(ok) as server:
        outcome, _ = call(server.url, headers={"X": "{% if secrets.OTHER %}a{% endif %}"})

    assert outcome.error == (CallError.SECRET_MISSING, "There is no secret OTHER.")
    assert server.seen == []


def test_pictures_and_sounds_are_kept(call):
    with tool(lambda _: (200, {"Content-Type": "image/png; x=y"}, b"\x89PNG")) as server:
        outcome, _ = call(server.url)

    (media,) = outcome.drafts
    assert isinstance(media, Media)
    assert (media.kind, media.mime_type, media.size_bytes) == ("image", "image/png", 4)
    with open_blob(media.sha256) as stored:
        assert stored.read() == b"\x89PNG"


def test_an_error_answer_is_told_to_the_model(call):
    with tool(lambda _: (404, {}, b"no such order")) as server:
        outcome, _ = call(server.url)

    assert outcome.error == (CallError.TOOL_ERROR, "The tool answered 404: no such order")


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "packed"])
def test_of_an_answer_that_is_too_large_the_first_part_is_kept(call, packed):
    content, headers = b"x" * (MOST_BYTES + 1), {}
    if packed:
        content, headers = gzip.compress(content), {"Content-Encoding": "gzip"}
    with tool(lambda _: (200, headers, content)) as server:
        outcome, _ = call(server.url)

    assert outcome.drafts == [Text("x" * MOST_BYTES)]
    assert outcome.note.startswith(
        "[The call succeeded: the tool answered 200. Its answer is larger than 5,242,880"
    )


def test_a_tool_that_is_silent_ends_with_its_time(call):
    with tool(lambda _: time.sleep(30) or ok(_)) as server:
        before = time.monotonic()
        outcome, _ = call(server.url, seconds=1.5)

    assert outcome.error == (CallError.TIMEOUT, "The tool did not answer in time.")
    assert time.monotonic() - before < 25


def test_a_call_ends_soon_after_somebody_asks(call):
    stop = StopSignal()
    with tool(lambda _: stop.set("cancelled") or time.sleep(30) or ok(_)) as server:
        outcome, _ = call(server.url, stop=stop)

    assert outcome.error == (CallError.TOOL_ERROR, "The call was stopped.")


def test_redirects_are_followed_and_credentials_stay_with_their_host(call):
    with tool(ok) as other:

        def away(handler):
            if handler.path == "/here":
                return 302, {"Location": "/there"}, b""
            return 302, {"Location": f"http://localhost:{other.server_address[1]}/x"}, b""

        with tool(away) as server:
            outcome, _ = call(
                server.url,
                config={
                    "requestMethod": "GET",
                    "path": "/here",
                    "requestBodyTemplate": "{{ secrets.TOKEN }}",
                },
                headers={"X-Key": "{{ secrets.TOKEN }}"},
            )

    assert outcome.drafts == [Text("fine")]
    assert [path for _, path, _, _ in server.seen] == ["/here", "/there"]
    assert SECRET in server.seen[1][2]["x-key"]
    assert SECRET.encode() in server.seen[1][3]
    assert SECRET not in repr(other.seen)


@pytest.mark.parametrize(
    ("method", "kind", "ends"),
    [("GET", CallError.UNREACHABLE, "."), ("POST", CallError.OUTCOME_UNKNOWN, f": {UNKNOWN}.")],
)
def test_a_connection_that_breaks_leaves_the_outcome_of_a_write_unknown(call, method, kind, ends):
    def hang_up(handler):
        handler.connection.shutdown(socket.SHUT_RDWR)
        return 200, {}, b""

    with tool(hang_up) as server:
        outcome, _ = call(server.url, config={"requestMethod": method})

    assert outcome.error == (kind, f"The connection broke before the tool had answered{ends}")
    assert len(server.seen) == 1


def test_an_answer_that_is_not_packed_as_it_says_is_the_tools_fault(call):
    with tool(lambda _: (200, {"Content-Encoding": "gzip"}, b"not packed")) as server:
        outcome, _ = call(server.url)

    assert outcome.error == (CallError.TOOL_ERROR, "The tool's response could not be decompressed.")


def test_a_write_does_not_follow_to_another_host(call):
    with tool(lambda _: (307, {"Location": "http://localhost:1/x"}, b"")) as server:
        outcome, _ = call(server.url, config={"requestMethod": "POST"})

    assert outcome.error is not None
    assert outcome.error[0] == CallError.UNREACHABLE


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses_are_not_public(address):
    assert not is_public(address)


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:4700::1111", "8.8.8.8"])
def test_public_addresses_are(address):
    assert is_public(address)


def test_a_private_address_is_refused_by_any_name(call, settings):
    settings.PRIVATE_TOOL_HOSTS = []
    with tool(ok) as server:
        port = server.server_address[1]
        hosts = [
            "127.0.0.1",
            "localhost",
            "127.1",
            "2130706433",
            "0x7f.1",
            "[::1]",
            "[::ffff:127.0.0.1]",
            "0",
        ]
        outcomes = [call(f"http://{host}:{port}", secret=False)[0] for host in hosts]

    assert {outcome.error[0] for outcome in outcomes} == {CallError.UNREACHABLE}
    assert server.seen == []


def test_a_redirect_to_a_private_address_is_refused(call, settings):
    with tool(ok) as inside:
        location = f"http://127.0.0.2:{inside.server_address[1]}/"
        settings.PRIVATE_TOOL_HOSTS = ["127.0.0.1"]
        with tool(lambda _: (302, {"Location": location}, b"")) as server:
            outcome, _ = call(server.url)

    assert outcome.error == (CallError.UNREACHABLE, "The tool's address is not public.")
    assert inside.seen == []


def test_a_name_that_changes_its_address_is_connected_to_where_it_was_checked(call, settings, monkeypatch):
    """A resolver that says a listed address first and a private one afterwards is asked once only."""
    settings.PRIVATE_TOOL_HOSTS = ["127.0.0.1"]
    answers = iter(["127.0.0.1", "127.0.0.2", "127.0.0.2"])
    asked = []

    def resolve(host, port, family=0, type=0, proto=0, flags=0):  # noqa: PLR0917 - the library's
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers), port))]

    with tool(ok) as server:
        port = server.server_address[1]
        resolver = socket.getaddrinfo
        monkeypatch.setattr(
            socket,
            "getaddrinfo",
            lambda host, *rest, **more: (resolve if host == "rebind.test" else resolver)(host, *rest, **more),
        )
        outcome, _ = call(f"http://rebind.test:{port}")

    assert outcome.drafts == [Text("fine")]
    assert asked == ["rebind.test"]
    assert server.seen[0][2]["host"] == f"rebind.test:{port}"


@pytest.mark.parametrize("method", ["POST", "GET"])
def test_numbers_of_any_length_reach_the_tool(call, method):
    number = 10**400 + 7
    config = {"requestMethod": method, "path": "/orders"}

    with tool(ok) as server:
        outcome, _ = call(server.url, config=config, arguments={"order": number, "parts": [number]})

    _, path, _, body = server.seen[0]
    assert outcome.drafts == [Text("fine")]
    if method == "POST":
        assert json.loads(body) == {"order": number, "parts": [number]}
    else:
        assert path == f"/orders?order={number}&parts=%5B{number}%5D"
