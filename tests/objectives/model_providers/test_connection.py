"""A model of a tenant's own provider key is asked with its credential, and not at addresses of ours."""

from decimal import Decimal

import pytest

from executions.inference.errors import ModelRefused
from objectives.model_providers.selection import choice_of
from tests.executions.inference.asking import ask, make_request
from tests.executions.inference.provider_server import Answer, serving
from tests.executions.inference.test_media import PNG, WAV, kept, talk
from tests.executions.inference.wire import chat_events
from tests.objectives.factories import make_model, make_provider_key

pytestmark = pytest.mark.django_db
VALUE = "calm-heron-5520"


def model_at(url, **credential):
    config = {"type": "openaiCompatible", "openaiCompatible": {"baseUrl": f"{url}/v1"}}
    key = make_provider_key(credential=credential or None, config=config)
    return make_model(provider_key=key, input_price=200, output_price=1000, cached_input_price=50)


def request_to(model):
    return make_request(model=choice_of(model, model.space))


@pytest.fixture
def listed(settings):
    settings.PRIVATE_TOOL_HOSTS = ["127.0.0.1"]


def test_the_key_and_the_prices_are_those_of_the_row(listed):
    with serving(Answer(events=chat_events("Hello."))) as server:
        reply = ask(request_to(model_at(server.url, apiKey=VALUE)))

    assert reply.text == "Hello."
    assert reply.spending.cost_usd == Decimal("0.00051")
    assert server.received[0].headers["authorization"] == f"Bearer {VALUE}"
    assert server.received[0].body["model"] == "small-model"


def test_headers_take_the_place_of_the_librarys_own(listed):
    headers = {"Authorization": f"Token {VALUE}", "X-Team": "a"}
    with serving(Answer(events=chat_events("Hello."))) as server:
        ask(request_to(model_at(server.url, headers=headers)))

    received = server.received[0].headers
    assert (received["authorization"], received["x-team"]) == (f"Token {VALUE}", "a")


def test_headers_of_ones_own_go_without_a_key_that_is_none(listed):
    with serving(Answer(events=chat_events("Hello."))) as server:
        ask(request_to(model_at(server.url, headers={"X-Key": VALUE})))

    received = server.received[0].headers
    assert received["x-key"] == VALUE
    assert "authorization" not in received


@pytest.mark.parametrize("provider", ["openai", "openrouter", "anthropic", "gemini"])
def test_no_address_of_the_deployments_environment_is_asked(provider):
    key = make_provider_key(provider=provider, credential={"apiKey": VALUE})
    model = make_model(provider_key=key)

    assert choice_of(model, model.space).base_url.startswith("https://")


def test_without_a_credential_no_key_of_the_deployment_is_sent(listed, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", VALUE)
    with serving(Answer(events=chat_events("Hello."))) as server:
        ask(request_to(model_at(server.url)))

    assert VALUE not in str(server.received[0].headers)


def test_what_a_provider_repeats_of_a_credential_is_not_passed_on(listed):
    body = {"error": {"message": f"The header {VALUE} is wrong."}}
    with serving(Answer(status=400, body=body)) as server, pytest.raises(ModelRefused) as refused:
        ask(request_to(model_at(server.url, headers={"X-Key": VALUE})))

    assert VALUE not in refused.value.message
    assert "[secret X-Key]" in refused.value.message


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_an_address_of_our_own_network_is_not_reached(settings, host):
    settings.PRIVATE_TOOL_HOSTS = []
    with (
        serving(Answer(events=chat_events("Hello."))) as server,
        pytest.raises(ModelRefused, match="not public"),
    ):
        ask(request_to(model_at(server.url.replace("127.0.0.1", host), apiKey=VALUE)))

    assert server.received == []


@pytest.mark.parametrize(("label", "sounds"), [("audio", 1), ("none", 0)])
def test_a_model_is_sent_the_files_that_its_label_says(listed, label, sounds):
    with serving(Answer(events=chat_events("A note."))) as server:
        model = model_at(server.url, apiKey=VALUE)
        model.labels = {"callboard/media": label}
        messages = talk("Here:", kept(PNG), kept(WAV, "audio/wav"))
        reply = ask(make_request(model=choice_of(model, model.space), messages=messages))

    body = str(server.received[0].body["messages"])
    assert (body.count("input_audio'"), body.count("image_url'"), len(reply.media)) == (2 * sounds, 0, sounds)
