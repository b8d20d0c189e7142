"""How many tokens a request used, as the provider says or else as we estimate."""

from collections.abc import Sequence
from dataclasses import replace

from pydantic_ai.messages import ModelResponse

from executions.inference import transcript
from executions.inference.choices import DEMO, ModelChoice
from executions.inference.interface import Message, ModelRequest, Spending, TokenUsage
from executions.inference.media import media_in
from executions.inference.prices import price

CHARACTERS_PER_TOKEN = 4


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


def weight(messages: Sequence[Message]) -> int:
    """Characters of what messages hold; a medium weighs as much as a text of as many tokens."""
    texts = sum(
        len(str(part.get("content", part.get("args", ""))))
        for message in messages
        for part in message["parts"]
    )
    return texts + CHARACTERS_PER_TOKEN * sum(media.tokens for media in media_in(messages))


def tokens_in(characters: int) -> int:
    """Tokens of a text of so many characters."""
    return -(-characters // CHARACTERS_PER_TOKEN)


def tokens_asked(request: ModelRequest) -> int:
    """Tokens that a request makes its model read: instructions, messages and tools."""
    tools = sum(len(tool.description) + len(str(tool.parameters)) for tool in request.tools)
    return tokens_in(len(request.instructions) + tools + weight(request.messages))
