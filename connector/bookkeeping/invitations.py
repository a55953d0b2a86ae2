"""Who was exported as an invitation, and whose mail came back: keys and keyed hashes, no address a second time."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, delete, insert, select, text

from connector.portal.upsert import insert_missing, upsert
from schemas.ids import SchoolId
from schemas.streams import Stream
from schemas.tables.bookkeeping import BouncedMailRow, InvitationKeyRow, InvitationRow
from schemas.tables.catalogue import TABLES, table_of

_KEYS, _LAST, _BOUNCED = table_of(InvitationKeyRow), table_of(InvitationRow), table_of(BouncedMailRow)
_GUARDIANS = TABLES[Stream.GUARDIANS]


def key_of(connection: Connection, school: SchoolId) -> bytes:
    """Give the key of a school's hashes; where none is kept yet, one that is good for this once."""
    return kept_key(connection, school) or secrets.token_bytes(32)


def kept_key(connection: Connection, school: SchoolId) -> bytes | None:
    """Give the key of a school's hashes, None where none is kept yet."""
    found = connection.execute(select(_KEYS.c.key).where(_KEYS.c.school_id == school)).scalar()
    return bytes.fromhex(found) if found else None


def keep_key(connection: Connection, school: SchoolId) -> bytes:
    """Give the key, made and kept if there is none. Two exports at once wait for each other here."""
    insert_missing(connection, _KEYS, {"school_id": school, "key": secrets.token_hex(32)})
    here = select(_KEYS.c.key).where(_KEYS.c.school_id == school)
    return bytes.fromhex(connection.execute(here.with_for_update()).scalar_one())


def last(connection: Connection, school: SchoolId) -> Mapping[str, str]:
    """Give who was in the last export, with the hash of the address."""
    return _digests(connection, _LAST, school)


def bounced(connection: Connection, school: SchoolId) -> Mapping[str, str]:
    """Give whose mail came back, with the hash of the address it came back from."""
    return _digests(connection, _BOUNCED, school)


def _digests(connection: Connection, table: Table, school: SchoolId) -> Mapping[str, str]:
    query = select(table.c.guardian_id, table.c.mail_digest).where(table.c.school_id == school)
    return {row[0]: row[1] for row in connection.execute(query)}


def remember(connection: Connection, school: SchoolId, digests: Mapping[str, str], now: datetime) -> None:
    """Replace what is known of the last export, and forget the bounces of guardians who are gone."""
    connection.execute(delete(_LAST).where(_LAST.c.school_id == school))
    rows = [
        {"school_id": school, "guardian_id": guardian, "mail_digest": digest, "exported_at": now}
        for guardian, digest in digests.items()
    ]
    if rows:
        connection.execute(insert(_LAST), rows)
    here = select(_GUARDIANS.c.id).where(_GUARDIANS.c.school_id == school)
    connection.execute(delete(_BOUNCED).where(_BOUNCED.c.school_id == school, _BOUNCED.c.guardian_id.not_in(here)))


def note_bounce(
    connection: Connection, school: SchoolId, guardian: str, digest: str, *, now: datetime, by: str
) -> None:
    """Remember that mail to this guardian's present address came back."""
    values = {"school_id": school, "guardian_id": guardian, "mail_digest": digest, "bounced_at": now, "noted_by": by}
    upsert(connection, _BOUNCED, [values])


def forget_bounce(connection: Connection, school: SchoolId, guardian: str) -> bool:
    """Take a bounce back; tell whether there was one."""
    here = (_BOUNCED.c.school_id == school, _BOUNCED.c.guardian_id == guardian)
    return connection.execute(delete(_BOUNCED).where(*here)).rowcount == 1


def guardians(connection: Connection, school: SchoolId) -> list[Mapping[str, Any]]:
    """Give every guardian of the portal with id, name and mail, in the order of names."""
    columns = (_GUARDIANS.c.id, _GUARDIANS.c.display_name, _GUARDIANS.c.sort_name, _GUARDIANS.c.email)
    query = select(*columns).where(_GUARDIANS.c.school_id == school)
    rows = [dict(row) for row in connection.execute(query).mappings()]
    return sorted(rows, key=lambda row: (row["sort_name"].casefold(), row["id"]))


def children(connection: Connection, school: SchoolId) -> list[tuple[str, str, str]]:
    """Give guardian, pupil and the pupil's name for everyone who may see a pupil at this moment."""
    statement = text(
        "SELECT a.guardian_id, a.pupil_id, p.display_name FROM portal_access AS a"
        " JOIN pupils AS p ON p.school_id = a.school_id AND p.id = a.pupil_id"
        " WHERE a.school_id = :school ORDER BY p.sort_name, p.id"
    )
    return [(row[0], row[1], row[2]) for row in connection.execute(statement, {"school": school})]
