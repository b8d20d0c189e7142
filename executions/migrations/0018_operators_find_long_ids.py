"""The operators' indexes come back as they were, and statistics are taken of all that is new."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models.functions import MD5

INDEXES = {"execution_by_any_tool_call": "chat_tool_call_id", "execution_by_any_thread": "chat_thread_id"}


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("executions", "0017_threads_by_digest")]

    operations = [
        *(
            operation
            for name, column in INDEXES.items()
            for operation in (
                migrations.RunSQL(f"DROP INDEX CONCURRENTLY IF EXISTS {name}", migrations.RunSQL.noop),
                AddIndexConcurrently(
                    model_name="skillexecution",
                    index=models.Index(
                        MD5(column), condition=models.Q((f"{column}__isnull", False)), name=name
                    ),
                ),
            )
        ),
        migrations.RunSQL("ANALYZE executions_skillexecution", migrations.RunSQL.noop),
    ]
