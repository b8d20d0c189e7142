"""One OpenTelemetry span for each model request, without content and without secrets."""

from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry import trace
from opentelemetry.trace import Span, SpanKind, Status, StatusCode

from executions.inference.choices import ModelChoice
from executions.inference.errors import ModelError
from executions.inference.interface import ModelReply, ModelRequest, Spending

_tracer = trace.get_tracer("callboard.inference")


@contextmanager
def request_span(request: ModelRequest, choice: ModelChoice) -> Iterator[Span]:
    """A client span named `chat MODEL`, child of the span that is current in this thread.

    Attributes follow OpenTelemetry's `gen_ai` conventions; `request.trace` is added as it is.
    """
    attributes = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": choice.provider,
        "gen_ai.request.model": choice.name,
        **request.trace,
    }
    with _tracer.start_as_current_span(
        f"chat {choice.name}",
        kind=SpanKind.CLIENT,
        attributes=attributes,
        # An exception event would carry messages and stack frames.
        record_exception=False,
        set_status_on_exception=False,
    ) as span:
        try:
            yield span
        except Exception as error:
            span.set_attribute("error.type", type(error).__name__)
            span.set_status(Status(StatusCode.ERROR))
            if isinstance(error, ModelError) and error.spending:
                record_spending(span, error.spending)
            raise


def record_reply(span: Span, reply: ModelReply) -> None:
    """Add what the provider answered with: model, finish reason, tokens, cost."""
    response_id = reply.raw.get("provider_response_id")
    if response_id:
        span.set_attribute("gen_ai.response.id", response_id)
    if reply.finish_reason:
        span.set_attribute("gen_ai.response.finish_reasons", [reply.finish_reason])
    record_spending(span, reply.spending)


def record_spending(span: Span, spending: Spending) -> None:
    """Add tokens and cost; the cost is left out where no price is known."""
    usage = spending.usage
    span.set_attributes(
        {
            "gen_ai.response.model": spending.model,
            "gen_ai.usage.input_tokens": usage.input_tokens,
            "gen_ai.usage.output_tokens": usage.output_tokens,
            "gen_ai.usage.cache_read.input_tokens": usage.cache_read_tokens,
            "gen_ai.usage.cache_creation.input_tokens": usage.cache_write_tokens,
            "callboard.usage.estimated": usage.estimated,
            "callboard.price_version": spending.price_version,
        }
    )
    if spending.cost_usd is not None:
        span.set_attribute("callboard.cost_usd", str(spending.cost_usd))
