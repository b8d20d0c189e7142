"""The lookup goes by a digest: an id of 4,096 characters has no room in an index.

Built while everybody reads and writes. Cut off, it leaves an index that is not valid: run again, it begins anew.
"""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models.functions import MD5, Cast


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("executions", "0015_long_chat_ids")]

    operations = [
        migrations.RunSQL(
            "DROP INDEX CONCURRENTLY IF EXISTS execution_by_call_digest", migrations.RunSQL.noop
        ),
        AddIndexConcurrently(
            model_name="skillexecution",
            index=models.Index(
                models.F("space"),
                Cast(MD5("chat_tool_call_id"), models.UUIDField()),
                models.F("created_at").desc(),
                models.F("id").desc(),
                condition=models.Q(("chat_tool_call_id__isnull", False), ("superseded_at__isnull", True)),
                name="execution_by_call_digest",
            ),
        ),
    ]
