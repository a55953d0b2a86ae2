"""What a day says by its kind: begins, ends and recorded days, on the wire of every dialect and in corrections."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any, get_args, get_type_hints

import pytest
from pydantic import TypeAdapter, ValidationError

from mappings.access import Access, PupilFacts, Relation, derive_access
from mappings.correction_values import normal
from schemas.correction_fields import FIELDS, FieldName
from schemas.days import begin_of, end_of, known_since, recorded
from schemas.errors import CorrectionError
from schemas.sources.reference.catalogue import WIRE
from schemas.sources.reference.corrections import WireStanding
from schemas.sources.reference.parts import Period, Wire
from schemas.sources.scalars import Begin, BeginsAt, Day, DayIfKnown, End, EndsAt, Instant, InstantIfKnown
from schemas.streams import Rejection, Stream
from tests.unit.reference_pages import good, read

FIRST, LAST = "0001-01-01", "9999-12-31"
PLAIN = "2026-11-24"
KINDS: dict[str, Any] = {
    "Day": Day,
    "DayIfKnown": DayIfKnown,
    "Begin": Begin,
    "End": End,
    "Instant": Instant,
    "InstantIfKnown": InstantIfKnown,
    "BeginsAt": BeginsAt,
    "EndsAt": EndsAt,
}
BY_FIELD = {
    "birth_on": "Day",
    "enrolled_from": "Begin",
    "enrolled_until": "End",
    "employed_from": "Begin",
    "employed_until": "End",
    "from_on": "Begin",
    "until_on": "End",
    "given_on": "DayIfKnown",
    "noted_on": "Day",
    "reported_on": "Day",
    "taken_on": "Day",
    "invoiced_on": "Day",
    "due_on": "End",
    "starts_at": "Instant",
    "ends_at": "EndsAt",
    "publish_from": "BeginsAt",
    "publish_until": "EndsAt",
    "decided_at": "InstantIfKnown",
}
"""What each day or moment of the reference dialect says, by hand; SupportPlan.from_on is the day a plan lies on."""


def _kind(model: type[Wire], name: str) -> str | None:
    hint = get_type_hints(model, include_extras=True)[name]
    parts = (hint, *get_args(hint))
    return next((kind for kind, scalar in KINDS.items() if any(part == scalar for part in parts)), None)


@pytest.mark.parametrize("model", [*WIRE.values(), Period, WireStanding], ids=lambda model: model.__name__)
def test_every_day_of_the_wire_has_its_kind(model: type[Wire]) -> None:
    """No day or moment is read without saying whether it begins, ends or was."""
    for name in model.model_fields:
        if name.endswith(("_on", "_at")) or name in BY_FIELD:
            expected = "Day" if (model.__name__, name) == ("SupportPlan", "from_on") else BY_FIELD[name]
            assert _kind(model, name) == expected, name
        else:
            assert _kind(model, name) is None, name


@pytest.mark.parametrize(
    ("scalar", "first", "last"),
    [(Begin, None, date(9999, 12, 31)), (End, date(1, 1, 1), None), (DayIfKnown, None, "no"), (Day, "no", "no")],
)
def test_the_first_and_the_last_day_by_kind(scalar: Any, first: object, last: object) -> None:
    """A begin in year 1 is none, an end in 9999 is none; the other way round each is what it is, or unreadable."""
    adapter: TypeAdapter[Any] = TypeAdapter(scalar)
    for text, expected in ((FIRST, first), (LAST, last)):
        if expected == "no":
            with pytest.raises(ValidationError):
                adapter.validate_python(text)
        else:
            assert adapter.validate_python(text) == expected
    assert adapter.validate_python(PLAIN) == date(2026, 11, 24)


@pytest.mark.parametrize("scalar", [Begin, End])
@pytest.mark.parametrize("text", ["0002-01-01", "1753-01-01", "1899-12-31", "2200-01-01", "3000-12-31", "9998-12-31"])
def test_any_other_year_is_a_begin_or_end(scalar: Any, text: str) -> None:
    """What the contract allows for a begin or end is read, however far away."""
    assert TypeAdapter(scalar).validate_python(text) == date.fromisoformat(text)


@pytest.mark.parametrize("scalar", [Begin, End, Day, DayIfKnown])
@pytest.mark.parametrize("text", ["0000-01-01", "0001-02-30", "9999-13-01", "10000-01-01", "-0001-01-01", "1-1-1"])
def test_what_is_in_no_calendar_is_unreadable(scalar: Any, text: str) -> None:
    """A system's "never" is a day that exists."""
    with pytest.raises(ValidationError):
        TypeAdapter(scalar).validate_python(text)


ZONES = ("Z", "+00:00", "+02:00", "-05:00", "+14:00", "-12:00", "+23:59", "-23:59")


@pytest.mark.parametrize("offset", ZONES)
@pytest.mark.parametrize("hour", ["00:00:00", "23:59:59"])
def test_the_edges_of_the_calendar_are_read_in_every_zone(offset: str, hour: str) -> None:
    """It is the year as written that says never; a moment that UTC has not is still in the calendar of every zone."""
    first, last = (f"{day}T{hour}{offset}" for day in (FIRST, LAST))
    begins: TypeAdapter[Any] = TypeAdapter(BeginsAt)
    ends: TypeAdapter[Any] = TypeAdapter(EndsAt)
    assert begins.validate_python(first) is None
    assert ends.validate_python(last) is None
    far, past = begins.validate_python(last), ends.validate_python(first)
    assert far is not None
    assert past is not None
    for hours in (-23, 0, 23):
        there = timezone(timedelta(hours=hours))
        assert (far.astimezone(there).year, past.astimezone(there).year) == (9999, 1)
    recorded_moments: tuple[Any, ...] = (Instant, InstantIfKnown)
    for scalar in recorded_moments:
        with pytest.raises(ValidationError):
            TypeAdapter(scalar).validate_python(last)
    with pytest.raises(ValidationError):
        TypeAdapter(Instant).validate_python(first)
    assert TypeAdapter(InstantIfKnown).validate_python(first) is None


def test_any_other_moment_begins_or_ends_as_written() -> None:
    """Within the calendar nothing is moved."""
    kinds: tuple[Any, ...] = (BeginsAt, EndsAt)
    for text in ("0002-01-01T00:00:00Z", "1899-12-31T23:59:59Z", "2500-01-01T00:00:00Z"):
        for scalar in kinds:
            adapter: TypeAdapter[Any] = TypeAdapter(scalar)
            assert adapter.validate_python(text) == datetime.fromisoformat(text).astimezone(UTC)


def test_a_child_of_year_1_or_9999_cannot_be_read() -> None:
    """A birth day is recorded: such a day is a mistake, it keeps the old row and hides nothing."""
    for text in (FIRST, LAST, "1899-12-31", "2200-01-01"):
        (wrong,) = read(Stream.PUPILS, good(Stream.PUPILS, birth_on=text))
        assert isinstance(wrong, Rejection)
        assert (wrong.code, wrong.field_path, wrong.hides) == ("unreadable_field", "birth_on", False)


def test_an_end_that_is_none_is_plainly_shown() -> None:
    """A record with a bad field keeps its old row although it writes its missing end as a day of 9999."""
    (wrong,) = read(Stream.PUPILS, good(Stream.PUPILS, enrolled_until=LAST, gender="x"))
    assert (wrong.field_path, wrong.hides) == ("gender", False)
    (ended,) = read(Stream.PUPILS, good(Stream.PUPILS, enrolled_until=FIRST, gender="x"))
    assert (ended.field_path, ended.hides) == ("gender", True)
    (out,) = read(Stream.REPORTS, good(Stream.REPORTS, publish_from=f"{FIRST}T00:00:00Z", title=7))
    assert (out.field_path, out.hides) == ("title", False)
    (never,) = read(Stream.REPORTS, good(Stream.REPORTS, publish_from=f"{LAST}T00:00:00Z", title=7))
    assert (never.field_path, never.hides) == ("title", True)


@pytest.mark.parametrize(
    ("first", "last"),
    [(date(9999, 12, 31), None), (None, date(1, 1, 1)), (date(2026, 1, 1), date(1, 1, 1)), (None, None)],
)
def test_a_restriction_is_not_lifted_by_a_system_s_never(first: date | None, last: date | None) -> None:
    """One that begins in 9999 or ended in year 1 bars always, as one whose days contradict each other does."""
    relation = Relation("full", True, first, last, False, None, None, None, None)
    assert derive_access(PupilFacts(None, None, None), [relation]) == (Access("none", None, None, "restricted"),)


MEDICAL = next(name for name in FIELDS if name.name == "allergies")
BIRTH = next(name for name in FIELDS if name.name == "birth_on")


def _normal(field: FieldName, value: object) -> Any:
    return normal(field, FIELDS[field].kind, value)


def test_a_correction_s_days_say_the_same_as_the_school_s() -> None:
    """What the school accepts with an end in 9999 is what the portal will show: no end."""
    item = {"name": "Noten", "from_on": FIRST, "until_on": LAST}
    assert _normal(MEDICAL, [item]) == _normal(MEDICAL, [{"name": "Noten", "from_on": None, "until_on": None}])
    for text in (FIRST, LAST, "1899-12-31"):
        with pytest.raises(CorrectionError, match="a day as"):
            _normal(BIRTH, text)
    assert _normal(BIRTH, PLAIN) == PLAIN


@pytest.mark.parametrize("meaning", [begin_of, end_of, known_since, recorded])
def test_a_plain_day_is_itself(meaning: Callable[[date], date | None]) -> None:
    """Of an ordinary day every kind says the same."""
    assert meaning(date(2026, 11, 24)) == date(2026, 11, 24)
