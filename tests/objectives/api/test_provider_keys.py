"""Provider keys: credentials go in, can be changed in part, and never come out."""

import json

import pytest

from objectives.model_providers.credentials import open_credential
from objectives.models import LanguageModel, Provider, ProviderKey
from spaces.models import Role
from tests.factories import make_actor
from tests.objectives.factories import make_agent, make_model, make_provider_key, make_variation
from tests.objectives.workspace_client import WorkspaceClient

pytestmark = pytest.mark.django_db
KEYS = "/ai_provider_keys"
VALUE = "sk-very-secret-value"


@pytest.fixture
def api():
    return WorkspaceClient(make_actor(role=Role.ADMIN))


def new_key(**spec):
    credentials = {"type": "apiKey", "apiKey": {"apiKey": VALUE}}
    return {
        "metadata": {"name": "Ours", "externalId": "ours"},
        "spec": {"provider": "AI_PROVIDER_OPENAI", "credentials": credentials, **spec},
    }


def kept(shown):
    """The credential that is sealed, of a key as the API shows it."""
    return open_credential(ProviderKey.objects.get(external_id=shown["metadata"]["externalId"]))


def test_a_credential_is_kept_sealed_and_only_described(api):
    made = api.post(KEYS, new_key())

    assert made["spec"] == {"provider": "AI_PROVIDER_OPENAI"}
    assert made["info"]["credentialStatus"] == {
        "type": "apiKey",
        "fields": [{"name": "apiKey", "sensitive": True, "configured": True}],
    }
    assert kept(made) == {"apiKey": VALUE}
    row = ProviderKey.objects.get(external_id="ours")
    assert VALUE.encode() not in bytes(row.sealed)
    assert VALUE not in json.dumps(
        [made, api.get(KEYS, includeInfo="true"), api.get(f"{KEYS}/external_id:ours")]
    )


def test_the_deployments_own_key_is_always_there_and_cannot_be_changed(api):
    (ours,) = api.get(KEYS, promotional="true", includeInfo="true")["items"]
    path = f"{KEYS}/{ours['metadata']['id']}"

    assert ours["metadata"]["name"] == "Callboard"
    assert ours["info"]["isPromotional"] is True
    assert ours["info"]["enabledModelCount"] == 1
    assert api.refused("patch", path, {"metadata": {"name": "Mine"}})[:2] == (400, 9)
    assert api.refused("delete", path)[:2] == (400, 9)
    assert api.refused(
        "post", f"{path}/models", {"metadata": {"name": "m"}, "spec": {"providerModelId": "m"}}
    )[:2] == (400, 9)
    assert api.get(KEYS, promotional="false")["items"] == []


def test_the_deployments_external_id_is_taken(api):
    body = {**new_key(), "metadata": {"name": "Mine", "externalId": "callboard"}}

    assert api.refused("post", KEYS, body)[:2] == (409, 6)


@pytest.mark.parametrize(
    ("spec", "where"),
    [
        ({"provider": "AI_PROVIDER_UNSPECIFIED"}, "spec.provider"),
        ({"provider": "AI_PROVIDER_BUILT_IN"}, "spec.provider"),
        ({"credentials": {"type": "apiKey", "apiKey": {}}}, "spec.credentials.apiKey"),
        ({"credentials": {"type": "headers", "headers": {"headers": {}}}}, "spec.credentials.headers"),
        (
            {"credentials": {"type": "headers", "headers": {"headers": {"A B": "x"}}}},
            "spec.credentials.headers",
        ),
        (
            {"credentials": {"type": "headers", "headers": {"headers": {"A": "x\ny"}}}},
            "spec.credentials.headers",
        ),
        ({"credentials": {"type": "awsAccessKey", "awsAccessKey": {}}}, "spec.credentials.type"),
        ({"credentials": {"type": "nothing"}}, "spec.credentials"),
        ({"config": {"type": "vertex", "vertex": {}}}, "spec.config.type"),
        ({"provider": "AI_PROVIDER_OPENAI_COMPATIBLE"}, "spec.config.openaiCompatible.baseUrl"),
    ],
)
def test_what_does_not_fit_the_provider_is_refused_by_its_path(api, spec, where):
    status, code, message = api.refused("post", KEYS, new_key(**spec))

    assert (status, code) == (400, 3)
    assert message.startswith(where), message
    assert VALUE not in message


@pytest.mark.parametrize(
    "url", ["ftp://a/v1", "models.example.com", "https://u:p@a/v1", "https://a/v1?key=1", "http://["]
)
def test_an_address_that_is_none_is_refused(api, url):
    config = {"type": "openaiCompatible", "openaiCompatible": {"baseUrl": url}}
    body = new_key(provider="AI_PROVIDER_OPENAI_COMPATIBLE", config=config)

    assert api.refused("post", KEYS, body)[:2] == (400, 3)


def test_a_union_that_is_not_set_may_be_written_as_an_empty_object(api):
    made = api.post(KEYS, new_key(credentials={}, config={}))

    assert made["info"]["credentialStatus"] == {"type": "", "fields": []}


def test_parts_of_a_credential_change_and_the_others_stay(api):
    credentials = {"type": "awsAccessKey", "awsAccessKey": {"accessKeyId": "id-1", "secretAccessKey": "s-1"}}
    made = api.post(KEYS, new_key(provider="AI_PROVIDER_BEDROCK", credentials=credentials))
    path = f"{KEYS}/external_id:ours"

    part = {"type": "awsAccessKey", "awsAccessKey": {"sessionToken": "t-1"}}
    changed = api.patch(path, {"credentialPatch": {"credentials": part}})
    assert kept(made) == {"accessKeyId": "id-1", "secretAccessKey": "s-1", "sessionToken": "t-1"}
    assert all(field["configured"] for field in changed["info"]["credentialStatus"]["fields"])

    changed = api.patch(path, {"credentialPatch": {"clearFields": ["sessionToken"]}})
    assert kept(made) == {"accessKeyId": "id-1", "secretAccessKey": "s-1"}
    assert changed["info"]["credentialStatus"]["fields"][2] == {
        "name": "sessionToken",
        "sensitive": True,
        "configured": False,
    }
    assert api.refused("patch", path, {"credentialPatch": {"clearFields": ["secretAccessKey"]}})[:2] == (
        400,
        3,
    )
    assert api.refused("patch", path, {"credentialPatch": {"clearFields": ["unknown"]}})[:2] == (400, 3)


def test_another_type_of_credential_replaces_everything(api):
    made = api.post(KEYS, new_key())
    headers = {"type": "headers", "headers": {"headers": {"X-Team": "a"}}}

    changed = api.patch(f"{KEYS}/external_id:ours", {"credentialPatch": {"credentials": headers}})

    assert kept(made) == {"X-Team": "a"}
    assert [field["name"] for field in changed["info"]["credentialStatus"]["fields"]] == ["X-Team"]


def test_a_whole_credential_is_replaced_and_removed_by_its_mask(api):
    made = api.post(KEYS, new_key())
    path = f"{KEYS}/external_id:ours"

    other = {"type": "apiKey", "apiKey": {"apiKey": "other"}}
    api.patch(path, {"spec": {"credentials": other}, "updateMask": "spec.credentials"})
    assert kept(made) == {"apiKey": "other"}
    both = {"spec": {"credentials": other}, "credentialPatch": {"credentials": other}}
    assert api.refused("patch", path, both)[:2] == (400, 3)
    cleared = api.patch(path, {"updateMask": "spec.credentials"})
    assert cleared["info"]["credentialStatus"]["type"] == ""
    assert kept(made) == {}


def test_a_keys_provider_never_changes(api):
    api.post(KEYS, new_key())

    same = {"metadata": {"name": "Renamed"}, "spec": {"provider": "AI_PROVIDER_OPENAI"}}
    assert api.patch(f"{KEYS}/external_id:ours", same)["metadata"]["name"] == "Renamed"
    other = {"spec": {"provider": "AI_PROVIDER_ANTHROPIC"}}
    assert api.refused("patch", f"{KEYS}/external_id:ours", other)[:2] == (400, 3)


def test_a_part_of_what_cannot_be_opened_is_not_changed(api):
    api.post(KEYS, new_key())
    ProviderKey.objects.update(sealed_with="lost")
    patch = {"credentialPatch": {"credentials": {"type": "apiKey", "apiKey": {}}}}

    assert api.refused("patch", f"{KEYS}/external_id:ours", patch)[:2] == (400, 9)


def test_a_key_goes_with_its_models_unless_variations_use_them(api):
    key = make_provider_key(space=api.actor.space, external_id="used", provider=Provider.OPENAI)
    model = make_model(provider_key=key)
    agent = make_agent(space=api.actor.space, created_by=api.actor.principal)
    variation = make_variation(agent=agent, model=model)

    assert api.refused("delete", f"{KEYS}/external_id:used")[:2] == (400, 9)
    variation.delete()
    assert api.delete(f"{KEYS}/external_id:used") == {}
    assert not LanguageModel.objects.filter(pk=model.pk).exists()


def test_a_list_costs_the_same_at_any_length(api, django_assert_max_num_queries):
    for _ in range(12):
        make_model(provider_key=make_provider_key(space=api.actor.space))

    api.get("/models")  # the deployment's own are made when they are first asked for
    for path in (KEYS, "/models"):
        with django_assert_max_num_queries(11):
            assert len(api.get(path, includeInfo="true", limit="100")["items"]) == 13
