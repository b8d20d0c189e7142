from django.db import migrations, models


class Migration(migrations.Migration):
    """Tool sets keep the overlays of their tools."""

    dependencies = [("objectives", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="toolset",
            name="overlays",
            field=models.JSONField(blank=True, default=list),
        ),
    ]
