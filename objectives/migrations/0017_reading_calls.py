"""Calls that read on in results which were cut; a choice only, no column changes."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("objectives", "0016_objectives_without_provider"),
    ]

    operations = [
        migrations.AlterField(
            model_name="toolcall",
            name="kind",
            field=models.CharField(
                choices=[
                    ("tool", "Tool"),
                    ("agent", "Agent"),
                    ("skill", "Skill"),
                    ("search", "Search"),
                    ("reading", "Reading"),
                    ("unknown", "Unknown"),
                ],
                max_length=10,
            ),
        ),
    ]
