"""The official SDK against a real server: models, provider keys, keys and the account decode."""

from collections.abc import Iterator

import pytest
from cadenya import Cadenya
from cadenya._core import APIError

from objectives.ids import Prefix, spell
from spaces.models import Role
from tests.executions.runs.live.server import Server, running_server
from tests.factories import Actor, make_actor

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(scope="module")
def server(django_db_setup) -> Iterator[Server]:
    with running_server() as server:
        yield server


@pytest.fixture
def admin() -> Actor:
    return make_actor(role=Role.ADMIN)


@pytest.fixture
def client(server: Server, admin: Actor) -> Iterator[Cadenya]:
    workspace = spell(Prefix.WORKSPACE, admin.space.id)
    with Cadenya(api_key=admin.token, base_url=server.url, workspace_id=workspace) as client:
        yield client


def test_provider_keys_and_models_decode(client: Cadenya):
    key = client.ai_provider_keys.create(
        metadata={"name": "Ours", "external_id": "team:ours"},
        spec={
            "provider": "AI_PROVIDER_OPENAI_COMPATIBLE",
            "credentials": {"type": "apiKey", "api_key": {"api_key": "k-1"}},
            "config": {
                "type": "openaiCompatible",
                "openai_compatible": {"base_url": "https://models.example.com/v1"},
            },
        },
    )
    assert key.spec.config.openai_compatible.base_url == "https://models.example.com/v1"
    assert (key.info.is_promotional, key.spec.credentials) == (False, None)
    address = "external_id:team:ours"
    changed = client.ai_provider_keys.update(
        address,
        credential_patch={"credentials": {"type": "headers", "headers": {"headers": {"X-Team": "a"}}}},
    )
    assert [field.name for field in changed.info.credential_status.fields] == ["X-Team"]
    assert client.ai_provider_keys.retrieve(address).metadata.id == key.metadata.id
    assert len(list(client.ai_provider_keys.list(include_info=True, limit=1))) == 2

    model = client.models.create(
        address,
        metadata={"name": "Small", "external_id": "small"},
        spec={
            "provider": "",
            "family": "small",
            "max_input_tokens": 1000,
            "max_output_tokens": 100,
            "input_price_per_million_tokens": "250",
            "output_price_per_million_tokens": "1000",
            "capabilities": [{"type": "reasoning", "reasoning": {"mode": "MODE_ADAPTIVE"}}],
            "provider_model_id": "small-1",
        },
    )
    assert model.spec.capabilities[0].reasoning.mode == "MODE_ADAPTIVE"
    changed_model = client.models.update(
        model.metadata.id,
        pricing_override={"output_price_per_million_tokens": "0"},
        update_mask="pricing_override.output_price_per_million_tokens",
    )
    assert changed_model.pricing_override.output_price_per_million_tokens == "0"
    assert client.models.retrieve("external_id:small").info.ai_provider_key.metadata.id == key.metadata.id
    assert client.models.disable(model.metadata.id).state == "STATE_DISABLED"
    assert client.models.enable(model.metadata.id).state == "STATE_ENABLED"
    listed = list(client.models.list(include_info=True, state="STATE_ENABLED", is_assigned=False))
    assert {one.metadata.name for one in listed} == {"Small", "demo"}
    assert (
        client.models.swap_on_variations(
            model_swaps=[{"current_model_id": "team:ours.small", "next_model_id": "demo"}]
        )
        is None
    )
    client.ai_provider_keys.delete(address)


def test_keys_decode_and_their_token_works(client: Cadenya, server: Server, admin: Actor):
    workspace = spell(Prefix.WORKSPACE, admin.space.id)
    made = client.api_keys.create(
        metadata={"name": "Shop", "external_id": "shop:1", "labels": {"team": "a"}},
        spec={
            "token": "",
            "all_workspaces": False,
            "workspace_assignments": [{"workspace_id": workspace}],
            "default": False,
            "permissions": ["*"],
        },
    )
    address = "external_id:shop:1"
    with Cadenya(api_key=made.spec.token, base_url=server.url, workspace_id=workspace) as other:
        assert other.profiles.whoami().default_workspace.id == workspace
        assert [one.metadata.id for one in other.workspaces.list(include_info=True)] == [workspace]
        assert client.api_keys.rotate(address).spec.token not in {"", made.spec.token}
        with pytest.raises(APIError) as refused:
            other.profiles.whoami()
        assert (refused.value.status_code, refused.value.code) == (401, 16)
    assert client.api_keys.retrieve(address).spec.token == ""
    assert client.api_keys.disable(address).state == "STATE_DISABLED"
    assert client.api_keys.enable(address).state == "STATE_ENABLED"
    removed = client.api_keys.remove_workspace(address, workspace_id=workspace)
    assert removed.spec.workspace_assignments == []
    added = client.api_keys.add_workspace(address, workspace_id=workspace)
    assert added.info.workspaces[0].id == workspace
    changed = client.api_keys.update(address, metadata={"name": "Store"}, update_mask="metadata.name")
    assert (changed.metadata.name, changed.metadata.external_id) == ("Store", "shop:1")
    assert [one.metadata.name for one in client.api_keys.list(labels="team=a")] == ["Store"]
    with pytest.raises(APIError) as refused:
        client.api_keys.reveal(address)
    assert (refused.value.status_code, refused.value.code) == (400, 9)
    client.api_keys.delete(address)


def test_the_account_decodes(client: Cadenya):
    account = client.accounts.retrieve()

    assert account.info.webhook_events_hmac_secret.startswith("whsec_")
    assert account.spec.workspaces[0].status == "STATUS_ENABLED"
    rotated = client.accounts.rotate_webhook_signing_key().webhook_events_hmac_secret
    assert client.accounts.retrieve().info.webhook_events_hmac_secret == rotated
    assert client.accounts.rotate_challenge_token().challenge_token
    with pytest.raises(APIError) as refused:
        client.widgets.list()
    assert (refused.value.status_code, refused.value.code) == (501, 12)
