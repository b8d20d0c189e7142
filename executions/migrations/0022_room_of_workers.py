"""Workers say how much room they have for each kind of run, and how much of it is taken."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("executions", "0021_waiting_by_kind")]

    operations = [
        migrations.AddField(
            model_name="workernode", name="agents", field=models.PositiveIntegerField(db_default=0)
        ),
        migrations.AddField(
            model_name="workernode", name="busy_slots", field=models.PositiveIntegerField(db_default=0)
        ),
        migrations.AddField(
            model_name="workernode", name="busy_agents", field=models.PositiveIntegerField(db_default=0)
        ),
    ]
