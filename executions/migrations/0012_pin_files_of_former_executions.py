"""Executions made before get the files that they would have found when they were made: they may wait, or be retried."""

from django.db import migrations

PIN = """
INSERT INTO executions_stagedfile (execution_id, position, name, blob_id)
SELECT execution.id, row_number() OVER (PARTITION BY execution.id ORDER BY wanted.place) - 1,
       wanted.name, newest.blob_id
  FROM executions_skillexecution AS execution
 CROSS JOIN LATERAL (
       SELECT named.name, min(named.place) AS place
         FROM unnest(execution.file_source_ids) WITH ORDINALITY AS named (name, place) GROUP BY named.name
 ) AS wanted
 CROSS JOIN LATERAL (
       SELECT file.blob_id FROM spaces_uploadedfile AS file
        WHERE file.principal_id = execution.principal_id AND file.name = wanted.name
          AND file.created_at <= execution.created_at
        ORDER BY file.created_at DESC, file.id DESC LIMIT 1
 ) AS newest
 WHERE execution.parent_id IS NULL AND execution.file_source_ids <> '{}'
"""


class Migration(migrations.Migration):
    dependencies = [("executions", "0011_files_are_pinned")]

    operations = [migrations.RunSQL(PIN, migrations.RunSQL.noop)]
