"""The commands `connector corrections …` by which a person decides: accept, reject, withdraw, retry."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jobs.cli import exits, render
from jobs.cli.modules_desk import By, desk_of
from jobs.cli.runs import who
from schemas.corrections import OPEN, Actor, Refusal, Role
from schemas.errors import ConfigurationError, CorrectionError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from jobs.cli.modules_desk import Desk
    from jobs.decide_corrections import Decided, Office
    from schemas.corrections import Item

School = Annotated[str, typer.Option("--school", metavar="BRIN", help="The school.")]
Reference = Annotated[
    str, typer.Argument(metavar="REFERENCE", help="The beginning of its id, as the list shows it.", show_default=False)
]
Number = Annotated[int | None, typer.Option("--item", metavar="N", help="Only this item. Default: all that may.")]
_LONGEST_NOTE = 500


def accept(
    reference: Reference,
    school: School,
    item: Number = None,
    value: Annotated[
        str | None, typer.Option("--value", metavar="JSON", help="Accept this instead; needs --item.")
    ] = None,
    by: By = None,
) -> int:
    """Accept what was asked, or something else in its place; of opposite wishes the others are refused."""
    from jobs.decide_corrections import accept as decide

    if value is not None and item is None:
        raise ConfigurationError("--value is for one item.", fix="Say which: --item N.")
    final = None if value is None else _parsed(value)

    def accept_one(connection: Connection, office: Office, one: Item) -> Decided:
        return decide(connection, office, one, final=final, is_edited=value is not None)

    return _each(reference, school, item, by, accept_one)


def reject(
    reference: Reference,
    school: School,
    reason: Annotated[Refusal, typer.Option("--reason", help="Why; the parent reads it.")],
    item: Number = None,
    note: Annotated[
        str | None, typer.Option("--note", metavar="TEXT", help="Words of your own; the parent reads them.")
    ] = None,
    by: By = None,
) -> int:
    """Refuse what was asked, with a reason that the parent reads."""
    from jobs.decide_corrections import refuse as decide

    words = " ".join((note or "").split())
    if len(words) > _LONGEST_NOTE or not all(mark.isprintable() for mark in words):
        raise ConfigurationError(
            "--note is no plain text that a parent can read.", fix=f"Write at most {_LONGEST_NOTE} plain characters."
        )

    def refuse_one(connection: Connection, office: Office, one: Item) -> Decided:
        return decide(connection, office, one, reason.value, words or None)

    return _each(reference, school, item, by, refuse_one)


def withdraw(reference: Reference, school: School, item: Number = None, by: By = None) -> int:
    """Withdraw what was asked, on behalf of who asked it."""
    from jobs.decide_corrections import withdraw as decide

    return _each(reference, school, item, by, decide)


def retry(reference: Reference, school: School, item: Number = None, by: By = None) -> int:
    """Take up again what could not be delivered, expired, went stale, drifted away or was lost."""
    from jobs.decide_corrections import retry as decide

    return _each(reference, school, item, by, decide, is_retry=True)


def _each(
    reference: str,
    school: str,
    number: int | None,
    by: str | None,
    deed: Callable[[Connection, Office, Item], Decided],
    *,
    is_retry: bool = False,
) -> int:
    """Do one deed to each item that is meant, each in a transaction of its own, and say what became of it."""
    from jobs.decide_corrections import Office

    name = who(by)
    with desk_of([school]) as desk:
        (one,) = desk.schools
        office = Office(one, desk.wiring.corrections(one).channel, Actor(name, Role.SCHOOL), desk.now)
        correction, items = _meant(desk, reference, number, is_retry=is_retry)
        codes = [_do(desk, office, correction, item.number, deed) for item in items]
    return exits.gravest(codes)


def _meant(desk: Desk, reference: str, number: int | None, *, is_retry: bool) -> tuple[str, Sequence[Item]]:
    """Take in what the portal wrote meanwhile, and give the items that are meant. Raises ConfigurationError."""
    from connector.bookkeeping import corrections, register
    from jobs.decide_corrections import choose
    from jobs.review_corrections import find
    from jobs.take_in_corrections import take_in_all

    (school,) = desk.schools
    with desk.session.write() as connection:
        correction = find(connection, school, reference)
        take_in_all(connection, school, register.selections(connection, school), desk.now)
        items = corrections.of_correction(connection, school, correction)
    try:
        found = choose(items, number, correction)
    except CorrectionError as error:
        raise ConfigurationError(error.message, fix=error.fix) from None
    if number is not None:
        return correction, found
    is_open = {state.value for state in OPEN}
    fitting = [item for item in items if (_may_be_retried(item) if is_retry else item.state in is_open)]
    return correction, fitting or items


def _may_be_retried(item: Item) -> bool:
    from schemas.corrections import ALLOWED_MOVES, IN_REVIEW, Need, Outcome, State

    is_lost = item.state == State.IN_REVIEW.value and item.needed == (Need.LOST,)
    is_over = item.state != State.CLOSED.value or item.outcome == Outcome.MERGED.value
    return is_lost or (not is_over and IN_REVIEW in ALLOWED_MOVES.get(item.place, ()))


def _do(
    desk: Desk,
    office: Office,
    correction: str,
    number: int,
    deed: Callable[[Connection, Office, Item], Decided],
) -> int:
    from connector.bookkeeping import corrections

    head = f"item {number}"
    try:
        with desk.session.write() as connection:
            items = corrections.of_correction(connection, office.school, correction)
            decided = deed(connection, office, next(item for item in items if item.number == number))
    except CorrectionError as error:
        render.error(error, about=f"{head}: ")
        return exits.PERSON
    is_done = decided.is_done
    (render.out if is_done else render.err)(f"{head}: {decided.result}.")
    return exits.WELL if is_done else exits.PERSON


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise ConfigurationError("--value is no JSON.", fix="Write a text as '\"text\"', nothing as null.") from None
