"""Language models: what they can do and what they cost."""

import uuid
from typing import Annotated, Literal, Self

from pydantic import Field

from objectives.ids import Prefix
from objectives.models import LanguageModel, ModelState, Provider
from objectives.schemas.metadata import NewResource, ResourceMetadata
from objectives.schemas.oneof import OneOf
from objectives.schemas.providers import ProviderKeySchema
from objectives.schemas.shape import Count64, Moment, Shape, Whole

Price = Annotated[Count64, Field(ge=0, lt=2**63)]
Tokens = Annotated[Whole, Field(ge=0, lt=2**31)]


class Nothing(Shape):
    """A capability that has no settings."""


class StopSequences(Shape):
    """Texts at which the model stops."""

    limit: Whole = Field(ge=0, lt=2**31)
    """How many may be given."""


class Reasoning(Shape):
    """Thinking before answering."""

    mode: Literal["MODE_UNSPECIFIED", "MODE_ADAPTIVE", "MODE_BUDGET"]
    """Who decides how long: the model, or a budget of tokens."""


class Capability(OneOf):
    """One thing that a model can be told: `type` names the one other key."""

    temperature: Nothing | None = None
    """How freely it chooses."""
    top_p: Nothing | None = None
    """Among how much probability it chooses."""
    top_k: Nothing | None = None
    """Among how many tokens it chooses."""
    stop_sequences: StopSequences | None = None
    """Where it stops."""
    max_output_tokens: Nothing | None = None
    """How long an answer may be."""
    reasoning: Reasoning | None = None
    """How it thinks."""
    caching: Nothing | None = None
    """Whether what it reads again costs less."""


class ModelChanges(Shape):
    """What is written of a model. Prices are US cents for a million tokens, 0 where nobody knows."""

    provider: str | None = None
    """Not read: the provider key says who runs it."""
    family: str | None = Field(default=None, max_length=100)
    """What it is related to."""
    max_input_tokens: Tokens | None = None
    """Most tokens that it reads."""
    max_output_tokens: Tokens | None = None
    """Most tokens that it writes."""
    input_price_per_million_tokens: Price | None = None
    """Price of what it reads, in US cents."""
    output_price_per_million_tokens: Price | None = None
    """Price of what it writes, in US cents."""
    cached_input_price_per_million_tokens: Price | None = None
    """Price of what it reads again, in US cents."""
    capabilities: list[Capability] | None = Field(default=None, max_length=20)
    """What it can be told."""
    provider_model_id: str | None = Field(default=None, max_length=255)
    """What the provider calls it; a new model needs it."""


class PricingOverride(Shape):
    """Prices that count instead, each by itself; US cents for a million tokens, 0 for free."""

    input_price_per_million_tokens: Price | None = None
    """Price of what it reads, in US cents."""
    output_price_per_million_tokens: Price | None = None
    """Price of what it writes, in US cents."""
    cached_input_price_per_million_tokens: Price | None = None
    """Price of what it reads again, in US cents."""


class NewModel(Shape):
    """A model to be offered."""

    metadata: NewResource
    """Its identity; the external id holds neither slash nor dot."""
    spec: ModelChanges
    """What it is."""


class ModelSwap(Shape):
    """One model in place of another."""

    current_model_id: str
    """The model that variations have: `model_…`, `external_id:…` or `<provider key>.<model>`."""
    next_model_id: str
    """The enabled model that they get."""
    disable_current_after_swap: bool = False
    """Whether the first one is disabled afterwards."""


class ModelSwaps(Shape):
    """Models that take the place of others on all variations."""

    model_swaps: list[ModelSwap] = Field(min_length=1, max_length=100)
    """Each exchanges one model; a variation changes once."""


class BasePricing(Shape):
    """Prices without the override: US cents for a million tokens, 0 where nobody knows."""

    input_price_per_million_tokens: Price
    """Price of what it reads, in US cents."""
    output_price_per_million_tokens: Price
    """Price of what it writes, in US cents."""
    cached_input_price_per_million_tokens: Price
    """Price of what it reads again, in US cents."""


class ModelSpec(BasePricing):
    """What a model is, at the prices that count."""

    provider: str
    """Who runs it."""
    family: str
    """What it is related to, "" where nobody said."""
    max_input_tokens: int
    """Most tokens that it reads, 0 where nobody knows."""
    max_output_tokens: int
    """Most tokens that it writes, 0 where nobody knows."""
    capabilities: list[Capability]
    """What it can be told."""
    provider_model_id: str
    """What the provider calls it."""


class ModelInfo(Shape):
    """What is known about a model."""

    agent_variation_count: int
    """Variations that use it."""
    ai_provider_key: ProviderKeySchema
    """Through which key it is reached."""
    last_used_at: Moment | None = None
    """When it was last asked; left out where it never was."""


class Model(Shape):
    """A language model of a workspace."""

    metadata: ResourceMetadata
    """Identity."""
    spec: ModelSpec
    """What it is."""
    state: str
    """`STATE_ENABLED` or `STATE_DISABLED`; variations can only choose enabled ones."""
    provenance: str
    """`PROVENANCE_MANUALLY_ENTERED`, or `PROVENANCE_SYNCED_FROM_PROVIDER` for the deployment's own."""
    base_pricing: BasePricing
    """Prices without the override."""
    pricing_override: PricingOverride | None = None
    """Prices that count instead."""
    info: ModelInfo | None = None
    """What is known about it; in lists only with `includeInfo`."""

    @classmethod
    def of(cls, row: LanguageModel, info: ModelInfo | None, *, tenant_id: uuid.UUID) -> Self:
        """The row has been read with its provider key."""
        is_ours = row.provider_key.provider == Provider.BUILT_IN
        override = row.price_override or {}
        return cls(
            metadata=ResourceMetadata.of(row, Prefix.MODEL, tenant_id=tenant_id),
            spec=ModelSpec(
                provider=row.provider_key.provider,
                family=row.family,
                max_input_tokens=row.max_input_tokens,
                max_output_tokens=row.max_output_tokens,
                capabilities=row.capabilities,
                provider_model_id=row.provider_model_id,
                **{**_base(row), **_by_field(override)},
            ),
            state="STATE_ENABLED" if row.state == ModelState.ENABLED else "STATE_DISABLED",
            provenance=f"PROVENANCE_{'SYNCED_FROM_PROVIDER' if is_ours else 'MANUALLY_ENTERED'}",
            base_pricing=BasePricing(**_base(row)),
            pricing_override=PricingOverride(**_by_field(override)) if override else None,
            info=info,
        )


PRICES = {
    "input": "input_price_per_million_tokens",
    "output": "output_price_per_million_tokens",
    "cached_input": "cached_input_price_per_million_tokens",
}
"""What the API calls each price, by our name for it."""


def _base(row: LanguageModel) -> dict[str, int]:
    return {field: getattr(row, f"{name}_price") for name, field in PRICES.items()}


def _by_field(prices: dict[str, int]) -> dict[str, int]:
    return {PRICES[name]: cents for name, cents in prices.items()}
