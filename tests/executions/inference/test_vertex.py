"""The real Google client against a server that speaks Vertex AI's API, by a service account and by a key."""

import json
import logging
from typing import Any

import pytest
from pytest_django import Settings

from executions.inference import transcript
from executions.inference.choices import ModelChoice
from executions.inference.errors import ModelRefused, ModelUnavailable
from tests.executions.inference.asking import ANSWER, KEY, LIST, ask, make_request
from tests.executions.inference.cloud_wire import gemini_events, google_error
from tests.executions.inference.provider_server import Answer, serving
from tests.executions.inference.service_accounts import EMAIL, claims_of, document, private_key

PLACE = {"project": "my-project-123", "region": "europe-west4"}
ASKED = (
    "/v1beta1/projects/my-project-123/locations/europe-west4/publishers/google/models/gemini-2.5-flash"
    ":streamGenerateContent?alt=sse"
)


def vertex(url: str, **fields: Any) -> ModelChoice:
    merged = {"base_url": url, "service_account": document(), **PLACE, **fields}
    return ModelChoice.model_validate({"provider": "google-cloud", "name": "gemini-2.5-flash", **merged})


def test_a_service_account_signs_its_own_token() -> None:
    texts: list[str] = []
    with serving(Answer(events=gemini_events("Two ", "files."))) as server:
        reply = ask(make_request(model=vertex(server.url)), texts=texts)

    (received,) = server.received
    claims = claims_of(received.headers["authorization"])
    assert texts == ["Two ", "files."]
    assert received.path == ASKED
    assert (claims["iss"], claims["sub"]) == (EMAIL, EMAIL)
    assert claims["scope"] == "https://www.googleapis.com/auth/cloud-platform"
    assert claims["exp"] - claims["iat"] == 3600
    assert "x-goog-user-project" not in received.headers
    # 100 fresh at 0.30, 20 cached at 0.03 and 30 out at 2.50 dollars a million.
    assert reply.spending.price_version.startswith("genai-prices ")
    assert reply.spending.cost_usd is not None
    assert reply.provider == "google-cloud"


def test_calls_and_a_final_answer() -> None:
    first = Answer(events=gemini_events(calls=(("workspace_fs_list", {"path": "a"}),)))
    last = Answer(events=gemini_events(calls=(("final_answer", {"answer": "Two."}),)))
    with serving(first, last) as server:
        request = make_request(model=vertex(server.url), tools=[LIST], answer_schema=ANSWER)
        reply = ask(request)
        results = transcript.tool_message([(reply.tool_calls[0], {"files": []}, False)])
        messages = [*request.messages, reply.raw, results]
        answered = ask(
            make_request(model=request.model, tools=[LIST], answer_schema=ANSWER, messages=messages)
        )

    assert reply.tool_calls[0].arguments == {"path": "a"}
    assert answered.answer is not None
    assert answered.answer.arguments == {"answer": "Two."}


def test_addresses_of_the_document_are_not_followed() -> None:
    with serving(Answer(body={"access_token": "from-elsewhere"})) as elsewhere:
        members = dict.fromkeys(
            ("token_uri", "auth_uri", "universe_domain", "quota_project_id"), elsewhere.url
        )
        with serving(Answer(events=gemini_events("Yes."))) as server:
            choice = vertex(server.url, service_account=document(**members))
            reply = ask(make_request(model=choice))

    assert reply.text == "Yes."
    assert elsewhere.received == []
    assert elsewhere.url not in str(server.received)


@pytest.mark.parametrize(
    "wrong", ["no JSON", "[]", "{}", "null", {"private_key": "no key"}, {"client_email": None}]
)
def test_a_document_that_is_none_is_refused_without_a_word_of_it(wrong: str | dict[str, Any]) -> None:
    wrong = wrong if isinstance(wrong, str) else document(**wrong)
    with serving(Answer(body={})) as server, pytest.raises(ModelRefused) as raised:
        ask(make_request(model=vertex(server.url, service_account=wrong)))

    assert raised.value.message == "the document of the service account cannot be used"
    assert server.received == []


def test_an_api_key_is_sent_as_one_and_names_no_place() -> None:
    fields = {"service_account": None, "project": None, "region": None, "api_key": KEY}
    with serving(Answer(events=gemini_events("Yes."))) as server:
        ask(make_request(model=vertex(server.url, **fields)))

    received = server.received[0]
    assert received.path.startswith("/v1beta1/publishers/google/models/gemini-2.5-flash:stream")
    assert received.headers["x-goog-api-key"] == KEY
    assert "authorization" not in received.headers


@pytest.mark.parametrize("place", [{"project": "my-project-123"}, {"region": "europe-west4"}, PLACE])
def test_an_api_key_with_a_place_is_refused_rather_than_forgotten(place: dict[str, str]) -> None:
    fields = {"service_account": None, "project": None, "region": None, "api_key": KEY, **place}
    with serving(Answer(body={})) as server, pytest.raises(ModelRefused, match="without project and region"):
        ask(make_request(model=vertex(server.url, **fields)))

    assert server.received == []


@pytest.mark.parametrize("ending", ["cut", "end"])
def test_an_answer_that_breaks_off_is_charged(ending: str) -> None:
    events = gemini_events("x" * 400, finish=None, usage=None)
    with (
        serving(Answer(events=events, ending=ending)) as server,
        pytest.raises(ModelUnavailable) as raised,
    ):
        ask(make_request(model=vertex(server.url)))

    assert raised.value.spending is not None
    assert raised.value.spending.usage.output_tokens >= 100


@pytest.mark.parametrize("status", [400, 429, 500])
def test_an_error_repeats_neither_token_nor_document(status: int, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with serving(Answer(events=gemini_events("Yes."))) as server:
        ask(make_request(model=vertex(server.url)))
        token = server.received[0].headers["authorization"].removeprefix("Bearer ")
    said = f"Wrong: {token} {json.dumps(private_key())}"
    answer = Answer(status, body=google_error(status, "NO", said))
    with serving(answer) as server, pytest.raises((ModelRefused, ModelUnavailable)) as raised:
        ask(make_request(model=vertex(server.url)))

    known = raised.value.message + caplog.text
    assert "Wrong: [key]" in raised.value.message
    assert token not in known
    assert private_key()[100:140] not in known


def test_a_model_of_the_deployment_may_name_project_and_region(settings: Settings) -> None:
    with serving(Answer(events=gemini_events("Yes."))) as server:
        fields = {"provider": "google-cloud", "name": "gemini-2.5-flash", "base_url": server.url}
        settings.MODELS = {"fast": {**fields, **PLACE, "service_account": document()}}
        reply = ask(make_request(model="fast"))

    assert reply.text == "Yes."
    assert server.received[0].path == ASKED
