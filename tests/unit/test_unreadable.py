"""Many records with one fault, what stays meanwhile, and what of a new record shows less."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from mappings.brake import Limits
from mappings.lessening import lessened
from mappings.unreadable import Fault, frozen_by, gravest_fault, is_over, staying
from schemas.sources.reference.catalogue import SELECTING_FIELDS, VISIBILITY_FIELDS, WIRE
from schemas.sources.reference.remains import readable_part
from schemas.stops import PEOPLE, REFUSED, Stop
from schemas.streams import Decides, Stream
from tests.unit.reference_pages import good

NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)
LIMITS = Limits()


def stop(decides: Decides, code: str = "missing_field", hours: float = 0) -> Stop:
    return Stop(code, "field", decides, 9, NOW - timedelta(hours=hours), 0, NOW)


@pytest.mark.parametrize(
    ("records", "size", "is_many"),
    [(2, 3, False), (3, 30, False), (3, 29, True), (4, 30, True), (90, 90, True), (1, 1, False)],
)
def test_many_is_more_than_the_share_and_at_least_the_rows(records: int, size: int, is_many: bool) -> None:
    """Both bounds of the brake count, for one code and field; two fields add up to nothing."""
    fault = Fault("missing_field", "x", Decides.NOTHING, records)
    assert (gravest_fault([fault], size, LIMITS) is not None) is is_many
    halves = [Fault("missing_field", name, Decides.NOTHING, 2) for name in "xy"]
    assert gravest_fault(halves, 10, LIMITS) is None


def test_the_gravest_of_many_faults_counts() -> None:
    """Who or whether comes before a part, a part before nothing, whatever their numbers."""
    faults = [
        Fault("c", name, kind, 10 + at)
        for at, (name, kind) in enumerate(zip("nwp", (Decides.NOTHING, Decides.WHETHER, Decides.PART), strict=True))
    ]
    found = gravest_fault(faults, 20, LIMITS)
    assert found is not None
    assert found.decides is Decides.WHETHER


@pytest.mark.parametrize(("hours", "limit", "is_past"), [(23.9, 24, False), (24, 24, True), (0, 0, True)])
def test_rows_stay_for_the_hours_only(hours: float, limit: int, is_past: bool) -> None:
    """Whoever cannot be judged stays at most so long; 0 is not at all. Other rows stay for ever."""
    one = stop(Decides.WHETHER, hours=hours)
    assert is_over(one, NOW, limit) is is_past
    assert (Decides.WHETHER in staying(one, NOW, limit)) is not is_past
    assert staying(stop(Decides.PART, hours=999), NOW, limit) == {Decides.NOTHING, Decides.PART}
    assert staying(None, NOW, limit) == frozenset()


@pytest.mark.parametrize("stream", Stream)
def test_what_freezes_the_school(stream: Stream) -> None:
    """Any stream of which nobody can tell who may see it, for the hours; people and consent as long as it lasts."""
    is_people = stream in PEOPLE
    assert frozen_by({stream: stop(Decides.NOTHING)}, NOW, 24) == frozenset()
    assert frozen_by({stream: stop(Decides.PART)}, NOW, 24) == frozenset()
    assert frozen_by({stream: stop(Decides.WHETHER, hours=1)}, NOW, 24) == {stream}
    assert frozen_by({stream: stop(Decides.WHETHER, hours=25)}, NOW, 24) == ({stream} if is_people else frozenset())
    assert frozen_by({stream: stop(Decides.NOTHING, REFUSED, 99)}, NOW, 24) == ({stream} if is_people else frozenset())


@pytest.mark.parametrize("stream", Stream)
def test_something_harmless_is_found_for_every_field(stream: Stream) -> None:
    """Whatever field of a record is bad, the rest can be read, unless a school chooses by that very field."""
    for name in set(WIRE[stream].model_fields) - {"id"}:
        found = readable_part(stream, good(stream), {name})
        assert (found is None) is (name in SELECTING_FIELDS.get(stream, frozenset())), name
        if found is not None:
            same = {field: value for field, value in found.model_dump().items() if field != name}
            whole = WIRE[stream].model_validate(good(stream)).model_dump()
            assert same == {field: value for field, value in whole.items() if field != name}
    assert VISIBILITY_FIELDS[stream] >= SELECTING_FIELDS.get(stream, frozenset())


def phones(*numbers: str) -> str:
    return json.dumps([{"kind": "mobile", "number": number} for number in numbers], separators=(",", ":"))


PERSON: dict[str, Any] = {
    **dict.fromkeys(("street", "house_number", "postal_code", "city", "country"), "x"),
    "house_number_suffix": None,
    "is_address_confidential": False,
    "phones": phones("+311", "+312"),
    "visible_from": None,
    "visible_until": None,
}


def test_an_address_that_turned_secret_is_blank_and_one_that_moved_stays() -> None:
    """What is other but not less is not taken over."""
    less = lessened(Stream.PUPILS, PERSON, {**PERSON, "is_address_confidential": True, "street": None})
    assert less["is_address_confidential"] is True
    assert {name for name, value in less.items() if value is None} == {
        "street",
        "house_number",
        "postal_code",
        "city",
        "country",
    }
    assert lessened(Stream.PUPILS, PERSON, {**PERSON, "street": "y"}) == {}


def test_a_phone_that_is_not_sent_any_more_goes_and_a_new_one_does_not_come() -> None:
    """Numbers that both records have stay, in the old order."""
    assert lessened(Stream.PUPILS, PERSON, {**PERSON, "phones": phones("+313", "+312")}) == {"phones": phones("+312")}
    assert lessened(Stream.PUPILS, PERSON, {**PERSON, "phones": "[]"}) == {"phones": "[]"}
    assert lessened(Stream.PUPILS, PERSON, {**PERSON, "phones": phones("+312", "+311", "+310")}) == {}


def test_a_window_only_becomes_smaller() -> None:
    """An earlier end and a later begin are taken over, others not."""
    row = {**PERSON, "visible_from": NOW, "visible_until": NOW + timedelta(days=9)}
    earlier, later = NOW + timedelta(days=1), NOW + timedelta(days=99)
    assert lessened(Stream.PUPILS, row, {**row, "visible_until": earlier}) == {"visible_until": earlier}
    assert lessened(Stream.PUPILS, row, {**row, "visible_until": None}) == {}
    assert lessened(Stream.PUPILS, row, {**row, "visible_from": earlier}) == {"visible_from": earlier}
    assert lessened(Stream.PUPILS, row, {**row, "visible_from": None, "visible_until": later}) == {}


RELATION: dict[str, Any] = {
    "authority": "full",
    "is_restricted": False,
    "restricted_from": None,
    "restricted_until": None,
    "is_informed": False,
    "informed_from": None,
    "informed_until": None,
    "from_on": None,
    "until_on": None,
}
DAY = date(2026, 1, 1)


@pytest.mark.parametrize(
    ("old", "new", "less"),
    [
        ({}, {"authority": "none"}, {"authority": "none"}),
        ({"authority": "none"}, {"authority": "full"}, {}),
        ({}, {"is_restricted": True, "restricted_from": DAY}, {"is_restricted": True, "restricted_from": DAY}),
        ({"is_restricted": True, "restricted_from": DAY}, {}, {}),
        ({"is_restricted": True, "restricted_from": DAY}, {"is_restricted": True}, {"restricted_from": None}),
        ({"is_informed": True, "informed_from": DAY}, {}, {"is_informed": False, "informed_from": None}),
        ({}, {"is_informed": True, "informed_from": DAY}, {}),
        ({}, {"until_on": DAY}, {"until_on": DAY}),
        ({"until_on": DAY}, {"until_on": None}, {}),
    ],
)
def test_a_relation_only_loses(old: dict[str, Any], new: dict[str, Any], less: dict[str, Any]) -> None:
    """Less authority, a restriction, an end and a lapsed agreement are taken over; what gives more is not."""
    assert lessened(Stream.GUARDIANSHIPS, {**RELATION, **old}, {**RELATION, **new}) == less


def test_a_refusal_is_taken_over_and_a_consent_is_not() -> None:
    """Of two answers the refusal counts."""
    yes, no = {"is_allowed": True}, {"is_allowed": False}
    assert lessened(Stream.PRIVACY_PREFERENCES, yes, no) == no
    assert lessened(Stream.PRIVACY_PREFERENCES, no, yes) == {}
