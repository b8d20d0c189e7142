"""One model request and its one reply, as the rest of Callboard sees them."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Protocol

from executions.inference.choices import ModelChoice
from spaces.ids import new_id

Json = Any
"""A value that JSON can write."""

Message = dict[str, Any]
"""One message in the model library's own JSON; made by `transcript`, kept as it is."""


class StopCheck(Protocol):
    """Says that the work must not go on."""

    def is_set(self) -> bool:
        """True from the moment somebody decided so."""


@dataclass(frozen=True)
class ToolDefinition:
    """A tool as it is offered to a model.

    `name` may hold dots; `parameters` is a JSON Schema of an object.
    """

    name: str
    description: str
    parameters: Mapping[str, Json]


@dataclass(frozen=True)
class DemoSettings:
    """What the `demo` model follows; other models never see it.

    `script` has the format of `demo_script`, None means the fixed plan. `values` are what its
    templates may name. `turn` is the number of responses given before; None counts those in the
    messages, which is right until the history is compacted.
    """

    script: Json = None
    values: Mapping[str, Json] = field(default_factory=dict)
    turn: int | None = None


@dataclass(frozen=True, kw_only=True)
class ModelRequest:
    """Everything one model request depends on.

    `model` is an alias of the settings or a choice of its own. With an `answer_schema` the model
    is offered one more tool, whose call ends the work and arrives as `ModelReply.answer`.
    `settings` are the model library's (`temperature`, `max_tokens` …). `timeout_seconds` bounds
    the whole request. `refused_media` are the digests of media in the messages that the provider does
    not take. `space_id` is whose request it is: others wait no longer for the provider however many that one
    has. `trace` is added to the request's span and must hold no secrets.
    """

    model: str | ModelChoice
    instructions: str
    messages: Sequence[Message]
    tools: Sequence[ToolDefinition] = ()
    answer_schema: Mapping[str, Json] | None = None
    settings: Mapping[str, Json] = field(default_factory=dict)
    timeout_seconds: float | None = None
    idempotency_key: str | None = None
    refused_media: frozenset[str] = frozenset()
    demo: DemoSettings = DemoSettings()
    space_id: uuid.UUID | None = None
    trace: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ToolRequest:
    """A call that the model asks for.

    `call_id` is the provider's. `wire_name` is the name as the provider knows it. `arguments` is
    None when the model wrote something that is not a JSON object; `raw_arguments` has it then.
    """

    call_id: str
    name: str
    wire_name: str
    arguments: dict[str, Json] | None
    raw_arguments: str = ""


@dataclass(frozen=True)
class TokenUsage:
    """Tokens of one request.

    `input_tokens` include those read from and written to the provider's cache, `output_tokens`
    include reasoning, `cache_write_tokens` those written for an hour. `estimated` means that the
    provider did not say and we counted characters.
    """

    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    cache_write_1h_tokens: int = 0
    reasoning_tokens: int = 0
    estimated: bool = False


@dataclass(frozen=True)
class Spending:
    """What a request used, complete or cut off.

    `cost_usd` is None when no price is known; `price_version` then says `unknown`. By its `id` whoever is
    told of it twice knows that it is the same.
    """

    model: str
    usage: TokenUsage
    cost_usd: Decimal | None
    price_version: str
    id: uuid.UUID = field(default_factory=new_id, compare=False)


@dataclass(frozen=True, kw_only=True)
class ModelReply:
    """A complete response.

    `raw` is the response in the library's own JSON (thinking signatures and provider ids
    included): append it to the messages of the next request. `finish_reason` is `stop`,
    `length`, `content_filter`, `tool_call` or `error`. `media` are the references, as stored, to
    the media that were sent; the provider would not have them where `media_refused`, and answered to a
    request without any.
    """

    text: str
    thinking: str | None
    tool_calls: tuple[ToolRequest, ...]
    answer: ToolRequest | None
    spending: Spending
    model_name: str
    provider: str
    finish_reason: str
    raw: Message
    library_version: str
    media: tuple[Json, ...] = ()
    media_refused: bool = False
