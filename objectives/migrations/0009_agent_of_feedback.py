"""Feedback names the agent of its objective, what was given before too."""

import django.db.models.deletion
from django.db import migrations, models

FILL = """
UPDATE objectives_feedback AS feedback SET agent_id = objective.agent_id
  FROM objectives_objective AS objective WHERE objective.id = feedback.objective_id
"""


class Migration(migrations.Migration):
    dependencies = [("objectives", "0008_calls_by_state")]

    operations = [
        migrations.AddField(
            model_name="feedback",
            name="agent",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="objectives.agent",
            ),
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
    ]
