"""The activation register: what a school opened, from when, decided by whom. History and version keep themselves."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from shlex import quote
from typing import Any, NamedTuple

from sqlalchemy import Connection, and_, delete, insert, select, update

from connector.portal.bound import SCHOOL
from connector.portal.upsert import insert_missing, upsert
from schemas.errors import ConfigurationError
from schemas.ids import SchoolId
from schemas.modules import ALWAYS_ON, DEFAULT_PHASE, Module
from schemas.selections import DEFAULT_SELECTIONS, SETTINGS, Selections, parse_setting
from schemas.tables.catalogue import table_of
from schemas.tables.register import (
    ContactRow,
    EmbargoRow,
    ModuleRow,
    PhaseRow,
    RegisterHistoryRow,
    RegisterVersionRow,
    RevealRow,
    SettingRow,
)

_MODULES, _PHASES, _EMBARGOES = table_of(ModuleRow), table_of(PhaseRow), table_of(EmbargoRow)
_SETTINGS, _CONTACTS = table_of(SettingRow), table_of(ContactRow)
_REVEALS, _HISTORY, _VERSIONS = table_of(RevealRow), table_of(RegisterHistoryRow), table_of(RegisterVersionRow)

_REVEALED = and_(_REVEALS.c.school_id == _MODULES.c.school_id, _REVEALS.c.module == _MODULES.c.module)
_VERSION = select(_VERSIONS.c.version).where(_VERSIONS.c.school_id == SCHOOL)
_ENTRY = (_MODULES.c.module, _MODULES.c.phase, _MODULES.c.opens_at, _MODULES.c.closes_at, _REVEALS.c.revealed_at)
_ENTRIES = (
    select(*_ENTRY, _VERSION.scalar_subquery().label("version"))
    .join_from(_MODULES, _REVEALS, _REVEALED, isouter=True)
    .where(_MODULES.c.school_id == SCHOOL)
)
_SETTING_TEXTS = (
    select(_SETTINGS.c.name, _SETTINGS.c.value).where(_SETTINGS.c.school_id == SCHOOL).order_by(_SETTINGS.c.name)
)


class ModuleEntry(NamedTuple):
    """One module of one school as the register has it. Instants are aware UTC; None is not planned."""

    module: Module
    phase: int
    opens_at: datetime | None
    closes_at: datetime | None
    revealed_at: datetime | None


class Decision(NamedTuple):
    """What stands behind a phase; None leaves what is there."""

    opens_on: date | None = None
    decided_by: str | None = None
    agreed_with: str | None = None
    evening_on: date | None = None
    parent_text: str | None = None


class Contact(NamedTuple):
    """Whom the parents of a school may ask about the portal."""

    name: str
    mail: str
    phone: str | None = None


def ensure(connection: Connection, school: SchoolId, now: datetime, by: str) -> None:
    """Give a school its default plan: what is always on opens now, the rest waits to be planned."""
    known = set(connection.execute(select(_MODULES.c.module).where(_MODULES.c.school_id == school)).scalars())
    for module in Module:
        if module.value not in known:
            opens_at = now if module in ALWAYS_ON else None
            values = {"school_id": school, "module": module.value, "phase": DEFAULT_PHASE[module]}
            insert_missing(connection, _MODULES, {**values, "opens_at": opens_at, "changed_by": by})


def read(connection: Connection, school: SchoolId) -> tuple[list[ModuleEntry], int]:
    """Give the entries in the order of the modules, and the version they belong to."""
    found = connection.execute(_ENTRIES, {"school": school}).all()
    rows = {row.module: row for row in found}
    entries = [
        ModuleEntry(module, row.phase, row.opens_at, row.closes_at, row.revealed_at)
        for module in Module
        if (row := rows.get(module.value)) is not None
    ]
    return entries, found[0].version or 0 if found else version(connection, school)


def version(connection: Connection, school: SchoolId) -> int:
    """Give the number that grows with every change of the register."""
    found = connection.execute(_VERSION, {"school": school}).scalar()
    return 0 if found is None else int(found)


def open_module(connection: Connection, school: SchoolId, module: Module, opens_at: datetime, by: str) -> None:
    """Open a module from an instant on. A module that was closed and not withdrawn yet shows again at once."""
    connection.execute(
        update(_MODULES)
        .values(opens_at=opens_at, closes_at=None, changed_by=by)
        .where(_MODULES.c.school_id == school, _MODULES.c.module == module.value)
    )


def close_module(connection: Connection, school: SchoolId, module: Module, closes_at: datetime, by: str) -> bool:
    """Close a module from an instant on; tell whether it was open or planned."""
    here = (_MODULES.c.school_id == school) & (_MODULES.c.module == module.value) & _MODULES.c.opens_at.is_not(None)
    return connection.execute(update(_MODULES).values(closes_at=closes_at, changed_by=by).where(here)).rowcount == 1


def move_to_phase(connection: Connection, school: SchoolId, module: Module, phase: int, by: str) -> None:
    """Put a module into another phase."""
    here = (_MODULES.c.school_id == school) & (_MODULES.c.module == module.value) & (_MODULES.c.phase != phase)
    connection.execute(update(_MODULES).values(phase=phase, changed_by=by).where(here))


def decide_phase(connection: Connection, school: SchoolId, number: int, decision: Decision, by: str) -> None:
    """Write down the decision behind a phase; what is not given stays as it was."""
    insert_missing(connection, _PHASES, {"school_id": school, "number": number, "changed_by": by})
    values = {name: value for name, value in decision._asdict().items() if value is not None}
    if values:
        connection.execute(
            update(_PHASES)
            .values(**values, changed_by=by)
            .where(_PHASES.c.school_id == school, _PHASES.c.number == number)
        )


def add_embargo(
    connection: Connection,
    school: SchoolId,
    module: Module,
    window: tuple[datetime, datetime],
    *,
    reason: str | None,
    by: str,
) -> None:
    """Hide an open module in a window; a second embargo that begins at the same instant replaces the first."""
    same = (_EMBARGOES.c.school_id == school, _EMBARGOES.c.module == module.value)
    connection.execute(delete(_EMBARGOES).where(*same, _EMBARGOES.c.embargo_from == window[0]))
    values = {"school_id": school, "module": module.value, "embargo_from": window[0], "embargo_until": window[1]}
    connection.execute(insert(_EMBARGOES).values(**values, reason=reason, changed_by=by))


def lift_embargoes(connection: Connection, school: SchoolId, module: Module, now: datetime, by: str) -> int:
    """End every embargo of a module that is in force or to come; give their number."""
    here = (_EMBARGOES.c.school_id == school, _EMBARGOES.c.module == module.value, _EMBARGOES.c.embargo_until > now)
    connection.execute(update(_EMBARGOES).values(changed_by=by).where(*here))
    return int(connection.execute(delete(_EMBARGOES).where(*here)).rowcount)


def embargoes(connection: Connection, school: SchoolId, now: datetime) -> list[Mapping[str, Any]]:
    """Give the embargoes in force or to come."""
    query = select(_EMBARGOES).where(_EMBARGOES.c.school_id == school, _EMBARGOES.c.embargo_until > now)
    return [dict(row) for row in connection.execute(query.order_by(_EMBARGOES.c.embargo_from)).mappings()]


def phases(connection: Connection, school: SchoolId) -> list[Mapping[str, Any]]:
    """Give the phases with the decisions behind them."""
    query = select(_PHASES).where(_PHASES.c.school_id == school).order_by(_PHASES.c.number)
    return [dict(row) for row in connection.execute(query).mappings()]


def history(connection: Connection, school: SchoolId, module: Module | None = None) -> list[Mapping[str, Any]]:
    """Give every change of the register, oldest first. `details` is the row after the change, as JSON."""
    query = select(_HISTORY).where(_HISTORY.c.school_id == school).order_by(_HISTORY.c.id)
    rows: list[Mapping[str, Any]] = [dict(row) for row in connection.execute(query).mappings()]
    if module is None:
        return rows
    return [row for row in rows if f'"{module.value}"' in row["details"]]


def note(
    connection: Connection,
    school: SchoolId,
    subject: str,
    action: str,
    details: Mapping[str, datetime | str],
    by: str,
    now: datetime,
) -> None:
    """Add to the history what a person did that is in no table of the register. Moments are written as ISO text."""
    text = json.dumps({name: one.isoformat() if isinstance(one, datetime) else one for name, one in details.items()})
    values = {"school_id": school, "subject": subject, "action": action, "details": text, "changed_by": by}
    connection.execute(insert(_HISTORY).values(at=now, **values))


def selections(connection: Connection, school: SchoolId) -> Selections:
    """Give a school's settings. Raises ConfigurationError for one that cannot be read, whoever wrote it."""
    values = {name: read_setting(school, name, text) for name, text in setting_texts(connection, school).items()}
    return DEFAULT_SELECTIONS.model_copy(update={SETTINGS[name]: value for name, value in values.items()})


def read_setting(school: SchoolId, name: str, text: str) -> Any:
    """Give the value of a JSON text in the register; raises ConfigurationError with the command that mends it."""
    where = f"School {school}, the register's settings"
    unset = f"connector modules unset {quote(name)} --school {school}"
    if name not in SETTINGS:
        raise ConfigurationError(f"{where}: there is no setting {name[:40]!r}.", fix=f"Take it away: {unset}")
    try:
        return parse_setting(name, json.loads(text))
    except ConfigurationError as error:
        message = error.message
    except (ValueError, RecursionError):
        message = f"{name} is not JSON."
    again = f"connector modules set {name} … --school {school}"
    raise ConfigurationError(f"{where}: {message}", fix=f"Set it again: {again}, or take its default: {unset}")


def setting_texts(connection: Connection, school: SchoolId) -> Mapping[str, str]:
    """Give the settings that differ from their default, by name, as the JSON text in the register."""
    return {row.name: row.value for row in connection.execute(_SETTING_TEXTS, {"school": school})}


def setting_changes(connection: Connection, school: SchoolId) -> Mapping[str, tuple[datetime, str]]:
    """Give when, and by whom, each setting that differs from its default was last written."""
    query = select(_HISTORY).where(_HISTORY.c.school_id == school, _HISTORY.c.subject == _SETTINGS.name)
    rows = connection.execute(query.order_by(_HISTORY.c.id)).mappings()
    found = {json.loads(row["details"])["name"]: (row["at"], row["changed_by"]) for row in rows}
    return {name: found[name] for name in setting_texts(connection, school) if name in found}


def set_setting(connection: Connection, school: SchoolId, name: str, text: str, by: str) -> None:
    """Write one setting; what says the same already is not touched, so that history tells changes only."""
    insert_missing(connection, _SETTINGS, {"school_id": school, "name": name, "value": text, "changed_by": by})
    here = (_SETTINGS.c.school_id == school) & (_SETTINGS.c.name == name) & (_SETTINGS.c.value != text)
    connection.execute(update(_SETTINGS).values(value=text, changed_by=by).where(here))


def reset_setting(connection: Connection, school: SchoolId, name: str, by: str) -> bool:
    """Go back to a setting's default; tell whether it was set. Signed first: the trigger keeps the row's last name."""
    here = (_SETTINGS.c.school_id == school, _SETTINGS.c.name == name)
    connection.execute(update(_SETTINGS).values(changed_by=by).where(*here))
    return connection.execute(delete(_SETTINGS).where(*here)).rowcount == 1


def contact(connection: Connection, school: SchoolId) -> Contact | None:
    """Give the contact person of a school."""
    query = select(_CONTACTS.c.name, _CONTACTS.c.mail, _CONTACTS.c.phone).where(_CONTACTS.c.school_id == school)
    row = connection.execute(query).first()
    return None if row is None else Contact(*row)


def set_contact(connection: Connection, school: SchoolId, given: Contact, by: str) -> bool:
    """Write down the contact person; tell whether that changed anything."""
    if contact(connection, school) == given:
        return False
    values = {"school_id": school, **given._asdict(), "changed_by": by}
    upsert(connection, _CONTACTS, [values])
    return True


def clear_contact(connection: Connection, school: SchoolId, by: str) -> bool:
    """Take the contact person away; tell whether there was one. Signed first, as with a setting."""
    here = _CONTACTS.c.school_id == school
    connection.execute(update(_CONTACTS).values(changed_by=by).where(here))
    return connection.execute(delete(_CONTACTS).where(here)).rowcount == 1


def reveal(connection: Connection, school: SchoolId, modules: Iterable[Module], now: datetime) -> None:
    """Let parents see modules whose first load is complete."""
    for module in modules:
        values = {"school_id": school, "module": module.value, "revealed_at": now}
        insert_missing(connection, _REVEALS, values)


def conceal(connection: Connection, school: SchoolId, modules: Iterable[Module]) -> None:
    """Take back the reveal of closed modules: when they open again, the first load shows as a whole."""
    names = [module.value for module in modules]
    connection.execute(delete(_REVEALS).where(_REVEALS.c.school_id == school, _REVEALS.c.module.in_(names)))
