"""The usage of an execution together with everything that it called."""

from typing import Any

from django.db import connection
from rest_framework.request import Request

from executions.api.reading import ExecutionRow
from executions.lifecycle import resource_usage
from spaces.errors import Invalid

# Calls are at most four deep. Usage that arrived after an execution's end is in a table of its own.
_TREE = """
WITH RECURSIVE tree AS (
    SELECT id, input_tokens, output_tokens, cost_usd, iteration_count
    FROM executions_skillexecution WHERE id = %s
    UNION ALL
    SELECT child.id, child.input_tokens, child.output_tokens, child.cost_usd, child.iteration_count
    FROM executions_skillexecution child JOIN tree ON child.parent_id = tree.id
), late AS (
    SELECT coalesce(sum(input_tokens), 0) AS input_tokens, coalesce(sum(output_tokens), 0) AS output_tokens,
           coalesce(sum(cost_usd), 0) AS cost_usd
    FROM executions_lateusage WHERE execution_id IN (SELECT id FROM tree)
)
SELECT sum(tree.input_tokens) + max(late.input_tokens), sum(tree.output_tokens) + max(late.output_tokens),
       sum(tree.cost_usd) + max(late.cost_usd), sum(tree.iteration_count)
FROM tree CROSS JOIN late
"""


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
    with connection.cursor() as cursor:
        cursor.execute(_TREE, [execution.id])
        inputs, outputs, cost, iterations = cursor.fetchone()
    return {
        **resource_usage(execution),
        "input_tokens": int(inputs),
        "output_tokens": int(outputs),
        "cost_usd": f"{cost.normalize():f}" if cost else "0",
        "iteration_count": int(iterations),
    }
