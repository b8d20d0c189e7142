"""The benchmark's pieces: its arithmetic, its scratch databases, its processes and its clients."""

import json
import secrets
import time
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from tests.benchmarks.child_process import ChildProcess, ChildProcessFailed, call_in_child
from tests.benchmarks.database import BenchRefused, scratch_databases, url_of
from tests.benchmarks.failures import NotMeasured
from tests.benchmarks.figures import Figure, Spread, is_within, median_ratio, quantile
from tests.benchmarks.http_client import BadAnswer, HttpClient, answer_size, request_bytes, time_in_turns
from tests.benchmarks.listener import Listener
from tests.benchmarks.load import count_requests
from tests.benchmarks.pages import Page, look_at, row_of
from tests.benchmarks.provider import FINAL, TOUCH, Provider
from tests.benchmarks.servers import free_port
from tests.benchmarks.speaking import delays
from tests.benchmarks.subscribers import follow, socket_opening, sse_opening
from tests.config.canned import server

SCRATCH = f"callboard_bench_{secrets.token_hex(4)}"  # several runs of the suite may share a server
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


OWN = urlsplit(settings.DATABASE_URL).path.lstrip("/")


def is_there(name: str) -> bool:
    """Whether the test server has a database of this name."""
    with psycopg.connect(settings.DATABASE_URL) as connection:
        found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone()
        return found is not None


def test_a_quantile_is_the_smallest_sample_that_enough_samples_do_not_exceed() -> None:
    assert quantile([5.0, 1.0, 3.0, 2.0, 4.0], 0.5) == 3.0
    assert quantile([float(number) for number in range(1, 101)], 0.95) == 95.0
    assert quantile([7.0], 0.95) == 7.0


def test_nothing_measured_is_no_spread() -> None:
    with pytest.raises(ValueError, match="nothing"):
        Spread.of([])


def test_a_slow_round_does_not_move_the_median_ratio() -> None:
    assert median_ratio([2.0, 20.0, 2.2], [1.0, 10.0, 1.0]) == 2.0


@pytest.mark.parametrize(
    ("ratio", "within"), [(1.0, True), (1.19, True), (0.84, True), (1.3, False), (0.7, False)]
)
def test_within_a_fifth_means_in_both_directions(ratio: float, *, within: bool) -> None:
    assert is_within(0.2, ratio) is within


def test_a_figure_is_written_as_json_with_its_bar() -> None:
    figure = Figure("list", "newest", 1.23456789, "ms").beside(0.5, 2.46).asked("under 10 ms", is_met=True)

    assert figure.as_json() == {
        "part": "list",
        "what": "newest",
        "value": 1.2346,
        "unit": "ms",
        "limit": 0.5,
        "ratio": 2.46,
        "bar": "under 10 ms",
        "is_met": True,
    }


def test_scratch_databases_are_there_inside_and_gone_afterwards_even_after_a_failure() -> None:
    def fail() -> None:
        with scratch_databases(settings.DATABASE_URL, [SCRATCH]) as urls:
            with psycopg.connect(urls[SCRATCH]) as inside:
                assert inside.execute("SELECT current_database()").fetchone() == (SCRATCH,)
            raise RuntimeError("in the middle of it")

    with pytest.raises(RuntimeError, match="in the middle"):
        fail()

    assert not is_there(SCRATCH)


def test_two_benchmarks_on_one_server_do_not_drop_each_others_databases() -> None:
    with scratch_databases(settings.DATABASE_URL, [SCRATCH]):
        with (
            pytest.raises(BenchRefused, match="another benchmark"),
            scratch_databases(settings.DATABASE_URL, [SCRATCH]),
        ):
            pass

        assert is_there(SCRATCH)


@pytest.mark.parametrize(
    ("url", "name"),
    [(settings.DATABASE_URL, OWN), (url_of(settings.DATABASE_URL, "callboard_bench"), SCRATCH)],
    ids=["own", "scratch"],  # the names are random, and all test processes must call the tests alike
)
def test_nobodys_own_database_can_be_dropped(url: str, name: str) -> None:
    with pytest.raises(BenchRefused), scratch_databases(url, [name]):
        pass

    assert is_there(OWN)


def test_a_function_runs_in_a_process_of_its_own_and_gives_its_result_back() -> None:
    with server(ANSWER) as port:
        target = {"port": port, "paths": ["/a", "/b"], "headers": {}}

        taken = call_in_child(
            "tests.benchmarks.http_client.time_in_turns", seconds=30, targets=[target] * 2, count=3
        )

    assert [len(samples) for samples in taken] == [3, 3]


def test_a_function_that_takes_too_long_is_ended() -> None:
    began = time.monotonic()

    with (
        ChildProcess("tests.benchmarks.listener.hear", url="", channel="", last={}, seconds=60) as broken,
        pytest.raises(ChildProcessFailed, match="hear"),
    ):
        broken.wait_until_ready(5)

    assert time.monotonic() - began < 55  # it would go on for 60


def test_an_answer_is_complete_with_its_last_byte_and_refused_without_a_length() -> None:
    assert answer_size(b"HTTP/1.1 200 OK\r\nContent-Le") is None
    assert answer_size(ANSWER) == len(ANSWER)
    with pytest.raises(BadAnswer):
        answer_size(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")


def test_an_answer_of_another_status_stops_the_measuring() -> None:
    with server(ANSWER.replace(b"200", b"503")) as port, HttpClient(port) as client, pytest.raises(BadAnswer):
        client.ask(request_bytes("/", {}))


@pytest.mark.parametrize("has_rows", [True, False])
def test_a_page_of_the_admin_that_is_not_what_it_shall_be_is_not_measured(*, has_rows: bool) -> None:
    link = b"/admin/executions/skillexecution/01a20466-3d3e-76b5-bb38-a596de734700/change/"
    shown = b"nothing" if has_rows else link

    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(shown), shown)
    with server(answer) as port, pytest.raises(NotMeasured):
        look_at(Page("list", ["/"], row_of("skillexecution"), has_rows=has_rows), port, {})


def test_many_clients_are_counted_for_as_long_as_asked() -> None:
    with server(ANSWER) as port:
        counted = count_requests(port=port, paths=["/"], headers={}, clients=4, duration=0.5)

    assert counted["total"] >= len(counted["milliseconds"]) > 0
    assert counted["per_second"] == len(counted["milliseconds"]) / 0.5


def test_requests_go_to_the_targets_in_turns() -> None:
    with server(ANSWER) as port:
        target: dict[str, Any] = {"port": port, "paths": ["/"], "headers": {}}

        assert [len(samples) for samples in time_in_turns(targets=[target, target], count=7)] == [7, 7]


def test_every_event_of_a_stream_is_noted_whatever_the_chunks() -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    events = b"10\r\nretry: 1000\n\n\r\n2a\r\nid: 1\nevent: a\ndata: {}\n\nid: 2\nevent: b\ndata: {}\n\n\r\n"

    with server(events, first=head) as port:
        crowd = follow(port=port, openings=[sse_opening("/", {})] * 3, deliveries=6, seconds=10)

    assert sorted((index, number) for index, number, _ in crowd["received"]) == [
        (index, number) for index in range(3) for number in (1, 2)
    ]
    assert crowd["lost"] == 0


def test_events_whose_ids_are_no_numbers_are_counted_and_a_stream_is_open_with_its_first_words() -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nc\r\nretry: 1000\n\r\n"
    events = b"2a\r\nid: objevt_A\ndata: {}\n\nid: objevt_B\ndata: {}\n\n\r\n"

    with server(b"", first=head) as port:
        silent = follow(port=port, openings=[sse_opening("/", {})], deliveries=0, seconds=1)
    with server(events, first=head) as port:
        crowd = follow(port=port, openings=[sse_opening("/", {})], deliveries=2, seconds=10)

    assert silent == {"received": [], "lost": 0}
    assert [number for _, number, _ in crowd["received"]] == [1, 2]


def test_a_websocket_s_frames_are_told_apart() -> None:
    snapshot = b'{"type":"snapshot","sub":"a","object":{' + b" " * 200 + b'},"seq":0}'
    event = b'{"type":"event","sub":"a","seq":7,"kind":"execution.progressed"}'
    frames = (
        b"\x81\x7e"
        + len(snapshot).to_bytes(2, "big")
        + snapshot
        + b"\x89\x00"
        + b"\x81"
        + bytes([len(event)])
        + event
    )

    with server(frames, first=b"HTTP/1.1 101 Switching Protocols\r\n\r\n") as port:
        crowd = follow(port=port, openings=[socket_opening("/", {}, "")], deliveries=1, seconds=10)

    assert [(index, number) for index, number, _ in crowd["received"]] == [(0, 7)]


def test_a_notification_is_heard_even_when_it_came_before_anybody_waited() -> None:
    with (
        Listener(settings.DATABASE_URL, ["bench_tested"]) as listener,
        psycopg.connect(settings.DATABASE_URL, autocommit=True) as connection,
    ):
        sent = time.monotonic_ns()
        connection.execute("SELECT pg_notify('bench_tested', 'one')")
        time.sleep(0.3)
        slept = time.monotonic_ns()

        heard = listener.wait_for(lambda _channel, payload: payload == "one", 60)
        with pytest.raises(TimeoutError):
            listener.wait_for(lambda _channel, payload: payload == "two", 0.1)

    assert sent < heard < slept


def ask_provider(port: int, *, roles: list[str], tools: list[str]) -> str:
    """The name of the tool that it calls then."""
    asked = {
        "messages": [{"role": role, "content": "hi"} for role in roles],
        "tools": [{"type": "function", "function": {"name": name}} for name in tools],
    }
    with HttpClient(port) as client:
        answer = client.ask(request_bytes("/v1", {}, method="POST", body=json.dumps(asked).encode())).decode()
    (name,) = [name for name in (TOUCH, FINAL) if f'"{name}"' in answer]
    return name


def test_the_benchmark_s_provider_notes_when_it_is_asked_and_ends_after_one_call() -> None:
    port, before = free_port(), time.monotonic_ns()
    with Provider(port) as provider:
        first = ask_provider(port, roles=["user"], tools=[TOUCH, FINAL])
        last = ask_provider(port, roles=["user", "assistant", "tool"], tools=[TOUCH, FINAL])
        at = [provider.wait_for(number) for number in (1, 2)]
        provider.forget()
        alone = ask_provider(port, roles=["user"], tools=[FINAL])

        assert provider.wait_for(1) > at[1]
    assert (first, last, alone) == (TOUCH, FINAL, FINAL)
    assert before < at[0] < at[1] < time.monotonic_ns()


def test_each_word_of_a_bare_script_is_heard_after_it_was_said() -> None:
    with scratch_databases(settings.DATABASE_URL, [SCRATCH]) as urls:
        taken = call_in_child(
            "tests.benchmarks.barespeech.time_bare_speech", seconds=60, url=urls[SCRATCH], words=3, pause=0.01
        )

    assert len(taken) == 3
    assert min(taken) > 0


def test_a_word_that_did_not_reach_every_subscriber_stops_the_measuring() -> None:
    heard = [(0, 3, 5_000_000), (1, 3, 6_000_000), (0, 1, 9)]

    assert delays({"received": heard, "lost": 0}, {3: 4_000_000}, 2) == [1.0, 2.0]
    with pytest.raises(NotMeasured, match="1 of 2"):
        delays({"received": heard[1:], "lost": 0}, {3: 4_000_000}, 2)
    with pytest.raises(NotMeasured, match="0 of 0"):
        delays({"received": heard, "lost": 0}, {}, 2)


@pytest.mark.parametrize("wrong", [["--only", "lookup,nonsense"], ["--only", ""], ["--rows", "5"]])
def test_what_cannot_be_measured_is_said_before_anything_starts(wrong: list[str]) -> None:
    with pytest.raises(CommandError):
        call_command("bench", *wrong)
