"""What a run used together with everything that it called or started, whatever its kind."""

import uuid
from dataclasses import dataclass
from decimal import Decimal

from django.db import connection

# Runs lie a few deep: an execution calls executions, an objective starts sub-objectives and, by tool calls,
# executions. Beside the rows of runs lie what arrived after an execution's end, and what requests of an
# objective cost that gave no usable answer. `run_id` stands once for each kind: only one of them has it.
_TREE = """
WITH RECURSIVE tree AS (
    (SELECT id, input_tokens, output_tokens, cost_usd, iteration_count
       FROM executions_skillexecution WHERE id = %(run_id)s
      UNION ALL
     SELECT id, input_tokens, output_tokens, cost_usd, turn
       FROM objectives_objective WHERE id = %(run_id)s)
    UNION ALL
    SELECT below.* FROM tree CROSS JOIN LATERAL (
        SELECT id, input_tokens, output_tokens, cost_usd, iteration_count
          FROM executions_skillexecution WHERE parent_id = tree.id
         UNION ALL
        SELECT id, input_tokens, output_tokens, cost_usd, turn
          FROM objectives_objective WHERE parent_id = tree.id
         UNION ALL
        SELECT called.id, called.input_tokens, called.output_tokens, called.cost_usd, called.iteration_count
          FROM objectives_toolcall AS call JOIN executions_skillexecution AS called ON called.id = call.run_id
         WHERE call.objective_id = tree.id AND call.kind = 'skill'
    ) AS below
), used AS (
    SELECT input_tokens, output_tokens, cost_usd, iteration_count,
           CASE WHEN id = %(run_id)s THEN 0 ELSE cost_usd END AS below_usd
      FROM tree
     UNION ALL
    SELECT input_tokens, output_tokens, cost_usd, 0, 0
      FROM executions_lateusage WHERE execution_id IN (SELECT id FROM tree)
     UNION ALL
    SELECT input_tokens, output_tokens, cost_usd, 0, 0
      FROM objectives_brokenrequest WHERE objective_id IN (SELECT id FROM tree)
)
SELECT sum(input_tokens), sum(output_tokens), sum(cost_usd), sum(iteration_count), sum(below_usd) FROM used
"""


@dataclass(frozen=True, slots=True)
class TreeUsage:
    """Tokens, US dollars and turns of a run and all below it, with what lies beside their rows.

    `below_usd` is what the rows below the run itself say.
    """

    input_tokens: int
    output_tokens: int
    cost_usd: Decimal
    iteration_count: int
    below_usd: Decimal


def tree_usage(run_id: uuid.UUID) -> TreeUsage:
    """The usage of a run that exists and of all its descendants so far, in one statement."""
    with connection.cursor() as cursor:
        cursor.execute(_TREE, {"run_id": run_id})
        inputs, outputs, cost, iterations, below = cursor.fetchone()
    return TreeUsage(int(inputs), int(outputs), Decimal(cost), int(iterations), Decimal(below))
