"""All tool calls have a caller.

The calls are filled in by parts, each committed alone: in one statement, under the lock of a changed
table, a million of them would keep everybody out for minutes. Cut off, it may simply be run again.
"""

import uuid

import django.db.models.deletion
from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

PART = 5000  # calls of one statement
NEXT = "SELECT id FROM objectives_toolcall WHERE id > %s ORDER BY id LIMIT %s"
FILL = """
UPDATE objectives_toolcall AS call SET caller_id = objective.agent_id
  FROM objectives_objective AS objective
 WHERE objective.id = call.objective_id AND call.caller_id IS NULL AND call.id = ANY(%s)
"""


def fill(_: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Give every call that has no caller the agent of its objective."""
    last = uuid.UUID(int=0)
    with schema_editor.connection.cursor() as cursor:
        while True:
            cursor.execute(NEXT, [last, PART])
            ids = [row[0] for row in cursor.fetchall()]
            if not ids:
                return
            cursor.execute(FILL, [ids])
            last = ids[-1]


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("objectives", "0011_caller_of_calls")]

    operations = [
        migrations.RunPython(fill, migrations.RunPython.noop),
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
    ]
