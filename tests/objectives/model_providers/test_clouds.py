"""What may be written of Google Cloud and AWS in a provider key, and how what is wrong is told."""

import pytest

from objectives.model_providers.clouds import vertex_address
from objectives.models import ProviderKey
from spaces.models import Role
from tests.executions.inference.service_accounts import document, private_key
from tests.factories import make_actor
from tests.objectives.api.test_provider_keys import KEYS, kept, new_key
from tests.objectives.workspace_client import WorkspaceClient

pytestmark = pytest.mark.django_db

AT = "spec.credentials.googleServiceAccount.json: "


@pytest.fixture
def api():
    return WorkspaceClient(make_actor(role=Role.ADMIN))


def vertex_key(text=None, **config):
    credentials = {"type": "googleServiceAccount", "googleServiceAccount": {"json": text or document()}}
    made = new_key(provider="AI_PROVIDER_VERTEX", credentials=credentials)
    made["spec"]["config"] = {"type": "vertex", "vertex": config}
    return made


def bedrock_key(**config):
    return new_key(
        provider="AI_PROVIDER_BEDROCK",
        credentials={"type": "apiKey", "apiKey": {"apiKey": "calm-heron-5520"}},
        config={"type": "bedrock", "bedrock": config},
    )


def test_a_service_accounts_document_is_kept_as_it_is_and_never_shown(api):
    made = api.post(KEYS, vertex_key(projectId="my-project-123", location="europe-west4"))

    assert kept(made) == {"json": document()}
    assert made["spec"]["config"]["vertex"] == {"projectId": "my-project-123", "location": "europe-west4"}
    assert private_key()[40:80] not in str(made)


@pytest.mark.parametrize(
    ("members", "message"),
    [
        (
            {"token_uri": "https://tokens.example.com/token"},
            "token_uri must be https://oauth2.googleapis.com",
        ),
        ({"token_uri": "https://oauth2.googleapis.com.example.com/token"}, "token_uri must be"),
        ({"token_uri": "http://oauth2.googleapis.com/token"}, "token_uri must be"),
        ({"token_uri": ["https://oauth2.googleapis.com/token"]}, "token_uri must be"),
        ({"universe_domain": "example.com"}, "universe_domain must be googleapis.com."),
        ({"type": "authorized_user"}, "type must be service_account."),
        ({"type": "external_account"}, "type must be service_account."),
        ({"client_email": None}, "client_email is needed."),
        ({"private_key": None}, "private_key must be an RSA key in PEM."),
        ({"private_key": "-----BEGIN PRIVATE KEY-----"}, "private_key must be an RSA key in PEM."),
        ({"private_key": "x" * 9000}, "private_key must be an RSA key in PEM."),
        ({"project_id": "../../other"}, "project_id must be the id of a project."),
    ],
)
def test_a_document_that_cannot_be_meant_is_refused_by_its_member(api, members, message):
    status, code, told = api.refused("post", KEYS, vertex_key(document(**members)))

    assert (status, code) == (400, 3)
    assert told.startswith(AT + message), told
    assert not ProviderKey.objects.exclude(provider="built_in").exists()


@pytest.mark.parametrize("text", ["no JSON", "[1]", '"x"', "[" * 60_000])
def test_what_is_no_document_is_refused(api, text):
    assert api.refused("post", KEYS, vertex_key(text)) == (400, 3, AT + "Not valid JSON.")


def test_older_documents_name_another_address_of_googles(api):
    api.post(KEYS, vertex_key(document(token_uri="https://accounts.google.com/o/oauth2/token")))
    assert ProviderKey.objects.filter(provider="vertex").exists()


@pytest.mark.parametrize(
    "location",
    [
        "evil.example.com/",
        "us-central1.example.com",
        "US-CENTRAL1",
        "us-central1#",
        "a/b",
        "us-central1\n",
        "-",
    ],
)
def test_a_location_that_would_change_the_host_is_refused(api, location):
    status, _, told = api.refused("post", KEYS, vertex_key(location=location))

    assert status == 400
    assert told.startswith("spec.config.vertex.location: "), told


@pytest.mark.parametrize("project", ["a/b", "../x/y/z", "my project", "My-Project-123", "abc", "my-project-"])
def test_a_project_that_would_change_the_path_is_refused(api, project):
    _, _, told = api.refused("post", KEYS, vertex_key(projectId=project))

    assert told.startswith("spec.config.vertex.projectId: "), told


@pytest.mark.parametrize(
    "region",
    ["evil.example.com", "eu-central-1.example.com/", "eu-central-1@x", "EU-CENTRAL-1", "eu", "a-1", "x:1"],
)
def test_a_region_that_would_change_the_host_is_refused(api, region):
    status, _, told = api.refused("post", KEYS, bedrock_key(region=region))

    assert status == 400
    assert told.startswith("spec.config.bedrock.region: "), told


@pytest.mark.parametrize(
    "region", ["us-east-1", "ap-southeast-4", "us-gov-west-1", "us-isob-east-1", "cn-north-1"]
)
def test_regions_of_aws_are_taken(api, region):
    assert api.post(KEYS, bedrock_key(region=region))["spec"]["config"]["bedrock"] == {"region": region}


@pytest.mark.parametrize(
    ("location", "address"),
    [
        ("global", "https://aiplatform.googleapis.com"),
        ("eu", "https://aiplatform.eu.rep.googleapis.com"),
        ("northamerica-northeast1", "https://northamerica-northeast1-aiplatform.googleapis.com"),
        ("africa-south1", "https://africa-south1-aiplatform.googleapis.com"),
    ],
)
def test_locations_of_google_are_taken(api, location, address):
    api.post(KEYS, vertex_key(location=location))

    assert vertex_address(location) == address


def test_an_api_key_goes_with_no_location_but_the_one_where_it_is_taken(api):
    key = {"type": "apiKey", "apiKey": {"apiKey": "calm-heron-5520"}}
    placed = vertex_key(location="europe-west4")
    placed["spec"]["credentials"] = key
    told = api.refused("post", KEYS, placed)[2]
    made = vertex_key(location="europe-west4")
    api.post(KEYS, made)
    changed = api.refused("patch", f"{KEYS}/external_id:ours", {"spec": {"credentials": key}})[2]

    assert (
        told == changed == "spec.config.vertex.location: With an API key, Vertex AI answers at global only."
    )
    spec = {"credentials": key, "config": {"type": "vertex", "vertex": {"location": "global"}}}
    api.patch(f"{KEYS}/external_id:ours", {"spec": spec})


def test_a_document_is_checked_when_it_is_changed(api):
    api.post(KEYS, vertex_key())
    wrong = {
        "type": "googleServiceAccount",
        "googleServiceAccount": {"json": document(token_uri="http://127.0.0.1:9/token")},
    }

    told = api.refused("patch", f"{KEYS}/external_id:ours", {"credentialPatch": {"credentials": wrong}})[2]

    assert "credentialPatch.credentials.googleServiceAccount.json: token_uri must be" in told
    assert "127.0.0.1" not in told
