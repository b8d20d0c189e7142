"""What an objective cost together with everything that it started."""

import uuid
from dataclasses import dataclass
from decimal import Decimal

from django.db import connection
from django.db.models import F

from executions.inference.interface import Spending
from objectives.models import ContextWindow, Objective

# Sub-agents are few and a few deep; skill executions may call others, and may report usage after their end.
_TREE = """
WITH RECURSIVE tree AS (
    SELECT id, input_tokens, output_tokens, cost_usd FROM objectives_objective WHERE id = %s
    UNION ALL
    SELECT child.id, child.input_tokens, child.output_tokens, child.cost_usd
      FROM objectives_objective AS child JOIN tree ON child.parent_id = tree.id
), broken AS (
    SELECT coalesce(sum(input_tokens), 0) AS input_tokens, coalesce(sum(output_tokens), 0) AS output_tokens,
           coalesce(sum(cost_usd), 0) AS cost_usd
      FROM objectives_brokenrequest WHERE objective_id IN (SELECT id FROM tree)
), runs AS (
    SELECT execution.id, execution.input_tokens, execution.output_tokens, execution.cost_usd
      FROM objectives_toolcall AS call
      JOIN executions_skillexecution AS execution ON execution.id = call.run_id
     WHERE call.objective_id IN (SELECT id FROM tree) AND call.kind = 'skill'
    UNION ALL
    SELECT called.id, called.input_tokens, called.output_tokens, called.cost_usd
      FROM executions_skillexecution AS called JOIN runs ON called.parent_id = runs.id
), late AS (
    SELECT coalesce(sum(input_tokens), 0) AS input_tokens, coalesce(sum(output_tokens), 0) AS output_tokens,
           coalesce(sum(cost_usd), 0) AS cost_usd
      FROM executions_lateusage WHERE execution_id IN (SELECT id FROM runs)
), skills AS (
    SELECT coalesce(sum(input_tokens), 0) AS input_tokens, coalesce(sum(output_tokens), 0) AS output_tokens,
           coalesce(sum(cost_usd), 0) AS cost_usd FROM runs
), agents AS (
    SELECT coalesce(sum(input_tokens), 0) AS input_tokens, coalesce(sum(output_tokens), 0) AS output_tokens,
           coalesce(sum(cost_usd), 0) AS cost_usd FROM tree
)
SELECT sum(input_tokens), sum(output_tokens), sum(cost_usd)
  FROM (SELECT * FROM agents UNION ALL SELECT * FROM broken UNION ALL SELECT * FROM skills
        UNION ALL SELECT * FROM late) AS part
"""


@dataclass(frozen=True, slots=True)
class TreeCost:
    """Tokens and US dollars of an objective, its sub-agents and its skills, requests cut off included."""

    input_tokens: int
    output_tokens: int
    cost_usd: Decimal


def tree_cost(objective_id: uuid.UUID) -> TreeCost:
    """What an objective and everything below it used so far, in one statement."""
    with connection.cursor() as cursor:
        cursor.execute(_TREE, [objective_id])
        inputs, outputs, cost = cursor.fetchone()
    return TreeCost(int(inputs), int(outputs), Decimal(cost))


# What `charge` changes of an objective, for the caller to save.
CHARGED = (
    "input_tokens",
    "output_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "reasoning_tokens",
    "cost_usd",
)


def charge(objective: Objective, window_id: uuid.UUID, spending: Spending) -> None:
    """Count what a request used: to its window, and to a locked objective, whose CHARGED are to be saved."""
    usage = spending.usage
    objective.input_tokens += usage.input_tokens
    objective.output_tokens += usage.output_tokens
    objective.cache_read_tokens += usage.cache_read_tokens
    objective.cache_write_tokens += usage.cache_write_tokens
    objective.reasoning_tokens += usage.reasoning_tokens
    objective.cost_usd += spending.cost_usd or 0
    ContextWindow.objects.filter(pk=window_id).update(
        prompt_tokens=F("prompt_tokens") + usage.input_tokens,
        completion_tokens=F("completion_tokens") + usage.output_tokens,
    )
