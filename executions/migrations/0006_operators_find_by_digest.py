"""The operators' search goes by digest, so that no planner takes its indexes for the lookup."""

import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("executions", "0005_operators_indexes"),
        ("spaces", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="skillexecution",
            name="execution_by_any_tool_call",
        ),
        migrations.RemoveIndex(
            model_name="skillexecution",
            name="execution_by_any_thread",
        ),
        migrations.AddIndex(
            model_name="skillexecution",
            index=models.Index(
                django.db.models.functions.text.MD5("chat_tool_call_id"),
                condition=models.Q(("chat_tool_call_id__isnull", False)),
                name="execution_by_any_tool_call",
            ),
        ),
        migrations.AddIndex(
            model_name="skillexecution",
            index=models.Index(
                django.db.models.functions.text.MD5("chat_thread_id"),
                condition=models.Q(("chat_thread_id__isnull", False)),
                name="execution_by_any_thread",
            ),
        ),
    ]
