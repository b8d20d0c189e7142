"""Objectives whose provider is unavailable are counted and listed."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("objectives", "0015_outages_of_providers")]

    operations = [
        migrations.AddIndex(
            model_name="objective",
            index=models.Index(
                condition=models.Q(("provider_unavailable_since__isnull", False)),
                fields=["created_at", "id"],
                name="objective_without_provider",
            ),
        ),
    ]
