"""Tool calls name the agent of their objective, those that were made before too."""

import django.db.models.deletion
from django.db import migrations, models

FILL = """
UPDATE objectives_toolcall AS call SET caller_id = objective.agent_id
  FROM objectives_objective AS objective WHERE objective.id = call.objective_id
"""


class Migration(migrations.Migration):
    dependencies = [("objectives", "0010_feedback_by_agent")]

    operations = [
        migrations.AddField(
            model_name="toolcall",
            name="caller",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="objectives.agent",
                verbose_name="agent",
            ),
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
    ]
