"""The plan: one set-based comparison of what was staged with the portal, column by column. Writes nothing there."""

from __future__ import annotations

from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Table,
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

from connector.portal.staging import STAGING
from connector.portal.survey import Survey
from schemas.ids import SchoolId
from schemas.streams import PARENTS, TIES, Action, Outcome, Parent, Scope, Stream
from schemas.tables.bookkeeping import HiddenKeyRow, PendingKeyRow
from schemas.tables.catalogue import DATA_COLUMNS, TABLES, table_of

MISSING = "missing"
KEPT, NEW, APPROVED, ALONG = "kept", "new", "approved", "goes_along"
HELD, PARENT_HELD = "held", "parent_held"
NEEDS_CHILD = "no_enrolled_child"
_HIDDEN = table_of(HiddenKeyRow)
_PENDING = table_of(PendingKeyRow)


class Question(NamedTuple):
    """What is planned: one stream of one school, and how it was asked for."""

    school: SchoolId
    stream: Stream
    scope: Scope
    is_complete: bool
    is_wanted: bool
    """The keys were asked for one by one, so nothing that waits for a reason of our own may stop them."""
    counts_staged_parents: bool
    """A dry run has not applied the parents, so staged ones count as present."""
    survey: Survey


def draw(connection: Connection, question: Question) -> None:
    """Give every staged row its action; rows of the portal that a complete enumeration lacks are staged as missing.

    What is shown was staged to be added.
    """
    stream, survey = question.stream, question.survey
    rejected = survey.lot.rejected + sum(_check_parent(connection, question, parent) for parent in PARENTS[stream])
    refused = survey.lot.withheld + rejected
    if stream is Stream.GUARDIANS and not question.is_wanted and stream in survey.hidden:
        refused += _keep_childless_out(connection, question)
    removals = 0
    if survey.size and rejected and TIES[stream]:
        _hide_what_moved(connection, question)
    if survey.size:
        removals = _compare(connection, question, has_refused=refused > 0)
    if survey.size and question.is_complete:
        removals += _find_missing(connection, question)
    if stream in survey.pending:
        _recognise_pending(connection, question)
    if removals:
        _hold_what_goes_along(connection, question)


def _row_exists(question: Question, table: Table, key: ColumnElement[Any]) -> ColumnElement[bool]:
    return exists(select(literal(1)).where(table.c.school_id == question.school, table.c.id == key))


def _check_parent(connection: Connection, question: Question, parent: Parent) -> int:
    """Withhold what hangs on a hidden or held parent; reject what hangs on an unknown one. Give how many of both."""
    staging, key = STAGING[question.stream], STAGING[question.stream].c[parent.column]
    present = _row_exists(question, TABLES[parent.stream], key)
    if question.counts_staged_parents:
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
    absent = and_(staging.c.outcome == Outcome.SHOWN.value, not_(present))
    held, hidden = _is_hidden(question, parent, key)
    is_known = or_(held, hidden)
    values = {
        "action": None,
        "outcome": case((is_known, Outcome.WITHHELD.value), else_=Outcome.REJECTED.value),
        "code": case((held, PARENT_HELD), (hidden, "parent_withheld"), else_="missing_parent"),
        "field_path": case((is_known, staging.c.field_path), else_=parent.column),
        "missing_stream": case((is_known, staging.c.missing_stream), else_=parent.stream.value),
        "missing_key": case((is_known, staging.c.missing_key), else_=key),
    }
    return connection.execute(update(staging).values(values).where(absent)).rowcount


def _is_hidden(question: Question, parent: Parent, key: ColumnElement[Any]) -> tuple[Any, Any]:
    """Tell whether a missing parent is held by the brake, and whether it is hidden for another reason."""
    known = select(literal(1)).where(
        _HIDDEN.c.school_id == question.school, _HIDDEN.c.stream == parent.stream.value, _HIDDEN.c.id == key
    )
    held = exists(known.where(_HIDDEN.c.reason == HELD))
    # A relation asks for a childless guardian by key; whatever else names one stays out with that guardian.
    askable = [HELD, NEEDS_CHILD] if question.stream is Stream.GUARDIANSHIPS else [HELD]
    hidden = exists(known.where(_HIDDEN.c.reason.not_in(askable)))
    if not question.counts_staged_parents:
        return held, hidden
    above = STAGING[parent.stream].alias("above")
    staged = select(literal(1)).where(above.c.id == key)
    is_held = and_(above.c.action == Action.ADD.value, above.c.hold.in_([NEW, KEPT]))
    is_hidden = or_(above.c.outcome == Outcome.WITHHELD.value, above.c.is_hiding == true())
    return or_(held, exists(staged.where(is_held))), or_(hidden, exists(staged.where(is_hidden)))


def _keep_childless_out(connection: Connection, question: Question) -> int:
    """A guardian whose children are all gone stays out until one of them asks for the guardian by key."""
    staging = STAGING[Stream.GUARDIANS]
    is_shown = staging.c.outcome == Outcome.SHOWN.value
    values = {"outcome": Outcome.WITHHELD.value, "code": NEEDS_CHILD, "action": None}
    return connection.execute(update(staging).values(values).where(is_shown, was_childless(question))).rowcount


def was_childless(question: Question) -> ColumnElement[bool]:
    """Tell of a staged guardian whether it stayed out because none of its children was in the portal."""
    return exists(
        select(literal(1)).where(
            _HIDDEN.c.school_id == question.school,
            _HIDDEN.c.stream == Stream.GUARDIANS.value,
            _HIDDEN.c.id == STAGING[Stream.GUARDIANS].c.id,
            _HIDDEN.c.reason == NEEDS_CHILD,
        )
    )


def _hide_what_moved(connection: Connection, question: Question) -> None:
    """A rejected record that says it is another pupil's, guardian's or group's leaves no old row with the first."""
    staging, portal = STAGING[question.stream], TABLES[question.stream]
    said = ((staging.c[name], portal.c[name]) for name in TIES[question.stream])
    moved = or_(*(and_(new.is_not(None), new.is_distinct_from(old)) for new, old in said))
    here = (portal.c.school_id == question.school, portal.c.id == staging.c.id)
    connection.execute(
        update(staging).values(is_hiding=True).where(staging.c.outcome == Outcome.REJECTED.value, *here, moved)
    )


def _compare(connection: Connection, question: Question, *, has_refused: bool) -> int:
    """Alter, keep, withdraw and remove what the portal has; give the number of removals."""
    staging, portal = STAGING[question.stream], TABLES[question.stream]
    differs = or_(*(staging.c[name].is_distinct_from(portal.c[name]) for name in DATA_COLUMNS[question.stream]))
    is_shown = staging.c.outcome == Outcome.SHOWN.value
    connection.execute(
        update(staging)
        .values(action=case((differs, Action.ALTER.value), else_=Action.KEEP.value))
        .where(is_shown, portal.c.school_id == question.school, portal.c.id == staging.c.id)
    )
    present = _row_exists(question, portal, staging.c.id)
    if has_refused:
        # What names a parent that the brake holds keeps its old row: the parent it had is held as well.
        by_gate = and_(staging.c.outcome == Outcome.WITHHELD.value, staging.c.code.is_distinct_from(PARENT_HELD))
        hides = or_(by_gate, and_(staging.c.is_hiding == true(), not_(_is_refusal(question))))
        is_refused = staging.c.outcome.in_((Outcome.WITHHELD.value, Outcome.REJECTED.value))
        connection.execute(update(staging).values(action=Action.WITHDRAW.value).where(is_refused, hides, present))
    if not question.survey.lot.deleted:
        return 0
    is_gone = staging.c.outcome == Outcome.DELETED.value
    return connection.execute(update(staging).values(action=Action.REMOVE.value).where(is_gone, present)).rowcount


def _is_refusal(question: Question) -> ColumnElement[bool]:
    """Tell of a row in the portal whether it refuses: it shows nothing, and without it another might be believed."""
    portal = TABLES[question.stream]
    if question.stream is not Stream.PRIVACY_PREFERENCES:
        return false()
    return exists(
        select(literal(1)).where(
            portal.c.school_id == question.school,
            portal.c.id == STAGING[question.stream].c.id,
            portal.c.is_allowed == false(),
        )
    )


def _find_missing(connection: Connection, question: Question) -> int:
    """Stage the portal's rows inside the scope that the enumeration did not name; give their number."""
    staging, portal = STAGING[question.stream], TABLES[question.stream]
    seen = staging.alias("seen")
    lacking = select(
        literal(-1), portal.c.id, portal.c.id, literal(MISSING), literal(Action.REMOVE.value), false()
    ).where(
        portal.c.school_id == question.school,
        not_(exists(select(literal(1)).where(seen.c.id == portal.c.id))),
    )
    if question.scope.school_year is not None:
        lacking = lacking.where(_is_of_year(question, question.scope.school_year))
    columns = ["seq", "source_key", "id", "outcome", "action", "is_hiding"]
    missing = insert(staging).from_select(columns, lacking)
    return connection.execute(missing, execution_options={"preserve_rowcount": True}).rowcount


def _is_of_year(question: Question, school_year: int) -> ColumnElement[bool]:
    """Tell whether a row belongs to a school year: by its own column, or by its parent's."""
    portal = TABLES[question.stream]
    if "school_year" in portal.c:
        return portal.c.school_year == school_year
    above = [parent for parent in PARENTS[question.stream] if "school_year" in TABLES[parent.stream].c]
    return or_(
        false(),
        *(
            exists(
                select(literal(1)).where(
                    TABLES[parent.stream].c.school_id == question.school,
                    TABLES[parent.stream].c.id == portal.c[parent.column],
                    TABLES[parent.stream].c.school_year == school_year,
                )
            )
            for parent in above
        ),
    )


def _recognise_pending(connection: Connection, question: Question) -> None:
    """Mark what is held already, and what needs no judgement any more: approved, or due since an earlier run."""
    staging = STAGING[question.stream]
    same = and_(
        _PENDING.c.school_id == question.school,
        _PENDING.c.stream == question.stream.value,
        _PENDING.c.id == staging.c.id,
        _PENDING.c.action == staging.c.action,
    )
    hold = case((_PENDING.c.is_held == false(), APPROVED), else_=KEPT)
    is_holdable = or_(staging.c.action == Action.REMOVE.value, not_(shows_less(question)))
    connection.execute(update(staging).values(hold=hold).where(same, is_holdable))


def _hold_what_goes_along(connection: Connection, question: Question) -> None:
    """What is removed with something whose removal waits for a person waits with it: they are one act.

    So does a guardian of a pupil that waits: without its guardians nobody would see that pupil any more.
    """
    staging, portal = STAGING[question.stream], TABLES[question.stream]
    waits = [_waits(question, parent.stream, portal.c[parent.column]) for parent in PARENTS[question.stream]]
    if question.stream is Stream.GUARDIANS:
        relations = TABLES[Stream.GUARDIANSHIPS]
        of_the_guardian = and_(relations.c.school_id == question.school, relations.c.guardian_id == portal.c.id)
        its_pupil_waits = _waits(question, Stream.PUPILS, relations.c.pupil_id)
        waits.append(exists(select(literal(1)).where(of_the_guardian, its_pupil_waits)))
    if not waits:
        return
    along = exists(
        select(literal(1)).where(portal.c.school_id == question.school, portal.c.id == staging.c.id, or_(*waits))
    )
    goes = and_(staging.c.action == Action.REMOVE.value, staging.c.hold.is_(None))
    connection.execute(update(staging).values(hold=ALONG).where(goes, along))


def _waits(question: Question, stream: Stream, key: ColumnElement[Any]) -> ColumnElement[bool]:
    """Tell whether the removal of a row waits for a person."""
    held = exists(
        select(literal(1)).where(
            _PENDING.c.school_id == question.school,
            _PENDING.c.stream == stream.value,
            _PENDING.c.id == key,
            _PENDING.c.action == Action.REMOVE.value,
            _PENDING.c.is_held == true(),
        )
    )
    if not question.counts_staged_parents:
        return held
    above = STAGING[stream].alias("above")
    is_held = above.c.hold.in_([NEW, KEPT, ALONG])
    return or_(
        held,
        exists(select(literal(1)).where(above.c.id == key, above.c.action == Action.REMOVE.value, is_held)),
    )


def shows_less(question: Question) -> ColumnElement[bool]:
    """Tell of what is added or altered whether it is never held.

    That is a preference that refuses, and a relation that bars or grants nothing, or speaks of the same pair.
    """
    staging, portal = STAGING[question.stream], TABLES[question.stream]
    if question.stream is Stream.PRIVACY_PREFERENCES:
        return staging.c.is_allowed == false()
    if question.stream is not Stream.GUARDIANSHIPS:
        return false()
    grants_nothing = and_(staging.c.authority != "full", staging.c.is_informed == false())
    is_same_pair = exists(
        select(literal(1)).where(
            portal.c.school_id == question.school,
            portal.c.id == staging.c.id,
            portal.c.pupil_id == staging.c.pupil_id,
            portal.c.guardian_id == staging.c.guardian_id,
        )
    )
    return or_(staging.c.is_restricted == true(), grants_nothing, is_same_pair)
