"""Room for chat ids of any gateway. A longer limit is all that changes: no row is written anew."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("executions", "0013_events_by_month")]

    operations = [
        migrations.AlterField(
            model_name="skillexecution",
            name=name,
            field=models.CharField(max_length=4096, null=True),
        )
        for name in ("chat_thread_id", "chat_message_id", "chat_tool_call_id")
    ]
