"""Pictures and sounds in results, as Google and AWS are given them."""

import base64
from typing import Any

import pytest

from tests.executions.inference.asking import LIST, ask, make_request
from tests.executions.inference.cloud_wire import bedrock_answer, gemini_events, google_error
from tests.executions.inference.provider_server import Answer, serving
from tests.executions.inference.test_bedrock import bedrock
from tests.executions.inference.test_gemini import gemini
from tests.executions.inference.test_media import PNG, WAV, kept, talk

PICTURE = base64.b64encode(PNG).decode()
# Google's client writes base64 as addresses have it.
PICTURE_AT_GOOGLE = base64.urlsafe_b64encode(PNG).decode()
SOUND_AT_GOOGLE = base64.urlsafe_b64encode(WAV).decode()
pytestmark = pytest.mark.django_db


def leaves(value: Any) -> list[Any]:
    """Everything inside a JSON value that holds nothing itself."""
    if isinstance(value, dict):
        return [leaf for item in value.values() for leaf in leaves(item)]
    return [leaf for item in value for leaf in leaves(item)] if isinstance(value, list) else [value]


@pytest.mark.parametrize("name", ["gemini-2.5-flash", "gemini-3-pro"])
def test_gemini_gets_pictures_and_sounds(name: str) -> None:
    blocks = ("Here:", kept(PNG), kept(WAV, "audio/wav"))
    with serving(Answer(events=gemini_events("A dot and a note."))) as server:
        reply = ask(make_request(model=gemini(server.url, name=name), messages=talk(*blocks), tools=[LIST]))

    sent = leaves(server.received[0].body["contents"])
    assert {"image/png", PICTURE_AT_GOOGLE, "audio/wav", SOUND_AT_GOOGLE} <= set(map(str, sent))
    assert any("Here:" in str(leaf) for leaf in sent)
    assert reply.media == (kept(PNG).stored(), kept(WAV, "audio/wav").stored())


def test_bedrock_gets_a_picture_inside_the_result_and_no_sound() -> None:
    blocks = ("Here:", kept(PNG), kept(WAV, "audio/wav"))
    with serving(bedrock_answer("A dot.")) as server:
        reply = ask(make_request(model=bedrock(server.url), messages=talk(*blocks), tools=[LIST]))

    (result,) = (block["toolResult"] for block in server.received[0].body["messages"][-1]["content"])
    pictures = [block["image"] for block in result["content"] if "image" in block]
    assert pictures == [{"format": "png", "source": {"bytes": PICTURE}}]
    assert f"[audio: audio/wav, {len(WAV)} bytes]" in str(result["content"])
    assert reply.media == (kept(PNG).stored(),)


def test_a_request_that_is_refused_is_made_again_without_pictures() -> None:
    no_picture = Answer(400, body=google_error(400, "INVALID_ARGUMENT", "Unable to process input image"))
    invalid = {"x-amzn-ErrorType": "ValidationException"}
    unread = Answer(400, invalid, {"message": "Could not process image"})
    with serving(no_picture, Answer(events=gemini_events("None."))) as google:
        by_google = ask(make_request(model=gemini(google.url), messages=talk(kept(PNG))))
    with serving(unread, bedrock_answer("None.")) as aws:
        by_aws = ask(make_request(model=bedrock(aws.url), messages=talk(kept(PNG))))

    assert (by_google.media_refused, by_aws.media_refused) == (True, True)
    assert [PICTURE_AT_GOOGLE in str(one.body) for one in google.received] == [True, False]
    assert [PICTURE in str(one.body) for one in aws.received] == [True, False]
