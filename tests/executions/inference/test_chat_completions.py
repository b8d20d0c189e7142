"""The real OpenAI client against a server that speaks its chat completions API."""

import threading
import time
from decimal import Decimal

import pytest

from executions.inference import transcript
from executions.inference.errors import ModelRefused, ModelStopped, ModelUnavailable
from tests.executions.inference.asking import (
    ANSWER,
    KEY,
    LIST,
    READ,
    ask,
    compatible,
    make_request,
    stop_when,
)
from tests.executions.inference.provider_server import Answer, serving
from tests.executions.inference.wire import chat_events

READ_A = '{"path": "inputs/materials/a.csv"}'


def test_text_arrives_in_pieces_with_exact_usage_and_cost() -> None:
    texts: list[str] = []
    with serving(Answer(events=chat_events("Two ", "files."))) as server:
        reply = ask(make_request(model=compatible(server.url)), texts=texts)

    usage = reply.spending.usage
    assert texts == ["Two ", "files."]
    assert reply.text == "Two files."
    assert (usage.input_tokens, usage.output_tokens, usage.cache_read_tokens) == (120, 30, 20)
    assert usage.reasoning_tokens == 5
    assert not usage.estimated
    # 100 fresh at 2, 20 cached at 0.5 and 30 out at 10 dollars a million.
    assert reply.spending.cost_usd == Decimal("0.00051")
    assert reply.spending.price_version == "settings"
    assert (reply.model_name, reply.finish_reason) == ("small-model-2026", "stop")


def test_parallel_tool_calls_come_back_under_our_names() -> None:
    calls = (("call_1", "workspace_fs_list", "{}"), ("call_2", "workspace_fs_read", READ_A))
    with serving(Answer(events=chat_events("Looking.", calls=calls, finish="tool_calls"))) as server:
        reply = ask(make_request(model=compatible(server.url), tools=[LIST, READ]))

    assert [(call.call_id, call.name) for call in reply.tool_calls] == [
        ("call_1", "workspace.fs.list"),
        ("call_2", "workspace.fs.read"),
    ]
    assert reply.tool_calls[1].arguments == {"path": "inputs/materials/a.csv"}
    sent = server.received[0].body["tools"]
    assert [tool["function"]["name"] for tool in sent] == ["workspace_fs_list", "workspace_fs_read"]


def test_kept_messages_and_tool_results_are_sent_back_as_the_api_wants_them() -> None:
    calls = (("call_1", "workspace_fs_list", "{}"), ("call_2", "workspace_fs_read", READ_A))
    first = Answer(events=chat_events("Looking.", calls=calls, finish="tool_calls"))
    with serving(first, Answer(events=chat_events("Done."))) as server:
        request = make_request(model=compatible(server.url), tools=[LIST, READ])
        reply = ask(request)
        results = [(reply.tool_calls[0], {"files": []}, False), (reply.tool_calls[1], "no such file", True)]
        messages = [*request.messages, reply.raw, transcript.tool_message(results)]
        ask(make_request(model=compatible(server.url), tools=[LIST, READ], messages=messages))

    sent = server.received[1].body["messages"]
    assert [message["role"] for message in sent] == ["system", "user", "assistant", "tool", "tool"]
    assert sent[0]["content"] == "Be brief."
    assert [call["id"] for call in sent[2]["tool_calls"]] == ["call_1", "call_2"]
    assert sent[3] == {"role": "tool", "tool_call_id": "call_1", "content": '{"files":[]}'}
    assert "no such file" in sent[4]["content"]


def test_a_structured_answer_is_one_more_tool_call() -> None:
    calls = (("call_9", "final_answer", '{"answer": "Two."}'),)
    with serving(Answer(events=chat_events(calls=calls, finish="tool_calls"))) as server:
        reply = ask(make_request(model=compatible(server.url), answer_schema=ANSWER))

    assert reply.tool_calls == ()
    assert reply.answer is not None
    assert reply.answer.arguments == {"answer": "Two."}
    offered = server.received[0].body["tools"][0]["function"]
    assert offered["name"] == "final_answer"
    assert offered["parameters"]["required"] == ["answer"]


def test_arguments_that_are_not_json_are_kept_as_the_model_wrote_them() -> None:
    calls = (("call_1", "workspace_fs_list", '{"path": oops'),)
    with serving(Answer(events=chat_events(calls=calls, finish="tool_calls"))) as server:
        reply = ask(make_request(model=compatible(server.url), tools=[LIST]))

    assert reply.tool_calls[0].arguments is None
    assert reply.tool_calls[0].raw_arguments == '{"path": oops'


def test_the_whole_response_is_kept_and_can_be_sent_again() -> None:
    with serving(Answer(events=chat_events("Two files."))) as server:
        reply = ask(make_request(model=compatible(server.url)))

    again = transcript.load([transcript.user_message("Hello."), reply.raw], instructions="")
    assert reply.raw["provider_response_id"] == "chatcmpl-7"
    assert reply.library_version.startswith("pydantic-ai 2.68")
    assert transcript.dump(again[1]) == reply.raw


def test_settings_and_the_idempotency_key_reach_the_provider() -> None:
    with serving(Answer(events=chat_events("Yes."))) as server:
        choice = compatible(server.url, settings={"temperature": 0.5, "max_tokens": 100})
        ask(make_request(model=choice, settings={"temperature": 0}, idempotency_key="run-1-0"))

    received = server.received[0]
    assert received.path == "/v1/chat/completions"
    assert received.headers["authorization"] == f"Bearer {KEY}"
    assert received.headers["idempotency-key"] == "run-1-0"
    assert received.body["temperature"] == 0
    assert 100 in (received.body.get("max_tokens"), received.body.get("max_completion_tokens"))


def test_a_rate_limit_says_how_long_to_wait_and_is_not_retried_here() -> None:
    limited = Answer(429, {"Retry-After": "7"}, {"error": {"message": "Slow down", "type": "rate_limit"}})
    with serving(limited) as server, pytest.raises(ModelUnavailable) as raised:
        ask(make_request(model=compatible(server.url)))

    assert raised.value.retry_after == 7
    assert raised.value.spending is None
    assert "429: Slow down" in raised.value.message
    assert len(server.received) == 1


@pytest.mark.parametrize("status", [500, 502, 503, 408])
def test_a_failing_provider_is_unavailable(status: int) -> None:
    failing = Answer(status, body={"error": {"message": "oops"}})
    with serving(failing) as server, pytest.raises(ModelUnavailable, match=str(status)):
        ask(make_request(model=compatible(server.url)))


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
def test_a_refused_request_never_shows_the_key(status: int) -> None:
    refusal = Answer(
        status, body={"error": {"message": f"Incorrect API key: {KEY} or sk-te**************42."}}
    )
    with serving(refusal) as server, pytest.raises(ModelRefused) as raised:
        ask(make_request(model=compatible(server.url)))

    assert KEY not in str(raised.value)
    assert "sk-te" not in str(raised.value)
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__


def test_an_empty_account_is_not_worth_another_try() -> None:
    error = {"message": "You exceeded your quota", "type": "insufficient_quota", "code": "insufficient_quota"}
    with serving(Answer(429, body={"error": error})) as server, pytest.raises(ModelRefused, match="quota"):
        ask(make_request(model=compatible(server.url)))


@pytest.mark.parametrize("ending", ["cut", "end"])
def test_an_answer_that_breaks_off_is_charged_by_estimate(ending: str) -> None:
    texts: list[str] = []
    events = chat_events("x" * 400, finish=None, usage=None, done=False)
    with (
        serving(Answer(events=events, ending=ending)) as server,
        pytest.raises(ModelUnavailable) as raised,
    ):
        ask(make_request(model=compatible(server.url)), texts=texts)

    spending = raised.value.spending
    assert texts == ["x" * 400]
    assert spending is not None
    assert spending.usage.estimated
    assert spending.usage.output_tokens >= 100
    assert spending.cost_usd is not None
    assert spending.cost_usd > Decimal("0.001")


def test_a_server_that_never_reports_usage_is_charged_by_estimate() -> None:
    with serving(Answer(events=chat_events("Two files.", usage=None))) as server:
        reply = ask(make_request(model=compatible(server.url)))

    assert reply.text == "Two files."
    assert reply.spending.usage.estimated
    assert reply.spending.usage.input_tokens > 0


def test_an_answer_that_is_no_answer_is_unavailable() -> None:
    with serving(Answer(events=("data: {broken\n\n",))) as server, pytest.raises(ModelUnavailable):
        ask(make_request(model=compatible(server.url)))


def test_stopping_ends_a_request_at_once_and_hangs_up() -> None:
    stop = threading.Event()
    texts: list[str] = []
    events = chat_events("Two ", finish=None, usage=None, done=False)
    with serving(Answer(events=events, ending="hold")) as server:
        stop_when(lambda: texts, stop)
        started = time.monotonic()
        with pytest.raises(ModelStopped) as raised:
            ask(make_request(model=compatible(server.url)), texts=texts, stop=stop)
        took = time.monotonic() - started

        assert server.client_left.wait(45)
    assert took < 40  # the provider would hold it for 50
    assert texts == ["Two "]
    assert raised.value.spending is not None
    assert raised.value.spending.usage.estimated


def test_stopping_also_ends_the_wait_for_the_first_word() -> None:
    stop = threading.Event()
    with serving(Answer(body={}, delay_seconds=50)) as server:
        stop_when(lambda: server.received, stop)
        started = time.monotonic()
        with pytest.raises(ModelStopped) as raised:
            ask(make_request(model=compatible(server.url)), stop=stop)

        assert time.monotonic() - started < 40
    assert raised.value.spending is None


def test_a_request_that_takes_too_long_is_unavailable() -> None:
    events = chat_events("Two ", finish=None, usage=None, done=False)
    with (
        serving(Answer(events=events, ending="hold")) as server,
        pytest.raises(ModelUnavailable, match="no complete answer within"),
    ):
        ask(make_request(model=compatible(server.url), timeout_seconds=0.4))


def test_a_provider_that_says_nothing_is_unavailable() -> None:
    with (
        serving(Answer(body={}, delay_seconds=3)) as server,
        pytest.raises(ModelUnavailable, match="silent for too long"),
    ):
        ask(make_request(model=compatible(server.url, silence_seconds=0.3)))


def test_a_closed_port_is_unavailable() -> None:
    with serving(Answer()) as server:
        url = server.url

    with pytest.raises(ModelUnavailable, match="connection failed"):
        ask(make_request(model=compatible(url)))


def test_what_the_listener_raises_is_passed_on() -> None:
    class LeaseGone(Exception):
        pass

    class Listener(list[str]):
        def append(self, text: str) -> None:
            raise LeaseGone

    with serving(Answer(events=chat_events("Two ", "files."))) as server, pytest.raises(LeaseGone):
        ask(make_request(model=compatible(server.url)), texts=Listener())
