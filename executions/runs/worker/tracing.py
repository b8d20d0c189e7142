"""OpenTelemetry: where spans are sent, and the trace that a run's row names."""

import hashlib

from django.conf import settings
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import (
    SpanContext,
    Status,
    StatusCode,
    TraceFlags,
)


def start_tracing() -> None:
    """Send spans to `OTLP_ENDPOINT` (OTLP over HTTP) from now on; without that setting nothing is sent."""
    endpoint = settings.ENV.otlp_endpoint
    if not endpoint:
        return
    provider = TracerProvider(resource=Resource.create({"service.name": "callboard-worker"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint)))
    trace.set_tracer_provider(provider)


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
