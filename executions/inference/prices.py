"""What a request costs, in Decimal dollars, and which price list said so."""

from contextlib import suppress
from decimal import Decimal

import genai_prices
from genai_prices.types import ModelPrice, Usage

from executions.inference.choices import DEMO, ModelChoice, ModelPrices
from executions.inference.interface import TokenUsage

UNKNOWN = "unknown"
"""The price version of a request whose model has no known price."""

OWN = "settings"
"""The price version of prices given with the model."""


def price(
    usage: TokenUsage, choice: ModelChoice, *, model_name: str, provider_url: str | None
) -> tuple[Decimal | None, str]:
    """The cost in US dollars and the version of the price list; (None, `unknown`) without a price.

    `model_name` is the name that the provider answered with, often a dated one.
    """
    if choice.provider == DEMO:
        return Decimal(0), DEMO
    tokens = genai_prices.Usage(
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cache_read_tokens=usage.cache_read_tokens,
        cache_write_tokens=usage.cache_write_tokens,
        cache_write_1h_tokens=usage.cache_write_1h_tokens,
    )
    if choice.prices is not None:
        return _own_price(tokens, choice.prices), OWN
    url = provider_url or choice.base_url
    for name in dict.fromkeys((model_name, choice.name)):
        listed = _listed_price(tokens, name, choice.provider, url)
        if listed is not None:
            return listed, f"genai-prices {genai_prices.__version__}"
    return None, UNKNOWN


def is_priced(choice: ModelChoice) -> bool:
    """Whether a request to this model has a known price before it is made."""
    return price(TokenUsage(), choice, model_name=choice.name, provider_url=None)[0] is not None


def _listed_price(tokens: Usage, name: str, provider: str, url: str | None) -> Decimal | None:
    """The address says more than the name: several providers sell the same models."""
    if url is not None:
        with suppress(LookupError, ValueError):
            return genai_prices.calc_price(tokens, name, provider_api_url=url).total_price
    with suppress(LookupError, ValueError):
        return genai_prices.calc_price(tokens, name, provider_id=provider).total_price
    return None


def _own_price(tokens: Usage, prices: ModelPrices) -> Decimal:
    listed = ModelPrice(
        input_mtok=prices.input,
        output_mtok=prices.output,
        cache_read_mtok=prices.input if prices.cache_read is None else prices.cache_read,
        cache_write_mtok=prices.input if prices.cache_write is None else prices.cache_write,
    )
    return listed.calc_price(tokens)["total_price"]
