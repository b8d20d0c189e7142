"""The real AWS client against a server that speaks Bedrock's ConverseStream, binary frames and all."""

import logging
import threading
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from executions.inference import transcript
from executions.inference.choices import ModelChoice
from executions.inference.errors import ModelRefused, ModelStopped, ModelUnavailable
from tests.executions.inference.asking import ANSWER, LIST, READ, ask, make_request, stop_when
from tests.executions.inference.certificates import tls_of
from tests.executions.inference.cloud_wire import BEDROCK_STREAM, bedrock_answer, bedrock_events, frame
from tests.executions.inference.provider_server import Answer, serving

AWS = {
    "access_key_id": "AKIATENANT0000000001",
    "secret_access_key": "calm-heron-5520/secret",
    "session_token": "calm-heron-5520-token",
}
NAME = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
CALLS = (("t1", "workspace_fs_list", "{}"), ("t2", "workspace_fs_read", '{"path": "a.csv"}'))


def bedrock(url: str, **fields: Any) -> ModelChoice:
    prices = {"input": "2", "output": "10", "cache_read": "0.5"}
    merged = {"base_url": url, "region": "eu-central-1", "aws_key": AWS, "prices": prices, **fields}
    return ModelChoice.model_validate({"provider": "bedrock", "name": NAME, **merged})


def test_text_arrives_in_pieces_with_exact_usage_and_cost() -> None:
    texts: list[str] = []
    with serving(bedrock_answer("Two ", "files.")) as server:
        reply = ask(make_request(model=bedrock(server.url), idempotency_key="run-1-0"), texts=texts)

    usage = reply.spending.usage
    assert texts == ["Two ", "files."]
    assert (reply.text, reply.finish_reason, reply.provider) == ("Two files.", "stop", "bedrock")
    assert (usage.input_tokens, usage.output_tokens, usage.cache_read_tokens) == (120, 30, 20)
    assert not usage.estimated
    # 100 fresh at 2, 20 cached at 0.5 and 30 out at 10 dollars a million.
    assert reply.spending.cost_usd == Decimal("0.00051")
    (received,) = server.received
    assert received.path == f"/model/{NAME.replace(':', '%3A')}/converse-stream"
    assert received.body["system"] == [{"text": "Be brief."}]


def test_a_request_is_signed_by_the_choices_own_key() -> None:
    with serving(bedrock_answer("Yes.")) as server:
        ask(make_request(model=bedrock(server.url)))

    headers = server.received[0].headers
    signed = headers["authorization"]
    assert signed.startswith("AWS4-HMAC-SHA256 Credential=AKIATENANT0000000001/")
    assert "/eu-central-1/bedrock/aws4_request" in signed
    assert headers["x-amz-security-token"] == AWS["session_token"]
    assert AWS["secret_access_key"] not in str(headers)


def test_an_api_key_is_a_bearer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bundle = tmp_path / "bundle.pem"
    tls = tls_of(bundle)
    monkeypatch.setenv("AWS_CA_BUNDLE", str(bundle))
    with serving(bedrock_answer("Yes."), tls=tls) as server:
        ask(make_request(model=bedrock(server.url, aws_key=None, api_key="calm-heron-5520")))

    assert server.received[0].headers["authorization"] == "Bearer calm-heron-5520"


def test_a_listed_price_is_found() -> None:
    with serving(bedrock_answer("Yes.")) as server:
        reply = ask(make_request(model=bedrock(server.url, prices=None)))

    assert reply.spending.cost_usd is not None
    assert reply.spending.price_version.startswith("genai-prices ")


def test_calls_and_results_go_back_as_the_api_wants_them() -> None:
    with serving(bedrock_answer("Looking.", calls=CALLS, stop="tool_use"), bedrock_answer("Done.")) as server:
        request = make_request(model=bedrock(server.url), tools=[LIST, READ])
        reply = ask(request)
        results = [(reply.tool_calls[0], {"files": []}, False), (reply.tool_calls[1], "no such file", True)]
        messages = [*request.messages, reply.raw, transcript.tool_message(results)]
        ask(make_request(model=request.model, tools=[LIST, READ], messages=messages))

    assert [(call.call_id, call.name, call.arguments) for call in reply.tool_calls] == [
        ("t1", "workspace.fs.list", {}),
        ("t2", "workspace.fs.read", {"path": "a.csv"}),
    ]
    said, returned = server.received[1].body["messages"][1:]
    assert [block["toolUse"]["toolUseId"] for block in said["content"] if "toolUse" in block] == ["t1", "t2"]
    first, second = (block["toolResult"] for block in returned["content"])
    assert (first["toolUseId"], first["status"]) == ("t1", "success")
    assert (second["toolUseId"], second["status"]) == ("t2", "error")


def test_a_structured_answer_is_one_more_call() -> None:
    calls = (("t9", "final_answer", '{"answer": "Two."}'),)
    with serving(bedrock_answer(calls=calls, stop="tool_use")) as server:
        reply = ask(make_request(model=bedrock(server.url), answer_schema=ANSWER))

    assert reply.tool_calls == ()
    assert reply.answer is not None
    assert reply.answer.arguments == {"answer": "Two."}
    (offered,) = server.received[0].body["toolConfig"]["tools"]
    assert offered["toolSpec"]["name"] == "final_answer"


@pytest.mark.parametrize("ending", ["cut", "end"])
@pytest.mark.parametrize("is_inside_a_frame", [True, False])
def test_an_answer_that_breaks_off_is_charged_by_estimate(ending: str, is_inside_a_frame: bool) -> None:
    texts: list[str] = []
    events = bedrock_events("x" * 400, stop=None, usage=None)
    if is_inside_a_frame:
        events = (*events, frame("messageStop", {"stopReason": "end_turn"})[:20])
    answer = Answer(events=events, media_type=BEDROCK_STREAM, ending=ending)
    with serving(answer) as server, pytest.raises(ModelUnavailable) as raised:
        ask(make_request(model=bedrock(server.url)), texts=texts)

    spending = raised.value.spending
    assert texts == ["x" * 400]
    assert spending is not None
    assert spending.usage.estimated
    assert spending.usage.output_tokens >= 100
    assert spending.cost_usd is not None
    assert len(server.received) == 1


@pytest.mark.parametrize(
    ("status", "kind", "error"),
    [
        (429, "ThrottlingException", ModelUnavailable),
        (503, "ServiceUnavailableException", ModelUnavailable),
        (424, "ModelErrorException", ModelRefused),
        (400, "ValidationException", ModelRefused),
        (404, "ResourceNotFoundException", ModelRefused),
    ],
)
def test_an_error_of_the_provider_is_not_tried_again_here(
    status: int, kind: str, error: type[Exception]
) -> None:
    said = f"Slow down, {AWS['session_token']}"
    answer = Answer(status, {"x-amzn-ErrorType": kind}, {"message": said})
    with serving(answer) as server, pytest.raises(error, match=f"{status}: Slow down") as raised:
        ask(make_request(model=bedrock(server.url)))

    assert "[secret session_token]" in str(raised.value)
    assert AWS["session_token"] not in str(raised.value)
    assert raised.value.__cause__ is None
    assert len(server.received) == 1


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("throttlingException", ModelUnavailable),
        ("modelStreamErrorException", ModelUnavailable),
        ("validationException", ModelRefused),
    ],
)
def test_an_error_inside_the_stream_ends_it(kind: str, error: type[Exception]) -> None:
    exception = frame(kind, {"message": "Slow down"}, is_exception=True)
    events = (*bedrock_events("Two ", stop=None, usage=None), exception)
    with serving(Answer(events=events, media_type=BEDROCK_STREAM)) as server, pytest.raises(error) as raised:
        ask(make_request(model=bedrock(server.url)))

    assert "Slow down" in str(raised.value)
    assert raised.value.spending is not None  # type: ignore[attr-defined]


@pytest.mark.parametrize("kind", ["UnrecognizedClientException", "ExpiredTokenException"])
def test_a_refused_key_is_not_quoted(kind: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    answer = Answer(403, {"x-amzn-ErrorType": kind}, {"message": f"No {AWS['access_key_id']}"})
    with serving(answer) as server, pytest.raises(ModelRefused) as raised:
        ask(make_request(model=bedrock(server.url)))

    assert raised.value.message == f"bedrock ({NAME}): the key was refused"
    assert not any(value in caplog.text for value in AWS.values())


@pytest.mark.parametrize("content", ["<html>Hello</html>", ""])
def test_an_answer_that_is_no_answer_is_unavailable(content: str) -> None:
    with serving(Answer(events=(content,) if content else ())) as server, pytest.raises(ModelUnavailable):
        ask(make_request(model=bedrock(server.url)))


def test_stopping_ends_a_request_at_once_and_hangs_up() -> None:
    stop = threading.Event()
    texts: list[str] = []
    with serving(bedrock_answer("Two ", ending="hold", stop=None, usage=None)) as server:
        stop_when(lambda: texts, stop)
        started = time.monotonic()
        with pytest.raises(ModelStopped) as raised:
            ask(make_request(model=bedrock(server.url)), texts=texts, stop=stop)
        took = time.monotonic() - started

        assert server.client_left.wait(45)
    assert took < 40  # the provider would hold it for 50
    assert texts == ["Two "]
    assert raised.value.spending is not None


def test_stopping_the_wait_for_the_first_word_leaves_no_thread_behind() -> None:
    stop = threading.Event()
    with serving(Answer(body={}, delay_seconds=50)) as server:
        stop_when(lambda: server.received, stop)
        started = time.monotonic()
        with pytest.raises(ModelStopped) as raised:
            ask(make_request(model=bedrock(server.url)), stop=stop)
        took = time.monotonic() - started
        for thread in threading.enumerate():
            if "AnyIO" in thread.name:
                thread.join(30)

        assert not any("AnyIO" in thread.name for thread in threading.enumerate())
        assert time.monotonic() - started < 45
    assert took < 40
    assert raised.value.spending is None


def test_a_provider_that_says_nothing_is_unavailable() -> None:
    with (
        serving(Answer(body={}, delay_seconds=1)) as server,
        pytest.raises(ModelUnavailable, match="silent for too long"),
    ):
        ask(make_request(model=bedrock(server.url, silence_seconds=0.3)))


def test_a_request_that_takes_too_long_is_unavailable() -> None:
    with (
        serving(bedrock_answer("Two ", ending="hold", stop=None, usage=None)) as server,
        pytest.raises(ModelUnavailable, match="no complete answer within"),
    ):
        ask(make_request(model=bedrock(server.url), timeout_seconds=0.5))


def test_a_closed_port_is_unavailable() -> None:
    with serving(Answer()) as server:
        url = server.url

    with pytest.raises(ModelUnavailable, match="connection failed"):
        ask(make_request(model=bedrock(url)))


@pytest.mark.parametrize("fields", [{"region": None}, {"headers": {"X-Key": "calm-heron"}}])
def test_what_cannot_be_set_up_is_refused(fields: dict[str, Any]) -> None:
    with serving(Answer(body={})) as server, pytest.raises(ModelRefused, match="bedrock"):
        ask(make_request(model=bedrock(server.url, **fields)))

    assert server.received == []


def test_a_model_of_the_deployment_is_asked_with_the_workers_own_key(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIADEPLOYMENT000001")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "calm-heron-5520")
    with serving(bedrock_answer("It is calm-heron-5520.")) as server:
        fields = {"provider": "bedrock", "name": NAME, "region": "eu-central-1", "base_url": server.url}
        settings.MODELS = {"fast": fields}
        reply = ask(make_request(model="fast", settings={"temperature": 0, "max_tokens": 50}))

    assert reply.text == "It is [secret AWS_SECRET_ACCESS_KEY]."
    assert "AKIADEPLOYMENT000001" in server.received[0].headers["authorization"]
    assert server.received[0].body["inferenceConfig"] == {"maxTokens": 50, "temperature": 0}
