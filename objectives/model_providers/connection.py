"""From a model's row to what a request to its provider needs, the opened credential included."""

from decimal import Decimal
from typing import Any, Final

from pydantic import SecretStr

from executions.inference.choices import (
    BEDROCK,
    GEMINI,
    NO_KEY,
    VERTEX,
    AwsKey,
    ModelChoice,
    ModelPrices,
)
from executions.inference.errors import ModelRefused
from objectives.encryption import CannotOpen
from objectives.model_providers.clouds import (
    ANYWHERE,
    NotUsable,
    checked_places,
    service_account,
    vertex_address,
)
from objectives.model_providers.credentials import Parts, open_credential
from objectives.models import LanguageModel, Provider, ProviderKey
from objectives.validation.labels import media_taken

CENTS_IN_A_DOLLAR: Final = 100

# The model library's name of each provider.
_LIBRARY: Final[dict[str, str]] = {
    Provider.OPENAI: "openai",
    Provider.OPENROUTER: "openai-compatible",
    Provider.OPENAI_COMPATIBLE: "openai-compatible",
    Provider.ANTHROPIC: "anthropic",
    Provider.GEMINI: GEMINI,
    Provider.VERTEX: VERTEX,
    Provider.BEDROCK: BEDROCK,
}
# Always said, since the library would else take an address from the deployment's own environment.
_ADDRESSES: Final[dict[str, str]] = {
    Provider.OPENAI: "https://api.openai.com/v1",
    Provider.OPENROUTER: "https://openrouter.ai/api/v1",
    Provider.ANTHROPIC: "https://api.anthropic.com",
    Provider.GEMINI: "https://generativelanguage.googleapis.com",
}


def choice_at_provider(model: LanguageModel) -> ModelChoice:
    """How to ask this model; the credential inside is a secret. Raises ModelRefused with the reason.

    There is always a credential in it, or what stands for one: without any, the library would take what the
    deployment's own environment holds.
    """
    key = model.provider_key
    if key.provider not in _LIBRARY:
        raise ModelRefused(f"{key.get_provider_display()} cannot be reached from this deployment")
    try:
        reached = _reached(key, open_credential(key))
    except (CannotOpen, NotUsable) as error:
        raise ModelRefused(f"the provider key {key.name!r}: {error}") from None
    return ModelChoice(
        provider=_LIBRARY[key.provider],
        name=model.provider_model_id,
        prices=prices_of(model),
        media=media_taken(model.labels),
        is_guarded=key.provider == Provider.OPENAI_COMPATIBLE,  # whose address comes from outside
        key_id=key.id,
        **reached,
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


def _reached(key: ProviderKey, parts: Parts) -> dict[str, Any]:
    """The fields of a choice that say where it goes, and as whom; raises ModelRefused and NotUsable."""
    if key.provider == Provider.VERTEX:
        return _at_vertex(key, parts)
    if key.provider == Provider.BEDROCK:
        return _at_bedrock(key, parts)
    api_key, headers = _credential(key, parts)
    return {
        "base_url": _ADDRESSES.get(key.provider) or _config(key, "openaiCompatible").get("baseUrl"),
        "api_key": api_key,
        "headers": {**_public_headers(key), **headers},
    }


def _at_vertex(key: ProviderKey, parts: Parts) -> dict[str, Any]:
    """By a service account in its project, or by an API key, which knows its project and no location."""
    places = checked_places(key.config or {})
    location = places.get("location", ANYWHERE)
    if key.credential_kind == "apiKey" and location == ANYWHERE:
        return {"base_url": vertex_address(ANYWHERE), "api_key": parts["apiKey"]}
    if key.credential_kind != "googleServiceAccount":
        raise _no_credential(key)
    account = service_account(parts["json"])
    project = places.get("projectId") or account.project_id
    if not project:
        raise ModelRefused(f"the provider key {key.name!r} names no projectId")
    return {
        "base_url": vertex_address(location),
        "service_account": account.document(),
        "project": project,
        "region": location,
    }


def _at_bedrock(key: ProviderKey, parts: Parts) -> dict[str, Any]:
    region = checked_places(key.config or {}).get("region")
    if region is None:
        raise ModelRefused(f"the provider key {key.name!r} names no region")
    if key.credential_kind == "apiKey":
        return {"region": region, "api_key": parts["apiKey"]}
    if key.credential_kind != "awsAccessKey":
        raise _no_credential(key)
    aws_key = AwsKey(
        access_key_id=SecretStr(parts["accessKeyId"]),
        secret_access_key=SecretStr(parts["secretAccessKey"]),
        session_token=SecretStr(parts["sessionToken"]) if "sessionToken" in parts else None,
    )
    return {"region": region, "aws_key": aws_key}


def _public_headers(key: ProviderKey) -> dict[str, SecretStr]:
    config = _config(key, "openai")
    named = {"OpenAI-Organization": config.get("organizationId"), "OpenAI-Project": config.get("projectId")}
    return {name: SecretStr(value) for name, value in named.items() if value}


def _config(key: ProviderKey, kind: str) -> dict[str, Any]:
    config: dict[str, Any] = key.config or {}
    return config.get(kind) or {}


def _credential(key: ProviderKey, parts: Parts) -> tuple[SecretStr, dict[str, SecretStr]]:
    """The API key and the headers of a provider key; raises ModelRefused where it has neither."""
    if key.credential_kind == "apiKey":
        return SecretStr(parts["apiKey"]), {}
    if key.credential_kind != "headers" and key.provider != Provider.OPENAI_COMPATIBLE:
        raise _no_credential(key)
    headers = {name: SecretStr(value) for name, value in parts.items()}
    # Never nothing: the library would then take whatever key the deployment's own environment holds.
    return SecretStr(NO_KEY), headers


def _no_credential(key: ProviderKey) -> ModelRefused:
    return ModelRefused(f"the provider key {key.name!r} has no credential that can be used here")
