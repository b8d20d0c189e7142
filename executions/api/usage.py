"""The usage of an execution together with everything that it called."""

from drf_spectacular.utils import OpenApiParameter

from executions.api.schemas import ResourceUsage
from executions.api.selectors import ExecutionRow
from executions.runs.usage import tree_usage

USAGE = OpenApiParameter(
    "usage",
    {"type": "string", "enum": ["own", "total"], "default": "own"},
    description="`total` adds what the sub-executions used, and usage that arrived after the end.",
)


def total_usage(execution: ExecutionRow) -> ResourceUsage:
    """Tokens, cost and iterations of the whole tree, late usage included.

    `wallclock_ms` stays the execution's own: what it called ran within that time.
    """
    used = tree_usage(execution.id)
    return {
        "input_tokens": used.input_tokens,
        "output_tokens": used.output_tokens,
        "cost_usd": f"{used.cost_usd.normalize():f}" if used.cost_usd else "0",
        "wallclock_ms": execution.wallclock_ms,
        "iteration_count": used.iteration_count,
    }
