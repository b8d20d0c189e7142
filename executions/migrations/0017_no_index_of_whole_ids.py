"""The indexes that would refuse a long id go, now that those of digests are there.

Statistics are taken at once: of what an index computes there are none until then.
"""

from django.contrib.postgres.operations import RemoveIndexConcurrently
from django.db import migrations


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("executions", "0016_threads_by_digest")]

    operations = [
        migrations.RunSQL("ANALYZE executions_skillexecution", migrations.RunSQL.noop),
        RemoveIndexConcurrently(model_name="skillexecution", name="execution_by_tool_call"),
        RemoveIndexConcurrently(model_name="skillexecution", name="execution_by_thread"),
    ]
