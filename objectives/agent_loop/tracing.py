"""OpenTelemetry: one span for each attempt at an objective, in the trace that its row names."""

from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry import trace
from opentelemetry.trace import NonRecordingSpan, Span, SpanKind

from executions.runs.worker.tracing import origin_of
from objectives.agent_loop.request import trace_of
from objectives.models import Objective

_tracer = trace.get_tracer("callboard.objectives")


@contextmanager
def objective_span(objective: Objective) -> Iterator[Span]:
    """A span around one attempt; the model requests in it are its children."""
    agent = str(objective.agent_snapshot.get("metadata", {}).get("name", ""))
    context = trace.set_span_in_context(NonRecordingSpan(origin_of(objective.trace_id)))
    attributes: dict[str, str | int] = {
        "gen_ai.operation.name": "invoke_agent",
        "gen_ai.agent.name": agent,
        "callboard.space.id": str(objective.space_id),
        "callboard.attempt": objective.attempt,
        **trace_of(objective),
    }
    with _tracer.start_as_current_span(
        f"invoke_agent {agent}", context, SpanKind.INTERNAL, attributes
    ) as span:
        yield span
