"""OpenTelemetry: one span for each attempt at an execution, in the trace that its row names."""

from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry import trace
from opentelemetry.trace import NonRecordingSpan, Span, SpanKind

from executions.models import SkillExecution
from executions.runs.worker.tracing import origin_of

_tracer = trace.get_tracer("callboard.executions")


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
