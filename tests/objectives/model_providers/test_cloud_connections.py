"""Models of a tenant's own keys at Gemini, Vertex AI and Bedrock are asked with those, and nowhere else."""

from decimal import Decimal

import pytest

from executions.inference.errors import ModelRefused
from objectives.model_providers.selection import choice_of
from objectives.models import Provider
from tests.executions.inference.asking import ask, make_request
from tests.executions.inference.cloud_wire import bedrock_answer, gemini_events, google_error
from tests.executions.inference.provider_server import Answer, serving
from tests.executions.inference.service_accounts import EMAIL, claims_of, document, private_key
from tests.objectives.factories import make_model, make_provider_key

pytestmark = pytest.mark.django_db
VALUE = "calm-heron-5520"
ACCESS_KEY = {
    "accessKeyId": "AKIATENANT0000000001",
    "secretAccessKey": f"{VALUE}-secret",
    "sessionToken": VALUE,
}
GEMINI = (Provider.GEMINI, {"apiKey": VALUE}, None)
VERTEX = (Provider.VERTEX, {"googleServiceAccount": None}, {"location": "europe-west4"})
VERTEX_KEY = (Provider.VERTEX, {"apiKey": VALUE}, {"location": "global"})
BEDROCK = (Provider.BEDROCK, {"awsAccessKey": ACCESS_KEY}, {"region": "eu-central-1"})
BEDROCK_KEY = (Provider.BEDROCK, {"apiKey": VALUE}, {"region": "eu-central-1"})


def model_at(provider, credential, place):
    if credential and "googleServiceAccount" in credential:
        credential = {"googleServiceAccount": {"json": credential["googleServiceAccount"] or document()}}
    config = None if place is None else {"type": provider.value, provider.value: place}
    key = make_provider_key(provider=provider, credential=credential, config=config)
    return make_model(provider_key=key, input_price=200, output_price=1000, cached_input_price=50)


def choice_at(provider, credential, place):
    model = model_at(provider, credential, place)
    return choice_of(model, model.space)


@pytest.mark.parametrize(
    ("given", "library", "address"),
    [
        (GEMINI, "google", "https://generativelanguage.googleapis.com"),
        (VERTEX, "google-cloud", "https://europe-west4-aiplatform.googleapis.com"),
        (VERTEX_KEY, "google-cloud", "https://aiplatform.googleapis.com"),
        (BEDROCK, "bedrock", None),
        (BEDROCK_KEY, "bedrock", None),
    ],
)
def test_where_each_goes_is_said_and_its_credential_is_not(given, library, address):
    choice = choice_at(*given)

    assert (choice.provider, choice.base_url) == (library, address)
    assert not choice.is_guarded
    assert VALUE not in repr(choice)
    assert "PRIVATE" not in repr(choice)


@pytest.mark.parametrize("given", [GEMINI, VERTEX, BEDROCK])
def test_the_credential_and_the_prices_are_those_of_the_row(given):
    answer = bedrock_answer("Hello.") if given is BEDROCK else Answer(events=gemini_events("Hello."))
    with serving(answer) as server:
        choice = choice_at(*given).model_copy(update={"base_url": server.url})
        reply = ask(make_request(model=choice))

    headers = server.received[0].headers
    assert reply.text == "Hello."
    assert reply.spending.cost_usd == Decimal("0.00051")
    assert "small-model" in server.received[0].path
    if given is GEMINI:
        assert headers["x-goog-api-key"] == VALUE
    elif given is VERTEX:
        assert claims_of(headers["authorization"])["iss"] == EMAIL
        assert "/projects/my-project-123/locations/europe-west4/" in server.received[0].path
    else:
        assert "Credential=AKIATENANT0000000001/" in headers["authorization"]
        assert headers["x-amz-security-token"] == VALUE


def test_of_a_document_only_what_signs_reaches_the_client():
    choice = choice_at(Provider.VERTEX, {"googleServiceAccount": document(auth_uri="https://a.example")}, {})

    assert (choice.project, choice.region) == ("my-project-123", "global")
    assert "https://" not in choice.service_account.get_secret_value()


@pytest.mark.parametrize("given", [GEMINI, VERTEX, BEDROCK])
def test_what_a_provider_repeats_of_a_credential_is_not_passed_on(given):
    said = f"No {VALUE} {private_key()}"
    headers, body = {"x-amzn-ErrorType": "ValidationException"}, {"message": said}
    answer = Answer(400, headers, body if given is BEDROCK else google_error(400, "NO", said))
    with serving(answer) as server, pytest.raises(ModelRefused) as refused:
        ask(make_request(model=choice_at(*given).model_copy(update={"base_url": server.url})))

    assert "400: No" in refused.value.message
    if given is VERTEX:
        assert private_key()[30:70] not in refused.value.message
    else:
        assert VALUE not in refused.value.message


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ((Provider.GEMINI, None, None), "no credential"),
        ((Provider.VERTEX, None, {"projectId": "my-project-123", "location": "global"}), "no credential"),
        ((Provider.BEDROCK, None, {"region": "eu-central-1"}), "no credential"),
        ((Provider.BEDROCK, {"apiKey": VALUE}, None), "names no region"),
        ((Provider.BEDROCK, {"apiKey": VALUE}, {"region": ""}), "names no region"),
        ((Provider.VERTEX, {"apiKey": VALUE}, {"location": "eu"}), "no credential"),
        # What could not be written today, but may have been kept otherwise.
        ((Provider.BEDROCK, {"apiKey": VALUE}, {"region": "x.example/"}), "Write a region"),
        ((Provider.VERTEX, {"apiKey": VALUE}, {"location": "x.example/"}), "Write a location"),
        ((Provider.VERTEX, {"googleServiceAccount": None}, {"projectId": "../x"}), "Write a project's id"),
    ],
)
def test_what_cannot_be_reached_says_why(given, reason):
    with pytest.raises(ModelRefused, match=reason) as refused:
        choice_at(*given)

    assert VALUE not in refused.value.message


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({"token_uri": "http://127.0.0.1:9/token"}, "token_uri must be"),
        ({"universe_domain": "example.com"}, "universe_domain must be"),
        ({"private_key": "no key"}, "private_key must be"),
        ({"project_id": None}, "names no projectId"),
    ],
)
def test_a_document_that_was_kept_otherwise_is_checked_again(members, reason):
    with pytest.raises(ModelRefused, match=reason) as refused:
        choice_at(Provider.VERTEX, {"googleServiceAccount": document(**members)}, {})

    assert "127.0.0.1" not in refused.value.message
