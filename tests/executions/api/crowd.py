"""Many executions at once, so that the planner sees a table as it is in use."""

from django.db import connection

from executions.models import SkillExecution

# What differs between one row and its copies; `n` counts them from 1.
_CHANGED = {
    "id": "gen_random_uuid()",
    "created_at": "source.created_at + n * interval '1 millisecond'",
    "chat_tool_call_id": "'crowd_' || n",
    "chat_thread_id": "'thread_' || mod(n, 100)",
    "dispatch_key": "decode(md5(source.id || n::text), 'hex')",
    "idempotency_key": "NULL",
}


def make_crowd(execution: SkillExecution, count: int) -> None:
    """`count` later copies of an execution, each of a tool call of its own, in 100 threads."""
    columns = [field.column for field in SkillExecution._meta.concrete_fields if not field.generated]
    values = ", ".join(_CHANGED.get(column, f"source.{column}") for column in columns)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO executions_skillexecution ({', '.join(columns)}) SELECT {values} "
            "FROM executions_skillexecution AS source, generate_series(1, %s) AS n WHERE source.id = %s",
            [count, execution.id],
        )
        cursor.execute("ANALYZE executions_skillexecution")


def plan_of(statement: str, parameters: list[object] | dict[str, object]) -> str:
    """How PostgreSQL would run a statement."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {statement}", parameters)
        return "\n".join(line for (line,) in cursor.fetchall())
