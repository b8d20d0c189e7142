"""What the database itself guarantees: terminal states and events never change; heads have room to be updated."""

TERMINAL_GUARD = """
CREATE FUNCTION executions_refuse_leaving_the_end() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'execution % is % and stays so', OLD.id, OLD.state USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER a_terminal_state_is_immutable BEFORE UPDATE ON executions_skillexecution
    FOR EACH ROW WHEN (
        OLD.state IN ('succeeded', 'failed', 'cancelled') AND (
            NEW.state IS DISTINCT FROM OLD.state OR NEW.finished_at IS DISTINCT FROM OLD.finished_at
            OR NEW.outputs IS DISTINCT FROM OLD.outputs OR NEW.error IS DISTINCT FROM OLD.error
            OR NEW.failure_reason IS DISTINCT FROM OLD.failure_reason OR NEW.inputs IS DISTINCT FROM OLD.inputs
        )
    ) EXECUTE FUNCTION executions_refuse_leaving_the_end();
"""
DROP_TERMINAL_GUARD = """
DROP TRIGGER a_terminal_state_is_immutable ON executions_skillexecution;
DROP FUNCTION executions_refuse_leaving_the_end();
"""
EVENT_GUARD = """
CREATE FUNCTION executions_refuse_rewriting() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are append-only', TG_TABLE_NAME USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER events_are_append_only BEFORE UPDATE ON executions_runevent
    FOR EACH ROW EXECUTE FUNCTION executions_refuse_rewriting();
CREATE TRIGGER versions_are_immutable BEFORE UPDATE ON executions_skillversion
    FOR EACH ROW EXECUTE FUNCTION executions_refuse_rewriting();
"""
DROP_EVENT_GUARD = """
DROP TRIGGER events_are_append_only ON executions_runevent;
DROP TRIGGER versions_are_immutable ON executions_skillversion;
DROP FUNCTION executions_refuse_rewriting();
"""
# Heads are updated all the time and in place: spare room on each page keeps those updates off the indexes.
HEAD_ROOM = """
ALTER TABLE executions_runhead SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02);
ALTER TABLE executions_feedhead SET (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02);
"""
