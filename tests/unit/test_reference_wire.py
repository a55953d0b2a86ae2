"""The reference dialect's pages: what is read, what is refused, and what a refusal says."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from schemas.errors import SourceRefused, StreamRefused, TransientError
from schemas.ids import parse_source_key
from schemas.sources.reference.catalogue import PLAINLY_SHOWN, VISIBILITY_FIELDS, WIRE
from schemas.sources.reference.pages import Records, WireEnvelope, read_envelope, read_page
from schemas.sources.scalars import Day, Instant, Key
from schemas.streams import Decides, Rejection, Stream, Tombstone
from tests.unit.reference_pages import WORLD, good, judged, page, read
from tests.unit.simulator.asking import SCHOOL

CONTRACT = Path(__file__).parents[2] / "docs" / "reference" / "sis-openapi.yaml"
CANARY = "Kanarie-Jansen"
DROPPED = {
    Stream.PUPILS: {"eck_id", "official_name_prefix", "official_last_name", "birth_date_uncertain"},
    Stream.ABSENCES: {"internal_remark"},
    Stream.MEDICAL_ITEMS: {"internal_remark"},
    Stream.EMPLOYEES: {"private_email", "mobile"},
}


def spoiled(value: Any) -> list[Any]:
    """Give values that are wrong wherever this one is right, other than null."""
    match value:
        case bool():
            return ["true", 1, 0]
        case int():
            return ["2026", 2026.5, True, 10**12]
        case list():
            return [{}, "mon", [7], [None]]
        case dict():
            return [[], "x", {}]
        case str():
            return [7, True, ["x"], {}]
        case _:
            return [[7]]


@pytest.mark.parametrize("stream", Stream)
def test_the_whole_world_is_read(stream: Stream) -> None:
    """Every record of the simulated school is read, in order, under its own key."""
    records = WORLD.records(SCHOOL, stream.value)
    wire = read(stream, *records.values())
    assert {type(one) for one in wire} == {WIRE[stream]}
    assert [one.id for one in wire] == list(records)


def test_a_record_keeps_no_list_of_its_fields() -> None:
    """Which fields were sent is noted nowhere: pages wait in memory, and that set is up to half of a record."""
    stream = Stream.ABSENCES
    (record,) = read(stream, good(stream))
    assert record.model_fields_set == frozenset()
    assert record.model_dump() == WIRE[stream].model_validate(good(stream)).model_dump()


@pytest.mark.parametrize("stream", Stream)
def test_wire_and_contract_name_the_same_fields(stream: Stream) -> None:
    """Each model reads exactly the contract's fields, save those that are dropped at the door."""
    schemas = yaml.safe_load(CONTRACT.read_text())["components"]["schemas"]
    contract = set(schemas[WIRE[stream].__name__]["properties"])
    assert contract - set(WIRE[stream].model_fields) == {"changed_at"} | DROPPED.get(stream, set())
    assert set(WIRE[stream].model_fields) <= contract
    assert VISIBILITY_FIELDS[stream] & contract <= set(WIRE[stream].model_fields)


@pytest.mark.parametrize("stream", Stream)
def test_every_bad_field_is_found_and_named(stream: Stream) -> None:
    """A wrong type in any one field rejects that record alone, names the field, and hides where it must."""
    record = good(stream)
    assert isinstance(read(stream, record)[0], WIRE[stream])
    for name in set(WIRE[stream].model_fields) - {"id"}:
        for bad in spoiled(record[name]):
            before, wrong, after = read(stream, record, {**record, name: bad, "id": "x"}, record)
            assert before == after == read(stream, record)[0]
            assert isinstance(wrong, Rejection), (name, bad)
            assert (wrong.key, wrong.code in ("unreadable_field", "missing_field")) == ("x", True)
            assert wrong.field_path.partition(".")[0] == name
            if name in VISIBILITY_FIELDS[stream]:
                assert wrong.hides
            elif name not in ("address", "phone", "phones"):
                assert not wrong.hides, (name, bad)


@pytest.mark.parametrize("stream", Stream)
def test_every_missing_field_is_found_and_named(stream: Stream) -> None:
    """A record without one of its fields is rejected as such, and hidden when the field decides visibility."""
    for name in set(WIRE[stream].model_fields) - {"id"}:
        record = good(stream)
        del record[name]
        hides = name in VISIBILITY_FIELDS[stream] | PLAINLY_SHOWN.get(stream, {}).keys()
        assert judged(stream, record) == [Rejection(record["id"], "missing_field", name, hides=hides)]


@pytest.mark.parametrize("stream", Stream)
def test_an_unknown_code_is_not_guessed(stream: Stream) -> None:
    """A value outside a closed list rejects the record, hidden when it decides visibility."""
    schemas = yaml.safe_load(CONTRACT.read_text())["components"]["schemas"]
    for name, shape in schemas[WIRE[stream].__name__]["properties"].items():
        if "enum" in shape or name == "gender":
            (wrong,) = judged(stream, good(stream, **{name: "anders"}))
            hides = name in VISIBILITY_FIELDS[stream]
            assert wrong == Rejection(wrong.key, "unreadable_field", name, hides=hides)


@pytest.mark.parametrize("identifier", [None, "", "  ", 7, True, ["a"], "a\tb", "x" * 257, "a\u202eb", " a", "a\xa0"])
def test_a_record_without_a_readable_key_is_nobodys(identifier: object) -> None:
    """What cannot be a key is rejected without one, and no value of the record is kept."""
    assert judged(Stream.NOTES, good(Stream.NOTES, id=identifier, title=CANARY)) == [Rejection(None, "unreadable_key")]
    tombstone = {"id": identifier, "deleted": True}
    assert judged(Stream.NOTES, tombstone, 7, None, "x", []) == [Rejection(None, "unreadable_key")] * 5


def test_a_removed_record_is_a_tombstone() -> None:
    """`deleted: true` is a tombstone, also with other fields beside it; false and null are a record."""
    record = good(Stream.NOTES)
    items = read(
        Stream.NOTES,
        {"id": "gone", "deleted": True, "changed_at": "2026-11-24T08:00:00+01:00"},
        {**record, "deleted": True},
        {**record, "deleted": False},
        {**record, "deleted": None},
    )
    assert items[:2] == [Tombstone(parse_source_key("gone") or ""), Tombstone(record["id"])]  # type: ignore[arg-type]
    assert [type(one) for one in items[2:]] == [WIRE[Stream.NOTES]] * 2


@pytest.mark.parametrize("deleted", ["true", 1, 0, "no", []])
def test_perhaps_removed_is_hidden(deleted: object) -> None:
    """Any other `deleted` leaves open whether the record still is, so it is hidden."""
    record = good(Stream.NOTES, deleted=deleted)
    assert judged(Stream.NOTES, record) == [Rejection(record["id"], "unreadable_field", "deleted", hides=True)]


@pytest.mark.parametrize("said", [True, "false", 0, None, "", [], "absent"])
def test_secrecy_is_assumed(said: object) -> None:
    """An address or phone is public only when the source says the literal false; missing or odd is secret."""
    record = good(Stream.PUPILS)
    place = {**record["address"], "is_confidential": said}
    phone = {"number": "06", "kind": "home", "is_confidential": said}
    if said == "absent":
        del place["is_confidential"], phone["is_confidential"]
    (found,) = read(Stream.PUPILS, {**record, "address": place, "phones": [phone]})
    pupil = found if said is True else found.record
    assert (pupil.address.is_confidential, pupil.phones[0].is_confidential) == (True, True)
    (public,) = read(Stream.PUPILS, record)
    assert public.address.is_confidential is False
    if said is not True:
        code = "missing_field" if said == "absent" else "unreadable_field"
        assert (found.code, found.field_path) == (code, "address.is_confidential")


@pytest.mark.parametrize(
    ("stream", "turned"),
    [
        (Stream.NOTES, {"visible_to_parents": False, "noted_on": "31-02-2026"}),
        (Stream.NEWS_ITEMS, {"published": False, "title": 7}),
        (Stream.SUPPORT_PLANS, {"status": "concept", "goals": None}),
        (Stream.GUARDIANSHIPS, {"authority": "none", "contact_order": "1"}),
        (Stream.GUARDIANSHIPS, {"until_on": "2026-01-01", "relation": "x"}),
        (Stream.GUARDIANSHIPS, {"restriction": {"from_on": "2026-01-01", "until_on": None}, "relation": "x"}),
        (Stream.GROUPS, {"kind": "placeholder", "name": None}),
        (Stream.PUPILS, {"status": "left", "gender": "x"}),
        (Stream.PUPILS, {"phones": [{"number": "06", "kind": "home", "is_confidential": True}], "gender": "x"}),
        (Stream.GUARDIANS, {"address": {"is_confidential": True}}),
        (Stream.GUARDIANS, {"address": "secret now"}),
    ],
)
def test_a_bad_record_that_may_be_hidden_is_hidden(stream: Stream, turned: Mapping[str, Any]) -> None:
    """A record that turns hidden or secret and breaks in the same change does not keep its old row in sight."""
    (wrong,) = read(stream, good(stream, **turned))
    assert isinstance(wrong, Rejection)
    assert wrong.hides


def test_a_hiding_field_is_named_before_another() -> None:
    """Of several bad fields the one that decides visibility is reported."""
    (wrong,) = read(Stream.PUPILS, good(Stream.PUPILS, former_ids=7, gender="x", status="x"))
    assert (wrong.field_path, wrong.hides) == ("status", True)


def test_a_path_names_known_fields_only() -> None:
    """A field path is dotted names of our own, without positions and without anything the source sent."""
    record = good(Stream.PUPILS)
    phone = {"number": 7, "kind": "home", "is_confidential": False, CANARY: CANARY}
    (wrong,) = judged(Stream.PUPILS, {**record, "phones": [phone], CANARY: 1})
    assert wrong == Rejection(record["id"], "unreadable_field", "phones.number")
    (keyed,) = judged(Stream.PUPILS, {**record, "former_ids": ["a", "\t"]})
    assert keyed == Rejection(record["id"], "unreadable_field", "former_ids")


DAYS = TypeAdapter(Day)
INSTANTS = TypeAdapter(Instant)


@pytest.mark.parametrize(
    "text",
    [
        *"1262390400 20261124 2026-11-24T00:00:00 2026-11-24T00:00:00Z 24-11-2026 2026-1-1 ２０２６-11-24".split(),
        *"2026-02-30 1899-12-31 2200-01-01".split(),
        *("", " 2026-11-24", "2026-11-24\n", 20261124, 1262390400, 1.5, True),
    ],
)
def test_only_a_plain_day_is_a_day(text: object) -> None:
    """A day is `YYYY-MM-DD` in the years 1900 to 2199: no epoch number, time, other order or other digits."""
    with pytest.raises(ValidationError):
        DAYS.validate_python(text)
    with pytest.raises(ValidationError):
        DAYS.validate_json(json.dumps(text))
    assert DAYS.validate_python("2028-02-29") == date(2028, 2, 29)


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-24T08:30:00",
        "2026-11-24",
        "1262390400",
        "2026-11-24T24:00:00Z",
        "2026-11-24T08:30Z",
        "2026-11-24 08:30:00Z",
        "1899-11-24T08:30:00Z",
        "2026-11-24T08:30:00+25:00",
        "2026-02-30T08:30:00Z",
        1262390400,
        1262390400.5,
        True,
        None,
    ],
)
def test_only_an_instant_with_an_offset_is_an_instant(text: object) -> None:
    """An instant is ISO text that says its offset: no local time, epoch number or moment that does not exist."""
    with pytest.raises(ValidationError):
        INSTANTS.validate_python(text)
    with pytest.raises(ValidationError):
        INSTANTS.validate_json(json.dumps(text))


@pytest.mark.parametrize(
    ("text", "hour", "micro"),
    [
        ("2026-11-24T08:30:00+01:00", 7, 0),
        ("2026-11-24T08:30:00Z", 8, 0),
        ("2026-11-24t08:30:00.5z", 8, 500_000),
        ("2026-11-24T08:30:00.123456789-02:00", 10, 123_456),
    ],
)
def test_an_instant_becomes_utc(text: str, hour: int, micro: int) -> None:
    """Whatever its offset, an instant arrives as the same moment in UTC."""
    instant = INSTANTS.validate_python(text)
    assert instant == datetime(2026, 11, 24, hour, 30, 0, micro, tzinfo=UTC)
    assert instant.tzinfo is UTC


@given(st.text(max_size=8) | st.text(" !a~\x7fé\xa0\u200b\n", max_size=5))
@example(" a b ")
@example("😀")
@example("a" * 257)
@example(" " + "a" * 256)
def test_a_key_is_what_parse_source_key_says(text: str) -> None:
    """The quick way for plain keys and the careful one agree with parse_source_key on every text."""
    expected = parse_source_key(text)
    try:
        found: str | None = TypeAdapter(Key).validate_python(text)
    except ValidationError:
        found = None
    assert found == expected


def untext(body: bytes, mark: str, raw: bytes) -> bytes:
    return body.replace(mark.encode(), raw)


@pytest.mark.parametrize("raw", [rb"\u0000", rb"\ud83d", rb"\udc00 x", b"a\x00b"], ids=repr)
def test_unreadable_text_costs_one_record(raw: bytes) -> None:
    """A NUL or half a surrogate pair rejects the record that holds it and no other."""
    record = good(Stream.NOTES)
    body = untext(page(Stream.NOTES, record, {**record, "id": "x", "text": "MARK"}, record), "MARK", raw)
    before, wrong, after = read_page(Stream.NOTES, body).records
    assert before == after == read(Stream.NOTES, record)[0]
    assert wrong._replace(readable=None) == Rejection(
        parse_source_key("x"), "unreadable_text", ties=(("pupil_id", record["pupil_id"]),)
    )
    assert {**wrong.readable.model_dump(), "id": "", "text": ""} == {**before.model_dump(), "id": "", "text": ""}


@pytest.mark.parametrize("raw", [b"\xff", b"\xed\xa0\x80", "Zoë".encode("latin-1"), b"\xc3"], ids=repr)
def test_a_page_that_is_no_utf_8_is_refused_whole(raw: bytes) -> None:
    """Read by a guess, each record with an accent would be one that broke, and its child would be gone."""
    body = untext(page(Stream.NOTES, good(Stream.NOTES, text="MARK")), "MARK", raw)
    for look in (read_page, read_envelope):
        with pytest.raises(StreamRefused, match="not in UTF-8") as refused:
            look(Stream.NOTES, body)
        assert refused.value.said == "not in UTF-8"


@pytest.mark.parametrize("raw", [b"text", rb"\u0000", rb"\ud83d", b"a\x00b"], ids=repr)
def test_the_envelope_is_read_without_the_records_and_says_the_same(raw: bytes) -> None:
    """Whatever is in a record, the envelope is that of the whole page, and the records come when they are looked at."""
    record = good(Stream.NOTES)
    body = untext(page(Stream.NOTES, record, {**record, "text": "MARK"}, {"id": 7}, next="n"), "MARK", raw)
    read_whole, envelope, records = (
        read_page(Stream.NOTES, body),
        read_envelope(Stream.NOTES, body),
        Records(Stream.NOTES, body),
    )
    for name in WireEnvelope.model_fields:
        assert getattr(envelope, name) == getattr(read_whole, name)
    assert (len(records), list(records), records[0], records[1:]) == (
        3,
        read_whole.records,
        read_whole.records[0],
        read_whole.records[1:],
    )


def test_records_that_are_none_are_refused_when_they_are_looked_at() -> None:
    """The envelope alone is no proof that a page is one; nobody can take such a page for an empty one."""
    body = page(Stream.NOTES, records={})
    assert read_envelope(Stream.NOTES, body).school == SCHOOL
    records = Records(Stream.NOTES, body)
    for _ in range(2):
        with pytest.raises(SourceRefused, match="no page of the reference contract"):
            len(records)


def test_unreadable_text_hides_where_it_decides() -> None:
    """Bad text in a field that decides visibility hides; in a key it leaves no key; unknown fields count too."""
    record = good(Stream.NOTES)
    hidden, keyless, unknown = read_page(
        Stream.NOTES,
        page(
            Stream.NOTES,
            {**record, "id": "a", "pupil_id": "pup\0"},
            {**record, "id": "b\0"},
            {**record, "id": "c", "more": [{"deep": "\0"}]},
        ),
    ).records
    assert (hidden.key, hidden.code, hidden.hides, hidden.ties) == ("a", "unreadable_text", True, ())
    assert hidden.decides is Decides.WHETHER
    assert keyless == Rejection(None, "unreadable_key")
    ties = (("pupil_id", record["pupil_id"]),)
    assert (unknown.key, unknown.code, unknown.hides, unknown.ties) == ("c", "unreadable_text", False, ties)
    assert unknown.decides is Decides.NOTHING


def test_text_about_a_nul_is_text() -> None:
    """A backslash followed by u0000 is six readable letters; emoji and right-to-left marks are text as well."""
    text = "zie \\u0000 en \\\\u0000, 😀 \u200f ok"
    (note,) = read(Stream.NOTES, good(Stream.NOTES, text=text))
    assert note.text == text


def test_the_slow_way_reads_the_same() -> None:
    """A page that is read carefully because of one bad record gives the others exactly as the quick way."""
    for stream in Stream:
        records = list(WORLD.records(SCHOOL, stream.value).values())
        slow = read_page(stream, page(stream, *records, {"id": "x", "a": "\0"})).records
        assert slow == [
            *read(stream, *records),
            Rejection(parse_source_key("x"), "unreadable_text", hides=slow[-1].hides, says_less=slow[-1].says_less),
        ]


@pytest.mark.parametrize(
    "body", [b"", b" ", b"<html>", b"{", b'{"a":1,]', b"[" * 100_000, b"null", b"1" * 5000], ids=lambda b: repr(b[:9])
)
def test_what_is_no_json_may_pass(body: bytes) -> None:
    """A body that is no JSON is a TransientError, whatever breaks the parser."""
    for read_it in (read_page, read_envelope):
        with pytest.raises(TransientError, match="no JSON"):
            read_it(Stream.NOTES, body)


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b"{}",
        b"7",
        page(Stream.NOTES, records=None),
        page(Stream.NOTES, records={}),
        page(Stream.NOTES, school=7),
        page(Stream.NOTES, next=7),
        page(Stream.NOTES, cursor=""),
        page(Stream.NOTES, count="7"),
        page(Stream.NOTES, count=-1),
    ],
)
def test_what_is_no_page_is_refused(body: bytes) -> None:
    """JSON without the envelope of a page is against the contract; it never counts as an empty stream."""
    with pytest.raises(SourceRefused, match="no page of the reference contract") as caught:
        read_page(Stream.NOTES, body)
    assert caught.value.__context__ is None


def test_no_field_that_is_dropped_reaches_a_record() -> None:
    """What parents may never see is not in the record that was read, not even as an extra."""
    for stream, names in DROPPED.items():
        record = {**good(stream), **dict.fromkeys(names, CANARY)}
        (wire,) = read(stream, record)
        assert CANARY not in repr(wire)
        assert not any(hasattr(wire, name) for name in names)


def test_a_record_is_frozen() -> None:
    """A wire record cannot be changed on its way."""
    (note,) = read(Stream.NOTES, good(Stream.NOTES))
    with pytest.raises(ValidationError):
        note.title = "x"
