"""A choice with a credential of its own falls back to nothing that a worker's environment holds."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from executions.inference.choices import ModelChoice
from executions.inference.errors import ModelError
from tests.executions.inference.asking import ask, make_request
from tests.executions.inference.cloud_wire import bedrock_answer, gemini_events, google_error
from tests.executions.inference.provider_server import Answer, ProviderServer, serving
from tests.executions.inference.service_accounts import claims_of, document
from tests.executions.inference.test_bedrock import AWS, bedrock
from tests.executions.inference.test_gemini import gemini
from tests.executions.inference.test_vertex import vertex

DEPLOYMENTS = "deployments-calm-heron-5520"
TENANTS = {
    "gemini": lambda url: gemini(url, api_key="tenants-key"),
    "vertex": vertex,
    "vertex key": lambda url: vertex(
        url, service_account=None, project=None, region=None, api_key="tenants-key"
    ),
    "bedrock": bedrock,
}


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[ProviderServer]:
    """Whoever is asked by an environment that is full of credentials, files of them and addresses."""
    files = {"config": "[default]\nregion = us-west-1\n", "google.json": document(client_email=DEPLOYMENTS)}
    files["credentials"] = f"[default]\naws_access_key_id = {DEPLOYMENTS}\naws_secret_access_key = x\n"
    for name, content in files.items():
        (tmp_path / name).write_text(content)
    with serving(Answer(body={"access_token": DEPLOYMENTS, "Token": DEPLOYMENTS})) as server:
        held = dict.fromkeys(
            ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_BEARER_TOKEN_BEDROCK"),
            DEPLOYMENTS,
        )
        held |= dict.fromkeys(("GOOGLE_API_KEY", "GEMINI_API_KEY", "GOOGLE_CLOUD_QUOTA_PROJECT"), DEPLOYMENTS)
        held |= {"GOOGLE_CLOUD_PROJECT": DEPLOYMENTS, "GOOGLE_CLOUD_LOCATION": "us-west1"}
        held |= {"AWS_CONFIG_FILE": str(tmp_path / "config"), "AWS_PROFILE": "not-there"}
        held |= {"AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials")}
        held |= {"GOOGLE_APPLICATION_CREDENTIALS": str(tmp_path / "google.json")}
        held |= {"AWS_DEFAULT_REGION": "us-west-1", "AWS_DEFAULTS_MODE": "auto", "AWS_MAX_ATTEMPTS": "5"}
        asked = ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_BEDROCK_RUNTIME", "AWS_EC2_METADATA_SERVICE_ENDPOINT")
        asked += ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "GOOGLE_GEMINI_BASE_URL", "GOOGLE_VERTEX_BASE_URL")
        held |= dict.fromkeys(asked, server.url)
        held |= {"GCE_METADATA_HOST": server.url.removeprefix("http://")}
        for name, value in held.items():
            monkeypatch.setenv(name, value)
        yield server


@pytest.mark.parametrize("kind", TENANTS)
def test_only_the_choices_own_credential_is_sent(kind: str, elsewhere: ProviderServer) -> None:
    answer = bedrock_answer("Yes.") if kind == "bedrock" else Answer(events=gemini_events("Yes."))
    with serving(answer) as server:
        reply = ask(make_request(model=TENANTS[kind](server.url)))

    (received,) = server.received
    said = f"{received.path} {received.headers} {received.body}"
    own = {"vertex": "Bearer ", "bedrock": AWS["access_key_id"]}.get(kind, "tenants-key")
    assert reply.text == "Yes."
    assert own in said
    assert DEPLOYMENTS not in said
    assert "us-west" not in said
    assert elsewhere.received == []
    if kind == "vertex":
        assert claims_of(received.headers["authorization"])["iss"] != DEPLOYMENTS


@pytest.mark.parametrize("kind", TENANTS)
def test_a_credential_that_is_refused_is_not_replaced_by_another(
    kind: str, elsewhere: ProviderServer
) -> None:
    body: Any = google_error(401, "UNAUTHENTICATED", "No.")
    headers = {}
    if kind == "bedrock":
        body, headers = {"message": "No."}, {"x-amzn-ErrorType": "UnrecognizedClientException"}
    with serving(Answer(401, headers, body)) as server, pytest.raises(ModelError, match="key was refused"):
        ask(make_request(model=TENANTS[kind](server.url)))

    assert len(server.received) == 1
    assert DEPLOYMENTS not in str(server.received)
    assert elsewhere.received == []


@pytest.mark.parametrize(("field", "value"), [("api_key", ""), ("service_account", ""), ("aws_key", {})])
def test_an_empty_credential_is_none_that_a_choice_may_have(field: str, value: Any) -> None:
    with pytest.raises(ValueError, match=field):
        ModelChoice.model_validate({"provider": "bedrock", "name": "x", field: value})
