"""The library's models of the chat completions API, reading streams as servers really send them."""

from collections.abc import AsyncIterable
from dataclasses import dataclass, field
from typing import Any, override

from openai import AsyncStream
from openai.types.chat import ChatCompletionChunk
from pydantic_ai.messages import FinishReason, TextPart, ThinkingPart, ToolCallPart
from pydantic_ai.models.openai import OpenAIChatModel, OpenAIStreamedResponse
from pydantic_ai.models.openrouter import OpenRouterModel, OpenRouterStreamedResponse
from pydantic_ai.usage import RequestUsage

from executions.inference.chat_chunks import ChatChunks
from executions.inference.chat_events import ChatEvents
from executions.inference.chat_usage import Count, used
from executions.inference.token_usage import tokens_in


@dataclass
class _ChatStream(OpenAIStreamedResponse):
    """Puts chunks right before the library reads them, and counts usage once."""

    counts: list[Count] = field(default_factory=list, init=False)
    is_last_word: bool = field(default=False, init=False)

    @override
    async def _validate_response(self) -> AsyncIterable[ChatCompletionChunk]:
        parameters = self.model_request_parameters
        tools = [*parameters.function_tools, *parameters.output_tools]
        self._response: Any = ChatChunks(self._response, [tool.name for tool in tools])
        async for chunk in super()._validate_response():
            self.is_last_word = not chunk.choices
            yield chunk

    @override
    def _map_finish_reason(self, key: Any) -> FinishReason | None:
        return "error" if key == "error" else super()._map_finish_reason(key)

    @override
    def _add_usage(self, usage: RequestUsage, *, reported: bool, cumulative: bool = False) -> None:
        if reported:
            super()._add_usage(usage, reported=True, cumulative=True)
            self.counts.append(Count(self._usage, self.is_last_word))

    @property
    @override
    def usage(self) -> RequestUsage:
        written = self._written()
        self._usage = used(self.counts, written)
        if self.counts and (not self._usage.input_tokens or (written and not self._usage.output_tokens)):
            self._usage.unmeasured_requests = 1  # no prompt is empty: it did not count
        return super().usage

    def _written(self) -> int:
        """About how many tokens came back so far."""
        parts = self._parts_manager.get_parts()
        texts = [part.content for part in parts if isinstance(part, TextPart | ThinkingPart)]
        arguments = [part.args or "" for part in parts if isinstance(part, ToolCallPart)]
        return tokens_in(sum(map(len, [*texts, *map(str, arguments)])))


@dataclass
class _RouterStream(_ChatStream, OpenRouterStreamedResponse):
    """The same for OpenRouter's own chunks."""


class _SoundEvents:
    """Reads the body of an answer by our own decoder."""

    async def _process_streamed_response(
        self, response: AsyncStream[ChatCompletionChunk], *others: Any, **named: Any
    ) -> OpenAIStreamedResponse:
        # The library has no other place for it.
        response._decoder = ChatEvents()  # noqa: SLF001
        model: Any = super()
        streamed: OpenAIStreamedResponse = await model._process_streamed_response(response, *others, **named)  # noqa: SLF001
        return streamed


class ChatModel(_SoundEvents, OpenAIChatModel):
    """A model behind any server that calls itself compatible with OpenAI's chat completions."""

    @property
    @override
    def _streamed_response_cls(self) -> type[OpenAIStreamedResponse]:
        return _ChatStream


class RouterModel(_SoundEvents, OpenRouterModel):
    """A model behind OpenRouter."""

    @property
    @override
    def _streamed_response_cls(self) -> type[OpenAIStreamedResponse]:
        return _RouterStream
