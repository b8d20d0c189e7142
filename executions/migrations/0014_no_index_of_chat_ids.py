"""The indexes of chat ids go before the columns get longer: with them, PostgreSQL would build each anew under a lock.

0016 to 0018 bring their successors. Until then a lookup reads the whole table: web and workers are stopped, as for
every upgrade.
"""

from django.contrib.postgres.operations import RemoveIndexConcurrently
from django.db import migrations


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("executions", "0013_events_by_month")]

    operations = [
        RemoveIndexConcurrently(model_name="skillexecution", name=name)
        for name in (
            "execution_by_tool_call",
            "execution_by_thread",
            "execution_by_any_tool_call",
            "execution_by_any_thread",
        )
    ]
