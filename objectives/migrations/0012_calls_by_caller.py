"""All tool calls have a caller, and are found by it."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("objectives", "0011_caller_of_calls")]

    operations = [
        migrations.AlterField(
            model_name="toolcall",
            name="caller",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="objectives.agent",
                verbose_name="agent",
            ),
        ),
        migrations.AddIndex(
            model_name="toolcall",
            index=models.Index(fields=["caller", "id"], name="call_by_caller"),
        ),
    ]
