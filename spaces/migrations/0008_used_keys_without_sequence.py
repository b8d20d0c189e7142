from django.db import migrations, models

import spaces.ids

# Nothing refers to a used key by its id, so that any other will do. Django knows no cast for it.
TO_UUID = (
    "ALTER TABLE spaces_usedkey ALTER COLUMN id DROP IDENTITY",
    "ALTER TABLE spaces_usedkey ALTER COLUMN id TYPE uuid USING gen_random_uuid()",
)


class Migration(migrations.Migration):
    dependencies = [
        ("spaces", "0007_plainer_help_texts"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(TO_UUID)],
            state_operations=[
                migrations.AlterField(
                    model_name="usedkey",
                    name="id",
                    field=models.UUIDField(
                        default=spaces.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
            ],
        ),
    ]
