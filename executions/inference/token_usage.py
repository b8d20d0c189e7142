"""How many tokens a request used, as the provider says or else as we estimate."""

from dataclasses import replace

from pydantic_ai.messages import ModelResponse

from executions.inference import transcript
from executions.inference.choices import DEMO, ModelChoice
from executions.inference.interface import ModelRequest, Spending, TokenUsage
from executions.inference.prices import price
from executions.inference.token_estimate import tokens_asked, tokens_in, weight


def spending_of(
    response: ModelResponse,
    *,
    request: ModelRequest,
    choice: ModelChoice,
    complete: bool,
) -> Spending:
    """What a response cost; `complete` is False for one that was cut off.

    A cut-off response costs money although its provider never says how much: the greater of what
    was reported so far and our estimate is charged, and marked as an estimate.
    """
    usage = _reported(response)
    if choice.provider == DEMO:
        usage = _counted(response, request)
    elif not complete or response.usage.unmeasured_requests:
        usage = _greater(usage, _counted(response, request))
    name = response.model_name or choice.name
    cost, version = price(usage, choice, model_name=name, provider_url=response.provider_url)
    return Spending(model=name, usage=usage, cost_usd=cost, price_version=version)


def _reported(response: ModelResponse) -> TokenUsage:
    usage = response.usage
    # Parts of what was read: price lists refuse those that are greater than the whole.
    cache_read = min(usage.cache_read_tokens, usage.input_tokens)
    cache_write = min(usage.cache_write_tokens, usage.input_tokens - cache_read)
    return TokenUsage(
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cache_read_tokens=cache_read,
        cache_write_tokens=cache_write,
        cache_write_1h_tokens=min(usage.cache_write_1h_tokens, cache_write),
        reasoning_tokens=usage.output_reasoning_tokens,
    )


def _counted(response: ModelResponse, request: ModelRequest) -> TokenUsage:
    """A count of characters: what was sent with the tools, and what came back."""
    return TokenUsage(
        input_tokens=tokens_asked(request),
        output_tokens=tokens_in(weight([transcript.dump(response)])),
    )


def _greater(reported: TokenUsage, counted: TokenUsage) -> TokenUsage:
    return replace(
        reported,
        input_tokens=max(reported.input_tokens, counted.input_tokens),
        output_tokens=max(reported.output_tokens, counted.output_tokens),
        estimated=True,
    )
