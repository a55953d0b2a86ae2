"""Triggers that keep the register's history, version and hidings, whoever writes the register."""

from __future__ import annotations

from collections.abc import Iterator

from schemas.tables.catalogue import METADATA
from schemas.tables.hidings import hiding_statements
from schemas.views.catalogue import NOW

REGISTER_TABLES: tuple[str, ...] = ("phases", "modules", "embargoes", "settings", "contacts")
_EVENTS = {"INSERT": "NEW", "UPDATE": "NEW", "DELETE": "OLD"}


def trigger_name(table: str, event: str) -> str:
    """Give the name of one table's trigger for one event."""
    return f"register_{table}_{event.lower()}"


def trigger_statements(dialect: str) -> Iterator[str]:
    """Give the statements that (re)create every trigger on this database."""
    if dialect == "postgresql":
        yield _postgresql_function()
    for table in REGISTER_TABLES:
        for event in _EVENTS:
            yield from _statements(dialect, table, event)
    yield from hiding_statements(dialect)


def _statements(dialect: str, table: str, event: str) -> Iterator[str]:
    name = trigger_name(table, event)
    if dialect == "postgresql":
        yield f"DROP TRIGGER IF EXISTS {name} ON {table}"
        yield f"CREATE TRIGGER {name} AFTER {event} ON {table} FOR EACH ROW EXECUTE FUNCTION register_changed()"
    else:
        yield f"DROP TRIGGER IF EXISTS {name}"
        yield _sqlite_trigger(name, table, event)


def _sqlite_trigger(name: str, table: str, event: str) -> str:
    row = _EVENTS[event]
    columns = [column.name for column in METADATA.tables[table].columns if column.name != "school_id"]
    details = ", ".join(f"'{column}', {row}.{column}" for column in columns)
    return f"""CREATE TRIGGER {name} AFTER {event} ON {table} BEGIN
    INSERT INTO register_history (at, school_id, subject, action, details, changed_by)
    VALUES ({NOW["sqlite"]}, {row}.school_id, '{table}', lower('{event}'), json_object({details}), {row}.changed_by);
    INSERT INTO register_versions (school_id, version) VALUES ({row}.school_id, 1)
    ON CONFLICT (school_id) DO UPDATE SET version = register_versions.version + 1;
END"""  # noqa: S608  # names from our own tables


def _postgresql_function() -> str:
    return """CREATE OR REPLACE FUNCTION register_changed() RETURNS trigger LANGUAGE plpgsql AS $body$
DECLARE
    touched jsonb := CASE WHEN TG_OP = 'DELETE' THEN to_jsonb(OLD) ELSE to_jsonb(NEW) END;
BEGIN
    INSERT INTO register_history (at, school_id, subject, action, details, changed_by)
    VALUES (statement_timestamp(), touched ->> 'school_id', TG_TABLE_NAME, lower(TG_OP),
            (touched - 'school_id')::text, touched ->> 'changed_by');
    INSERT INTO register_versions (school_id, version) VALUES (touched ->> 'school_id', 1)
    ON CONFLICT (school_id) DO UPDATE SET version = register_versions.version + 1;
    RETURN NULL;
END
$body$"""
