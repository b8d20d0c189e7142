"""The list of a thread goes by a digest, as the lookup does."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models.functions import MD5, Cast


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("executions", "0016_tool_calls_by_digest")]

    operations = [
        migrations.RunSQL(
            "DROP INDEX CONCURRENTLY IF EXISTS execution_by_thread_digest", migrations.RunSQL.noop
        ),
        AddIndexConcurrently(
            model_name="skillexecution",
            index=models.Index(
                models.F("space"),
                Cast(MD5("chat_thread_id"), models.UUIDField()),
                models.F("created_at").desc(),
                models.F("id").desc(),
                condition=models.Q(("chat_thread_id__isnull", False)),
                name="execution_by_thread_digest",
            ),
        ),
    ]
