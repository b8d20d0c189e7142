"""Models that repeat the credential which they are asked with."""

import base64
import json
import threading
from dataclasses import asdict
from typing import Any

import pytest
from hypothesis import given, strategies as st
from pydantic import SecretStr

from executions.inference.errors import ModelError, ModelUnavailable
from executions.inference.interface import ModelReply
from executions.redaction import Redaction
from tests.executions.inference.asking import ANSWER, KEY, LIST, ask, compatible, make_request
from tests.executions.inference.provider_server import Answer, serving
from tests.executions.inference.wire import chat_events, message_events

ESCAPED = "".join(f"\\u{ord(character):04x}" for character in KEY)
SPELLINGS = [KEY, KEY.upper(), KEY.encode().hex(), base64.b64encode(KEY.encode()).decode(), ESCAPED]


def everything_in(reply: ModelReply) -> str:
    return json.dumps(asdict(reply), default=str, ensure_ascii=False)


def chunk(delta: dict[str, Any], finish: str | None = None) -> str:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    body = {"id": f"id-{KEY}", "object": "chat.completion.chunk", "created": 1795000000, "model": f"m-{KEY}"}
    return f"data: {json.dumps({**body, 'choices': [choice]})}\n\n"


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_a_key_in_the_text_is_passed_on_in_no_piece_and_kept_nowhere(size: int) -> None:
    said = f"My key is {KEY}, is it not? sk-test-4242"
    texts: list[str] = []
    pieces = [said[start : start + size] for start in range(0, len(said), size)]
    with serving(Answer(events=chat_events(*pieces))) as server:
        reply = ask(make_request(model=compatible(server.url)), texts=texts)

    assert reply.text == "".join(texts) == "My key is [secret api_key], is it not? sk-test-4242"
    assert KEY not in everything_in(reply)


def test_a_key_in_thoughts_names_ids_and_arguments_is_kept_nowhere() -> None:
    arguments = json.dumps({"path": [KEY, {KEY: "x"}]})
    thought = {"role": "assistant", "content": None, "reasoning_content": f"I was given {KEY}."}
    call = {"index": 0, "id": f"c-{KEY}", "type": "function"}
    calls = [
        {**call, "function": {"name": "workspace_fs_list", "arguments": arguments}},
        {**call, "index": 1, "id": "c2", "function": {"name": f"read_{KEY}", "arguments": f"oops {KEY}"}},
    ]
    events = (chunk(thought), chunk({"tool_calls": calls}), chunk({}, "tool_calls"), "data: [DONE]\n\n")
    with serving(Answer(events=events)) as server:
        reply = ask(make_request(model=compatible(server.url), tools=[LIST]))

    assert reply.thinking == "I was given [secret api_key]."
    assert reply.tool_calls[0].arguments == {"path": ["[secret api_key]", {"[secret api_key]": "x"}]}
    assert reply.tool_calls[1].raw_arguments == "oops [secret api_key]"
    assert reply.spending.model == "m-[secret api_key]"
    assert KEY not in everything_in(reply)


@pytest.mark.parametrize("spelled", SPELLINGS)
def test_no_spelling_of_a_key_is_kept_in_arguments(spelled: str) -> None:
    calls = (("c1", "final_answer", f'{{"answer": "It is {spelled}."}}'),)
    with serving(Answer(events=chat_events(calls=calls, finish="tool_calls"))) as server:
        reply = ask(make_request(model=compatible(server.url), answer_schema=ANSWER))

    assert reply.answer is not None
    assert reply.answer.arguments == {"answer": "It is [secret api_key]."}
    assert spelled not in everything_in(reply)


def test_a_key_in_headers_is_kept_nowhere_either() -> None:
    headers = {"X-Key": "Bearer calm-heron-5520", "X-Team": "a", "X-Model": "small-model"}
    with serving(Answer(events=chat_events("calm-heron-", "5520 a small-model"))) as server:
        reply = ask(make_request(model=compatible(server.url, headers=headers)))

    assert reply.text == "[secret X-Key] a small-model"


def test_another_provider_and_a_key_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    events = message_events(f"It is {KEY}.", call=("c1", "workspace_fs_list", json.dumps({"path": KEY})))
    with serving(Answer(events=events)) as server:
        choice = compatible(server.url, provider="anthropic", base_url=server.url, api_key=None)
        reply = ask(make_request(model=choice, tools=[LIST]))

    assert reply.text == "It is [secret ANTHROPIC_API_KEY]."
    assert KEY not in everything_in(reply)


def test_of_an_answer_that_breaks_off_no_half_of_a_key_is_passed_on() -> None:
    texts: list[str] = []
    events = chat_events("It is ", KEY[:12], finish=None, usage=None, done=False)
    with serving(Answer(events=events, ending="cut")) as server, pytest.raises(ModelUnavailable):
        ask(make_request(model=compatible(server.url)), texts=texts)

    assert "".join(texts) == "It is "


@pytest.mark.parametrize("spelled", SPELLINGS[:4])
@pytest.mark.parametrize("status", [400, 500, 200])
def test_an_error_of_the_provider_repeats_no_key(
    status: int, spelled: str, caplog: pytest.LogCaptureFixture
) -> None:
    error = {"error": {"message": f"Wrong: {spelled}", "code": spelled}}
    events = (*chat_events("Well, ", finish=None, usage=None, done=False), f"data: {json.dumps(error)}\n\n")
    answer = Answer(events=events) if status == 200 else Answer(status, body=error)
    with serving(answer) as server, pytest.raises(ModelError) as raised:
        ask(make_request(model=compatible(server.url)), stop=threading.Event())

    assert spelled not in raised.value.message + caplog.text
    assert raised.value.__cause__ is None


@given(st.text(alphabet="abc", max_size=60), st.lists(st.integers(1, 9), max_size=30))
def test_a_text_in_pieces_becomes_what_the_whole_becomes(text: str, sizes: list[int]) -> None:
    values = {"A": "abcab", "B": "abcabcab", "C": "bcaa", "D": "aaaa", "E": "cabba"}
    redaction = Redaction({name: SecretStr(value) for name, value in values.items()})
    passing, passed, rest = redaction.in_pieces(), [], text
    for size in sizes:
        passed.append(passing.add(rest[:size]))
        rest = rest[size:]
    passed += [passing.add(rest), passing.rest()]

    assert "".join(passed) == redaction.of_text(text)
    # What has been passed on can no longer be taken back: none of it is half of a secret.
    assert not any(value in "".join(passed) for value in values.values())
