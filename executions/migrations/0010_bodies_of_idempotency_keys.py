"""What a dispatch with an Idempotency-Key was asked for as a whole."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("executions", "0009_objectives_are_runs")]

    operations = [
        migrations.AddField(
            model_name="skillexecution",
            name="idempotency_digest",
            field=models.BinaryField(max_length=32, null=True),
        ),
    ]
