"""Find what may be claimed space by space, and what the sweeper looks through."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("executions", "0003_guards")]

    operations = [
        migrations.RemoveIndex(model_name="runhead", name="head_claimable"),
        migrations.RemoveIndex(model_name="runhead", name="head_open"),
        migrations.AddIndex(
            model_name="runhead",
            index=models.Index(
                condition=models.Q(("available_at__isnull", False), ("state", "queued")),
                fields=["space_id", "available_at", "run_id"],
                name="head_claimable",
            ),
        ),
        migrations.AddIndex(
            model_name="runhead",
            index=models.Index(
                condition=models.Q(
                    ("state", "running"),
                    models.Q(("available_at__isnull", True), ("state", "queued")),
                    _connector="OR",
                ),
                fields=["run_id"],
                name="head_held",
            ),
        ),
    ]
