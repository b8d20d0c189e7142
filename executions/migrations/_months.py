"""The table of events becomes one by month; what is in it is the first partition."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

# The trigger is made anew: on a partitioned table it holds for every partition, whenever that is made.
SPLIT = """
DROP TRIGGER events_are_append_only ON executions_runevent;
ALTER TABLE executions_runevent RENAME TO {former};
ALTER INDEX executions_runevent_pkey RENAME TO {former}_pkey;
CREATE TABLE executions_runevent (LIKE {former} INCLUDING DEFAULTS INCLUDING STORAGE, PRIMARY KEY (run_id, seq))
    PARTITION BY RANGE (run_id);
CREATE INDEX event_by_time ON executions_runevent USING brin (at) WITH (autosummarize = on);
CREATE TRIGGER events_are_append_only BEFORE UPDATE ON executions_runevent
    FOR EACH ROW EXECUTE FUNCTION executions_refuse_rewriting();
ALTER TABLE executions_runevent ATTACH PARTITION {former} FOR VALUES FROM (MINVALUE) TO ('{bound}');
CREATE TABLE executions_runevent_default PARTITION OF executions_runevent DEFAULT;
"""
MONTH = "CREATE TABLE {name} PARTITION OF executions_runevent FOR VALUES FROM ('{low}') TO ('{high}')"
JOIN = """
CREATE TABLE executions_runevent_whole (LIKE executions_runevent INCLUDING DEFAULTS INCLUDING STORAGE);
INSERT INTO executions_runevent_whole SELECT * FROM executions_runevent;
DROP TABLE executions_runevent;
ALTER TABLE executions_runevent_whole RENAME TO executions_runevent;
ALTER TABLE executions_runevent ADD CONSTRAINT executions_runevent_pkey PRIMARY KEY (run_id, seq);
CREATE TRIGGER events_are_append_only BEFORE UPDATE ON executions_runevent
    FOR EACH ROW EXECUTE FUNCTION executions_refuse_rewriting();
"""


def split(_apps: Any, schema_editor: Any) -> None:
    """Up to the end of the month in which the newest run was made, or of this one; and the two months after."""
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT run_id FROM executions_runevent ORDER BY run_id DESC LIMIT 1")
        newest = cursor.fetchone()
        at = datetime.now(UTC)
        if newest is not None:
            at = max(at, datetime.fromtimestamp((newest[0].int >> 80) / 1000, UTC))
        month = next_month(at)
        cursor.execute(SPLIT.format(former=f"executions_runevent_until_{month:%Y_%m}", bound=first_id(month)))
        for _ in range(2):
            low, name, month = first_id(month), f"executions_runevent_{month:%Y_%m}", next_month(month)
            cursor.execute(MONTH.format(name=name, low=low, high=first_id(month)))


def join(_apps: Any, schema_editor: Any) -> None:
    schema_editor.execute(JOIN)


def next_month(at: datetime) -> datetime:
    start = at.replace(day=28, hour=0, minute=0, second=0, microsecond=0)
    return (start + timedelta(days=4)).replace(day=1)


def first_id(at: datetime) -> uuid.UUID:
    return uuid.UUID(int=int(at.timestamp() * 1000) << 80)
