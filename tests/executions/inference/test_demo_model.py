"""The built-in model: what it does is a function of its script and the messages so far."""

import threading
import time
from decimal import Decimal
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from executions.inference import transcript
from executions.inference.demo_plan import example_of
from executions.inference.errors import ModelRefused, ModelStopped, ModelUnavailable
from executions.inference.interface import DemoSettings, Message, ModelReply
from spaces.models import Tenant
from tests.executions.inference.asking import ANSWER, LIST, READ, ask, make_request

LISTED = {"files": [{"path": "inputs/materials/a.csv", "size_bytes": 7}], "truncated": False}
CONTENT = {"path": "inputs/materials/a.csv", "text": "city,{people}\nRome,3"}


def scripted(
    script: Any, messages: list[Message] | None = None, *, turn: int | None = None, **fields: Any
) -> ModelReply:
    values = {"inputs": {"question": "Why?"}, "materials": ["a.csv"]}
    if messages is not None:
        fields["messages"] = messages
    return ask(make_request(demo=DemoSettings(script, values, turn), **fields))


def test_it_says_what_it_is_and_counts_tokens_at_no_cost() -> None:
    reply = scripted([{"answer": "Because."}])

    assert reply.text == "Demo model: no language model was asked.\nBecause."
    assert reply.tool_calls == ()
    assert reply.spending.usage.input_tokens > 0
    assert reply.spending.usage.output_tokens > 0
    assert not reply.spending.usage.estimated
    assert (reply.spending.cost_usd, reply.spending.price_version) == (Decimal(0), "demo")


def test_it_streams_its_text_in_pieces() -> None:
    texts: list[str] = []
    request = make_request(demo=DemoSettings([{"say": "A rather long sentence, said in pieces."}]))
    reply = ask(request, texts=texts)

    assert len(texts) > 2
    assert "".join(texts) == reply.text


def test_several_calls_come_in_one_response_with_their_templates_filled() -> None:
    path = "inputs/materials/{materials[0]}"
    calls = [{"tool": "workspace.fs.list"}, {"tool": "workspace.fs.read", "arguments": {"path": path}}]
    reply = scripted([{"tools": calls}], tools=[LIST, READ])

    assert [(call.name, call.arguments) for call in reply.tool_calls] == [
        ("workspace.fs.list", {}),
        ("workspace.fs.read", {"path": "inputs/materials/a.csv"}),
    ]
    assert len({call.call_id for call in reply.tool_calls}) == 2


def test_its_place_in_the_script_is_the_number_of_responses_in_the_messages() -> None:
    script = [{"tool": "workspace.fs.list"}, {"answer": {"answer": "{inputs.question} {last_result.text|4}"}}]
    fields: dict[str, Any] = {"tools": [LIST], "answer_schema": ANSWER}
    messages = [transcript.user_message("Go.")]
    first = scripted(script, messages, **fields)
    messages += [first.raw, transcript.tool_message([(first.tool_calls[0], CONTENT, False)])]

    second, again = (scripted(script, messages, **fields) for _ in range(2))

    assert second.answer is not None
    assert second.answer.arguments == {"answer": "Why? city"}
    assert again.answer == second.answer
    assert "no language model" not in second.text


def test_a_given_turn_counts_more_than_the_messages() -> None:
    assert scripted([{"answer": "one"}, {"answer": "two"}], turn=1).text == "two"


def test_a_failed_tool_is_an_error_in_the_templates() -> None:
    script = [{"tool": "workspace.fs.list"}, {"answer": "So: {last_result.error}"}]
    messages = [transcript.user_message("Go.")]
    first = scripted(script, messages, tools=[LIST])
    messages += [first.raw, transcript.tool_message([(first.tool_calls[0], "denied", True)])]

    assert scripted(script, messages, tools=[LIST]).text == "So: denied"


def test_past_the_end_of_its_script_it_says_so() -> None:
    assert scripted([{"answer": "one"}], turn=5).text == "The demo script has no more steps."


def test_a_scripted_failure_is_refused_or_unavailable() -> None:
    with pytest.raises(ModelRefused, match=r"no key for Why\?"):
        scripted([{"fail": "no key for {inputs.question}"}])
    with pytest.raises(ModelUnavailable, match="overloaded"):
        scripted([{"say": "Hm."}, {"fail": "overloaded", "retryable": True}])


def test_a_script_that_breaks_the_format_is_refused_by_place() -> None:
    with pytest.raises(ModelRefused, match=r"demo\[0\]"):
        scripted([{"dance": 1}])


def test_stopping_ends_its_sleep_at_once() -> None:
    stop = threading.Event()
    threading.Timer(0.2, stop.set).start()
    started = time.monotonic()

    with pytest.raises(ModelStopped):
        ask(make_request(demo=DemoSettings([{"sleep": 60}, {"answer": "late"}])), stop=stop)

    assert time.monotonic() - started < 40  # it would sleep for 60


def test_without_a_script_it_lists_reads_and_answers() -> None:
    messages = [transcript.user_message("What is there?")]
    fields: dict[str, Any] = {"tools": [LIST, READ], "answer_schema": ANSWER}
    for name, result in (("workspace.fs.list", LISTED), ("workspace.fs.read", CONTENT)):
        reply = scripted(None, messages, **fields)
        assert [call.name for call in reply.tool_calls] == [name]
        messages += [reply.raw, transcript.tool_message([(reply.tool_calls[0], result, False)])]
    last = scripted(None, messages, **fields)

    assert reply.tool_calls[0].arguments == {"path": "inputs/materials/a.csv"}
    assert last.answer is not None
    assert last.answer.arguments == {"answer": "inputs/materials/a.csv begins: city,{people}\nRome,3"}


def test_without_a_script_or_tools_it_answers_with_what_was_asked() -> None:
    assert "What is in the files?" in scripted(None).text


def test_the_plan_answers_in_the_form_that_was_asked_for() -> None:
    schema = {
        "type": "object",
        "required": ["answer", "count", "kind", "tags", "nested", "sure"],
        "properties": {
            "answer": {"type": "string", "maxLength": 5},
            "count": {"type": "integer", "minimum": 2},
            "kind": {"enum": ["table", "text"]},
            "tags": {"type": "array", "items": {"type": "string"}, "minItems": 1},
            "nested": {
                "type": "object",
                "properties": {"x": {"type": ["number", "null"]}},
                "required": ["x"],
            },
            "sure": {"type": "boolean"},
        },
    }

    Draft202012Validator(schema).validate(example_of(schema, "a long text"))


@pytest.mark.django_db
def test_whoever_listens_to_the_text_may_use_the_database() -> None:
    counted: list[int] = []

    class Listener(list[str]):
        def append(self, text: str) -> None:
            counted.append(Tenant.objects.count())

    ask(make_request(demo=DemoSettings([{"say": "A text."}])), texts=Listener())

    assert counted
    assert set(counted) == {0}
