"""Whatever a provider's stream looks like, the response is sound, and so is the history that it is sent."""

import pytest

from executions.inference import transcript
from executions.inference.errors import ModelSilent, ModelUnavailable
from executions.inference.interface import ModelReply, ToolDefinition
from tests.executions.inference.asking import ask, compatible, make_request
from tests.executions.inference.odd_wire import call, calls, stream, text
from tests.executions.inference.provider_server import Answer, serving
from tests.executions.inference.wire import chat_events

OBJECT = {"type": "object", "properties": {"q": {"type": "string"}}}
TOOLS = [ToolDefinition(name, name, OBJECT) for name in ("lookup", "look_further", "pay")]
A, B = '{"q": "a"}', '{"q": "b"}'
LONG_ID = "call_" + "x" * 944


def answered(content: bytes) -> tuple[ModelReply, list[str]]:
    """The reply to one stream and its text as it was told, after a strict provider took both back."""
    texts: list[str] = []
    with serving(Answer(events=(content,)), Answer(events=chat_events("Done.")), is_strict=True) as server:
        request = make_request(model=compatible(server.url), tools=TOOLS)
        reply = ask(request, texts=texts)
        results = [(one, "found", False) for one in reply.tool_calls]
        history = [*request.messages, reply.raw, transcript.tool_message(results)] if results else []
        ask(make_request(model=compatible(server.url), tools=TOOLS, messages=history or request.messages))
        assert server.refused == []
    return reply, texts


def made(reply: ModelReply) -> list[tuple[str, object]]:
    return [(one.name, one.arguments) for one in reply.tool_calls]


TWO = [("lookup", {"q": "a"}), ("lookup", {"q": "b"})]
ONE = [("lookup", {"q": "a"})]
CALLS = {
    "ids of their own at one index": (
        [
            calls(call(index=0, id="a", name="lookup", arguments=A)),
            calls(call(index=0, id="b", name="lookup", arguments=B)),
        ],
        TWO,
    ),
    "one delta with empty ids at one index": (
        [
            calls(
                call(index=0, id="", name="lookup", arguments=A),
                call(index=0, id="", name="lookup", arguments=B),
            )
        ],
        TWO,
    ),
    "no index and no id": (
        [calls(call(name="lookup", arguments=A)), calls(call(name="lookup", arguments=B))],
        TWO,
    ),
    "the same id at two indexes": (
        [
            calls(call(index=0, id="same", name="lookup", arguments=A)),
            calls(call(index=1, id="same", name="lookup", arguments=B)),
        ],
        TWO,
    ),
    "pieces of two calls by turns at one index": (
        [
            calls(call(index=0, id="a", name="lookup", arguments='{"q":')),
            calls(call(index=0, id="b", name="lookup", arguments='{"q":')),
            calls(call(index=0, id="a", arguments=' "a"}')),
            calls(call(index=0, id="b", arguments=' "b"}')),
        ],
        TWO,
    ),
    "pieces without an index go to the newest call": (
        [
            calls(call(id="a", name="lookup", arguments='{"q":')),
            calls(call(arguments=' "a"}')),
            calls(call(id="b", name="lookup", arguments='{"q":')),
            calls(call(arguments=' "b"}')),
        ],
        TWO,
    ),
    "two calls of other names at one index without ids": (
        [calls(call(index=0, name="lookup", arguments="")), calls(call(index=0, name="pay", arguments="{}"))],
        [("lookup", {}), ("pay", {})],
    ),
    "the name in every delta": (
        [
            calls(call(index=0, id="a", name="lookup", arguments="")),
            calls(call(index=0, id="a", name="lookup", arguments='{"q": ')),
            calls(call(index=0, id="a", name="lookup", arguments='"a"}')),
        ],
        ONE,
    ),
    "the name in every delta and the id in none": (
        [
            calls(call(index=0, name="lookup", arguments='{"q": ')),
            calls(call(index=0, name="lookup", arguments='"a"}')),
        ],
        ONE,
    ),
    "an id anew in every delta": (
        [
            calls(call(index=0, id="1", name="lookup", arguments='{"q": ')),
            calls(call(index=0, id="2", name="lookup", arguments='"a"}')),
        ],
        ONE,
    ),
    "an id anew in every delta, the name in the first": (
        [
            calls(call(index=0, id="1", name="lookup", arguments='{"q": ')),
            calls(call(index=0, id="2", arguments='"a"}')),
        ],
        ONE,
    ),
    "the name in pieces": (
        [
            calls(call(index=0, id="a", name="look_")),
            calls(call(index=0, name="further", arguments=A)),
        ],
        [("look_further", {"q": "a"})],
    ),
    "the index counts the pieces": (
        [
            calls(call(index=0, id="a", name="lookup", arguments='{"q": ')),
            calls(call(index=1, id="a", arguments='"a"}')),
        ],
        ONE,
    ),
    "the id after the arguments began": (
        [
            calls(call(index=0, name="lookup", arguments='{"q": ')),
            calls(call(index=0, id="late", arguments='"a"}')),
        ],
        ONE,
    ),
    "arguments as an object": ([calls(call(index=0, id="a", name="lookup", arguments={"q": "a"}))], ONE),
    "arguments left out": ([calls(call(index=0, id="a", name="lookup"))], [("lookup", {})]),
    "arguments null": ([calls(call(index=0, id="a", name="lookup", arguments=None))], [("lookup", {})]),
    "arguments character by character": (
        [
            calls(call(index=0, id="a", name="lookup", arguments="")),
            *(calls(call(index=0, arguments=letter)) for letter in A),
        ],
        ONE,
    ),
    "arguments twice encoded": (
        [calls(call(index=0, id="a", name="lookup", arguments='"{\\"q\\": \\"a\\"}"'))],
        ONE,
    ),
    "arguments thrice encoded, in pieces": (
        [
            calls(call(index=0, id="a", name="lookup", arguments='"\\"{\\\\\\"q\\\\\\": ')),
            calls(call(index=0, arguments='\\\\\\"a\\\\\\"}\\""')),
        ],
        ONE,
    ),
    "an emoji of the arguments cut in two": (
        [
            calls(call(index=0, id="a", name="lookup", arguments='{"q": "\ud83d')),
            calls(call(index=0, arguments='\ude00"}')),
        ],
        [("lookup", {"q": "😀"})],
    ),
    "a delta that is null": ([None, calls(call(index=0, id="a", name="lookup", arguments=A))], ONE),
    "calls beside text": ([text("I look. "), calls(call(index=0, id="a", name="lookup", arguments=A))], ONE),
    "a long id": ([calls(call(index=0, id=LONG_ID, name="lookup", arguments=A))], ONE),
    "an empty id": ([calls(call(index=0, id="", name="lookup", arguments=A))], ONE),
    "a null id": ([calls(call(index=0, id=None, name="lookup", arguments=A))], ONE),
    "a blank id": ([calls(call(index=0, id=" ", name="lookup", arguments=A))], ONE),
    "an id that is a number": ([calls(call(index=0, id=7, name="lookup", arguments=A))], ONE),
    "half a surrogate pair in the id": (
        [calls(call(index=0, id="call_\ud83d", name="lookup", arguments=A))],
        ONE,
    ),
    "NUL in the id": ([calls(call(index=0, id="call_\x00", name="lookup", arguments=A))], ONE),
}


@pytest.mark.parametrize("finish", ["tool_calls", "stop", "tool_use"])
@pytest.mark.parametrize(("deltas", "expected"), CALLS.values(), ids=CALLS.keys())
def test_calls_come_out_as_they_were_meant(deltas, expected, finish):
    reply, _ = answered(stream(*deltas, finish=finish))

    assert made(reply) == expected
    ids = [one.call_id for one in reply.tool_calls]
    assert all(ids)
    assert len(set(ids)) == len(ids)
    for one in ids:
        one.encode()
        assert "\x00" not in one


@pytest.mark.parametrize("sound_id", [LONG_ID, "functions.lookup:0", "a b/ü😀", "7"])
def test_an_id_that_is_sound_goes_back_as_it_came(sound_id):
    reply, _ = answered(stream(calls(call(index=0, id=sound_id, name="lookup", arguments=A))))

    assert [one.call_id for one in reply.tool_calls] == [sound_id]


def test_an_id_that_a_former_response_used_is_another_one_now():
    content = stream(calls(call(index=0, id="functions.lookup:0", name="lookup", arguments=A)))
    with serving(Answer(events=(content,)), is_strict=True) as server:
        request = make_request(model=compatible(server.url), tools=TOOLS)
        messages = list(request.messages)
        ids = []
        for _ in range(3):
            reply = ask(make_request(model=compatible(server.url), tools=TOOLS, messages=messages))
            ids.append(reply.tool_calls[0].call_id)
            messages += [reply.raw, transcript.tool_message([(reply.tool_calls[0], "found", False)])]

        assert server.refused == []
    assert ids[0] == "functions.lookup:0"
    assert len(set(ids)) == 3


@pytest.mark.parametrize(
    "written", ["[1, 2]", "oops {", '"text"', "7", "null", '{"q": NaN}', '{"q": "\\ud83d"}']
)
def test_arguments_that_are_no_object_are_kept_and_go_back_as_one(written):
    reply, _ = answered(stream(calls(call(index=0, id="a", name="lookup", arguments=written))))

    assert reply.tool_calls[0].raw_arguments


@pytest.mark.parametrize("name", ["no such tool!", "x" * 300, "naïve\ud83d"])
def test_a_name_that_no_provider_takes_goes_back_as_one_that_it_does(name):
    reply, _ = answered(stream(calls(call(index=0, id="a", name=name, arguments=A)), finish="tool_calls"))

    assert len(reply.tool_calls) == 1


def test_a_call_without_a_name_is_no_call():
    with pytest.raises(ModelSilent):
        answered(stream(calls(call(index=0, id="a", name="", arguments=A))))


ENDINGS = {
    "eos": "stop",
    "stop": "stop",
    "end_turn": "stop",
    "STOP": "stop",
    "abort": "stop",
    "length": "length",
    "max_tokens": "length",
    "MAX_TOKENS": "length",
    "model_length": "length",
    "error": "error",
    "content_filter": "content_filter",
    "SAFETY": "content_filter",
}


@pytest.mark.parametrize(("said", "reason"), ENDINGS.items())
@pytest.mark.parametrize("usage", [None, {"prompt_tokens": 100, "completion_tokens": 10}])
def test_any_reason_ends_an_answer(said, reason, usage):
    reply, _ = answered(stream(text("A whole answer."), finish=said, usage=usage))

    assert (reply.text, reply.finish_reason) == ("A whole answer.", reason)
    assert reply.spending.usage.estimated == (usage is None)


def test_usage_without_a_reason_ends_an_answer():
    reply, _ = answered(stream(text("A whole answer."), finish=None))

    assert (reply.text, reply.finish_reason) == ("A whole answer.", "stop")


@pytest.mark.parametrize("done", [True, False])
def test_an_answer_with_neither_reason_nor_usage_was_cut_off(done):
    with pytest.raises(ModelUnavailable, match="cut off"):
        answered(stream(text("A whole ans"), finish=None, usage=None, done=done))


@pytest.mark.parametrize(
    ("deltas", "reason"),
    [
        ([text("")], "stop"),
        ([], "stop"),
        ([text(" \n")], "stop"),
        ([text("")], "length"),
        ([{"reasoning": "Hm."}], "stop"),
    ],
)
def test_an_answer_without_text_and_calls_is_told_as_one_and_is_paid_for(deltas, reason):
    with pytest.raises(ModelSilent) as raised:
        answered(stream(*deltas, finish=reason))

    assert raised.value.finish_reason == reason
    assert raised.value.spending is not None
    assert raised.value.spending.usage.input_tokens == 100


def test_a_filtered_answer_is_no_empty_one():
    reply, _ = answered(stream(text(""), finish="content_filter"))

    assert reply.finish_reason == "content_filter"


WORDS = [text(word) for word in ("Four ", "words ", "were ", "said.")]


def counts(*outputs: int, inputs: tuple[int, ...] = (100,) * 4) -> tuple[dict[str, int], ...]:
    return tuple(
        {"prompt_tokens": read, "completion_tokens": written}
        for read, written in zip(inputs, outputs, strict=True)
    )


USAGES = {
    "only at the end": ((), {"prompt_tokens": 100, "completion_tokens": 4}),
    "cumulative": (counts(1, 2, 3, 4), None),
    "cumulative, and a total at the end": (
        counts(1, 2, 3, 4),
        {"prompt_tokens": 100, "completion_tokens": 4},
    ),
    "each chunk's own": (counts(1, 1, 1, 1, inputs=(100, 0, 0, 0)), None),
    "each chunk's own, the prompt in each": (counts(1, 1, 1, 1), None),
    "each chunk's own, of several sizes": (counts(2, 0, 1, 1), None),
    "each chunk's own, the prompt in the first, growing": (counts(0, 1, 1, 2, inputs=(100, 0, 0, 0)), None),
    "each chunk's own, and a total at the end": (
        counts(1, 1, 1, 1, inputs=(100, 0, 0, 0)),
        {"prompt_tokens": 100, "completion_tokens": 4},
    ),
    "the total in each chunk": (counts(4, 4, 4, 4), None),
    "null until the last": ((None, None, None, counts(4, 4, 4, 4)[0]), None),
}


@pytest.mark.parametrize(("usages", "usage"), USAGES.values(), ids=USAGES.keys())
def test_what_is_charged_is_what_was_used(usages, usage):
    reply, _ = answered(stream(*WORDS, usages=usages, usage=usage))

    used = reply.spending.usage
    assert (used.input_tokens, used.output_tokens, used.estimated) == (100, 4, False)


def test_an_answer_whose_usage_is_absent_is_charged_by_an_estimate():
    reply, _ = answered(stream(*WORDS, usage=None))

    used = reply.spending.usage
    assert used.estimated
    assert used.output_tokens >= 4


TEXTS = {
    "an emoji cut in two": (["Hi \ud83d", "\ude00 there"], "Hi 😀 there"),
    "two in a row": (["\ud83d", "\ude00\ud83d", "\ude00"], "😀😀"),
    "a first half that nothing follows": (["Hi \ud83d"], "Hi \ufffd"),
    "a first half before another character": (["Hi \ud83d", " there"], "Hi \ufffd there"),
    "a second half alone": (["Hi \ude00"], "Hi \ufffd"),
    "separators of lines": (["one\u2028two\u0085", "three\u2029four"], "one\u2028two\u0085three\u2029four"),
}


@pytest.mark.parametrize(("pieces", "expected"), TEXTS.values(), ids=TEXTS.keys())
def test_text_arrives_whole(pieces, expected):
    reply, texts = answered(stream(*map(text, pieces)))

    assert reply.text == "".join(texts) == expected
    assert all(piece.encode() for piece in texts)


def test_reasoning_arrives_whole():
    reply, _ = answered(stream({"reasoning": "Hm \ud83d"}, {"reasoning": "\ude00"}, text("Yes.")))

    assert reply.thinking == "Hm 😀"


def test_bytes_of_a_character_may_come_in_two_packets():
    content = json_bytes("Hi 😀")
    cut = content.index("😀".encode()) + 2
    with serving(Answer(events=(content[:cut], content[cut:]))) as server:
        reply = ask(make_request(model=compatible(server.url)))

    assert reply.text == "Hi 😀"


def json_bytes(content: str) -> bytes:
    """A stream that escapes nothing."""
    return stream(text(content)).decode().encode().replace(b"\\ud83d\\ude00", "😀".encode())
