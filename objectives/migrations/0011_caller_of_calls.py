"""Tool calls name the agent of their objective; 0012 fills it in for those that were made before."""

import django.db.models.deletion
from django.db import migrations, models


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
    ]
