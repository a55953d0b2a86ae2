"""What becomes of a correction, and the table of its moves."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.correction_records import Present, of_record, of_rows
from mappings.correction_values import kept
from mappings.corrections import (
    Asked,
    Facts,
    Look,
    Rival,
    Standing,
    compare,
    compare_digests,
    digest_of,
    effective_policy,
    key_of,
    shows,
    take_in,
)
from schemas.canonical.people import Address, Guardian, Name, Phone
from schemas.correction_fields import FIELDS, FieldName, Policy, named
from schemas.corrections import ALLOWED_MOVES, OPEN, SUBMITTED, Need, Outcome, State, moves
from schemas.streams import Stream
from schemas.tables.corrections import MOVES

MAIL = FieldName(Stream.GUARDIANS, "email")
NAME = FieldName(Stream.PUPILS, "call_name")


def _facts(present: Present | None, **more: object) -> Facts:
    given_: dict[str, object] = {"standing": Standing.SELF, "policy": Policy.REQUEST, **more}
    return Facts("gua-1", present=present, **given_)  # type: ignore[arg-type]  # any of its fields


def _ask(new: str | None = '"nieuw@x.test"', base: str | None = '"oud@x.test"', operation: str = "change") -> Asked:
    return Asked(MAIL, operation, base, new)


def test_what_is_as_it_was_seen_goes_on_without_a_person() -> None:
    """Base and present are equal: in review, with nothing that a person must look at first."""
    taken = take_in(_ask(), _facts(Present("oud@x.test")))
    assert (str(taken.place), taken.needs, taken.new) == ("in_review", (), '"nieuw@x.test"')


@pytest.mark.parametrize(
    ("asked", "facts", "reason"),
    [
        (Asked(None, "change", None, None), _facts(None), "unknown_field"),
        (_ask(), _facts(Present("oud@x.test"), policy=Policy.OFF), "field_off"),
        (_ask(), _facts(Present("oud@x.test"), standing=Standing.NONE), "not_allowed"),
        (_ask(), _facts(None), "not_allowed"),
        (_ask(new='"x"'), _facts(Present("oud@x.test")), "malformed"),
        (_ask(new=None), _facts(Present("oud@x.test")), "malformed"),
        (_ask(operation="remove"), _facts(Present("oud@x.test")), "malformed"),
        (_ask(operation="add"), _facts(Present("oud@x.test")), "malformed"),
        (_ask(operation="explode"), _facts(Present("oud@x.test")), "malformed"),
        (_ask(base="{"), _facts(Present("oud@x.test")), "malformed"),
    ],
)
def test_what_cannot_be_taken_is_refused_with_a_reason(asked: Asked, facts: Facts, reason: str) -> None:
    """Unknown field, off, not one's own, gone, wrong form, and an operation against what is empty."""
    taken = take_in(asked, facts)
    assert (str(taken.place), taken.reason) == ("closed:refused", reason)


def test_each_need_is_found() -> None:
    """Moved, opposite, hidden, evidence, two persons: each is a reason for a person to look."""
    here, other = Present("oud@x.test"), Rival("b", 1, "gua-2", '"ander@x.test"')
    found = {
        Need.STALE: take_in(_ask(base='"iets@x.test"'), _facts(here)),
        Need.CONFLICT: take_in(_ask(), _facts(here, rivals=(other,))),
        Need.SECRET: take_in(_ask(base=None), _facts(Present(None, is_hidden=True))),
        Need.EVIDENCE: take_in(_ask(), _facts(here, policy=Policy.EVIDENCE)),
        Need.TWO_PERSONS: take_in(_ask(), _facts(here, policy=Policy.TWO_PERSONS)),
    }
    assert {need: taken.needs for need, taken in found.items()} == {need: (need,) for need in found}
    assert found[Need.SECRET].base is None


def test_same_newer_and_opposite_are_told_apart() -> None:
    """The same wish is merged, an older own one replaced, another's opposed."""
    same, own, other = (
        Rival("a", 1, "gua-2", '"nieuw@x.test"'),
        Rival("b", 1, "gua-1", '"x@x.test"'),
        Rival("c", 1, "gua-2", '"y@x.test"'),
    )
    assert take_in(_ask(), _facts(Present("oud@x.test"), rivals=(same, own))).place.outcome is Outcome.MERGED
    taken = take_in(_ask(), _facts(Present("oud@x.test"), rivals=(own, other)))
    assert (taken.older, taken.against) == ((own,), (other,))


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("standing", [Standing.SELF, Standing.CHILD])
def test_automatic_holds_for_an_own_phone_or_mail_only(field: FieldName, standing: Standing) -> None:
    """Never for a child, a name, a birth date, an address or anything medical, whatever a school says."""
    is_own = field.name in {"email", "phones"} and field.stream is Stream.GUARDIANS and standing is Standing.SELF
    found = effective_policy(FIELDS[field], Policy.AUTOMATIC, standing)
    assert found is (Policy.AUTOMATIC if is_own else Policy.REQUEST)


def test_three_values_are_compared() -> None:
    """There, as it was, or moved; of a secret by keyed hashes, which differ by field and key."""
    assert compare('"a"', "a", '"b"') is Look.GO
    assert compare('"a"', "c", '"b"') is Look.STALE
    assert compare('"a"', "b", '"b"') is Look.THERE
    assert compare('"b"', "b", '"B"') is Look.GO
    assert compare('["x"]', ["B", "A"], '["a", "b"]') is Look.THERE
    assert compare(None, "a", '"b"') is Look.STALE
    first, other = digest_of(b"k", MAIL, "a"), digest_of(b"k", MAIL, "b")
    assert compare_digests(None, first, other) is Look.GO
    assert compare_digests(other, first, "x" * 64) is Look.STALE
    assert compare_digests(other, first, first) is Look.THERE
    assert len({first, other, digest_of(b"k", NAME, "a"), digest_of(b"l", MAIL, "a")}) == 4


def test_empty_is_shown_by_empty_only() -> None:
    """A value that should go is there until it is gone, and the other way round."""
    assert shows("null", None)
    assert not shows("null", "a")
    assert not shows('"a"', None)


def test_a_key_is_the_same_for_every_attempt_and_another_once_begun_anew() -> None:
    """It says nothing of what is asked, and fits the contract."""
    found = {key_of("99AA00", "c", number, round_) for number in (1, 2) for round_ in (0, 1)}
    assert len(found) == 4
    assert key_of("99AA00", "c", 1, 0) in found
    assert all(len(key) == 40 and key.isalnum() for key in found)


def test_confidential_phones_are_no_part_of_the_value() -> None:
    """They are known to be there, so nothing may be changed automatically; they are not the guardian's to mean."""
    phones = (Phone("06-12345678", "mobile", is_confidential=False), Phone("06-87654321", "home", is_confidential=True))
    record = Guardian("g", (), Name(prefix="van"), "female", "A@x.test", phones, Address(True, street="Weg"))
    found = of_record(FieldName(Stream.GUARDIANS, "phones"), record)
    assert found == Present([{"kind": "mobile", "number": "+31612345678"}], is_hidden=True)
    assert of_record(FieldName(Stream.GUARDIANS, "address"), record).is_hidden
    assert of_record(MAIL, record) == Present("a@x.test")
    assert of_record(FieldName(Stream.GUARDIANS, "name_prefix"), record) == Present("van")


def test_an_odd_value_of_the_school_is_still_the_present_value() -> None:
    """A phone or mail that nobody could submit does not stop a guardian from correcting it."""
    row = {"email": "geen adres", "birth_on": date(2019, 2, 28), "is_address_confidential": False}
    assert of_rows(MAIL, [row]) == Present("geen adres")
    assert of_rows(FieldName(Stream.PUPILS, "birth_on"), [row]) == Present("2019-02-28")
    taken = take_in(_ask(base=kept("geen adres")), _facts(Present("geen adres")))
    assert taken.needs == ()


def test_every_life_begins_submitted_and_can_end() -> None:
    """From every place an end can be reached; what is ended for good leads nowhere; the constraint says the same."""
    ends = {place for targets in ALLOWED_MOVES.values() for place in targets} - ALLOWED_MOVES.keys()
    assert all(place.state is State.CLOSED for place in ends)
    assert {begin.state for begin in ALLOWED_MOVES} == {*OPEN, State.CONFIRMED, State.CLOSED}
    reached, frontier = {SUBMITTED}, [SUBMITTED]
    while frontier:
        for place in ALLOWED_MOVES.get(frontier.pop(), ()):
            if place not in reached:
                reached.add(place)
                frontier.append(place)
    assert reached >= ALLOWED_MOVES.keys()
    assert MOVES.split(", ") == [f"'{begin}>{end}'" for begin, end in moves()]
    assert all(
        any(place.state is State.CLOSED for place in ALLOWED_MOVES[begin])
        for begin in ALLOWED_MOVES
        if begin.state in OPEN
    )


@given(
    stream=st.sampled_from(["pupils", "guardians", "notes", ""]),
    name=st.text(max_size=8) | st.sampled_from([f.name for f in FIELDS]),
)
def test_only_fields_of_the_table_can_be_named(stream: str, name: str) -> None:
    """Authority, restrictions and everything else is no field that may be asked for."""
    found = named(stream, name)
    assert found is None or (found in FIELDS and str(found) == f"{stream}.{name}")
    assert named("guardianships", "authority") is None
