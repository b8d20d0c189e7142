"""Providers' limits are known to all workers, by the credential that they are told to."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("objectives", "0018_plainer_error_types")]

    operations = [
        migrations.CreateModel(
            name="ProviderPause",
            fields=[
                ("credential", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("key_id", models.UUIDField(null=True)),
                ("until", models.DateTimeField()),
            ],
            options={
                "indexes": [models.Index(fields=["key_id", "until"], name="provider_pause_by_key")],
            },
        ),
    ]
