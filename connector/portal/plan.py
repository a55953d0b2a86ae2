"""The plan: one set-based comparison of what was staged with the portal, column by column. Writes nothing there."""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Insert,
    Table,
    Update,
    and_,
    case,
    exists,
    false,
    insert,
    literal,
    not_,
    or_,
    select,
    true,
    update,
)

from connector.portal import standstill
from connector.portal.bound import SCHOOL, YEAR
from connector.portal.staging import ALONG, APPROVED, FROZEN, KEPT, NEW, STAGING
from connector.portal.standstill import here, is_anothers
from connector.portal.survey import Survey
from schemas.ids import SchoolId
from schemas.streams import PARENTS, TIES, Action, Decides, Outcome, Parent, Scope, Stream
from schemas.tables.bookkeeping import HiddenKeyRow, PendingKeyRow
from schemas.tables.catalogue import DATA_COLUMNS, TABLES, table_of

MISSING = "missing"
HELD, PARENT_HELD = "held", "parent_held"
NEEDS_CHILD = "no_enrolled_child"
_HIDDEN = table_of(HiddenKeyRow)
_PENDING = table_of(PendingKeyRow)


class Question(NamedTuple):
    """What is planned: one stream of one school, and how it was asked for."""

    school: SchoolId
    stream: Stream
    scope: Scope
    is_first: bool
    """What is shown was staged to be added, else to be kept."""
    is_complete: bool
    is_wanted: bool
    """The keys were asked for one by one, so nothing that waits for a reason of our own may stop them."""
    counts_staged_parents: bool
    """A dry run has not applied the parents, so staged ones count as present."""
    survey: Survey
    staying: frozenset[Decides] = frozenset()
    """Records that cannot be read by a field of this kind keep their rows: the stream stopped."""
    is_frozen: bool = False
    """Only what shows less may be applied."""
    withdraws_unseen: bool = False
    """Keys could not be read for too long: what was not seen readable cannot be judged."""
    returning: frozenset[str] = frozenset()
    """Ids of rows that were withheld unjudged and come back as they were, which nobody has to approve."""


def draw(connection: Connection, question: Question) -> None:
    """Give every staged row its action; rows of the portal that a complete enumeration lacks are staged as missing."""
    stream, survey, values = question.stream, question.survey, {"school": question.school}
    is_dry = question.counts_staged_parents
    has_moved = _compare(connection, question)
    if question.staying and survey.lot.rejected:
        standstill.let_unread_stay(connection, stream, question.staying)
    if question.is_frozen:
        standstill.freeze(connection, stream, question.school)
    rejected = survey.lot.rejected
    # What is kept as it is hangs on a parent that the portal has. In a dry run that parent may be about to go.
    for parent in PARENTS[stream] if has_moved or is_dry else ():
        rejected += connection.execute(_stop_orphans(stream, parent, is_dry=is_dry), values).rowcount
    refused = survey.lot.withheld + rejected
    if stream is Stream.GUARDIANS and not question.is_wanted and stream in survey.hidden:
        refused += connection.execute(_keep_childless_out(), values).rowcount
    removals = 0
    if survey.size:
        if rejected and TIES[stream]:
            connection.execute(_hide_what_moved(stream), values)
        if refused:
            connection.execute(_withdraw_what_is_refused(stream), values)
        removals = _remove(connection, question)
    if stream in survey.pending:
        connection.execute(_recognise_pending(stream), values)
    if question.is_frozen:
        standstill.freeze(connection, stream, question.school)
    if removals and (going_along := _hold_what_goes_along(stream, is_dry=is_dry)) is not None:
        connection.execute(going_along, values)


def _row_exists(table: Table, key: ColumnElement[Any]) -> ColumnElement[bool]:
    return exists(select(literal(1)).where(table.c.school_id == SCHOOL, table.c.id == key))


@cache
def _stop_orphans(stream: Stream, parent: Parent, *, is_dry: bool) -> Update:
    """Withhold what hangs on a hidden or held parent; reject what hangs on an unknown one."""
    staging, key = STAGING[stream], STAGING[stream].c[parent.column]
    present = _row_exists(TABLES[parent.stream], key)
    if is_dry:
        above = STAGING[parent.stream].alias("above")
        present = or_(
            exists(
                select(literal(1)).where(
                    above.c.id == key,
                    above.c.outcome == Outcome.SHOWN.value,
                    or_(above.c.action != Action.ADD.value, above.c.hold.is_(None), above.c.hold == APPROVED),
                )
            ),
            and_(present, not_(exists(select(literal(1)).where(above.c.id == key, above.c.action == "withdraw")))),
        )
    is_asked: ColumnElement[bool] = staging.c.action.in_([Action.ADD.value, Action.ALTER.value])
    if is_dry:
        is_asked = staging.c.outcome == Outcome.SHOWN.value
    is_asked = and_(is_asked, staging.c.hold.is_distinct_from(FROZEN))  # that is judged when it comes again
    held, hidden = _is_hidden(stream, parent, key, is_dry=is_dry)
    is_known = or_(held, hidden)
    values = {
        "action": None,
        "outcome": case((is_known, Outcome.WITHHELD.value), else_=Outcome.REJECTED.value),
        "code": case((held, PARENT_HELD), (hidden, "parent_withheld"), else_="missing_parent"),
        "field_path": case((is_known, staging.c.field_path), else_=parent.column),
        "missing_stream": case((is_known, staging.c.missing_stream), else_=parent.stream.value),
        "missing_key": case((is_known, staging.c.missing_key), else_=key),
    }
    return update(staging).values(values).where(is_asked, not_(present))


def _is_hidden(stream: Stream, parent: Parent, key: ColumnElement[Any], *, is_dry: bool) -> tuple[Any, Any]:
    """Tell whether a missing parent is held by the brake, and whether it is hidden for another reason."""
    known = select(literal(1)).where(
        _HIDDEN.c.school_id == SCHOOL, _HIDDEN.c.stream == parent.stream.value, _HIDDEN.c.id == key
    )
    held = exists(known.where(_HIDDEN.c.reason == HELD))
    # A relation asks for a childless guardian by key; whatever else names one stays out with that guardian.
    askable = [HELD, NEEDS_CHILD] if stream is Stream.GUARDIANSHIPS else [HELD]
    hidden = exists(known.where(_HIDDEN.c.reason.not_in(askable)))
    if not is_dry:
        return held, hidden
    above = STAGING[parent.stream].alias("above")
    staged = select(literal(1)).where(above.c.id == key)
    is_held = and_(above.c.action == Action.ADD.value, above.c.hold.in_([NEW, KEPT]))
    is_hidden = or_(above.c.outcome == Outcome.WITHHELD.value, above.c.is_hiding == true())
    return or_(held, exists(staged.where(is_held))), or_(hidden, exists(staged.where(is_hidden)))


@cache
def _keep_childless_out() -> Update:
    """A guardian whose children are all gone stays out until one of them asks for the guardian by key."""
    staging = STAGING[Stream.GUARDIANS]
    is_shown = staging.c.outcome == Outcome.SHOWN.value
    values = {"outcome": Outcome.WITHHELD.value, "code": NEEDS_CHILD, "action": None}
    return update(staging).values(values).where(is_shown, was_childless())


def was_childless() -> ColumnElement[bool]:
    """Tell of a staged guardian whether it stayed out because none of its children was in the portal."""
    return exists(
        select(literal(1)).where(
            _HIDDEN.c.school_id == SCHOOL,
            _HIDDEN.c.stream == Stream.GUARDIANS.value,
            _HIDDEN.c.id == STAGING[Stream.GUARDIANS].c.id,
            _HIDDEN.c.reason == NEEDS_CHILD,
        )
    )


@cache
def _hide_what_moved(stream: Stream) -> Update:
    """A rejected record that says it is another pupil's, guardian's or group's leaves no old row with the first."""
    is_rejected = STAGING[stream].c.outcome == Outcome.REJECTED.value
    return update(STAGING[stream]).values(is_hiding=True).where(is_rejected, here(stream), is_anothers(stream))


def _compare(connection: Connection, question: Question) -> bool:
    """Find out what is new and what differs; tell whether anything is."""
    stream, values = question.stream, {"school": question.school}
    if question.is_first and not question.survey.size:
        return True
    if question.is_first:  # a first load broke off, or a backfill came before it
        connection.execute(_keep_everything(stream))
    moved = connection.execute(_add_what_is_new(stream), values).rowcount
    if question.survey.size:
        moved += connection.execute(_alter_what_differs(stream), values).rowcount
    if question.returning:
        standstill.let_return(connection, stream, question.returning)
    return moved > 0


def _remove(connection: Connection, question: Question) -> int:
    """Find out what was deleted, and what a complete enumeration does not name; give how many rows."""
    stream, year, removals = question.stream, question.scope.school_year, 0
    values = {"school": question.school, "year": year}
    if question.survey.lot.deleted:
        removals += connection.execute(_remove_what_was_deleted(stream), values).rowcount
    if question.is_complete or question.withdraws_unseen:
        action = Action.REMOVE if question.is_complete else Action.WITHDRAW
        missing = _stage_what_is_missing(stream, action, is_one_year=year is not None)
        removals += connection.execute(missing, values, execution_options={"preserve_rowcount": True}).rowcount
    return removals


@cache
def _keep_everything(stream: Stream) -> Update:
    staging = STAGING[stream]
    return update(staging).values(action=Action.KEEP.value).where(staging.c.outcome == Outcome.SHOWN.value)


@cache
def _add_what_is_new(stream: Stream) -> Update:
    staging = STAGING[stream]
    is_new = not_(_row_exists(TABLES[stream], staging.c.id))
    return update(staging).values(action=Action.ADD.value).where(staging.c.outcome == Outcome.SHOWN.value, is_new)


@cache
def _alter_what_differs(stream: Stream) -> Update:
    staging, portal = STAGING[stream], TABLES[stream]
    differs = or_(*(staging.c[name].is_distinct_from(portal.c[name]) for name in DATA_COLUMNS[stream]))
    is_shown = staging.c.outcome == Outcome.SHOWN.value
    return update(staging).values(action=Action.ALTER.value).where(is_shown, here(stream), differs)


@cache
def _withdraw_what_is_refused(stream: Stream) -> Update:
    staging = STAGING[stream]
    # What names a parent that the brake holds keeps its old row: the parent it had is held as well.
    by_gate = and_(staging.c.outcome == Outcome.WITHHELD.value, staging.c.code.is_distinct_from(PARENT_HELD))
    hides = or_(by_gate, and_(staging.c.is_hiding == true(), not_(_is_refusal(stream))))
    is_refused = staging.c.outcome.in_((Outcome.WITHHELD.value, Outcome.REJECTED.value))
    present = _row_exists(TABLES[stream], staging.c.id)
    return update(staging).values(action=Action.WITHDRAW.value).where(is_refused, hides, present)


@cache
def _remove_what_was_deleted(stream: Stream) -> Update:
    staging = STAGING[stream]
    is_gone = staging.c.outcome == Outcome.DELETED.value
    present = _row_exists(TABLES[stream], staging.c.id)
    return update(staging).values(action=Action.REMOVE.value).where(is_gone, present)


def _is_refusal(stream: Stream) -> ColumnElement[bool]:
    """Tell of a row in the portal whether it refuses: it shows nothing, and without it another might be believed."""
    portal = TABLES[stream]
    if stream is not Stream.PRIVACY_PREFERENCES:
        return false()
    return exists(select(literal(1)).where(here(stream), portal.c.is_allowed == false()))


@cache
def _stage_what_is_missing(stream: Stream, action: Action, *, is_one_year: bool) -> Insert:
    """Stage the portal's rows inside the scope that the enumeration did not name."""
    staging, portal = STAGING[stream], TABLES[stream]
    seen = staging.alias("seen")
    lacking = select(literal(-1), portal.c.id, portal.c.id, literal(MISSING), literal(action.value), false()).where(
        portal.c.school_id == SCHOOL,
        not_(exists(select(literal(1)).where(seen.c.id == portal.c.id))),
    )
    if is_one_year:
        lacking = lacking.where(_is_of_year(stream))
    columns = ["seq", "source_key", "id", "outcome", "action", "is_hiding"]
    return insert(staging).from_select(columns, lacking)


def _is_of_year(stream: Stream) -> ColumnElement[bool]:
    """Tell whether a row belongs to the school year: by its own column, or by its parent's."""
    portal = TABLES[stream]
    if "school_year" in portal.c:
        return and_(portal.c.school_year == YEAR)
    above = [parent for parent in PARENTS[stream] if "school_year" in TABLES[parent.stream].c]
    return or_(
        false(),
        *(
            exists(
                select(literal(1)).where(
                    TABLES[parent.stream].c.school_id == SCHOOL,
                    TABLES[parent.stream].c.id == portal.c[parent.column],
                    TABLES[parent.stream].c.school_year == YEAR,
                )
            )
            for parent in above
        ),
    )


@cache
def _recognise_pending(stream: Stream) -> Update:
    """Mark what is held already, and what needs no judgement any more: approved, or due since an earlier run."""
    staging = STAGING[stream]
    same = and_(
        _PENDING.c.school_id == SCHOOL,
        _PENDING.c.stream == stream.value,
        _PENDING.c.id == staging.c.id,
        _PENDING.c.action == staging.c.action,
    )
    hold = case((_PENDING.c.is_held == false(), APPROVED), else_=KEPT)
    is_holdable = or_(staging.c.action == Action.REMOVE.value, not_(shows_less(stream)))
    return update(staging).values(hold=hold).where(same, is_holdable)


@cache
def _hold_what_goes_along(stream: Stream, *, is_dry: bool) -> Update | None:
    """What is removed with something whose removal waits for a person waits with it: they are one act.

    So does a guardian of a pupil that waits: without its guardians nobody would see that pupil any more.
    """
    staging, portal = STAGING[stream], TABLES[stream]
    waits = [_waits(parent.stream, portal.c[parent.column], is_dry=is_dry) for parent in PARENTS[stream]]
    if stream is Stream.GUARDIANS:
        relations = TABLES[Stream.GUARDIANSHIPS]
        of_the_guardian = and_(relations.c.school_id == SCHOOL, relations.c.guardian_id == portal.c.id)
        its_pupil_waits = _waits(Stream.PUPILS, relations.c.pupil_id, is_dry=is_dry)
        waits.append(exists(select(literal(1)).where(of_the_guardian, its_pupil_waits)))
    if not waits:
        return None
    along = exists(select(literal(1)).where(here(stream), or_(*waits)))
    goes = and_(staging.c.action == Action.REMOVE.value, staging.c.hold.is_(None))
    return update(staging).values(hold=ALONG).where(goes, along)


def _waits(stream: Stream, key: ColumnElement[Any], *, is_dry: bool) -> ColumnElement[bool]:
    """Tell whether the removal of a row waits for a person."""
    held = exists(
        select(literal(1)).where(
            _PENDING.c.school_id == SCHOOL,
            _PENDING.c.stream == stream.value,
            _PENDING.c.id == key,
            _PENDING.c.action == Action.REMOVE.value,
            _PENDING.c.is_held == true(),
        )
    )
    if not is_dry:
        return held
    above = STAGING[stream].alias("above")
    is_held = above.c.hold.in_([NEW, KEPT, ALONG])
    return or_(
        held,
        exists(select(literal(1)).where(above.c.id == key, above.c.action == Action.REMOVE.value, is_held)),
    )


def shows_less(stream: Stream) -> ColumnElement[bool]:
    """Tell of what is added or altered whether it is never held.

    That is a preference that refuses, and a relation that bars or grants nothing, or speaks of the same pair.
    """
    staging, portal = STAGING[stream], TABLES[stream]
    if stream is Stream.PRIVACY_PREFERENCES:
        return staging.c.is_allowed == false()
    if stream is not Stream.GUARDIANSHIPS:
        return false()
    grants_nothing = and_(staging.c.authority != "full", staging.c.is_informed == false())
    same_pair = (portal.c.pupil_id == staging.c.pupil_id, portal.c.guardian_id == staging.c.guardian_id)
    is_same_pair = exists(select(literal(1)).where(here(stream), *same_pair))
    return or_(staging.c.is_restricted == true(), grants_nothing, is_same_pair)
