"""OpenTelemetry: one span a run, in the trace that the execution's row names."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import (
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
)

from executions.models import SkillExecution

_tracer = trace.get_tracer("callboard.executions")


def start_tracing() -> None:
    """Send spans to `OTLP_ENDPOINT` (OTLP over HTTP) from now on; without that setting nothing is sent."""
    endpoint = settings.ENV.otlp_endpoint
    if not endpoint:
        return
    provider = TracerProvider(resource=Resource.create({"service.name": "callboard-worker"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint)))
    trace.set_tracer_provider(provider)


@contextmanager
def run_span(execution: SkillExecution) -> Iterator[Span]:
    """A span around one attempt; a sub-execution's is a child of its caller's, in the same trace."""
    parent = trace.get_current_span()
    context = None
    if not parent.get_span_context().is_valid:
        context = trace.set_span_in_context(NonRecordingSpan(origin_of(execution.trace_id)))
    attributes: dict[str, str | int] = {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": execution.skill_slug,
        "gen_ai.tool.call.id": execution.chat_tool_call_id or execution.call_key or "",
        "gen_ai.conversation.id": execution.chat_thread_id or "",
        "callboard.execution.id": str(execution.id),
        "callboard.space.id": str(execution.space_id),
        "callboard.skill.version": execution.version,
        "callboard.attempt": execution.attempt,
    }
    present = {name: value for name, value in attributes.items() if value != ""}
    name = f"execute_tool {execution.skill_slug}"
    with _tracer.start_as_current_span(name, context, SpanKind.INTERNAL, present) as span:
        yield span


def note_failure(reason: str) -> None:
    """Mark the current span as failed, with the failure reason as its error type."""
    span = trace.get_current_span()
    span.set_attribute("error.type", reason)
    span.set_status(Status(StatusCode.ERROR))


def origin_of(trace_id: str) -> SpanContext:
    """The parent outside of us that decides a row's trace; its span id follows from the trace's."""
    span_id = int.from_bytes(hashlib.blake2b(trace_id.encode(), digest_size=8).digest())
    return SpanContext(
        trace_id=int(trace_id, 16),
        span_id=span_id,
        is_remote=True,
        trace_flags=TraceFlags(TraceFlags.SAMPLED),
    )
