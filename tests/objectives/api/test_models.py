"""Language models: offered, priced, switched off, and put in each other's place."""

import pytest

from objectives.models import AgentVariation, LanguageModel, ModelState
from spaces.models import Role
from tests.factories import make_actor, make_space
from tests.objectives.factories import make_agent, make_model, make_provider_key, make_variation
from tests.objectives.workspace_client import WorkspaceClient

pytestmark = pytest.mark.django_db


@pytest.fixture
def api():
    return WorkspaceClient(make_actor(role=Role.ADMIN))


@pytest.fixture
def key(api):
    return make_provider_key(space=api.actor.space, external_id="own")


def new_model(**spec):
    return {
        "metadata": {"name": "Small", "externalId": "small"},
        "spec": {"providerModelId": "small-1", **spec},
    }


def used_by(model, *, count=1):
    """Variations of a new agent that use this model."""
    agent = make_agent(space=model.space, created_by=model.created_by)
    return [make_variation(agent=agent, name=f"V{number}", model=model) for number in range(count)]


def test_a_model_is_offered_with_what_it_can_do_and_costs(api, key):
    capabilities = [
        {"type": "temperature", "temperature": {}},
        {"type": "stopSequences", "stopSequences": {"limit": 4}},
        {"type": "reasoning", "reasoning": {"mode": "MODE_BUDGET"}},
    ]
    spec = {
        "provider": "whatever",
        "family": "small",
        "maxInputTokens": 128000,
        "inputPricePerMillionTokens": "250",
        "outputPricePerMillionTokens": 1000,
        "capabilities": capabilities,
    }
    made = api.post("/ai_provider_keys/external_id:own/models", new_model(**spec))

    assert made["state"] == "STATE_ENABLED"
    assert made["provenance"] == "PROVENANCE_MANUALLY_ENTERED"
    assert made["spec"]["provider"] == "openai_compatible"
    assert made["spec"]["capabilities"] == capabilities
    assert made["basePricing"] == {
        "inputPricePerMillionTokens": "250",
        "outputPricePerMillionTokens": "1000",
        "cachedInputPricePerMillionTokens": "0",
    }
    assert made["info"]["aiProviderKey"]["metadata"]["externalId"] == "own"
    assert api.get(f"/models/{made['metadata']['id']}") == made == api.get("/models/external_id:small")


@pytest.mark.parametrize(
    "spec",
    [
        {"providerModelId": ""},
        {"inputPricePerMillionTokens": "-1"},
        {"inputPricePerMillionTokens": "2.5"},
        {"inputPricePerMillionTokens": str(2**63)},
        {"maxInputTokens": 2**31},
        {"capabilities": [{"type": "flying"}]},
    ],
)
def test_what_is_no_model_is_refused(api, key, spec):
    assert api.refused("post", "/ai_provider_keys/external_id:own/models", new_model(**spec))[:2] == (400, 3)


def test_an_external_id_holds_no_dot_and_is_given_once_a_key(api, key):
    path = "/ai_provider_keys/external_id:own/models"
    dotted = {**new_model(), "metadata": {"name": "x", "externalId": "a.b"}}

    assert api.refused("post", path, dotted)[:2] == (400, 3)
    api.post(path, new_model())
    assert api.refused("post", path, new_model())[:2] == (409, 6)


def test_a_name_that_two_keys_give_is_no_address(api, key):
    for one in (key, make_provider_key(space=api.actor.space)):
        make_model(provider_key=one, external_id="same")

    assert api.refused("get", "/models/external_id:same")[:2] == (400, 3)
    assert api.refused("post", "/models/external_id:same:disable")[:2] == (400, 3)


def test_prices_are_overridden_and_given_back_one_by_one(api, key):
    make_model(provider_key=key, external_id="small", input_price=250, output_price=1000)
    override = {"inputPricePerMillionTokens": "0", "outputPricePerMillionTokens": "500"}

    changed = api.patch("/models/external_id:small", {"pricingOverride": override})
    assert changed["pricingOverride"] == override
    assert changed["spec"]["inputPricePerMillionTokens"] == "0"
    assert changed["basePricing"]["inputPricePerMillionTokens"] == "250"

    mask = "pricing_override.input_price_per_million_tokens"
    changed = api.patch("/models/external_id:small", {"updateMask": mask})
    assert changed["pricingOverride"] == {"outputPricePerMillionTokens": "500"}
    mask = "pricingOverride.outputPricePerMillionTokens"
    changed = api.patch("/models/external_id:small", {"updateMask": mask})
    assert "pricingOverride" not in changed
    assert changed["spec"]["outputPricePerMillionTokens"] == "1000"


@pytest.mark.parametrize("mask", ["spec", "metadata", "pricingOverride", "spec.flavour", "spec.family,spec"])
def test_a_mask_names_fields(api, key, mask):
    make_model(provider_key=key, external_id="small")

    assert api.refused("patch", "/models/external_id:small", {"updateMask": mask})[:2] == (400, 3)


def test_a_mask_clears_what_the_body_leaves_out(api, key):
    make_model(provider_key=key, external_id="small", family="f", max_input_tokens=5)

    changed = api.patch("/models/external_id:small", {"updateMask": "spec.family,spec.maxInputTokens"})
    assert (changed["spec"]["family"], changed["spec"]["maxInputTokens"]) == ("", 0)
    assert api.refused("patch", "/models/external_id:small", {"updateMask": "spec.providerModelId"})[:2] == (
        400,
        3,
    )


def test_a_model_that_variations_use_cannot_be_disabled(api, key):
    model = make_model(provider_key=key, external_id="small")
    (variation,) = used_by(model)

    status, code, message = api.refused("post", "/models/external_id:small:disable")
    assert (status, code) == (400, 9)
    assert "Variations" in message
    variation.delete()
    for _ in range(2):
        assert api.post("/models/external_id:small:disable")["state"] == "STATE_DISABLED"
    for _ in range(2):
        assert api.post("/models/external_id:small:enable")["state"] == "STATE_ENABLED"


def test_the_deployments_models_are_listed_and_cannot_be_changed(api):
    (demo,) = api.get("/models", query="dem", includeInfo="true")["items"]
    path = f"/models/{demo['metadata']['id']}"

    assert demo["provenance"] == "PROVENANCE_SYNCED_FROM_PROVIDER"
    assert api.refused("patch", path, {"spec": {"family": "f"}})[:2] == (400, 9)
    assert api.post(f"{path}:disable")["state"] == "STATE_DISABLED"
    assert api.post(f"{path}:enable")["state"] == "STATE_ENABLED"


def test_a_model_that_the_deployment_dropped_cannot_be_enabled(api, settings):
    settings.MODELS = {"fast": {"provider": "openai", "name": "gpt-4.1"}}
    api.get("/models")
    settings.MODELS = {}

    assert api.get("/models/external_id:fast")["state"] == "STATE_DISABLED"
    assert api.refused("post", "/models/external_id:fast:enable")[:2] == (400, 9)


def test_lists_are_filtered_by_state_key_and_use(api, key):
    used_by(make_model(provider_key=key, name="used"))
    make_model(provider_key=key, name="off", state=ModelState.DISABLED)

    def names(**query):
        return {item["metadata"]["name"] for item in api.get("/models", **query)["items"]}

    assert names() == {"demo", "used", "off"}
    assert names(state="STATE_DISABLED") == {"off"}
    assert names(aiProviderKeyId="external_id:own") == {"used", "off"}
    assert names(isAssigned="true") == {"used"}
    assert names(isAssigned="false", state="STATE_ENABLED") == {"demo"}
    assert api.refused("get", "/models", aiProviderKeyId="aipk_x")[:2] == (400, 3)
    assert api.refused("get", "/models", state="STATE_ODD")[:2] == (400, 3)


def test_variations_get_another_model_and_the_old_one_is_disabled(api, key):
    old, new = (
        make_model(provider_key=key, external_id="old"),
        make_model(provider_key=key, external_id="new"),
    )
    variations = used_by(old, count=3)
    swap = {"currentModelId": "own.old", "nextModelId": "external_id:new", "disableCurrentAfterSwap": True}

    for _ in range(2):
        assert api.post("/models:swapModelOnVariations", {"modelSwaps": [swap]}) == {}

    assert {row.model_id for row in AgentVariation.objects.filter(pk__in=[v.pk for v in variations])} == {
        new.id
    }
    old.refresh_from_db()
    assert old.state == ModelState.DISABLED


def test_models_that_change_places_do_not_end_in_one(api, key):
    one, other = (
        make_model(provider_key=key, external_id="one"),
        make_model(provider_key=key, external_id="other"),
    )
    (of_one,), (of_other,) = used_by(one), used_by(other)
    swaps = [
        {"currentModelId": "own.one", "nextModelId": "own.other"},
        {"currentModelId": "own.other", "nextModelId": "own.one"},
    ]

    api.post("/models:swapModelOnVariations", {"modelSwaps": swaps})

    of_one.refresh_from_db()
    of_other.refresh_from_db()
    assert (of_one.model, of_other.model) == (other, one)


def test_a_swap_that_cannot_be_done_changes_nothing(api, key):
    model = make_model(provider_key=key, external_id="old")
    (variation,) = used_by(model)
    theirs = make_model(
        provider_key=make_provider_key(space=make_space(), external_id="x"), external_id="theirs"
    )
    good = {"currentModelId": "own.old", "nextModelId": "demo"}

    for bad in ("x.theirs", "own.old", "unknown"):
        body = {"modelSwaps": [good, {"currentModelId": "own.old", "nextModelId": bad}]}
        status, code, message = api.refused("post", "/models:swapModelOnVariations", body)
        assert (status, code) == (400, 3)
        assert message.startswith("modelSwaps.1.nextModelId")
    variation.refresh_from_db()
    assert variation.model == model
    assert LanguageModel.objects.get(pk=theirs.pk).space_id != api.actor.space.id
