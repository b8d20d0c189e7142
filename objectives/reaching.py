"""From a model's row to what a request to its provider needs, the opened credential included."""

from decimal import Decimal
from importlib.util import find_spec
from typing import Any, Final

from pydantic import SecretStr

from executions.inference.choices import ModelChoice, ModelPrices
from executions.inference.errors import ModelRefused
from objectives.credentials import open_credential
from objectives.models import LanguageModel, Provider, ProviderKey
from objectives.vault import CannotOpen

CENTS_IN_A_DOLLAR: Final = 100
OPENROUTER_URL: Final = "https://openrouter.ai/api/v1"
NO_KEY: Final = "no-key-given"

# The model library's name of a provider, and the module that it needs beside itself ("" for none).
_LIBRARY: dict[str, tuple[str, str]] = {
    Provider.OPENAI: ("openai", "openai"),
    Provider.OPENROUTER: ("openai-compatible", "openai"),
    Provider.OPENAI_COMPATIBLE: ("openai-compatible", "openai"),
    Provider.ANTHROPIC: ("anthropic", "anthropic"),
    Provider.GEMINI: ("google", "google.genai"),
}


def choice_at_provider(model: LanguageModel) -> ModelChoice:
    """How to ask this model; the credential inside is a secret. Raises ModelRefused with the reason."""
    key = model.provider_key
    if key.provider not in _LIBRARY:
        raise ModelRefused(f"{key.get_provider_display()} cannot be reached from this deployment")
    library, module = _LIBRARY[key.provider]
    if not _is_installed(module):
        raise ModelRefused(f"the package for {key.get_provider_display()} is not installed")
    api_key, headers = _credential(key)
    return ModelChoice(
        provider=library,
        name=model.provider_model_id,
        base_url=_base_url(key),
        api_key=api_key,
        headers={**_public_headers(key), **headers},
        prices=prices_of(model),
        is_guarded=key.provider == Provider.OPENAI_COMPATIBLE,  # whose address comes from outside
    )


def prices_of(model: LanguageModel) -> ModelPrices | None:
    """US dollars for a million tokens; None where neither row nor override says anything."""
    override: dict[str, int] = model.price_override or {}
    base = {
        "input": model.input_price,
        "output": model.output_price,
        "cached_input": model.cached_input_price,
    }
    if not override and not any(base.values()):
        return None
    cents = {**base, **override}
    # A base price of zero is one that nobody knows; zero in the override means that it costs nothing.
    knows_cached = "cached_input" in override or base["cached_input"] > 0
    return ModelPrices(
        input=_dollars(cents["input"]),
        output=_dollars(cents["output"]),
        cache_read=_dollars(cents["cached_input"]) if knows_cached else None,
    )


def cents(dollars: Decimal) -> int:
    """Whole US cents."""
    return int(dollars * CENTS_IN_A_DOLLAR)


def _dollars(cents: int) -> Decimal:
    return Decimal(cents) / CENTS_IN_A_DOLLAR


def _is_installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False  # the package around it is missing already


def _base_url(key: ProviderKey) -> str | None:
    if key.provider == Provider.OPENROUTER:
        return OPENROUTER_URL
    return _config(key, "openaiCompatible").get("baseUrl")


def _public_headers(key: ProviderKey) -> dict[str, SecretStr]:
    config = _config(key, "openai")
    named = {"OpenAI-Organization": config.get("organizationId"), "OpenAI-Project": config.get("projectId")}
    return {name: SecretStr(value) for name, value in named.items() if value}


def _config(key: ProviderKey, kind: str) -> dict[str, Any]:
    config: dict[str, Any] = key.config or {}
    return config.get(kind) or {}


def _credential(key: ProviderKey) -> tuple[SecretStr, dict[str, SecretStr]]:
    """The API key and the headers of a provider key; raises ModelRefused where it has neither."""
    try:
        parts = open_credential(key)
    except CannotOpen as error:
        raise ModelRefused(f"the provider key {key.name!r}: {error}") from None
    if key.credential_kind == "apiKey":
        return SecretStr(parts["apiKey"]), {}
    if key.credential_kind != "headers" and key.provider != Provider.OPENAI_COMPATIBLE:
        raise ModelRefused(f"the provider key {key.name!r} has no credential that can be used here")
    headers = {name: SecretStr(value) for name, value in parts.items()}
    # Never nothing: the library would then take whatever key the deployment's own environment holds.
    return SecretStr(NO_KEY), headers
