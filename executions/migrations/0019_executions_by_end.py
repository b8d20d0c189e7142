"""What ended lately is found by its end."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # executions are written all the time: the index is made beside them
    dependencies = [("executions", "0018_operators_find_long_ids")]

    operations = [
        AddIndexConcurrently(
            model_name="skillexecution",
            index=models.Index(
                condition=models.Q(("finished_at__isnull", False)),
                fields=["state", "-finished_at"],
                name="execution_by_end",
            ),
        ),
    ]
