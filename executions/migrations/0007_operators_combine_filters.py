"""Tell combined filters of the operators' list apart inside the index."""

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("executions", "0006_operators_find_by_digest"),
        ("spaces", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="skillexecution",
            name="execution_newest_by_state",
        ),
        migrations.RemoveIndex(
            model_name="skillexecution",
            name="execution_newest_by_skill",
        ),
        migrations.AddIndex(
            model_name="skillexecution",
            index=models.Index(
                fields=["state", "-created_at", "-id", "skill_slug", "source"],
                name="execution_newest_by_state",
            ),
        ),
        migrations.AddIndex(
            model_name="skillexecution",
            index=models.Index(
                fields=["skill_slug", "-created_at", "-id", "source"], name="execution_newest_by_skill"
            ),
        ),
    ]
