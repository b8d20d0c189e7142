"""Events are kept by the month in which their run was made; what there is becomes the first partition."""

from django.contrib.postgres.indexes import BrinIndex
from django.db import migrations

from executions.migrations._months import join, split


class Migration(migrations.Migration):
    dependencies = [("executions", "0012_pin_files_of_former_executions")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunPython(split, join)],
            state_operations=[
                migrations.AddIndex(
                    model_name="runevent",
                    index=BrinIndex(autosummarize=True, fields=["at"], name="event_by_time"),
                ),
            ],
        ),
    ]
