"""The reference dialect's records in our own model."""

from __future__ import annotations

import ast
import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from connector.simulator.world import World
from mappings.sources.reference import school as reference
from mappings.sources.reference.catalogue import READERS, to_canonical
from schemas.canonical.care import Absence, Note, SupportPlan
from schemas.canonical.people import Address, Employee, Guardian, Guardianship, Name, Period, Phone, Pupil
from schemas.canonical.school import Group, GroupEmployee, GroupMembership, Location, NewsItem
from schemas.sources.reference.pages import read_page
from schemas.streams import Stream
from tests.unit.simulator.asking import SCHOOL, TODAY

CANARY = "Kanarie-Jansen"
ADDRESS = {
    "id": " adr-1 ",
    "street": "Verzonnen Laan",
    "house_number": "52-54",
    "house_number_suffix": None,
    "postal_code": "1234 AB",
    "city": "Voorbeeldstad",
    "country": "NL",
    "is_confidential": True,
}
HOME = Address(True, "adr-1", "Verzonnen Laan", "52-54", None, "1234 AB", "Voorbeeldstad", "NL")
PHONE = {"number": "06-00000001", "kind": "mobile", "is_confidential": False}
DAYS = {"from_on": "2026-08-01", "until_on": None}
FROM = date(2026, 8, 1)
MORNING = "2026-11-24T08:30:00+01:00"
HALF_PAST_SEVEN = datetime(2026, 11, 24, 7, 30, tzinfo=UTC)
PERSON = {"initials": "L.B.", "call_name": "Lotte", "name_prefix": "van den", "last_name": "Berg", "gender": "female"}
NAME = Name(None, "L.B.", "Lotte", "van den", "Berg")

EXAMPLES: dict[Stream, tuple[dict[str, Any], Any]] = {
    Stream.LOCATIONS: (
        {"id": "l", "name": "Hoofdgebouw", "address": ADDRESS, "phone": PHONE},
        Location("l", "Hoofdgebouw", HOME, "06-00000001"),
    ),
    Stream.PUPILS: (
        {
            "id": " p ",
            "former_ids": ["old ", "older"],
            "pupil_number": " 10001 ",
            "eck_id": CANARY,
            "first_names": "Siem Noor",
            "call_name": "Siem",
            "name_prefix": "in 't",
            "last_name": "Veld",
            "official_name_prefix": CANARY,
            "official_last_name": CANARY,
            "gender": "male",
            "birth_on": "2020-03-24",
            "birth_date_uncertain": True,
            "year_group": "3",
            "status": "enrolled",
            "enrolled_from": "2024-08-01",
            "enrolled_until": "2027-07-31",
            "location_id": " l ",
            "address": ADDRESS,
            "phones": [PHONE, {**PHONE, "is_confidential": None}],
            "photo_reference": " photo-1 ",
        },
        Pupil(
            key="p",
            former_keys=("old", "older"),
            number="10001",
            name=Name("Siem Noor", None, "Siem", "in 't", "Veld"),
            gender="male",
            birth_on=date(2020, 3, 24),
            year_group="3",
            status="enrolled",
            enrolled_from=date(2024, 8, 1),
            enrolled_until=date(2027, 7, 31),
            location_key="l",
            address=HOME,
            phones=(Phone("06-00000001", "mobile", False), Phone("06-00000001", "mobile", True)),
            photo_reference="photo-1",
        ),
    ),
    Stream.GUARDIANS: (
        {"id": "g", "former_ids": [], **PERSON, "email": "l@example.nl", "phones": [PHONE], "address": None},
        Guardian("g", (), NAME, "female", "l@example.nl", (Phone("06-00000001", "mobile", False),), None),
    ),
    Stream.GUARDIANSHIPS: (
        {
            "id": "r",
            "pupil_id": "p",
            "guardian_id": "g",
            "relation": "mother",
            "authority": "none",
            "restriction": {"from_on": "2026-01-01", "until_on": "2026-12-31"},
            "information_agreement": DAYS,
            "contact_order": 2,
            **DAYS,
        },
        Guardianship(
            key="r",
            pupil_key="p",
            guardian_key="g",
            relation="mother",
            authority="none",
            restriction=Period(date(2026, 1, 1), date(2026, 12, 31)),
            information=Period(FROM, None),
            contact_order=2,
            from_on=FROM,
            until_on=None,
        ),
    ),
    Stream.ABSENCES: (
        {
            "id": "a",
            "pupil_id": "p",
            "kind": "absent",
            "reason": "illness",
            "is_authorised": True,
            "starts_at": MORNING,
            "ends_at": None,
            "reported_by": "guardian",
            "internal_remark": CANARY,
        },
        Absence("a", "p", "absent", "illness", True, HALF_PAST_SEVEN, None, "guardian"),
    ),
    Stream.NEWS_ITEMS: (
        {
            "id": "n",
            "title": "Titel",
            "body": "Tekst",
            "published": False,
            "publish_from": MORNING,
            "publish_until": None,
            "group_id": " c ",
        },
        NewsItem("n", "Titel", "Tekst", False, HALF_PAST_SEVEN, None, "c"),
    ),
    Stream.EMPLOYEES: (
        {
            "id": "e",
            **PERSON,
            "functions": ["leerkracht", "IB"],
            "work_email": "l@school.test",
            "private_email": CANARY,
            "mobile": {**PHONE, "number": CANARY},
            "working_days": ["mon", "fri"],
            "employed_from": "2026-08-01",
            "employed_until": None,
        },
        Employee("e", NAME, "female", ("leerkracht", "IB"), "l@school.test", ("mon", "fri"), FROM, None),
    ),
    Stream.GROUPS: (
        {"id": "c", "name": "Groep 1/2", "school_year": 2026, "year_groups": ["1", "2 "], "kind": "composite"},
        Group("c", "Groep 1/2", 2026, ("1", "2"), "composite"),
    ),
    Stream.GROUP_MEMBERSHIPS: (
        {"id": "m", "pupil_id": "p", "group_id": "c", "school_year": 2026, "year_group": "3", **DAYS},
        GroupMembership("m", "p", "c", 2026, "3", FROM, None),
    ),
    Stream.GROUP_EMPLOYEES: (
        {"id": "t", "group_id": "c", "employee_id": "e", "role": "coach", "weekdays": ["tue"], **DAYS},
        GroupEmployee("t", "c", "e", "coach", ("tue",), FROM, None),
    ),
    Stream.SUPPORT_PLANS: (
        {
            "id": "h",
            "pupil_id": "p",
            "subject": "Rekenen",
            "status": "review",
            **DAYS,
            "goals": "Doel",
            "approach": None,
            "evaluation": "Goed",
            "employee_id": None,
            "document": None,
        },
        SupportPlan("h", "p", "Rekenen", "review", FROM, None, "Doel", None, "Goed", None, None),
    ),
    Stream.NOTES: (
        {
            "id": "o",
            "pupil_id": "p",
            "category": "observation",
            "noted_on": "2026-08-01",
            "title": "Titel",
            "text": "Tekst",
            "employee_id": "e",
            "visible_to_parents": False,
            "reply_allowed": True,
        },
        Note("o", "p", "observation", FROM, "Titel", "Tekst", "e", False, True),
    ),
}


def wire(stream: Stream, *records: Any) -> list[Any]:
    whole = {"school": SCHOOL, "stream": stream, "mode": "full", "count": 1, "records": records}
    return read_page(stream, json.dumps({**whole, "next": None, "cursor": "c"}).encode()).records


@pytest.mark.parametrize("stream", Stream)
def test_each_field_finds_its_place(stream: Stream) -> None:
    """One record of each stream, with every field of its own value, becomes this canonical record."""
    given, expected = EXAMPLES[stream]
    (record,) = wire(stream, given)
    canonical = to_canonical(stream, record)
    assert canonical == expected
    assert type(canonical) is type(expected)
    assert CANARY not in repr(canonical)


def test_a_secret_number_of_a_building_does_not_arrive() -> None:
    """A location's canonical phone has no secrecy of its own, so a secret number is left out."""
    given, expected = EXAMPLES[Stream.LOCATIONS]
    secret, absent = wire(
        Stream.LOCATIONS, {**given, "phone": {**PHONE, "is_confidential": True}}, {**given, "phone": None}
    )
    assert [reference.location(secret), reference.location(absent)] == [expected._replace(phone=None)] * 2


@pytest.mark.parametrize("stream", Stream)
def test_the_whole_world_is_mapped(stream: Stream) -> None:
    """Every record of a simulated school has a canonical form, hashable and with its own key."""
    records = World(7, TODAY, {SCHOOL: 40}).records(SCHOOL, stream.value)
    canonical = [READERS[stream](record) for record in wire(stream, *records.values())]
    assert [record.key for record in canonical] == list(records)
    assert len({hash(record) for record in canonical}) == len(records)


def test_the_mapping_is_pure() -> None:
    """The room imports shapes and types only: no clock, log, random or I/O."""
    allowed = ("__future__", "collections.abc", "typing", "schemas.", "mappings.sources.reference")
    for file in Path(reference.__file__).parent.glob("*.py"):
        nodes = list(ast.walk(ast.parse(file.read_text())))
        assert not [node for node in nodes if isinstance(node, ast.Import)]
        imported = {str(node.module) for node in nodes if isinstance(node, ast.ImportFrom)}
        assert all(name.startswith(allowed) for name in imported)
