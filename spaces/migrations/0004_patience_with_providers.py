"""Spaces say how long their agents wait for a provider that is unavailable."""

import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("spaces", "0003_keys_and_spaces_of_the_workspace_api"),
    ]

    operations = [
        migrations.AddField(
            model_name="space",
            name="provider_patience_seconds",
            field=models.PositiveIntegerField(
                default=86400,
                help_text="How long an agent waits for a model's provider that is unavailable, before it fails; 86400 is a day, 0 is not at all.",
                validators=[django.core.validators.MaxValueValidator(2592000)],
            ),
        ),
    ]
