"""EDEXML's wire records in our own model: plain values in, plain values out."""

from datetime import date

import pytest

from mappings.sources.edexml import READERS
from schemas.canonical.people import Employee, Name, Pupil
from schemas.canonical.school import Group, GroupEmployee, GroupMembership, Location
from schemas.ids import SourceKey
from schemas.sources.edexml.records import (
    EdexmlEmployee,
    EdexmlGroup,
    EdexmlGroupEmployee,
    EdexmlLocation,
    EdexmlMembership,
    EdexmlName,
    EdexmlPupil,
)
from schemas.streams import Stream

KEY = SourceKey("k")
TODAY = date(2026, 11, 20)
NAME = EdexmlName("Hof", "van 't", "Gerardus Jan", "GJ", "Gradje")
PUPIL = EdexmlPupil(KEY, NAME, date(2019, 3, 4), "1", "4", SourceKey("L1"), None, None, TODAY)


def pupil(record: EdexmlPupil) -> Pupil:
    found: Pupil = READERS[Stream.PUPILS](record)
    return found


def role(*rol: str, rolomschrijving: tuple[str, ...] = ()) -> str:
    record = EdexmlGroupEmployee(KEY, SourceKey("t"), SourceKey("g"), rol, rolomschrijving)
    found: GroupEmployee = READERS[Stream.GROUP_EMPLOYEES](record)
    return found.role


def test_a_pupil() -> None:
    """What a document says of a pupil arrives; what it cannot say is none, the address too."""
    assert pupil(PUPIL) == Pupil(
        key="k",
        former_keys=(),
        number=None,
        name=Name("Gerardus Jan", "G.J.", "Gradje", "van 't", "Hof"),
        gender="male",
        birth_on=date(2019, 3, 4),
        year_group="4",
        status="enrolled",
        enrolled_from=None,
        enrolled_until=None,
        location_key="L1",
        address=None,
        phones=(),
        photo_reference=None,
    )


@pytest.mark.parametrize(
    ("code", "gender"),
    [("0", "unknown"), ("1", "male"), ("2", "female"), ("9", "other"), (None, "unknown"), ("M", "unknown")],
)
def test_gender(code: str | None, gender: str) -> None:
    """Codes are those of ISO 5218; any other is unknown."""
    assert pupil(PUPIL._replace(geslacht=code)).gender == gender


@pytest.mark.parametrize(
    ("text", "initials"),
    [("YH", "Y.H."), ("W", "W."), ("SÉ", "S.É."), ("ThJ", "Th.J."), ("Y.H.", "Y.H."), (None, None)],
)
def test_initials_get_their_dots(text: str | None, initials: str | None) -> None:
    """The wire has none, people write them; what has dots keeps them."""
    assert pupil(PUPIL._replace(naam=NAME._replace(voorletters=text))).name.initials == initials


@pytest.mark.parametrize(
    ("coming", "going", "jaargroep", "status"),
    [
        (None, None, "4", "enrolled"),
        (TODAY, TODAY, "4", "enrolled"),
        (None, date(2026, 11, 19), "4", "left"),
        (None, date(2027, 7, 31), "4", "enrolled"),
        (date(2026, 11, 21), None, "0", "future"),
        (date(2026, 11, 21), date(2026, 11, 19), "4", "left"),
        (None, None, "H", "left"),
        (None, date(2026, 11, 19), "H", "left"),
        (None, None, None, "enrolled"),
    ],
)
def test_status_follows_the_day_of_reference(
    coming: date | None, going: date | None, jaargroep: str | None, status: str
) -> None:
    """The last day still counts; a historic pupil left, whatever else is said; a first day ahead is the future."""
    found = pupil(PUPIL._replace(instroomdatum=coming, uitstroomdatum=going, jaargroep=jaargroep))
    assert (found.status, found.enrolled_from, found.enrolled_until) == (status, coming, going)


@pytest.mark.parametrize("going", [TODAY, date(2027, 7, 31)])
def test_a_historic_pupil_has_no_last_day_ahead(going: date) -> None:
    """H says that the pupil left: a last day that is still to come would show it until then."""
    found = pupil(PUPIL._replace(uitstroomdatum=going, jaargroep="H"))
    assert (found.status, found.enrolled_until) == ("left", None)


@pytest.mark.parametrize(
    ("record", "group"),
    [
        (EdexmlGroup(KEY, "A", "0", False, 2026), Group("k", "A", 2026, ("0",), "class")),
        (EdexmlGroup(KEY, "A", "C", False, 2026), Group("k", "A", 2026, ("C",), "class")),
        (EdexmlGroup(KEY, "A", None, False, 2026), Group("k", "A", 2026, (), "class")),
        (EdexmlGroup(KEY, "A", None, True, 2026), Group("k", "A", 2026, (), "composite")),
    ],
)
def test_groups(record: EdexmlGroup, group: Group) -> None:
    """A combination group keeps C for its year groups, a composite group has none."""
    assert READERS[Stream.GROUPS](record) == group


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        (("LRK",), "teacher"),
        (("VAK",), "teacher"),
        (("LOS",), "assistant"),
        (("OWA",), "assistant"),
        (("KLA",), "assistant"),
        (("IB",), "coach"),
        (("RT",), "coach"),
        (("STA", "OWA"), "intern"),
        (("LRK", "STA"), "intern"),
        (("IB", "LRK"), "teacher"),
        (("ADJ",), "other"),
        (("CON",), "other"),
        (("OUD",), "other"),
        (("TAL",), "other"),
        (("lrk",), "teacher"),
        (("NIEUW",), "other"),
        ((), "teacher"),
    ],
)
def test_role_in_a_group(codes: tuple[str, ...], expected: str) -> None:
    """Of several roles a trainee's comes first, then a teacher's; none at all is a leerkracht, so a teacher."""
    assert role(*codes) == expected


def test_a_described_role_is_other() -> None:
    """A free text says nothing we know, and is not taken for the absence of a role."""
    assert role(rolomschrijving=("LRK",)) == "other"


def test_an_employee() -> None:
    """Every role is a function, each once, a parent's too; only the work address is taken."""
    record = EdexmlEmployee(KEY, NAME, "g@school.example", ("OUD", "ICT", "OUD"), ("Leescoördinator", "ICT"))
    assert READERS[Stream.EMPLOYEES](record) == Employee(
        key="k",
        name=Name("Gerardus Jan", "G.J.", "Gradje", "van 't", "Hof"),
        gender="unknown",
        functions=("OUD", "ICT", "Leescoördinator"),
        work_email="g@school.example",
        working_days=(),
        employed_from=None,
        employed_until=None,
    )


def test_a_location_a_membership_and_work_in_a_group() -> None:
    """They keep their keys; days and addresses, which no document gives, are none."""
    group, person = SourceKey("g"), SourceKey("p")
    assert READERS[Stream.LOCATIONS](EdexmlLocation(KEY, "A")) == Location("k", "A", None, None)
    assert READERS[Stream.GROUP_MEMBERSHIPS](EdexmlMembership(KEY, person, group, "4", 2026)) == GroupMembership(
        "k", "p", "g", 2026, "4", None, None
    )
    assert READERS[Stream.GROUP_EMPLOYEES](EdexmlGroupEmployee(KEY, person, group, (), ())) == GroupEmployee(
        "k", "g", "p", "teacher", (), None, None
    )
