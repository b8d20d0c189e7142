"""Whatever body a server answers with, and whatever the members of its chunks are, the response is sound."""

import json
from typing import Any

import pytest

from executions.inference import transcript
from executions.inference.errors import ModelError, ModelUnavailable
from executions.inference.interface import ModelReply, ToolDefinition
from tests.executions.inference.asking import ask, compatible, make_request
from tests.executions.inference.odd_wire import FINAL_USAGE, call, calls, stream, text
from tests.executions.inference.provider_server import Answer, serving
from tests.executions.inference.wire import chat_events

TOOLS = [ToolDefinition("lookup", "lookup", {"type": "object", "properties": {"q": {"type": "string"}}})]
ARGUMENTS = '{"q": "a"}'
ONE = [("lookup", {"q": "a"})]
WHOLE = {
    "id": "c1",
    "object": "chat.completion",
    "model": "odd-model",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "Whole."}, "finish_reason": "stop"}],
    "usage": FINAL_USAGE,
}


def answered(*content: bytes, media_type: str = "text/event-stream") -> ModelReply:
    """The reply to one body, after a strict provider took it back."""
    first = Answer(events=content, media_type=media_type)
    with serving(first, Answer(events=chat_events("Done.")), is_strict=True) as server:
        request = make_request(model=compatible(server.url), tools=TOOLS)
        reply = ask(request)
        results = [(one, "found", False) for one in reply.tool_calls]
        last = transcript.tool_message(results) if results else transcript.user_message("And?")
        messages = [*request.messages, reply.raw, last]
        ask(make_request(model=compatible(server.url), tools=TOOLS, messages=messages))
        assert server.refused == []
    return reply


def made(reply: ModelReply) -> list[tuple[str, object]]:
    return [(one.name, one.arguments) for one in reply.tool_calls]


def changed(content: bytes, *, first: dict[str, Any]) -> bytes:
    """The stream with members of its first chunk replaced."""
    head, _, rest = content.partition(b"\n\n")
    chunk = {**json.loads(head.removeprefix(b"data: ")), **first}
    return b"data: " + json.dumps(chunk).encode() + b"\n\n" + rest


HI = stream(text("Hi"))
BODIES = {
    "a byte order mark": b"\xef\xbb\xbf" + HI,
    "one line end between events": HI.replace(b"\n\n", b"\n"),
    "no end of the last event": stream(text("Hi"), done=False).removesuffix(b"\n\n"),
    "lines of JSON": HI.replace(b"data: [DONE]", b"").replace(b"data: ", b"").replace(b"\n\n", b"\n"),
    "a list of JSON documents": b"["
    + HI.replace(b"data: [DONE]\n\n", b"").replace(b"data: ", b"").strip().replace(b"\n\n", b",")
    + b"]",
    "one JSON document": json.dumps(WHOLE).replace("Whole.", "Hi").encode(),
    "one JSON document over lines": json.dumps(WHOLE, indent=2).replace("Whole.", "Hi").encode(),
    "a whole answer in an event": b"data: "
    + json.dumps(WHOLE).replace("Whole.", "Hi").encode()
    + b"\n\ndata: [DONE]\n\n",
    "null as an event": b"data: null\n\n" + HI,
    "a number as an event": b"data: 7\n\n" + HI,
    "a list as an event": b"data: []\n\n" + HI,
    "nothing as an event": b"data:\n\n" + HI,
    "lines that end by CR and LF, comments": b": wait\r\n\r\n" + HI.replace(b"\n", b"\r\n"),
}


@pytest.mark.parametrize("media_type", ["text/event-stream", "application/json"])
@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_an_answer_is_read_from_whatever_body_it_came_in(body, media_type):
    reply = answered(body, media_type=media_type)

    assert (reply.text, reply.finish_reason) == ("Hi", "stop")
    assert reply.spending.usage.input_tokens == 100


def test_calls_of_one_json_document_are_made():
    message = {"content": None, "tool_calls": [call(id="a", name="lookup", arguments=ARGUMENTS)] * 2}
    whole = {**WHOLE, "choices": [{"index": 0, "message": message, "finish_reason": "tool_calls"}]}

    assert made(answered(json.dumps(whole).encode(), media_type="application/json")) == ONE * 2


def test_bytes_that_are_no_utf8_spoil_a_character_alone():
    reply = answered(HI.replace(b"Hi", b"Hi \xff there"))

    assert reply.text == "Hi \ufffd there"


MEMBERS = {
    "choices that are an object": {"choices": {"index": 0, "delta": {"content": "Hi"}}},
    "a delta that is a text": {"choices": [{"index": 0, "delta": "Hi"}]},
    "a text instead of a delta": {"choices": [{"index": 0, "text": "Hi"}]},
    "a time that is none": {"created": "now"},
    "a time after all times": {"created": 10**20},
    "a model that is null": {"model": None, "id": None},
    "a model that is an object": {"model": {"name": "odd"}, "id": 7},
    "odd probabilities": {"choices": [{"index": 0, "delta": {"content": "Hi"}, "logprobs": {"content": 7}}]},
    "an odd tier": {"service_tier": 7, "moderation": "none"},
    "two choices": {
        "choices": [
            {"index": 0, "delta": {"content": "Hi"}},
            {"index": 1, "delta": {"content": "Another"}},
        ]
    },
    "content that is an object": {"choices": [{"index": 0, "delta": {"content": {"text": "Hi"}}}]},
}


@pytest.mark.parametrize("first", MEMBERS.values(), ids=MEMBERS.keys())
def test_a_member_of_another_type_is_read_or_left_out(first):
    reply = answered(changed(HI, first=first))

    assert reply.text == "Hi"


@pytest.mark.parametrize("choices", [None, [None], [], [{"index": 0, "delta": []}], "none", 7])
def test_choices_that_say_nothing_are_none(choices):
    nothing = changed(HI, first={"choices": choices}).partition(b"\n\n")[0] + b"\n\n"

    assert answered(nothing + HI).text == "Hi"


def test_another_choice_in_chunks_of_its_own_is_left_out():
    other = json.loads(HI.partition(b"\n\n")[0].removeprefix(b"data: "))
    other["choices"][0] = {"index": 1, "delta": {"content": "Another"}, "finish_reason": "length"}

    reply = answered(HI.replace(b"\n\n", b"\n\ndata: " + json.dumps(other).encode() + b"\n\n", 1))

    assert (reply.text, reply.finish_reason) == ("Hi", "stop")


PIECES = {
    "null among them": [calls(call(index=0, id="a", name="lookup", arguments=ARGUMENTS), None)],
    "one object instead of a list": [
        {"tool_calls": call(index=0, id="a", name="lookup", arguments=ARGUMENTS)}
    ],
    "an index that is a list": [calls(call(index=[0], id="a", name="lookup", arguments=ARGUMENTS))],
    "an index that is a text, then a number": [
        calls(call(index="0", id="a", name="lookup", arguments='{"q":')),
        calls(call(index=0, arguments=' "a"}')),
    ],
    "a function that is null": [
        calls(call(index=0, id="a", name="lookup", arguments=ARGUMENTS)),
        calls({"index": 0, "function": None}),
    ],
    "no name, then text": [
        calls(call(index=0, id="a", arguments='{"q": ')),
        text("I look."),
        calls(call(index=0, name="lookup", arguments='"a"}')),
    ],
    "the whole call again": [calls(call(index=0, id="a", name="lookup", arguments=ARGUMENTS))] * 2,
    "an empty object first": [
        calls(call(index=0, id="a", name="lookup", arguments="{}")),
        calls(call(index=0, arguments=ARGUMENTS)),
    ],
    "a function as it was before tools": [{"function_call": {"name": "lookup", "arguments": ARGUMENTS}}],
}


@pytest.mark.parametrize("deltas", PIECES.values(), ids=PIECES.keys())
def test_a_call_is_made_once_whatever_its_pieces_look_like(deltas):
    assert made(answered(stream(*deltas, finish="tool_calls"))) == ONE


@pytest.mark.parametrize("written", ["null", " ", "{}"])
def test_no_arguments_may_be_written_in_many_ways(written):
    reply = answered(stream(calls(call(index=0, id="a", name="lookup", arguments=written))))

    assert made(reply) == [("lookup", {})]


def test_a_call_that_never_gets_a_name_is_none():
    reply = answered(stream(calls(call(index=0, id="a", arguments="{}")), text("Hi")))

    assert (reply.text, reply.tool_calls) == ("Hi", ())


def test_a_final_answer_that_nobody_asked_for_is_a_call_like_any_other():
    reply = answered(stream(calls(call(index=0, id="a", name="final_answer", arguments="{}"))))

    assert reply.answer is None
    assert made(reply) == [("final_answer", {})]


@pytest.mark.parametrize("result", [{"n": 2**70}, [10**400], {"n": [2**64, float("inf")]}])
def test_results_with_numbers_of_any_length_go_to_the_provider(result):
    asking = stream(calls(call(index=0, id="a", name="lookup", arguments=ARGUMENTS)))
    with serving(Answer(events=(asking,)), Answer(events=chat_events("Done.")), is_strict=True) as server:
        request = make_request(model=compatible(server.url), tools=TOOLS)
        reply = ask(request)
        last = transcript.tool_message([(reply.tool_calls[0], result, False)])
        messages = [*request.messages, reply.raw, last]
        ask(make_request(model=compatible(server.url), tools=TOOLS, messages=messages))

        assert server.refused == []
        sent = json.loads(server.received[1].body["messages"][-1]["content"])
    number = result if isinstance(result, list) else result["n"]
    assert (sent if isinstance(sent, list) else sent["n"]) == json.loads(
        json.dumps(number).replace("Infinity", "null")
    )


@pytest.mark.parametrize("last", ["stop", "tool_calls"])
def test_an_answer_that_was_cut_short_stays_so_whatever_its_server_says_next(last):
    end = json.loads(HI.split(b"\n\n")[1].removeprefix(b"data: "))
    end["choices"][0]["finish_reason"] = last
    body = stream(text("Hi"), finish="length")

    reply = answered(
        body.replace(b"data: [DONE]", b"data: " + json.dumps(end).encode() + b"\n\ndata: [DONE]")
    )

    assert reply.finish_reason == "length"


COUNTED = {
    "texts": {"prompt_tokens": "100", "completion_tokens": "10"},
    "fractions": {"prompt_tokens": 100.5, "completion_tokens": 10.0},
    "another API's names": {"input_tokens": 100, "output_tokens": 10},
    "more from the cache than there was": {**FINAL_USAGE, "prompt_tokens_details": {"cached_tokens": 500}},
    "details that are no numbers": {**FINAL_USAGE, "completion_tokens_details": {"reasoning_tokens": "x"}},
    "details that are a list": {**FINAL_USAGE, "prompt_tokens_details": []},
}


@pytest.mark.parametrize("usage", COUNTED.values(), ids=COUNTED.keys())
def test_a_count_is_read_where_it_can_be(usage):
    used = answered(stream(text("Hi"), usage=usage)).spending.usage

    assert (used.input_tokens, used.output_tokens, used.estimated) == (100, 10, False)
    assert used.cache_read_tokens <= used.input_tokens


NOT_COUNTED: dict[str, Any] = {
    "nulls": {"prompt_tokens": None, "completion_tokens": None},
    "nothing": {},
    "zeros": {"prompt_tokens": 0, "completion_tokens": 0},
    "less than nothing": {"prompt_tokens": -5, "completion_tokens": -1},
    "words": {"prompt_tokens": "many", "completion_tokens": "x"},
    "too much": {"prompt_tokens": 10**30, "completion_tokens": 10**20},
    "no number": {"prompt_tokens": float("nan"), "completion_tokens": float("inf")},
    "a list": [],
    "a text": "100",
    "truths": {"prompt_tokens": True, "completion_tokens": True},
}


@pytest.mark.parametrize("usage", NOT_COUNTED.values(), ids=NOT_COUNTED.keys())
def test_what_counts_nothing_is_charged_by_an_estimate(usage):
    used = answered(stream(text("Hi there, you."), usage=usage)).spending.usage

    assert used.estimated
    assert used.input_tokens > 0
    assert used.output_tokens > 0


@pytest.mark.parametrize(
    "body", [{"detail": "no such field"}, {"detail": [{"loc": ["body"], "msg": "no such field"}]}]
)
def test_a_refusal_says_why_in_whichever_member_its_server_does(body):
    with serving(Answer(status=422, body=body)) as server, pytest.raises(ModelError, match="no such field"):
        ask(make_request(model=compatible(server.url)))


ERRORS = {
    "a text": b'data: {"error": "no more room"}\n\n',
    "an event of its own": b'event: error\ndata: {"message": "no more room"}\n\n',
    "an object of its own": b'data: {"object": "error", "message": "no more room", "code": 503}\n\n',
}


@pytest.mark.parametrize("written", ERRORS.values(), ids=ERRORS.keys())
def test_an_error_amid_a_stream_says_what_it_is(written):
    begun = HI.partition(b"\n\n")[0] + b"\n\n"

    with pytest.raises(ModelUnavailable, match="no more room") as raised:
        answered(begun + written)

    assert raised.value.spending is not None


@pytest.mark.parametrize(
    "body",
    [b"", b"data: [DONE]\n\n", b"<html>Sign in</html>", b'{"error": {"message": "Overloaded"}}', b"{", b"[]"],
)
def test_a_body_that_holds_no_answer_is_a_failure_that_may_pass(body):
    with pytest.raises(ModelError) as raised:
        answered(body)

    assert isinstance(raised.value, ModelUnavailable)
