"""A provider's credential, a key's token and an account's secrets are found nowhere but where they belong."""

import logging

import pytest
from django.test import Client
from pydantic import SecretBytes

from objectives.actions.accounts import account_secrets
from objectives.actions.key_rotation import reseal_all
from objectives.model_providers.selection import choice_of, find_model
from objectives.models import ProviderKey
from spaces.models import Role, Tenant
from tests.factories import make_actor
from tests.objectives.factories import account_of
from tests.objectives.test_secret_nowhere import tables_with
from tests.objectives.workspace_client import WorkspaceClient

pytestmark = pytest.mark.django_db
VALUE = "calm-heron-5520"


@pytest.fixture
def api():
    return WorkspaceClient(make_actor(role=Role.ADMIN))


def credentials():
    """The value in each kind of credential, in good ones and in wrong ones."""
    return [
        {"type": "apiKey", "apiKey": {"apiKey": VALUE}},
        {"type": "apiKey", "apiKey": {"apiKey": [VALUE]}},
        {"type": "apiKey", "apiKey": {"apiKey": VALUE + "\n"}},
        {"type": "apiKey", "apiKey": VALUE},
        {"type": VALUE},
        {"type": "headers", "headers": {"headers": {"X-Key": VALUE}}},
        {"type": "headers", "headers": {"headers": {"X-Key": VALUE + "\0"}}},
        {"type": "awsAccessKey", "awsAccessKey": {"secretAccessKey": VALUE}},
        {"type": "googleServiceAccount", "googleServiceAccount": {"json": VALUE}},
        VALUE,
    ]


def test_a_credential_is_in_no_table_no_answer_and_no_log(api, caplog, settings):
    caplog.set_level(logging.DEBUG)
    answers = []
    for number, given in enumerate(credentials()):
        named = {"name": f"K{number}", "externalId": f"k{number}"}
        spec = {"provider": "AI_PROVIDER_OPENAI", "credentials": given}
        answers.append(api.send("post", "/ai_provider_keys", {"metadata": named, "spec": spec}))
        patch = {"credentialPatch": {"credentials": given}}
        answers.append(api.send("patch", "/ai_provider_keys/external_id:k0", patch))
        answers.append(api.send("patch", "/ai_provider_keys/external_id:k0", {"spec": spec}))
    model = {"metadata": {"name": "m", "externalId": "m"}, "spec": {"providerModelId": "m"}}
    answers.append(api.send("post", "/ai_provider_keys/external_id:k0/models", model))
    read = ("/ai_provider_keys", "/models", "/ai_provider_keys/external_id:k0")
    answers += [api.send("get", path, includeInfo="true") for path in read]
    answers.append(api.send("get", "/models/external_id:m"))
    settings.ENCRYPTION_KEYS = {"next": SecretBytes(b"n" * 32)}
    reseal_all()

    assert {answer.status_code for answer in answers} == {200, 400}
    assert not [answer.content for answer in answers if VALUE.encode() in answer.content]
    assert VALUE not in caplog.text
    assert tables_with(VALUE) == []
    row = ProviderKey.objects.get(external_id="k0")
    choice = choice_of(find_model(row.space_id, "k0.m"), row.space)
    assert VALUE not in repr(choice) + str(choice) + choice.model_dump_json()
    assert {value.get_secret_value() for value in choice.headers.values()} == {VALUE}
    assert row.sealed_with == "next"


def test_a_token_is_in_no_table_and_no_log(api, caplog):
    caplog.set_level(logging.DEBUG)
    client = Client(headers=api.actor.headers)
    body = {"metadata": {"name": "k"}, "spec": {"allWorkspaces": True}}
    made = client.post("/v1/account/api_keys", body, content_type="application/json").json()
    path = f"/v1/account/api_keys/{made['metadata']['id']}"
    renewed = client.post(f"{path}:rotate").json()

    for token in (made["spec"]["token"], renewed["spec"]["token"]):
        secret = token.rpartition("_")[2] if token.count("_") == 2 else token.split("_", 2)[2]
        assert tables_with(secret) == []
        assert secret not in caplog.text


def test_an_accounts_secrets_are_in_no_table_and_are_sealed_again(api, settings):
    settings.ENCRYPTION_KEYS = {"old": SecretBytes(b"o" * 32)}
    secrets = account_secrets(access=account_of(api.actor))
    settings.ENCRYPTION_KEYS = {"new": SecretBytes(b"n" * 32), **settings.ENCRYPTION_KEYS}
    reseal_all()

    tenant = Tenant.objects.get(pk=api.actor.tenant.pk)
    assert (tenant.webhook_secret_key, tenant.challenge_token_key) == ("new", "new")
    assert account_secrets(access=account_of(api.actor)) == secrets
    assert [table for secret in secrets for table in tables_with(secret.removeprefix("whsec_"))] == []


def test_a_secret_whose_key_is_lost_is_named_and_left(api, settings):
    settings.ENCRYPTION_KEYS = {"old": SecretBytes(b"o" * 32)}
    account_secrets(access=account_of(api.actor))
    settings.ENCRYPTION_KEYS = {"new": SecretBytes(b"n" * 32)}

    done = reseal_all()

    assert len(done.unopened) == 2
    assert Tenant.objects.get(pk=api.actor.tenant.pk).webhook_secret_key == "old"
