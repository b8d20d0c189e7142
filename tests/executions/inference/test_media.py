"""Pictures and sounds in results: what arrives at providers of them, and what stays a line of text."""

import base64
import io
from typing import Any

import pytest
from django.utils import timezone
from pydantic import SecretStr

from executions.inference import transcript
from executions.inference.choices import ModelChoice
from executions.inference.errors import ModelRefused, ModelUnavailable
from executions.inference.interface import DemoSettings, Message, ModelReply, ToolRequest
from executions.inference.media import (
    IMAGE_TOKENS,
    MOST_BYTES,
    MOST_TOGETHER,
    MediaReference,
    Mixed,
    fitting,
    media_in,
)
from executions.inference.providers import accepted_media
from executions.inference.token_usage import CHARACTERS_PER_TOKEN, weight
from spaces.blobs import store_blob
from tests.executions.inference.asking import ANSWER, KEY, LIST, ask, compatible, make_request
from tests.executions.inference.provider_server import Answer, ProviderServer, serving
from tests.executions.inference.test_anthropic_messages import claude
from tests.executions.inference.wire import chat_events, message_events

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
WAV = b"RIFF\x24\x00\x00\x00WAVEfmt \x10\x00\x00\x00"
CALL = ToolRequest("c1", "look", "look", {})
ASKED: Message = {
    "kind": "response",
    "parts": [{"part_kind": "tool-call", "tool_name": "look", "tool_call_id": "c1", "args": "{}"}],
}
REFUSED = Answer(400, body={"error": {"message": "Could not process image"}})
BOTH = frozenset({"image", "audio"})


def kept(data: bytes, mime_type: str = "image/png") -> MediaReference:
    blob = store_blob(io.BytesIO(data), now=timezone.now())
    return MediaReference(mime_type.partition("/")[0], blob.sha256, mime_type, len(data))  # type: ignore[arg-type]


def talk(*blocks: str | MediaReference) -> list[Message]:
    """A conversation whose last result has these blocks."""
    result = transcript.tool_message([(CALL, Mixed(blocks), False)])
    return [transcript.user_message("What is on it?"), ASKED, result]


def chat(server: ProviderServer, *blocks: str | MediaReference, **model: Any) -> ModelReply:
    return ask(make_request(model=compatible(server.url, **model), messages=talk(*blocks), tools=[LIST]))


def sent(server: ProviderServer, number: int = -1) -> str:
    return str(server.received[number].body["messages"])


@pytest.mark.django_db
def test_anthropic_gets_a_picture_inside_the_result() -> None:
    with serving(Answer(events=message_events("A dot."))) as server:
        reply = ask(make_request(model=claude(server.url), messages=talk("Here:", kept(PNG), "That is all.")))

    (result,) = server.received[0].body["messages"][-1]["content"]
    before, picture, after = result["content"]
    assert (before["text"], after["text"]) == ("Here:", "That is all.")
    source = {"type": "base64", "media_type": "image/png", "data": base64.b64encode(PNG).decode()}
    assert (picture["type"], picture["source"]) == ("image", source)
    assert reply.media == (kept(PNG).stored(),)


@pytest.mark.django_db
def test_chat_completions_get_a_picture_after_the_result() -> None:
    with serving(Answer(events=chat_events("A dot."))) as server:
        chat(server, "Here:", kept(PNG))

    *_, result, after = server.received[0].body["messages"]
    url = f"data:image/png;base64,{base64.b64encode(PNG).decode()}"
    assert (result["role"], after["role"]) == ("tool", "user")
    assert "Here:" in result["content"]
    assert [part["image_url"]["url"] for part in after["content"] if part["type"] == "image_url"] == [url]


@pytest.mark.django_db
def test_only_a_model_that_is_said_to_hear_gets_sounds() -> None:
    with serving(Answer(events=chat_events("A note."))) as server:
        chat(server, kept(WAV, "audio/wav"))
        chat(server, kept(WAV, "audio/wav"), media=["audio"])

    deaf, hearing = (received.body["messages"] for received in server.received)
    assert deaf[-1]["content"] == f"[audio: audio/wav, {len(WAV)} bytes]"
    sounds = [part["input_audio"] for part in hearing[-1]["content"] if part["type"] == "input_audio"]
    assert sounds == [{"data": base64.b64encode(WAV).decode(), "format": "wav"}]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("data", "mime_type", "model"),
    [
        (PNG, "image/png", {"media": []}),
        (b"<html>Not found</html>", "image/png", {}),
        (PNG, "image/tiff", {}),
        (PNG + b"\0" * MOST_BYTES, "image/png", {}),
    ],
)
def test_what_cannot_be_looked_at_is_a_line_of_text(data: bytes, mime_type: str, model: dict) -> None:
    with serving(Answer(events=chat_events("Hm."))) as server:
        reply = chat(server, "Here:", kept(data, mime_type), **model)

    line = f"[image: {mime_type}, {len(data)} bytes]"
    assert server.received[0].body["messages"][-1]["content"] == f"Here:\n{line}"
    assert reply.media == ()


def test_a_picture_that_is_gone_is_a_line_of_text() -> None:
    with serving(Answer(events=chat_events("Hm."))) as server:
        reply = chat(server, MediaReference("image", "0" * 64, "image/png", 70))

    assert server.received[0].body["messages"][-1]["content"] == "[image: image/png, 70 bytes]"
    assert reply.media == ()


@pytest.mark.django_db
def test_a_picture_is_sent_as_what_it_is_not_as_what_it_is_called() -> None:
    with serving(Answer(events=chat_events("A dot."))) as server:
        chat(server, kept(PNG, "image/jpeg"))

    assert "data:image/png;base64," in sent(server)


@pytest.mark.django_db
def test_a_request_that_is_refused_is_made_again_without_pictures() -> None:
    with serving(REFUSED, Answer(events=chat_events("I see none."))) as server:
        reply = chat(server, "Here:", kept(PNG))

    assert (reply.text, reply.media_refused, reply.media) == ("I see none.", True, (kept(PNG).stored(),))
    assert ("base64" in sent(server, 0), "base64" in sent(server, 1)) == (True, False)
    assert f"[image: image/png, {len(PNG)} bytes]" in sent(server, 1)


@pytest.mark.django_db
def test_what_is_refused_for_other_reasons_is_not_asked_twice() -> None:
    with serving(Answer(401, body={"error": {"message": "no"}})) as server, pytest.raises(ModelRefused):
        chat(server, kept(PNG))
    with serving(REFUSED) as other, pytest.raises(ModelRefused):
        chat(other, "No picture.")

    assert (len(server.received), len(other.received)) == (1, 1)


@pytest.mark.django_db
def test_a_picture_in_a_request_that_was_cut_off_is_charged() -> None:
    cut = Answer(events=chat_events("A ", finish=None, usage=None, done=False), ending="cut")
    with serving(cut) as server, pytest.raises(ModelUnavailable) as raised:
        chat(server, kept(PNG))

    assert raised.value.spending is not None
    assert IMAGE_TOKENS < raised.value.spending.usage.input_tokens < 2 * IMAGE_TOKENS


@pytest.mark.django_db
def test_the_demo_model_says_what_it_was_given() -> None:
    script = [{"answer": "{media_count}: {media[0]}, {media[1]}; {last_result}"}]
    messages = talk("Here:", kept(PNG), kept(WAV, "audio/wav"))
    fields: dict[str, Any] = {"messages": messages, "tools": [LIST]}

    scripted = ask(make_request(demo=DemoSettings(script, turn=0), **fields)).text
    planned = ask(make_request(demo=DemoSettings(None, turn=2), answer_schema=ANSWER, **fields)).answer

    lines = f"Here:\n[image: image/png, {len(PNG)} bytes]\n[audio: audio/wav, {len(WAV)} bytes]"
    assert scripted.endswith(f"2: image/png, audio/wav; {lines}")
    assert planned is not None
    assert "given 2 files" in str(planned.arguments)


@pytest.mark.parametrize(
    ("provider", "name", "takes"),
    [
        ("openai-compatible", "gpt-audio", {"image"}),
        ("openai", "gpt-5.2", {"image"}),
        ("anthropic", "claude-sonnet-4-6", {"image"}),
        ("google", "gemini-3-pro", {"image", "audio"}),
        ("google-cloud", "gemini-3-pro", {"image", "audio"}),
        ("bedrock", "eu.anthropic.claude-sonnet-4-5-20250929-v1:0", {"image"}),
        ("bedrock", "amazon.nova-lite-v1:0", {"image"}),
        ("demo", "demo", {"image", "audio"}),
    ],
)
def test_the_library_says_what_a_model_takes(provider: str, name: str, takes: set[str]) -> None:
    choice = ModelChoice(
        provider=provider, name=name, base_url="http://127.0.0.1:9/v1", api_key=SecretStr(KEY)
    )

    assert accepted_media(choice) == takes
    assert accepted_media(choice.model_copy(update={"media": frozenset({"audio"})})) == {"audio"}


def test_the_newest_media_are_kept_while_there_is_room() -> None:
    each = [MediaReference("image", str(number), "image/png", MOST_BYTES) for number in range(8)]
    small = [MediaReference("image", f"s{number}", "image/png", 1) for number in range(MOST_TOGETHER + 2)]
    other = [
        MediaReference("image", "tiff", "image/tiff", 1),
        MediaReference("image", "large", "image/png", MOST_BYTES + 1),
        MediaReference("audio", "sound", "audio/mpeg", 1),
    ]

    def fit(blocks: list[MediaReference], kinds: Any = BOTH, refused: tuple[str, ...] = ()) -> list[str]:
        messages = [message for one in blocks for message in talk(one)]
        return [media.sha256 for media in media_in(fitting(messages, kinds, refused))]

    assert fit(each) == ["3", "4", "5", "6", "7"]
    assert fit(small) == [f"s{number}" for number in range(2, MOST_TOGETHER + 2)]
    assert fit(other) == ["sound"]
    assert fit(other, kinds={"image"}) == []
    assert fit(small[:3], refused=("s1",)) == ["s0", "s2"]


def test_a_picture_weighs_as_much_as_a_text_of_as_many_tokens() -> None:
    picture = MediaReference("image", "0", "image/png", 1000)

    with_it, without = talk(picture), talk(picture.line)

    assert weight(with_it) - weight(without) == IMAGE_TOKENS * CHARACTERS_PER_TOKEN
