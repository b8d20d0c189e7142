"""Each kind of run has a room of its own in workers: what waits is found by it."""

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # heads are written all the time: the index is made beside them
    dependencies = [("executions", "0020_plainer_failure_reasons")]

    operations = [
        AddIndexConcurrently(
            model_name="runhead",
            index=models.Index(
                condition=models.Q(("available_at__isnull", False), ("state", "queued")),
                fields=["kind", "space_id", "available_at", "run_id"],
                name="head_waiting",
            ),
        ),
        RemoveIndexConcurrently(model_name="runhead", name="head_claimable"),
    ]
