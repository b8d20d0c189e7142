"""The real Anthropic client against a server that speaks its messages API."""

from decimal import Decimal
from typing import Any

import pytest

from executions.inference import transcript
from executions.inference.choices import ModelChoice
from executions.inference.errors import ModelRefused, ModelUnavailable
from tests.executions.inference.asking import ANSWER, KEY, LIST, ask, make_request
from tests.executions.inference.provider_server import Answer, serving
from tests.executions.inference.wire import message_events

CALL = ("toolu_1", "workspace_fs_list", '{"path": "inputs"}')


def claude(url: str, **fields: Any) -> ModelChoice:
    merged = {"base_url": url, "api_key": KEY, "settings": {"max_tokens": 1000}, **fields}
    return ModelChoice.model_validate({"provider": "anthropic", "name": "claude-sonnet-4-6", **merged})


def test_thinking_text_usage_and_listed_price_arrive() -> None:
    texts: list[str] = []
    with serving(Answer(events=message_events("Two files."))) as server:
        reply = ask(make_request(model=claude(server.url), answer_schema=ANSWER), texts=texts)

    usage = reply.spending.usage
    assert texts == ["Two files."]
    assert reply.thinking == "Hm."
    # Anthropic counts cached tokens apart; input_tokens here include them.
    assert (usage.input_tokens, usage.cache_read_tokens, usage.output_tokens) == (90, 40, 25)
    # 50 fresh at 3, 40 cached at 0.30 and 25 out at 15 dollars a million.
    assert reply.spending.cost_usd == Decimal("0.000537")
    assert reply.spending.price_version.startswith("genai-prices ")
    assert server.received[0].path == "/v1/messages"
    assert any(KEY in value for value in server.received[0].headers.values())


def test_a_thinking_signature_goes_back_with_the_tool_result() -> None:
    first = Answer(events=message_events("Looking.", call=CALL))
    with serving(first, Answer(events=message_events("Done."))) as server:
        request = make_request(model=claude(server.url), tools=[LIST])
        reply = ask(request)
        results = transcript.tool_message([(reply.tool_calls[0], "no such folder", True)])
        ask(make_request(model=request.model, tools=[LIST], messages=[*request.messages, reply.raw, results]))

    assert reply.tool_calls[0].name == "workspace.fs.list"
    said, returned = server.received[1].body["messages"][1:]
    assert {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"} in said["content"]
    result = returned["content"][0]
    assert (result["tool_use_id"], result["is_error"]) == ("toolu_1", True)


def test_a_message_without_an_end_is_charged_at_least_what_was_reported() -> None:
    events = message_events("y" * 200, complete=False)
    with serving(Answer(events=events)) as server, pytest.raises(ModelUnavailable) as raised:
        ask(make_request(model=claude(server.url)))

    spending = raised.value.spending
    assert spending is not None
    assert spending.usage.estimated
    assert spending.usage.input_tokens >= 90
    assert spending.usage.output_tokens >= 50


def test_an_overloaded_provider_is_unavailable_before_and_inside_the_stream() -> None:
    error = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    inside = (
        'event: error\ndata: {"type": "error", "error": {"type": "overloaded_error", "message": "Over"}}\n\n'
    )
    with serving(Answer(529, body=error), Answer(events=(inside,))) as server:
        for _ in range(2):
            with pytest.raises(ModelUnavailable):
                ask(make_request(model=claude(server.url)))


def test_a_refused_key_is_refused_without_quoting_it() -> None:
    error = {
        "type": "error",
        "error": {"type": "authentication_error", "message": f"invalid x-api-key {KEY}"},
    }
    with serving(Answer(401, body=error)) as server, pytest.raises(ModelRefused) as raised:
        ask(make_request(model=claude(server.url)))

    assert raised.value.message == "anthropic (claude-sonnet-4-6): the key was refused"
