"""An empty database and one that migrated step by step end up as the same."""

import os

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from tests.databases import empty_database, original_migrations

type Key = tuple[str, str]

OURS = ["spaces", "executions", "objectives"]
EMPTY = f"test_callboard_{os.getpid()}_empty"
# All that `pg_dump --schema-only` tells of tables, but for the order of columns.
FACTS = """
SELECT 'relation', concat_ws(' ', relname, relkind),
       concat_ws(' ', reloptions::text, pg_get_partkeydef(oid), pg_get_expr(relpartbound, oid))
  FROM pg_class WHERE relnamespace = 'public'::regnamespace
UNION ALL
SELECT 'column', attrelid::regclass || '.' || attname,
       concat_ws(' ', format_type(atttypid, atttypmod), attnotnull, attidentity, attgenerated, attstorage,
                 attcollation::regcollation, pg_get_expr(adbin, adrelid))
  FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
  JOIN pg_class ON pg_class.oid = attrelid AND relkind IN ('r', 'p')
 WHERE relnamespace = 'public'::regnamespace AND attnum > 0 AND NOT attisdropped
UNION ALL
SELECT 'index', indexrelid::regclass::text, concat_ws(' ', pg_get_indexdef(indexrelid), indisvalid)
  FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid WHERE relnamespace = 'public'::regnamespace
UNION ALL
SELECT 'part of an index', inhrelid::regclass::text, inhparent::regclass::text FROM pg_inherits
UNION ALL
SELECT 'constraint', conrelid::regclass || '.' || conname,
       concat_ws(' ', pg_get_constraintdef(oid), convalidated, conislocal, coninhcount)
  FROM pg_constraint WHERE connamespace = 'public'::regnamespace
UNION ALL
SELECT 'trigger', tgrelid::regclass || '.' || tgname, concat_ws(' ', pg_get_triggerdef(oid), tgenabled)
  FROM pg_trigger WHERE NOT tgisinternal
UNION ALL
SELECT 'function', oid::regprocedure::text, pg_get_functiondef(oid)
  FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prokind IN ('f', 'p')
UNION ALL
SELECT 'statistics', stxname, pg_get_statisticsobjdef(oid) FROM pg_statistic_ext
UNION ALL
SELECT 'sequence', seqrelid::regclass::text, concat_ws(' ', seqtypid::regtype, seqstart, seqincrement)
  FROM pg_sequence
UNION ALL
SELECT 'value of a type', enumtypid::regtype || '.' || enumlabel, enumsortorder::text FROM pg_enum
UNION ALL
SELECT 'extension', extname, extversion FROM pg_extension
UNION ALL
SELECT 'migration', app || '.' || name, count(*)::text FROM django_migrations GROUP BY app, name
"""


def facts() -> set[tuple[str, str, str]]:
    with connection.cursor() as cursor:
        cursor.execute(FACTS)
        return set(cursor.fetchall())


def replaced() -> dict[str, list[Key]]:
    """By app: what its squashed migration replaces."""
    replacements = MigrationLoader(None).replacements.values()
    return {migration.app_label: migration.replaces for migration in replacements}


def test_every_app_of_ours_is_squashed_from_its_first_migration_on():
    loader = MigrationLoader(None)

    assert set(replaced()) == set(OURS)
    for app in OURS:
        keys = sorted(key for key in loader.disk_migrations if key[0] == app and "squashed" not in key[1])
        assert replaced()[app] == keys[: len(replaced()[app])]


@pytest.mark.django_db(transaction=True)
def test_step_by_step_a_database_becomes_what_an_empty_one_becomes_at_once():
    with empty_database(EMPTY):
        call_command("migrate", verbosity=0, interactive=False)
        at_once = facts()

    with empty_database(EMPTY):
        original_migrations().migrate([keys[-2] for keys in replaced().values()])  # the release before
        call_command("migrate", verbosity=0, interactive=False)
        step_by_step = facts()

    assert step_by_step - at_once == set()
    assert at_once - step_by_step == set()
    assert len(at_once) > 1000


@pytest.mark.django_db(transaction=True)
def test_from_every_step_only_what_is_missing_is_run():
    """Of the database only what it says of its migrations."""
    with empty_database(EMPTY):
        MigrationRecorder(connection).ensure_schema()
        of_ours = {key for keys in replaced().values() for key in keys}
        targets = [keys[-1] for keys in replaced().values()]
        steps = [
            (step.app_label, step.name)
            for step, _ in original_migrations().migration_plan(targets)
            if step.app_label in OURS
        ]
        assert set(steps) == of_ours

        for number, step in enumerate(steps, start=1):
            MigrationRecorder(connection).record_applied(*step)
            executor = MigrationExecutor(connection)
            leaves = executor.loader.graph.leaf_nodes()
            planned = [(one.app_label, one.name) for one, _ in executor.migration_plan(leaves)]
            begun = {app for app, _ in steps[:number]}
            still = {key for key in steps[number:] if key[0] in begun}
            assert {key for key in planned if key[0] in begun} == still | later(begun)


def later(apps: set[str]) -> set[Key]:
    """What came after the squashed migrations of these apps."""
    loader = MigrationLoader(None)
    of_squashed = {*loader.replacements, *(key for keys in replaced().values() for key in keys)}
    return {key for key in loader.disk_migrations if key[0] in apps} - of_squashed
