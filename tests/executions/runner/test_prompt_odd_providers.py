"""Prompt skills whose provider answers oddly."""

import json

import pytest

from executions.inference.response_repair import SEND_AGAIN
from executions.runner.outcomes import RunFailed
from executions.runner.prompt import run_prompt
from tests.executions.inference.asking import models_entry
from tests.executions.inference.odd_wire import call, calls, stream, text
from tests.executions.inference.provider_server import Answer, ProviderServer, Received, serving
from tests.executions.inference.wire import chat_events

pytestmark = pytest.mark.django_db

DONE = calls(call(index=0, id="done", name="final_answer", arguments='{"answer": "Rome"}'))
READ = call(index=0, id="read", name="workspace_fs_read", arguments='{"path": "inputs/materials/a.csv"}')
TOO_LONG = Answer(
    400, body={"error": {"message": "Maximum context length exceeded", "code": "context_length_exceeded"}}
)


@pytest.fixture
def provider(settings):
    with serving(Answer(events=chat_events("Done.")), is_strict=True) as server:
        settings.MODELS = {"odd": models_entry(server.url)}
        yield server
        assert server.refused == []


def will_answer(provider: ProviderServer, *contents: bytes | Answer) -> None:
    provider.answers.clear()
    provider.answers += [one if isinstance(one, Answer) else Answer(events=(one,)) for one in contents]


def results_in(received: Received) -> list[str]:
    return [message["content"] for message in received.body["messages"] if message["role"] == "tool"]


def test_no_call_of_an_answer_that_was_cut_off_is_made(prompt_run, provider):
    will_answer(provider, stream(calls(READ), finish="length"), stream(calls(READ)), stream(DONE))

    outputs = run_prompt(prompt_run(model="odd"))

    results = results_in(provider.received[2])
    assert outputs == {"answer": "Rome"}
    assert json.loads(results[0]) == {"error": SEND_AGAIN}
    assert "Rome" in results[1]


def test_an_answer_that_was_cut_off_is_no_output(prompt_run, provider):
    closed = calls(call(index=0, id="cut", name="final_answer", arguments='{"answer": "Ro"}'))
    will_answer(provider, stream(closed, finish="length"), stream(DONE))

    assert run_prompt(prompt_run(model="odd")) == {"answer": "Rome"}


def test_an_empty_answer_is_asked_for_once_more(prompt_run, provider):
    will_answer(provider, stream(text("")), stream(DONE))

    assert run_prompt(prompt_run(model="odd")) == {"answer": "Rome"}
    first, second = (received.headers["idempotency-key"] for received in provider.received)
    assert first != second


def test_two_empty_answers_fail_the_run_and_say_so(prompt_run, provider):
    will_answer(provider, stream(text("")))

    with pytest.raises(RunFailed, match="without text or tool calls"):
        run_prompt(prompt_run(model="odd"))
    assert len(provider.received) == 2


def test_a_conversation_that_is_too_long_is_shortened_once(prompt_run, provider):
    will_answer(provider, stream(calls(READ)), TOO_LONG, stream(DONE))
    run = prompt_run(model="odd", materials={"a.csv": b"Rome,3\n" * 5000})

    assert run_prompt(run) == {"answer": "Rome"}
    sent = results_in(provider.received[2])
    assert "left out" in sent[0]


def test_one_that_stays_too_long_fails(prompt_run, provider):
    will_answer(provider, TOO_LONG)

    with pytest.raises(RunFailed, match="context length"):
        run_prompt(prompt_run(model="odd"))
    assert len(provider.received) == 2
