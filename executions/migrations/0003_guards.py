"""What the database itself guarantees: terminal states and events never change; heads have room to be updated."""

from django.db import migrations

from executions.migrations._guards import (
    DROP_EVENT_GUARD,
    DROP_TERMINAL_GUARD,
    EVENT_GUARD,
    HEAD_ROOM,
    TERMINAL_GUARD,
)


class Migration(migrations.Migration):
    dependencies = [("executions", "0002_initial")]

    operations = [
        migrations.RunSQL(TERMINAL_GUARD, DROP_TERMINAL_GUARD),
        migrations.RunSQL(EVENT_GUARD, DROP_EVENT_GUARD),
        migrations.RunSQL(HEAD_ROOM, migrations.RunSQL.noop),
    ]
