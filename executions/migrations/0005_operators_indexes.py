"""What the operators' list filters and searches by, over all spaces."""

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("executions", "0004_claims_by_space"),
        ("spaces", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddIndex(
            model_name="skillexecution",
            index=models.Index(fields=["skill_slug", "-created_at", "-id"], name="execution_newest_by_skill"),
        ),
        migrations.AddIndex(
            model_name="skillexecution",
            index=models.Index(fields=["source", "-created_at", "-id"], name="execution_newest_by_source"),
        ),
        migrations.AddIndex(
            model_name="skillexecution",
            index=models.Index(
                condition=models.Q(("chat_thread_id__isnull", False)),
                fields=["chat_thread_id"],
                name="execution_by_any_thread",
            ),
        ),
        migrations.AddIndex(
            model_name="skillexecution",
            index=models.Index(
                condition=models.Q(("retry_of__isnull", False)),
                fields=["retry_of"],
                name="execution_by_retry",
            ),
        ),
    ]
