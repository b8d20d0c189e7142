"""The real Google client against a server that speaks Gemini's API."""

import json
import threading
import time
from decimal import Decimal
from typing import Any

import pytest
from pytest_django import Settings

from executions.inference import transcript
from executions.inference.choices import ModelChoice
from executions.inference.errors import ModelRefused, ModelStopped, ModelUnavailable
from tests.executions.inference.asking import ANSWER, KEY, LIST, READ, ask, make_request, stop_when
from tests.executions.inference.cloud_wire import gemini_events, google_error
from tests.executions.inference.provider_server import Answer, serving

PRICES = {"input": "2", "output": "10", "cache_read": "0.5"}
CALLS = (("workspace_fs_list", {}), ("workspace_fs_read", {"path": "a.csv"}))


def gemini(url: str, **fields: Any) -> ModelChoice:
    merged = {"base_url": url, "api_key": KEY, "prices": PRICES, **fields}
    return ModelChoice.model_validate({"provider": "google", "name": "gemini-2.5-flash", **merged})


def test_text_arrives_in_pieces_with_exact_usage_and_cost() -> None:
    texts: list[str] = []
    with serving(Answer(events=gemini_events("Two ", "files.", thought="Hm."))) as server:
        reply = ask(make_request(model=gemini(server.url)), texts=texts)

    usage = reply.spending.usage
    assert texts == ["Two ", "files."]
    assert (reply.text, reply.thinking, reply.finish_reason) == ("Two files.", "Hm.", "stop")
    assert (usage.input_tokens, usage.output_tokens, usage.cache_read_tokens) == (120, 30, 20)
    assert usage.reasoning_tokens == 5
    assert not usage.estimated
    # 100 fresh at 2, 20 cached at 0.5 and 30 out at 10 dollars a million.
    assert reply.spending.cost_usd == Decimal("0.00051")
    received = server.received[0]
    assert received.path == "/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse"
    assert received.headers["x-goog-api-key"] == KEY
    assert received.body["systemInstruction"]["parts"] == [{"text": "Be brief."}]


def test_a_listed_price_is_found() -> None:
    with serving(Answer(events=gemini_events("Two files."))) as server:
        reply = ask(make_request(model=gemini(server.url, prices=None)))

    assert reply.spending.cost_usd is not None
    assert reply.spending.price_version.startswith("genai-prices ")


def test_calls_results_and_signatures_go_back_as_the_api_wants_them() -> None:
    with serving(
        Answer(events=gemini_events("Looking.", calls=CALLS)), Answer(events=gemini_events("Done."))
    ) as server:
        request = make_request(model=gemini(server.url), tools=[LIST, READ])
        reply = ask(request)
        results = [(reply.tool_calls[0], {"files": []}, False), (reply.tool_calls[1], "no such file", True)]
        messages = [*request.messages, reply.raw, transcript.tool_message(results)]
        ask(make_request(model=request.model, tools=[LIST, READ], messages=messages))

    assert [(call.name, call.arguments) for call in reply.tool_calls] == [
        ("workspace.fs.list", {}),
        ("workspace.fs.read", {"path": "a.csv"}),
    ]
    said, returned = server.received[1].body["contents"][1:]
    assert said["parts"][1]["functionCall"]["name"] == "workspace_fs_list"
    assert said["parts"][1]["thoughtSignature"]
    first, second = (part["functionResponse"] for part in returned["parts"])
    assert (first["name"], first["response"]) == ("workspace_fs_list", {"files": []})
    assert "no such file" in json.dumps(second["response"])


def test_a_structured_answer_is_one_more_call() -> None:
    calls = (("final_answer", {"answer": "Two."}),)
    with serving(Answer(events=gemini_events(calls=calls))) as server:
        reply = ask(make_request(model=gemini(server.url), answer_schema=ANSWER))

    assert reply.tool_calls == ()
    assert reply.answer is not None
    assert reply.answer.arguments == {"answer": "Two."}
    (offered,) = server.received[0].body["tools"][0]["functionDeclarations"]
    assert offered["name"] == "final_answer"


@pytest.mark.parametrize("ending", ["cut", "end"])
def test_an_answer_that_breaks_off_is_charged_by_estimate(ending: str) -> None:
    events = gemini_events("x" * 400, finish=None, usage=None)
    with (
        serving(Answer(events=events, ending=ending)) as server,
        pytest.raises(ModelUnavailable) as raised,
    ):
        ask(make_request(model=gemini(server.url)))

    spending = raised.value.spending
    assert spending is not None
    assert spending.usage.estimated
    assert spending.usage.output_tokens >= 100
    assert spending.cost_usd is not None
    assert spending.cost_usd > Decimal("0.001")
    assert len(server.received) == 1


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Answer(429, body=google_error(429, "RESOURCE_EXHAUSTED", "Slow down")), ModelUnavailable),
        (Answer(503, body=google_error(503, "UNAVAILABLE", "Slow down")), ModelUnavailable),
        (Answer(400, body=google_error(400, "INVALID_ARGUMENT", f"Slow down {KEY}")), ModelRefused),
        (Answer(404, body=google_error(404, "NOT_FOUND", "Slow down")), ModelRefused),
    ],
)
def test_an_error_of_the_provider_is_not_tried_again_here(answer: Answer, error: type[Exception]) -> None:
    with serving(answer) as server, pytest.raises(error, match=f"{answer.status}: Slow down") as raised:
        ask(make_request(model=gemini(server.url)))

    assert KEY not in str(raised.value)
    assert raised.value.__cause__ is None
    assert len(server.received) == 1


def test_a_rate_limit_says_how_long_to_wait() -> None:
    error = google_error(429, "RESOURCE_EXHAUSTED", "Slow down")
    retry = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "7s"}
    error["error"]["details"] = [retry]
    with serving(Answer(429, body=error)) as server, pytest.raises(ModelUnavailable) as raised:
        ask(make_request(model=gemini(server.url)))

    assert raised.value.retry_after == 7


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_is_not_quoted(status: int) -> None:
    error = google_error(status, "PERMISSION_DENIED", f"Not {KEY}")
    with serving(Answer(status, body=error)) as server, pytest.raises(ModelRefused) as raised:
        ask(make_request(model=gemini(server.url)))

    assert raised.value.message == "google (gemini-2.5-flash): the key was refused"


@pytest.mark.parametrize("event", ["data: {broken\n\n", 'data: {"modelVersion": 5}\n\n'])
def test_an_answer_that_is_no_answer_is_unavailable(event: str) -> None:
    with serving(Answer(events=(event,))) as server, pytest.raises(ModelUnavailable):
        ask(make_request(model=gemini(server.url)))


def test_stopping_ends_a_request_at_once_and_hangs_up() -> None:
    stop = threading.Event()
    texts: list[str] = []
    events = gemini_events("Two ", finish=None, usage=None)
    with serving(Answer(events=events, ending="hold", filler="\n")) as server:
        stop_when(lambda: texts, stop)
        started = time.monotonic()
        with pytest.raises(ModelStopped) as raised:
            ask(make_request(model=gemini(server.url)), texts=texts, stop=stop)
        took = time.monotonic() - started

        assert server.client_left.wait(45)
    assert took < 40  # the provider would hold it for 50
    assert texts == ["Two "]
    assert raised.value.spending is not None


def test_a_provider_that_says_nothing_is_unavailable() -> None:
    with (
        serving(Answer(body={}, delay_seconds=1)) as server,
        pytest.raises(ModelUnavailable, match="silent for too long"),
    ):
        ask(make_request(model=gemini(server.url, silence_seconds=0.3)))


@pytest.mark.parametrize("name", ["../secrets", "a?key=1", "a b", "a\nb", "a#b", ""])
def test_what_is_no_name_of_a_model_is_not_asked_for(name: str) -> None:
    with serving(Answer(body={})) as server, pytest.raises(ModelRefused):
        ask(make_request(model=gemini(server.url).model_copy(update={"name": name})))

    assert server.received == []


def test_headers_of_ones_own_go_without_a_key_that_is_none() -> None:
    headers = {"Authorization": "Bearer calm-heron-5520"}
    with serving(Answer(events=gemini_events("Yes."))) as server:
        ask(make_request(model=gemini(server.url, api_key="no-key-given", headers=headers)))

    received = server.received[0].headers
    assert received["authorization"] == "Bearer calm-heron-5520"
    assert "x-goog-api-key" not in received


def test_a_model_of_the_deployment_is_found_by_its_alias(settings: Settings) -> None:
    with serving(Answer(events=gemini_events("Yes."))) as server:
        fields = {"provider": "google", "name": "gemini-2.5-flash", "api_key": KEY, "base_url": server.url}
        settings.MODELS = {"fast": fields}
        reply = ask(make_request(model="fast", settings={"temperature": 0, "max_tokens": 50}))

    assert reply.text == "Yes."
    generation = server.received[0].body["generationConfig"]
    assert (generation["temperature"], generation["maxOutputTokens"]) == (0, 50)
