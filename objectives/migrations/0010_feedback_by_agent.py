"""All feedback has an agent, and is found by it."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("objectives", "0009_agent_of_feedback")]

    operations = [
        migrations.AlterField(
            model_name="feedback",
            name="agent",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="objectives.agent",
            ),
        ),
        migrations.AddIndex(
            model_name="feedback",
            index=models.Index(fields=["agent", "created_at", "id"], name="feedback_by_agent"),
        ),
    ]
