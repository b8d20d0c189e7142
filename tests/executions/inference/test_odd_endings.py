"""What other providers than those of chat completions answer oddly comes out sound as well."""

import pytest

from executions.inference import transcript
from executions.inference.errors import ModelSilent, ModelUnavailable
from tests.executions.inference.asking import LIST, ask, make_request
from tests.executions.inference.cloud_wire import bedrock_answer, gemini_events
from tests.executions.inference.provider_server import Answer, serving
from tests.executions.inference.test_anthropic_messages import claude
from tests.executions.inference.test_bedrock import bedrock
from tests.executions.inference.test_gemini import gemini
from tests.executions.inference.wire import message_events

TEXT = "A whole answer."
PROVIDERS = {"anthropic": claude, "google": gemini, "bedrock": bedrock}


def answer(provider: str, text: str, reason: str | None) -> Answer:
    if provider == "anthropic":
        return Answer(events=message_events(text, stop_reason=reason, complete=reason is not None))
    if provider == "google":
        return Answer(events=gemini_events(text, finish=reason))
    return bedrock_answer(text, stop=reason)


REASONS = [
    ("anthropic", "end_turn", "stop"),
    ("anthropic", "max_tokens", "length"),
    ("anthropic", "model_context_window_exceeded", "length"),
    ("anthropic", "refusal", "content_filter"),
    ("anthropic", "a_reason_of_tomorrow", "stop"),
    ("google", "STOP", "stop"),
    ("google", "MAX_TOKENS", "length"),
    ("google", "SAFETY", "content_filter"),
    ("google", "OTHER", "stop"),
    ("google", "A_REASON_OF_TOMORROW", "stop"),
    ("bedrock", "end_turn", "stop"),
    ("bedrock", "max_tokens", "length"),
    ("bedrock", "guardrail_intervened", "content_filter"),
    ("bedrock", "a_reason_of_tomorrow", "stop"),
]


@pytest.mark.filterwarnings("ignore:.*is not a valid FinishReason")  # Google's client warns, and goes on
@pytest.mark.parametrize(("provider", "said", "reason"), REASONS)
def test_any_reason_ends_an_answer(provider, said, reason):
    with serving(answer(provider, TEXT, said)) as server:
        reply = ask(make_request(model=PROVIDERS[provider](server.url)))

    assert (reply.text, reply.finish_reason) == (TEXT, reason)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_an_answer_that_never_ended_was_cut_off(provider):
    usage = {"usage": None} if provider != "anthropic" else {}
    cut = {
        "anthropic": lambda: Answer(events=message_events(TEXT, complete=False)),
        "google": lambda: Answer(events=gemini_events(TEXT, finish=None, **usage)),
        "bedrock": lambda: bedrock_answer(TEXT, stop=None, **usage),
    }[provider]()
    with serving(cut) as server, pytest.raises(ModelUnavailable):
        ask(make_request(model=PROVIDERS[provider](server.url)))


@pytest.mark.parametrize(
    ("provider", "reason"), [("anthropic", "end_turn"), ("google", "STOP"), ("bedrock", "end_turn")]
)
def test_an_answer_without_text_and_calls_is_told_as_one(provider, reason):
    with serving(answer(provider, "", reason)) as server, pytest.raises(ModelSilent) as raised:
        ask(make_request(model=PROVIDERS[provider](server.url)))

    assert raised.value.spending is not None


def test_an_id_that_repeats_in_a_later_answer_is_another_one():
    call = ("toolu_1", "workspace_fs_list", "{}")
    with serving(Answer(events=message_events("Looking.", call=call))) as server:
        first = ask(make_request(model=claude(server.url), tools=[LIST]))
        result = transcript.tool_message([(first.tool_calls[0], "nothing", False)])
        history = [*make_request().messages, first.raw, result]
        second = ask(make_request(model=claude(server.url), tools=[LIST], messages=history))

    assert first.tool_calls[0].call_id == "toolu_1"
    assert second.tool_calls[0].call_id not in {"toolu_1", ""}


@pytest.mark.parametrize("provider", PROVIDERS)
def test_half_a_character_is_replaced_and_separators_stay(provider):
    reason = "STOP" if provider == "google" else "end_turn"
    with serving(answer(provider, "one\u2028two\u0085three \ud83d", reason)) as server:
        reply = ask(make_request(model=PROVIDERS[provider](server.url)))

    assert reply.text == "one\u2028two\u0085three \ufffd"
