"""Room for chat ids of any gateway: a longer limit, no row is written anew.

Of what an index of some rows computes PostgreSQL keeps no statistics that it would plan by, so it is told to. With
a guess instead, it would read the whole table for a few hundred tool calls that sockets wait for.
"""

from django.db import migrations, models

STATISTICS = "CREATE STATISTICS {name} ON (md5({column})::uuid) FROM executions_skillexecution"
DROP = "DROP STATISTICS IF EXISTS {name}"
DIGESTS = {"execution_call_digests": "chat_tool_call_id", "execution_thread_digests": "chat_thread_id"}


class Migration(migrations.Migration):
    dependencies = [("executions", "0014_no_index_of_chat_ids")]

    operations = [
        *(
            migrations.AlterField(
                model_name="skillexecution",
                name=name,
                field=models.CharField(max_length=4096, null=True),
            )
            for name in ("chat_thread_id", "chat_message_id", "chat_tool_call_id")
        ),
        *(
            migrations.RunSQL(STATISTICS.format(name=name, column=column), DROP.format(name=name))
            for name, column in DIGESTS.items()
        ),
    ]
