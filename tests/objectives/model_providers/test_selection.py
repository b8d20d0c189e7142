"""Finding a model by what people call it, and what the loop needs to reach it."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
from django.db import connection

from executions.inference.choices import ModelChoice
from executions.inference.errors import ModelRefused
from objectives.ids import Prefix, spell
from objectives.model_providers.selection import choice_of, default_model, ensure_built_in, find_model
from objectives.models import LanguageModel, ModelState, Provider, ProviderKey
from spaces.errors import Invalid
from tests.factories import make_space
from tests.objectives.factories import make_model, make_provider_key

pytestmark = pytest.mark.django_db


def test_every_space_has_the_deployments_models(settings):
    settings.MODELS = {"fast": {"provider": "openai", "name": "gpt-4.1", "api_key": "sk-x"}}
    space = make_space()
    ensure_built_in(space)
    ensure_built_in(space)

    key = ProviderKey.objects.get(space=space)
    assert (key.name, key.external_id, key.provider) == ("Callboard", "callboard", Provider.BUILT_IN)
    assert set(key.models.values_list("external_id", "state")) == {("demo", "enabled"), ("fast", "enabled")}


def test_a_model_that_the_deployment_drops_is_disabled_and_a_new_one_comes(settings):
    settings.MODELS = {"fast": {"provider": "openai", "name": "gpt-4.1"}}
    space = make_space()
    ensure_built_in(space)
    settings.MODELS = {"large": {"provider": "openai", "name": "gpt-5"}}
    ensure_built_in(space)

    models = LanguageModel.objects.filter(space=space).values_list("external_id", "state")
    assert set(models) == {("demo", "enabled"), ("fast", "disabled"), ("large", "enabled")}
    with pytest.raises(Invalid, match="disabled"):
        find_model(space.id, "fast")


def test_a_space_has_only_the_models_that_it_allows(settings):
    settings.MODELS = {"fast": {"provider": "openai", "name": "gpt-4.1"}}
    space = make_space(allowed_models=["fast"])

    assert find_model(space.id, "fast").provider_model_id == "gpt-4.1"
    with pytest.raises(Invalid, match="not found"):
        find_model(space.id, "demo")


@pytest.mark.django_db(transaction=True)
def test_two_requests_that_make_them_at_once_make_them_once():
    space = make_space()

    def make() -> None:
        ensure_built_in(space)
        connection.close()

    with ThreadPoolExecutor(6) as pool:
        for made in [pool.submit(make) for _ in range(6)]:
            made.result(timeout=60)

    assert LanguageModel.objects.filter(space=space).count() == 1


def test_a_model_is_found_in_each_of_its_forms():
    space = make_space()
    key = make_provider_key(space=space, external_id="own.keys")
    model = make_model(provider_key=key, external_id="small")

    for text in (spell(Prefix.MODEL, model.id), "external_id:small", "own.keys.small"):
        assert find_model(space.id, text) == model
    assert find_model(space.id, "demo") == find_model(space.id, "callboard.demo")


@pytest.mark.parametrize(
    "text", ["", "small", "external_id:", ".", "model_x", "\0", "external_id:\0", "x" * 500]
)
def test_what_means_no_model_is_invalid(text):
    space = make_space()
    make_model(provider_key=make_provider_key(space=space))

    with pytest.raises(Invalid, match="not found"):
        find_model(space.id, text)


def test_another_spaces_model_is_unknown():
    theirs = make_model(provider_key=make_provider_key(external_id="k"), external_id="secret-model")
    space = make_space()

    for text in (spell(Prefix.MODEL, theirs.id), "external_id:secret-model", "k.secret-model"):
        with pytest.raises(Invalid, match="not found"):
            find_model(space.id, text)


def test_a_name_that_two_keys_give_must_be_said_with_the_key():
    space = make_space()
    for name in ("a", "b"):
        make_model(provider_key=make_provider_key(space=space, external_id=name), external_id="same")

    with pytest.raises(Invalid, match="ambiguous"):
        find_model(space.id, "external_id:same")
    assert find_model(space.id, "b.same").provider_key.external_id == "b"


def test_a_disabled_model_is_found_only_where_that_is_asked_for():
    model = make_model(external_id="old", state=ModelState.DISABLED)

    with pytest.raises(Invalid, match="disabled"):
        find_model(model.space_id, "external_id:old")
    assert find_model(model.space_id, "external_id:old", disabled_too=True) == model


def test_the_default_is_the_spaces_else_the_deployments(settings):
    settings.MODELS = {"fast": {"provider": "openai", "name": "gpt-4.1"}}
    own, plain = make_space(default_model="fast"), make_space()

    assert [default_model(space.id).external_id for space in (own, plain)] == ["fast", "demo"]
    assert (choice_of(None, own), choice_of(None, plain)) == ("fast", "demo")
    assert choice_of(default_model(own.id), own) == "fast"
    LanguageModel.objects.update(state=ModelState.DISABLED)
    assert default_model(own.id) is None


def test_a_model_at_a_provider_is_reached_with_its_key_and_its_prices():
    key = make_provider_key(
        credential={"apiKey": "sk-own-42"},
        config={"type": "openaiCompatible", "openaiCompatible": {"baseUrl": "https://models.example/v1"}},
    )
    model = make_model(provider_key=key, input_price=250, output_price=1000, price_override={"output": 500})

    choice = choice_of(model, model.space)

    assert isinstance(choice, ModelChoice)
    assert (choice.provider, choice.name) == ("openai-compatible", model.provider_model_id)
    assert choice.base_url == "https://models.example/v1"
    assert choice.api_key.get_secret_value() == "sk-own-42"
    assert (choice.prices.input, choice.prices.output) == (Decimal("2.5"), Decimal(5))
    assert choice.prices.cache_read is None
    assert "sk-own-42" not in repr(choice)


def test_without_prices_the_price_list_decides():
    model = make_model(provider_key=make_provider_key(provider=Provider.OPENAI, credential={"apiKey": "k"}))

    assert choice_of(model, model.space).prices is None


def test_headers_are_a_credential_too():
    headers = {"Authorization": "Token t-1", "X-Team": "a"}
    key = make_provider_key(provider=Provider.OPENROUTER, credential={"headers": headers})

    choice = choice_of(make_model(provider_key=key), key.space)

    assert choice.base_url == "https://openrouter.ai/api/v1"
    assert {name: value.get_secret_value() for name, value in choice.headers.items()} == headers
    assert choice.api_key.get_secret_value() == "no-key-given"


@pytest.mark.parametrize(
    ("provider", "reason"),
    [
        (Provider.GEMINI, "no credential"),
        (Provider.OPENAI, "no credential"),
    ],
)
def test_what_cannot_be_reached_says_why(provider, reason):
    model = make_model(provider_key=make_provider_key(provider=provider))

    with pytest.raises(ModelRefused, match=reason):
        choice_of(model, model.space)


def test_a_credential_whose_key_is_gone_says_so_and_no_more():
    key = make_provider_key(credential={"apiKey": "sk-own-42"})
    key.sealed_with = "lost"

    with pytest.raises(ModelRefused, match="'lost'"):
        choice_of(make_model(provider_key=key), key.space)
