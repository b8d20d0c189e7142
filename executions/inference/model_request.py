"""Ask a model once: one request, one reply, text streamed meanwhile.

Decision: the loop over requests is the caller's. Only so can each step be kept, paid for, resumed
and stopped by Callboard's own rules, whichever provider answers.
"""

import asyncio
import logging
import traceback
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace

from pydantic_ai.direct import model_request_stream
from pydantic_ai.messages import (
    ModelMessage,
    ModelResponse,
    PartDeltaEvent,
    PartStartEvent,
    TextPart,
    TextPartDelta,
)
from pydantic_ai.models import Model, StreamedResponse

from executions.inference import transcript
from executions.inference.attachments import Attachments, fitted
from executions.inference.characters import Halves
from executions.inference.choices import DEMO, ModelChoice, ModelChoiceInvalid, ModelUnknown, find_choice
from executions.inference.credentials import redaction_for, without_credentials
from executions.inference.errors import (
    ModelError,
    ModelRefused,
    ModelSilent,
    ModelStopped,
    ModelUnavailable,
)
from executions.inference.failures import LIBRARY_ERRORS, model_error
from executions.inference.interface import Json, ModelReply, ModelRequest, Spending, StopCheck
from executions.inference.media import fitting
from executions.inference.parameters import parameters_of, settings_of
from executions.inference.providers import opened_model
from executions.inference.response_repair import is_cut_off, is_empty, reply_of, sound
from executions.inference.telemetry import record_reply, request_span
from executions.inference.token_usage import spending_of
from executions.inference.tool_names import wire_names
from executions.inference.turns import turn_to_ask
from executions.redaction import PiecewiseRedaction, Redaction

STOP_POLL_SECONDS = 0.05
CLOSING_SECONDS = 1.0  # that a connection may take to close, once nobody waits for its answer
logger = logging.getLogger(__name__)

type Hear = Callable[[str], Awaitable[object]]


async def unheard(_: str) -> None:
    """For `ask_model` where nobody listens to the text."""


async def ask_model(request: ModelRequest, *, on_text: Hear, stopped: asyncio.Event) -> ModelReply:
    """Make the request in the running event loop and wait for the whole reply.

    `on_text` gets each piece of text as it arrives; no more is read from the provider until it returns.
    Neither pieces nor reply repeat a credential of the provider. Raises ModelRefused, ModelUnavailable (also
    for an answer that was cut off), ModelHeldBack without having asked, ModelSilent for an empty answer or,
    once `stopped` is set, ModelStopped; each says what was spent. What `on_text` raises ends the request and
    is passed on.
    """
    choice = _choice(request)
    with request_span(request, choice) as span:
        async with turn_to_ask(choice, request, stopped):
            # A long conversation takes its time, and media are read from the storage.
            exchange = await asyncio.to_thread(_exchange, request, choice, on_text)
            reply = await _reply(exchange, stopped)
        record_reply(span, reply)
        return reply


def respond(request: ModelRequest, *, on_text: Callable[[str], None], stop: StopCheck) -> ModelReply:
    """The same for a thread without an event loop.

    `on_text` is called in this thread and outside of any event loop, so that it may write to the database.
    `stop` is heard within a second.
    """
    choice = _choice(request)
    texts: deque[str] = deque()
    news, stopped = asyncio.Event(), asyncio.Event()

    async def hear(text: str) -> None:
        texts.append(text)
        news.set()

    # Leaving the runner cancels what is still going on and closes its connection.
    with request_span(request, choice) as span, asyncio.Runner() as runner:
        exchange = _exchange(request, choice, hear)
        asking = runner.get_loop().create_task(_reply(exchange, stopped))
        while not asking.done():
            if stop.is_set():
                stopped.set()
            runner.run(_wait_for_news(asking, news))
            while texts:
                on_text(texts.popleft())
        reply = asking.result()
        record_reply(span, reply)
        return reply


async def _wait_for_news(asking: asyncio.Task[ModelReply], news: asyncio.Event) -> None:
    """Until there is text, or an end, or it is time to look at the stop signal."""
    told = asyncio.ensure_future(news.wait())
    await asyncio.wait({asking, told}, timeout=STOP_POLL_SECONDS, return_when=asyncio.FIRST_COMPLETED)
    told.cancel()
    news.clear()


async def _reply(exchange: "_Exchange", stopped: asyncio.Event) -> ModelReply:
    """The reply; where media may be why a request is refused, the one to the same request without them.

    One picture that a provider cannot read would else end the work: it is sent anew with every request.
    """
    try:
        return replace(await exchange.conduct(stopped), media=exchange.media)
    except ModelRefused as refused:
        if not (exchange.media and refused.may_be_content and refused.spending is None):
            raise
    reply = await (await asyncio.to_thread(exchange.without_media)).conduct(stopped)
    return replace(reply, media=exchange.media, media_refused=True)


def _exchange(request: ModelRequest, choice: ModelChoice, on_text: Hear) -> "_Exchange":
    return _Exchange(fitted(request, choice), choice, on_text)


class _Unheard(Exception):
    """Whoever listens to the text has failed: its cause."""


def _choice(request: ModelRequest) -> ModelChoice:
    if isinstance(request.model, ModelChoice):
        return request.model
    try:
        return find_choice(request.model)
    except (ModelUnknown, ModelChoiceInvalid) as unknown:
        raise ModelRefused(str(unknown)) from None


@dataclass
class _Exchange:
    """One request on its way; `stream` is there from the moment the provider began to answer.

    `media` are the references to the files that go with it.
    """

    request: ModelRequest
    choice: ModelChoice
    on_text: Hear
    sent: Sequence[ModelMessage] = field(init=False)
    media: tuple[Json, ...] = field(init=False)
    stream: StreamedResponse | None = None
    redaction: Redaction = field(init=False)
    halves: Halves = field(default_factory=Halves)
    passing: PiecewiseRedaction = field(init=False)

    def __post_init__(self) -> None:
        attachments = Attachments()
        loaded = transcript.load(self.request.messages, instructions=self.request.instructions)
        self.sent = attachments.fill(loaded)
        self.media = tuple(one.stored() for one in attachments.sent)
        self.redaction = redaction_for(self.choice)
        self.passing = self.redaction.in_pieces()

    async def conduct(self, stopped: asyncio.Event) -> ModelReply:
        """The reply, unless it is `stopped` first: then its connection is closed."""
        asking = asyncio.ensure_future(self._ask())
        told = asyncio.ensure_future(stopped.wait())
        try:
            if not stopped.is_set():
                await asyncio.wait({asking, told}, return_when=asyncio.FIRST_COMPLETED)
            if asking.done():
                return asking.result()
            raise ModelStopped("the request was stopped", spending=self._partial_spending())
        finally:
            told.cancel()
            if not asking.done():
                asking.cancel()
                await asyncio.wait({asking}, timeout=CLOSING_SECONDS)

    def without_media(self) -> "_Exchange":
        """Another one that sends lines of text in their place."""
        key = self.request.idempotency_key
        return _Exchange(
            replace(
                self.request,
                messages=fitting(self.request.messages, ()),
                idempotency_key=key and f"{key}-text",
            ),
            self.choice,
            self.on_text,
        )

    async def _ask(self) -> ModelReply:
        try:
            async with opened_model(self.choice, self.request) as model:
                response = await self._read(model)
        except ModelError:
            raise
        except _Unheard as unheard:
            raise (unheard.__cause__ or unheard) from None
        except LIBRARY_ERRORS as error:
            # The library's chain of causes holds request headers, the key among them.
            raise model_error(error, self.choice, self._partial_spending()) from None
        except Exception as error:  # noqa: BLE001
            # Whatever else the library fails at is an answer of a shape that nobody has foreseen. Only where
            # is said: the error itself may quote what was sent.
            where = "".join(traceback.format_tb(error.__traceback__, limit=-2))
            logger.warning(
                "%s sent what cannot be read: %s\n%s", self.choice.name, type(error).__name__, where
            )
            raise model_error(error, self.choice, self._partial_spending()) from None
        if self.choice.provider != DEMO and is_cut_off(response):
            raise ModelUnavailable(
                f"the answer of {self.choice.name} was cut off", spending=self._partial_spending()
            )
        spending = self._spending(response, complete=True)
        response = without_credentials(sound(response, asked=self.sent), self.redaction)
        reason = response.finish_reason or "stop"
        if is_empty(response) and reason != "content_filter":
            raise ModelSilent(
                f"{self.choice.name} answered without text or tool calls (it ended by: {reason})",
                spending=spending,
                finish_reason=reason,
            )
        wired = wire_names(tool.name for tool in self.request.tools)
        names = {wire: name for name, wire in wired.items()}
        return reply_of(
            response,
            names=names,
            may_end=self.request.answer_schema is not None,
            choice=self.choice,
            spending=spending,
        )

    async def _read(self, model: Model) -> ModelResponse:
        async with model_request_stream(
            model,
            self.sent,
            model_settings=settings_of(self.request, self.choice),
            model_request_parameters=parameters_of(self.request),
        ) as stream:
            self.stream = stream
            async for event in stream:
                if isinstance(event, PartStartEvent) and isinstance(event.part, TextPart):
                    await self._pass_on(event.part.content)
                elif isinstance(event, PartDeltaEvent) and isinstance(event.delta, TextPartDelta):
                    await self._pass_on(event.delta.content_delta)
            # Of an answer that breaks off the tail is dropped: it may be half of a secret.
            await self._tell(self.passing.add(self.halves.rest()) + self.passing.rest())
            return stream.get()

    async def _pass_on(self, text: str) -> None:
        """Tell what of the text is whole, and surely no part of a secret."""
        await self._tell(self.passing.add(self.halves.add(text)))

    async def _tell(self, text: str) -> None:
        if text:
            try:
                await self.on_text(text)
            except Exception as error:
                raise _Unheard from error

    def _partial_spending(self) -> Spending | None:
        """What an unfinished answer cost; None when the provider had not begun to answer."""
        return None if self.stream is None else self._spending(self.stream.get(), complete=False)

    def _spending(self, response: ModelResponse, *, complete: bool) -> Spending:
        spending = spending_of(
            response,
            request=self.request,
            choice=self.choice,
            complete=complete,
        )
        return replace(spending, model=self.redaction.of_text(spending.model))
