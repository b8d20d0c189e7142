"""What an execution cost together with everything that it called."""

import uuid
from dataclasses import dataclass
from decimal import Decimal

from django.db import connection

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
       sum(tree.cost_usd) + max(late.cost_usd), sum(tree.iteration_count),
       coalesce(sum(tree.cost_usd) FILTER (WHERE tree.id <> %s), 0)
FROM tree CROSS JOIN late
"""


@dataclass(frozen=True, slots=True)
class TreeUsage:
    """Tokens, US dollars and turns of a tree, late usage included; `below_usd` is without its root."""

    input_tokens: int
    output_tokens: int
    cost_usd: Decimal
    iteration_count: int
    below_usd: Decimal


def tree_usage(execution_id: uuid.UUID) -> TreeUsage:
    """The usage of an execution that exists and of all its descendants, in one statement."""
    with connection.cursor() as cursor:
        cursor.execute(_TREE, [execution_id, execution_id])
        inputs, outputs, cost, iterations, below = cursor.fetchone()
    return TreeUsage(int(inputs), int(outputs), Decimal(cost), int(iterations), Decimal(below))
