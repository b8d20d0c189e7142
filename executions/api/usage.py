"""The usage of an execution together with everything that it called."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request

from executions.api.selectors import ExecutionRow
from executions.lifecycle import resource_usage
from executions.runs.usage import tree_usage
from spaces.errors import Invalid

USAGE = OpenApiParameter(
    "usage",
    {"type": "string", "enum": ["own", "total"], "default": "own"},
    description="`total` adds what the sub-executions used, and usage that arrived after the end.",
)


def wanted_usage(request: Request, execution: ExecutionRow) -> dict[str, Any] | None:
    """What `?usage=` asks for: None for the execution's own, else the total; raises Invalid."""
    wanted = request.query_params.get("usage", "own")
    if wanted == "own":
        return None
    if wanted != "total":
        raise Invalid.field("query", "usage", msg="Must be `own` or `total`.", kind="enum", value=wanted)
    return total_usage(execution)


def total_usage(execution: ExecutionRow) -> dict[str, Any]:
    """Tokens, cost and iterations of the whole tree, late usage included.

    `wallclock_ms` stays the execution's own: what it called ran within that time.
    """
    used = tree_usage(execution.id)
    return {
        **resource_usage(execution),
        "input_tokens": used.input_tokens,
        "output_tokens": used.output_tokens,
        "cost_usd": f"{used.cost_usd.normalize():f}" if used.cost_usd else "0",
        "iteration_count": used.iteration_count,
    }
