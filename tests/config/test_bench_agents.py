"""The benchmark of agents: its provider, its bare client, and how words are counted."""

from tests.benchmarks.agents.following import difference, words_in
from tests.benchmarks.agents.provider import Pace, pace_of
from tests.benchmarks.child_process import ChildProcess, call_in_child
from tests.benchmarks.servers import free_port

ASK = "tests.benchmarks.agents.bareclient.ask_barely"


def test_a_provider_thinks_and_speaks_at_the_pace_that_the_prompt_asks_for() -> None:
    pace, port = Pace(think=0.3, rate=20, count=6), free_port()
    with ChildProcess("tests.benchmarks.agents.provider.serve", port=port) as provider:
        provider.wait_until_ready()

        found = call_in_child(ASK, seconds=60, port=port, prompt=str(pace), count=3)

    assert len(found["late"]) == 3 * pace.count
    assert found["seconds"] >= pace.seconds
    assert 0 < found["per_second"] < 3 * pace.rate * 1.5
    assert all(milliseconds >= 0 for milliseconds in found["late"])


def test_a_pace_is_read_as_it_was_written() -> None:
    pace = Pace(think=10, rate=4, count=40)

    assert pace_of(f'{{"content":"You speak. {pace}"}}'.encode()) == pace
    assert (pace.seconds, Pace(think=1, rate=0, count=9).seconds) == (20, 1)
    assert pace_of(b"{}") == Pace(think=0, rate=0, count=1)


def test_a_word_counts_with_the_event_that_holds_its_end() -> None:
    assert list(words_in([(3, "11 2"), (4, "2 3"), (7, "3 ")])) == [(11, 3), (22, 4), (33, 7)]


def test_words_that_are_missing_or_repeated_are_counted() -> None:
    assert difference([1, 2, 3], 3) == 0
    assert difference([1, 2, 2], 3) == 2
    assert difference([1, 2, 2], None) == 1
