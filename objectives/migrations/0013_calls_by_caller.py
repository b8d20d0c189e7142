"""Tool calls are found by their caller."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("objectives", "0012_every_call_has_a_caller")]

    operations = [
        migrations.AddIndex(
            model_name="toolcall",
            index=models.Index(fields=["caller", "id"], name="call_by_caller"),
        ),
    ]
