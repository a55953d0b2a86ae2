"""Explain: for one pupil, why the portal shows or hides each thing, and to whom. Reads the portal and the books only.

What is seen is what the views show; access, gates and held keys are what runs wrote down. Nothing is judged anew.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection

from connector.bookkeeping import checkpoints, ledger, register, traces
from connector.bookkeeping.checkpoints import NOT_SUPPLIED, Checkpoint
from connector.portal import dossier, secret_homes
from connector.portal.database import database_now
from jobs.parts import SchoolPlan
from mappings import explain as reasons
from mappings.activation import MAPPING_VERSION, ModuleState
from mappings.explain import SHOWN, Looker, Scene
from schemas.errors import ConfigurationError
from schemas.explanations import (
    SHOWN_BY,
    AccessWindow,
    Entry,
    Explanation,
    ModuleReason,
    Place,
    RowReason,
    StoredRow,
    StreamReason,
    Told,
    Trace,
    Viewer,
)
from schemas.ids import SchoolId, SourceKey
from schemas.modules import ALWAYS_ON, STREAMS_OF, Module
from schemas.selections import SETTINGS, BirthDateShown
from schemas.streams import Stream

_GROUPS = frozenset({Module.GROEP, Module.ROOSTER})


class Wanted(NamedTuple):
    """What to explain. No `modules`: all; no `guardian`: every guardian of the pupil."""

    pupil: SourceKey
    guardian: SourceKey | None = None
    modules: tuple[Module, ...] = ()


class _Case(NamedTuple):
    """What all streams of one pupil share. `above` is shown, or why the pupil is not in the portal."""

    connection: Connection
    school: SchoolId
    pupil: str
    above: str
    scene: Scene
    viewers: tuple[Viewer, ...]
    known: Mapping[Stream, Checkpoint]
    told: Mapping[Stream, tuple[Told, ...]]


def keys_of(connection: Connection, school: SchoolId, key: SourceKey) -> frozenset[str]:
    """Give every key at the source that means the same pupil."""
    row_id = dossier.meant(connection, school, Stream.PUPILS, key)
    return dossier.source_keys(connection, school, Stream.PUPILS, row_id) | {key}


def explain(
    connection: Connection,
    plan: SchoolPlan,
    dialect: str,
    wanted: Wanted,
    told: Mapping[Stream, tuple[Told, ...]] | None = None,
) -> Explanation:
    """Give the reasons; `told` is what the source was asked for just now.

    Raises ConfigurationError for a pupil or guardian that neither the portal nor the books nor `told` know.
    """
    school, now = plan.id, database_now(connection)
    pupil, held = _find(connection, school, Stream.PUPILS, wanted.pupil, "--pupil", told)
    is_present = dossier.is_present(connection, school, Stream.PUPILS, pupil)
    guardian, viewers = _viewers(connection, school, pupil, wanted.guardian, now)
    case = _Case(
        connection,
        school,
        pupil,
        SHOWN if is_present else _absent(held, (told or {}).get(Stream.PUPILS, ())),
        _scene(connection, school, pupil, now),
        viewers,
        checkpoints.read(connection, school),
        told or {},
    )
    seen_school = next((row for row in ledger.schools(connection) if row["school_id"] == school), None)
    entries = _entries(connection, school, now)
    modules = tuple(_module(case, module, entries.get(module), now) for module in wanted.modules or tuple(Module))
    secret = tuple(secret_homes.holders(connection, school, pupil))
    groep = next((one.reason for one in modules if one.module is Module.GROEP), None)
    return Explanation(
        school=school,
        pupil=pupil,
        is_in_portal=is_present,
        traces=tuple(held),
        source=plan.source,
        dialect=dialect,
        checked_at=None if seen_school is None else seen_school["checked_at"],
        mapping_version=MAPPING_VERSION,
        taken_at=now,
        secret=secret,
        viewers=viewers,
        guardian=guardian,
        modules=modules,
        group_list={} if groep is None else _group_list(case, groep, is_secret=bool(secret)),
        is_asked=told is not None,
    )


def _find(
    connection: Connection,
    school: SchoolId,
    stream: Stream,
    key: SourceKey,
    option: str,
    told: Mapping[Stream, tuple[Told, ...]] | None = None,
) -> tuple[str, list[Trace]]:
    """Give the id that a key means and what the books hold of it; raises ConfigurationError for an unknown one."""
    row_id = dossier.meant(connection, school, stream, key)
    keys = dossier.source_keys(connection, school, stream, row_id) | {key}
    held = traces.of_keys(connection, school, stream, keys)
    is_told = any(one.id in keys for one in (told or {}).get(stream, ()))
    if not (held or is_told or dossier.is_present(connection, school, stream, row_id)):
        who = stream.value.removesuffix("s")
        raise ConfigurationError(
            f"School {school} has no {who} with the key that {option} names: "
            "not in the portal, not held by the brake, not in quarantine, not hidden by a gate, awaited by no record.",
            fix=f"Take the {who}'s id in the portal or key in the SIS; if it is new there, "
            f"`connector sync --school {school}` first.",
        )
    return row_id, held


def _absent(held: Sequence[Trace], told: Sequence[Told]) -> str:
    """Say why the pupil is not in the portal."""
    why = reasons.reason_of_trace([one for one in held if one.place is not Place.PORTAL])
    if why != SHOWN:
        return why
    return next((reasons.told_reason(one, held, SHOWN) for one in told), reasons.NOT_READ_YET)


def _viewers(
    connection: Connection, school: SchoolId, pupil: str, wanted: SourceKey | None, now: datetime
) -> tuple[str | None, tuple[Viewer, ...]]:
    """Give the guardians to speak of, and which one was asked for."""
    relations: dict[str, list[str]] = {}
    for guardian, relation in dossier.relations_of(connection, school, pupil):
        relations.setdefault(guardian, []).append(relation)
    asked: str | None = None
    held: list[Trace] = []
    if wanted is not None:
        asked, held = _find(connection, school, Stream.GUARDIANS, wanted, "--guardian")
    names = sorted(relations) if asked is None else [asked]
    windows = dossier.windows_of(connection, school, pupil)
    current = {one.guardian: one for one in windows if _is_now(one.begins_at, one.ends_at, now)}
    found = []
    for name in names:
        own = held if name == asked else traces.of_keys(connection, school, Stream.GUARDIANS, [name])
        level, reason, then = "none", reasons.NO_RELATION, None
        if name in current:
            level, reason = current[name].level, current[name].reason
            then = _reason_after(windows, current[name])
        elif not dossier.is_present(connection, school, Stream.GUARDIANS, name):
            reason = reasons.reason_of_trace(own)
        found.append(Viewer(name, tuple(relations.get(name, ())), level, reason, then, tuple(own)))
    return asked, tuple(found)


def _reason_after(windows: Iterable[AccessWindow], window: AccessWindow) -> str | None:
    """Give the reason that follows by itself, or None."""
    following = (one for one in windows if one.guardian == window.guardian and one.begins_at == window.ends_at)
    return None if window.ends_at is None else next((one.reason for one in following), None)


def _is_now(begins: datetime | None, ends: datetime | None, now: datetime) -> bool:
    return (begins is None or begins <= now) and (ends is None or ends > now)


def _scene(connection: Connection, school: SchoolId, pupil: str, now: datetime) -> Scene:
    windows = dossier.windows_of(connection, school, pupil)
    levels = {one.guardian: one.level for one in windows if _is_now(one.begins_at, one.ends_at, now)}
    stays = dossier.stays_of(connection, school, pupil)
    return Scene(
        now,
        levels,
        dossier.secret_guardians(connection, school, levels),
        frozenset(one.group for one in stays if one.begins_at is None or one.begins_at <= now),
        frozenset(one.group for one in stays if _is_now(one.begins_at, one.ends_at, now)),
        bool(dossier.open_modules(connection, school) & {module.value for module in _GROUPS}),
    )


def _entries(connection: Connection, school: SchoolId, now: datetime) -> dict[Module, Entry]:
    """Give what the register says of each module, and who wrote it down when."""
    phases = {row["number"]: row for row in register.phases(connection, school)}
    embargoes: dict[str, datetime] = {}
    for row in register.embargoes(connection, school, now):
        if row["embargo_from"] <= now:
            embargoes[row["module"]] = max(row["embargo_until"], embargoes.get(row["module"], row["embargo_until"]))
    noted = _noted(register.history(connection, school))
    found = {}
    for one in register.read(connection, school)[0]:
        phase = phases.get(one.phase, {})
        opened, closed = noted.get(one.module.value, (None, None))
        found[one.module] = Entry(
            one.opens_at,
            one.closes_at,
            one.revealed_at,
            embargoes.get(one.module.value),
            one.phase,
            None if opened is None else opened["changed_by"],
            None if opened is None else _aware(opened["at"]),
            None if closed is None or one.closes_at is None else closed["changed_by"],
            phase.get("decided_by"),
            phase.get("agreed_with"),
            phase.get("opens_on"),
        )
    return found


def _noted(history: Iterable[Mapping[str, Any]]) -> dict[str, tuple[Any, Any]]:
    """Give per module the changes of the register that gave it its present opening and closing."""
    found: dict[str, tuple[Any, Any]] = {}
    said: dict[str, tuple[Any, Any]] = {}
    for row in history:
        if row["subject"] != "modules":
            continue
        values = json.loads(row["details"])
        name, now = values["module"], (values.get("opens_at"), values.get("closes_at"))
        before, (opened, closed) = said.get(name, (None, None)), found.get(name, (None, None))
        found[name] = (row if now[0] != before[0] else opened, row if now[1] != before[1] else closed)
        said[name] = now
    return found


def _aware(instant: datetime) -> datetime:
    return instant if instant.tzinfo is not None else instant.replace(tzinfo=UTC)


def _module(case: _Case, module: Module, entry: Entry | None, now: datetime) -> ModuleReason:
    state = ModuleState(module, now, None) if module in ALWAYS_ON else None  # a school that never synced
    if entry is not None:
        state = ModuleState(module, entry.opens_at, entry.closes_at)
    gate = reasons.module_gate(
        state,
        is_revealed=entry is not None and entry.revealed_at is not None,
        embargo_until=None if entry is None else entry.embargo_until,
        now=now,
    )
    streams = tuple(_stream(case, stream, gate) for stream in STREAMS_OF[module] if SHOWN_BY[stream] is module)
    return ModuleReason(module, gate, entry, streams)


def _stream(case: _Case, stream: Stream, gate: str) -> StreamReason:
    connection, school = case.connection, case.school
    checkpoint = case.known.get(stream, Checkpoint())
    version, _, settings = (checkpoint.fingerprint or "").partition(":")
    stored = dossier.rows_of(connection, school, stream, case.pupil)
    held = traces.of_pupil(connection, school, stream, case.pupil)
    others = traces.of_others(connection, school, stream, case.pupil)
    told = {dossier.meant(connection, school, stream, one.id): one for one in case.told.get(stream, ())}
    unstored = [one for key, one in told.items() if key not in {row.id for row in stored}]
    fresh = traces.of_keys(connection, school, stream, [one.id for one in unstored]) if unstored else []
    fresh = [one for one in fresh if one not in held]
    rows = [
        *(_beside(row, told) if stream in case.told else row for row in _rows(case, stream, stored, gate)),
        *(_told_row(case, stream, one, (*held, *fresh)) for one in unstored),
    ]
    full = traces.last_reading(connection, school, stream, full=True)
    return StreamReason(
        stream=stream,
        reason=_stream_reason(case, stream, gate, checkpoint, [one.reason for one in rows]),
        read_at=checkpoint.updated_at,
        mapping_version=version or None,
        settings=settings,
        waits_for=checkpoint.full_reason,
        reading=traces.last_reading(connection, school, stream),
        kept_out={} if full is None else traces.kept_out(connection, full.run_id, stream),
        rows=tuple(rows),
        traces=(*held, *fresh),
        others_held=others[0] - sum(one.place is Place.HELD for one in fresh),
        others_quarantined=others[1] - sum(one.place is Place.QUARANTINE for one in fresh),
    )


def _beside(row: RowReason, told: Mapping[str, Told]) -> RowReason:
    """Say of a row that is here what keeps its record out as the source has it now."""
    if row.id not in told:
        return row._replace(at_source=reasons.NOT_TOLD)
    return row._replace(at_source=told[row.id].code or None)


def _told_row(case: _Case, stream: Stream, told: Told, held: Sequence[Trace]) -> RowReason:
    above = SHOWN if stream is Stream.PUPILS else case.above
    return RowReason(told.id, reasons.told_reason(told, held, above), (), {})


def _rows(case: _Case, stream: Stream, stored: Iterable[StoredRow], gate: str) -> list[RowReason]:
    names = [one.guardian for one in case.viewers]
    seen = dossier.seen(case.connection, case.school, stream, names)
    found = []
    for row in stored:
        why = {
            one.guardian: SHOWN
            if (row.id, one.guardian) in seen
            else gate
            if gate != SHOWN
            else reasons.why_unseen(stream, row, Looker(one.guardian, one.level, one.reason), case.scene)
            for one in case.viewers
        }
        by = tuple(guardian for guardian, reason in why.items() if reason == SHOWN)
        reason = gate if gate != SHOWN else reasons.together(why.values())
        found.append(RowReason(row.id, reason, by, why, row.first_shown_at, row.changed_at))
    return found


def _stream_reason(case: _Case, stream: Stream, gate: str, checkpoint: Checkpoint, found: Sequence[str]) -> str:
    if gate != SHOWN:
        return gate
    if checkpoint.full_reason == NOT_SUPPLIED:
        return reasons.NOT_SUPPLIED
    if checkpoint.loaded_at is None:
        return reasons.NEVER_LOADED
    if case.above != SHOWN and (stream is Stream.PUPILS or not found):
        return case.above if stream is Stream.PUPILS else reasons.below(case.above)
    return reasons.together(found) if found else reasons.NOTHING_KEPT


def _group_list(case: _Case, gate: str, *, is_secret: bool) -> dict[str, str]:
    """Say what of the pupil classmates' parents may see."""
    selections = register.selections(case.connection, case.school)
    chosen = {name: getattr(selections, SETTINGS[name]) for name in reasons.LISTED}
    settings = {name: value not in {False, BirthDateShown.OFF} for name, value in chosen.items()}
    if case.above != SHOWN:
        gate = reasons.below(case.above)
    return reasons.group_list_fields(
        gate,
        settings,
        dossier.preferences_of(case.connection, case.school, case.pupil),
        is_secret=is_secret,
        is_seen=dossier.is_listed(case.connection, case.school, case.pupil),
    )
