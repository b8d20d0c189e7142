"""One span for each model request, with nothing secret in it."""

from collections.abc import Iterator

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from executions.inference.errors import ModelUnavailable
from tests.executions.inference.asking import KEY, ask, compatible, make_request
from tests.executions.inference.provider_server import Answer, serving
from tests.executions.inference.wire import chat_events


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    """Spans that end during the test; the process's tracer provider can be set only once."""
    provider = trace.get_tracer_provider()
    if not isinstance(provider, TracerProvider):
        provider = TracerProvider()
        trace.set_tracer_provider(provider)
    exporter = InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    yield exporter
    exporter.shutdown()


def finished(spans: InMemorySpanExporter) -> ReadableSpan:
    return next(span for span in spans.get_finished_spans() if span.name == "chat small-model")


def test_a_request_is_one_span_below_the_current_one(spans: InMemorySpanExporter) -> None:
    tracer = trace.get_tracer("test")
    with (
        serving(Answer(events=chat_events("Two files."))) as server,
        tracer.start_as_current_span("run") as run,
    ):
        ask(make_request(model=compatible(server.url), trace={"callboard.execution.id": "e1"}))

    span = finished(spans)
    attributes = dict(span.attributes or {})
    assert span.parent is not None
    assert span.parent.span_id == run.get_span_context().span_id
    assert attributes["gen_ai.operation.name"] == "chat"
    assert attributes["gen_ai.provider.name"] == "openai-compatible"
    assert attributes["gen_ai.response.model"] == "small-model-2026"
    assert attributes["gen_ai.response.finish_reasons"] == ("stop",)
    assert (attributes["gen_ai.usage.input_tokens"], attributes["gen_ai.usage.output_tokens"]) == (120, 30)
    assert attributes["callboard.cost_usd"] == "0.00051"
    assert attributes["callboard.execution.id"] == "e1"
    assert KEY not in span.to_json()
    assert "Two files" not in span.to_json()


def test_a_failed_request_says_what_kind_of_failure(spans: InMemorySpanExporter) -> None:
    failing = Answer(500, body={"error": {"message": f"bad key {KEY}"}})
    with serving(failing) as server, pytest.raises(ModelUnavailable):
        ask(make_request(model=compatible(server.url)))

    span = finished(spans)
    assert dict(span.attributes or {})["error.type"] == "ModelUnavailable"
    assert not span.status.is_ok
    assert KEY not in span.to_json()
