"""Which models exist, what they cost and what their tools are called at the provider."""

from decimal import Decimal
from typing import Any

import pytest
from pytest_django import Settings

from executions.inference.choices import (
    ModelChoice,
    ModelChoiceInvalid,
    ModelUnknown,
    find_choice,
    model_aliases,
    read_choices,
)
from executions.inference.errors import ModelRefused
from executions.inference.interface import TokenUsage
from executions.inference.prices import is_priced, price
from executions.inference.tool_names import wire_names
from tests.executions.inference.asking import KEY, ask, make_request

FAST = {"provider": "openai", "name": "gpt-4o-mini", "api_key": KEY}


def test_only_demo_exists_without_settings(settings: Settings) -> None:
    settings.MODELS, settings.DEFAULT_MODEL = {}, "demo"

    assert model_aliases() == ["demo"]
    assert find_choice(None).provider == "demo"


def test_an_alias_is_found_and_its_key_never_shown(settings: Settings) -> None:
    settings.MODELS, settings.DEFAULT_MODEL = {"fast": FAST}, "fast"

    assert model_aliases() == ["demo", "fast"]
    assert find_choice(None) == find_choice("fast")
    assert KEY not in repr(find_choice("fast"))
    with pytest.raises(ModelUnknown):
        find_choice("slow")


@pytest.mark.parametrize(
    ("models", "place"),
    [
        ({"demo": FAST}, "demo"),
        ({"fast": {**FAST, "provider": "demo"}}, "fast: provider"),
        ({"fast": {**FAST, "api-key": KEY}}, "fast: api-key"),
        ({"fast": {"provider": "openai", "api_key": KEY}}, "fast: name"),
        ({"fast": {**FAST, "prices": {"input": -1, "output": 1}}}, "fast: prices.input"),
        ({"fast": KEY}, "fast: value"),
    ],
)
def test_a_wrong_setting_is_refused_by_place_and_without_the_key(models: dict[str, Any], place: str) -> None:
    with pytest.raises(ModelChoiceInvalid) as raised:
        read_choices(models)

    assert place in str(raised.value)
    assert KEY not in str(raised.value)


@pytest.mark.parametrize(
    "choice",
    [
        {"provider": "no-such-provider", "name": "x"},
        {"provider": "openai-compatible", "name": "x"},
        {"provider": "groq", "name": "x", "api_key": KEY},
    ],
)
def test_a_provider_that_cannot_be_set_up_is_refused(choice: dict[str, Any]) -> None:
    with pytest.raises(ModelRefused) as raised:
        ask(make_request(model=ModelChoice.model_validate(choice)))

    assert KEY not in str(raised.value)


def test_an_unknown_alias_is_refused(settings: Settings) -> None:
    settings.MODELS = {}

    with pytest.raises(ModelRefused, match="slow"):
        ask(make_request(model="slow"))


def test_listed_prices_are_exact_and_say_their_version() -> None:
    usage = TokenUsage(input_tokens=1_000_000, output_tokens=1_000_000)
    choice = ModelChoice.model_validate(FAST)

    cost, version = price(usage, choice, model_name="gpt-4o-mini-2024-07-18", provider_url=None)

    assert cost == Decimal("0.75")
    assert version.startswith("genai-prices 0.")
    assert is_priced(choice)


def test_an_unknown_price_is_none_and_says_so() -> None:
    choice = ModelChoice(provider="openai-compatible", name="home-made", base_url="http://127.0.0.1:1/v1")

    assert price(TokenUsage(5, 5), choice, model_name="home-made", provider_url=None) == (None, "unknown")
    assert not is_priced(choice)


def test_own_prices_count_cached_tokens_apart() -> None:
    prices = {"input": "1", "output": "2", "cache_read": "0.1", "cache_write": "3"}
    choice = ModelChoice.model_validate({**FAST, "prices": prices})
    usage = TokenUsage(input_tokens=100, output_tokens=10, cache_read_tokens=60, cache_write_tokens=10)

    cost, version = price(usage, choice, model_name="x", provider_url=None)

    # 30 fresh at 1, 60 read at 0.1, 10 written at 3, 10 out at 2.
    assert cost == Decimal("0.000086")
    assert version == "settings"


def test_tool_names_on_the_wire_are_allowed_short_and_one_to_one() -> None:
    long = "x." * 60
    names = ["workspace.fs.read", "workspace_fs_read", "final_answer", "größe", long, long + "y"]

    wired = wire_names(names)

    assert wire_names(["workspace.fs.read"]) == {"workspace.fs.read": "workspace_fs_read"}
    assert wired["workspace_fs_read"] == "workspace_fs_read"
    assert len(set(wired.values())) == len(names)
    assert "final_answer" not in wired.values()
    assert all(len(wire) <= 64 and wire.replace("-", "_").isascii() for wire in wired.values())
    assert wire_names(reversed(names)) == wired
