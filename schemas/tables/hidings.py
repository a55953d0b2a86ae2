"""Triggers that keep when each module is hidden from parents: not open, not revealed, or under an embargo.

What a parent has not seen yet hangs on when a module was really hidden, and not on the rows that say so today: an
embargo that is lifted leaves no row, and one written into the past hid nothing then. So every change of one of these
rows ends what was foretold at this moment, and foretells the module anew from the rows as they are now.
"""

from collections.abc import Iterator

from schemas.views.catalogue import NOW

HIDING_TABLES: tuple[str, ...] = ("modules", "embargoes", "reveals")
_EVENTS = {"INSERT": ("NEW",), "UPDATE": ("OLD", "NEW"), "DELETE": ("OLD",)}
"""An update foretells both: a row may move to another module, and what it hid before is then shown."""


def hiding_statements(dialect: str) -> Iterator[str]:
    """Give the statements that (re)create these triggers on this database."""
    if dialect == "postgresql":
        yield _postgresql_function()
    for table in HIDING_TABLES:
        for event, rows in _EVENTS.items():
            name = f"hidings_{table}_{event.lower()}"
            if dialect == "postgresql":
                yield f"DROP TRIGGER IF EXISTS {name} ON {table}"
                yield f"CREATE TRIGGER {name} AFTER {event} ON {table} FOR EACH ROW EXECUTE FUNCTION hidings_changed()"
            else:
                yield f"DROP TRIGGER IF EXISTS {name}"
                anew = "".join(_anew(NOW[dialect], row) for row in rows)
                yield f"CREATE TRIGGER {name} AFTER {event} ON {table} BEGIN\n{anew}END"


def _postgresql_function() -> str:
    # The lock: who waits here for another change of the register then sees it, and foretells from both.
    return f"""CREATE OR REPLACE FUNCTION hidings_changed() RETURNS trigger LANGUAGE plpgsql AS $body$
DECLARE
    one record;
BEGIN
    FOR one IN
        SELECT DISTINCT touched ->> 'school_id' AS school_id, touched ->> 'module' AS module
        FROM (VALUES (to_jsonb(OLD)), (to_jsonb(NEW))) AS rows (touched)
        WHERE touched IS NOT NULL
        ORDER BY 1, 2
    LOOP
    PERFORM 1 FROM register_versions WHERE school_id = one.school_id FOR UPDATE;
{_anew(NOW["postgresql"], "one")}    END LOOP;
    RETURN NULL;
END
$body$"""  # noqa: S608  # names from our own tables


def _anew(now: str, row: str) -> str:
    here = f"school_id = {row}.school_id AND module = {row}.module"
    return f"""    DELETE FROM hidings WHERE {here} AND hidden_from >= {now};
    UPDATE hidings SET hidden_until = {now} WHERE {here} AND (hidden_until IS NULL OR hidden_until > {now});
    INSERT INTO hidings (school_id, module, hidden_from, hidden_until)
    SELECT school_id, module, CASE WHEN embargo_from > {now} THEN embargo_from ELSE {now} END, embargo_until
    FROM embargoes WHERE {here} AND embargo_until > {now}
    UNION ALL
    SELECT school_id, module, {now}, opens_at
    FROM modules WHERE {here} AND (opens_at IS NULL OR opens_at > {now})
    UNION ALL
    SELECT school_id, module, CASE WHEN closes_at > {now} THEN closes_at ELSE {now} END, NULL
    FROM modules WHERE {here} AND closes_at IS NOT NULL
    UNION ALL
    SELECT school_id, module, {now}, NULL
    FROM modules WHERE {here} AND NOT EXISTS (SELECT 1 FROM reveals WHERE {here});
"""  # noqa: S608  # names from our own tables
