"""Documents and the school year: no other year's classes are in force, and no date locks a school out."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from connector.bookkeeping import register
from jobs.import_document import lift_date
from schemas.errors import ConfigurationError, DocumentRefused
from tests.integration.test_import_edexml import SCHOOL, Desk, desk, document

__all__ = ["desk"]
MARCH, JUNE = datetime(2027, 3, 1, 12, tzinfo=UTC), datetime(2027, 6, 15, 12, tzinfo=UTC)
AUGUST = datetime(2027, 8, 2, 12, tzinfo=UTC)
NEXT = "2027-2028"


def begins(bench: Desk) -> set[tuple[int, datetime]]:
    """Give school year and begin of every place in a group."""
    with bench.database.session() as session, session.read() as connection:
        from schemas.streams import Stream
        from schemas.tables.catalogue import TABLES

        table = TABLES[Stream.GROUP_MEMBERSHIPS]
        return {(row.school_year, row.begins_at) for row in connection.execute(table.select())}


def test_a_place_begins_with_its_school_year(desk: Desk) -> None:
    """A document says nothing of days: a place in a group begins on 1 August, by the school's clock."""
    desk.take(desk.file(document()))
    assert begins(desk) == {(2026, datetime(2026, 7, 31, 22, tzinfo=UTC))}


@pytest.mark.parametrize("year", ["2025-2026", NEXT, "2030-2031"])
def test_a_document_of_another_school_year_is_refused(desk: Desk, year: str) -> None:
    """Last year's would end every place, next year's show the new classes at once; the refusal names the command."""
    desk.take(desk.file(document()))
    before = begins(desk)
    with pytest.raises(DocumentRefused, match="school year") as refused:
        desk.take(desk.file(document(year=year, day="2026-11-25")))
    assert f"--school-year {year[:4]}" in refused.value.fix
    assert begins(desk) == before


def test_a_person_may_want_another_year(desk: Desk) -> None:
    """With its year named the document is taken; with another one named it is not."""
    path = desk.file(document(year="2025-2026", day="2026-11-20"))
    with pytest.raises(DocumentRefused, match="not of 2024-2025"):
        desk.take(path, year=2024)
    desk.take(path, year=2025)
    assert {year for year, _ in begins(desk)} == {2025}


def test_from_may_on_the_next_year_may_come(desk: Desk) -> None:
    """Then its classes are there, begin on 1 August, and those in force stay."""
    desk.now = MARCH
    desk.take(desk.file(document(day="2027-03-01")))
    path = desk.file(document(year=NEXT, day="2027-06-15"))
    desk.now = datetime(2027, 4, 30, 12, tzinfo=UTC)
    with pytest.raises(DocumentRefused, match="school year"):
        desk.take(desk.file(document(year=NEXT, day="2027-04-30")))
    desk.now = JUNE
    desk.take(path)
    assert {year: begin.month for year, begin in begins(desk)} == {2026: 7, 2027: 7}
    assert desk.count_of("groups") == 2


@pytest.mark.parametrize("year", [None, 2027])
def test_next_years_groups_do_not_take_the_place_of_this_years(desk: Desk, year: int | None) -> None:
    """One key for two classes: the document waits until its year begins, however it is wanted."""
    desk.now = JUNE
    text = document(day="2027-06-01")
    desk.take(desk.file(text))
    before = begins(desk)
    next_year = text.replace("<schooljaar>2026-2027", f"<schooljaar>{NEXT}").replace("2027-06-01", "2027-06-15")
    path = desk.file(next_year)
    with pytest.raises(DocumentRefused, match="keys") as refused:
        desk.take(path, year=year)
    assert "2027-08-01" in refused.value.fix
    assert begins(desk) == before
    desk.now = AUGUST
    desk.take(path)
    assert {begun for begun, _ in begins(desk)} == {2027}


def test_a_document_of_later_than_tomorrow_is_refused(desk: Desk) -> None:
    """It would lock out every later export; one of tomorrow is a clock that runs a little fast."""
    with pytest.raises(DocumentRefused, match="made on 2036-11-20"):
        desk.take(desk.file(document(day="2036-11-20", year="2026-2027")))
    desk.take(desk.file(document(day="2026-12-01")))
    desk.take(desk.file(document(4, day="2026-12-01").replace("Smit0", "Smit")))


def test_a_wrong_date_is_lifted_by_a_person_and_kept_in_the_history(desk: Desk) -> None:
    """What was taken as newer than it was locks the next one out until somebody says who and why."""
    desk.take(desk.file(document(day="2026-11-30")))
    right = desk.file(document(4, day="2026-11-20"))
    with pytest.raises(DocumentRefused, match="newest export"):
        desk.take(right)
    lift_date(desk.database, SCHOOL, by="anna", reason="wrong clock", now=desk.now)
    desk.take(right)
    with desk.database.session() as session, session.read() as connection:
        (row,) = [one for one in register.history(connection, SCHOOL) if one["subject"] == "documents"]
    assert (row["action"], row["changed_by"], "wrong clock" in row["details"]) == ("lift", "anna", True)


def test_there_is_nothing_to_lift_without_a_document(desk: Desk) -> None:
    """A school that no document came in for has no date."""
    with pytest.raises(ConfigurationError, match="no document"):
        lift_date(desk.database, SCHOOL, by="anna", reason="x", now=desk.now)
