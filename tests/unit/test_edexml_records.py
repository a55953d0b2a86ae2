"""What is read from an EDEXML document: names, days, keys, dummies, links, and what is left behind."""

import hashlib
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from connector.sources.edexml.source import EdexmlSource, read_header
from schemas.errors import DocumentRefused
from schemas.ids import SchoolId, SourceKey
from schemas.sources.edexml.keys import clean, joined_key, parse_day, surrogate
from schemas.sources.edexml.records import EdexmlGroup, EdexmlName, EdexmlPupil
from schemas.sources.edexml.versions import NEWEST
from schemas.streams import Pull, Rejection, Stream

DATA = Path(__file__).parents[1] / "data" / "edexml"
FIELDS = {"schooljaar": "2026-2027", "peildatum": "2026-11-20", "brincode": "99AA"}
UNSTABLE = Rejection(None, "unstable_key", "@key")
UNSTABLE_REFERENCE = Rejection(None, "unstable_key", "groep/@key")
ECK = "eckid:" + hashlib.sha256(b"https://ketenid.nl/202608/aa").hexdigest()


def read(path: Path, school: str = "99AA00") -> dict[Stream, list[Any]]:
    source = EdexmlSource(path)
    found: dict[Stream, list[Any]] = {}
    for page in source.pages(SchoolId(school), Pull(source.capabilities.bundles[0])):
        found.setdefault(page.stream, []).extend(page.items)
    return found


def header(**fields: str | None) -> str:
    merged: dict[str, str | None] = {**FIELDS, **fields}
    return "<school>" + "".join(f"<{k}>{v}</{k}>" for k, v in merged.items() if v is not None) + "</school>"


@pytest.fixture
def told(tmp_path: Path) -> Any:
    """A function that reads a document with these sections."""

    def read_body(body: str, school: str = "99AA00") -> dict[Stream, list[Any]]:
        path = tmp_path / "document.xml"
        path.write_text(f"<EDEX>{header()}{body}</EDEX>", encoding="utf-8")
        return read(path, school)

    return read_body


@pytest.fixture(scope="module")
def school() -> dict[Stream, list[Any]]:
    """Our own school of 2026."""
    return read(DATA / "school.xml", "99AA01")


@pytest.fixture(scope="module")
def dummies() -> dict[Stream, list[Any]]:
    """Our own document with keys that begin with #."""
    return read(DATA / "dummies.xml")


def test_a_document_of_the_current_school_year_is_read(school: dict[Stream, list[Any]]) -> None:
    """2026-2027, which the official schema does not know, is read; every record in the right stream is there."""
    assert {stream: len(them) for stream, them in school.items()} == {
        Stream.LOCATIONS: 2,
        Stream.PUPILS: 7,
        Stream.EMPLOYEES: 3,
        Stream.GROUPS: 4,
        Stream.GROUP_MEMBERSHIPS: 5,
        Stream.GROUP_EMPLOYEES: 3,
    }
    assert not [one for them in school.values() for one in them if isinstance(one, Rejection)]


def test_a_pupil_is_read_by_name_not_by_position(school: dict[Stream, list[Any]]) -> None:
    """Order of elements, runs of white space and empty elements make no difference."""
    assert school[Stream.LOCATIONS][0].key == "L1"
    assert school[Stream.LOCATIONS][1].naam == "Aan de Gracht"
    assert school[Stream.PUPILS][0] == EdexmlPupil(
        key=SourceKey("P1"),
        naam=EdexmlName("Berg en Dal", "van den", None, "SÉ", "Sanne"),
        geboortedatum=date(2019, 3, 4),
        geslacht="2",
        jaargroep="4",
        vestiging=SourceKey("L1"),
        instroomdatum=date(2023, 3, 4),
        uitstroomdatum=None,
        reference_on=date(2026, 11, 20),
    )


def test_a_pupil_may_have_only_a_call_name(school: dict[Stream, list[Any]]) -> None:
    """Roepnaam alone is a name; an empty voorvoegsel is none."""
    assert school[Stream.PUPILS][1].naam == EdexmlName(None, None, None, None, "Björn")


def test_emoji_and_right_to_left_marks_stay(school: dict[Stream, list[Any]]) -> None:
    """A name keeps every character it has."""
    naam = school[Stream.PUPILS][2].naam
    assert (naam.achternaam, naam.roepnaam) == ("\u200fسعيد\u200f", "Noor 🦊")


def test_interleaved_groups_keep_their_kind(school: dict[Stream, list[Any]]) -> None:
    """Plain and composite groups mixed in one list are each read as what they are; unknown blocks are skipped."""
    assert school[Stream.GROUPS] == [
        EdexmlGroup(SourceKey("G3"), "De Uilen", "3", False, 2026),
        EdexmlGroup(SourceKey("S1"), "Plusklas", None, True, 2026),
        EdexmlGroup(SourceKey("G45"), "De Vossen", "C", False, 2026),
        EdexmlGroup(SourceKey("S2"), "Gym", None, True, 2026),
    ]


def test_memberships_carry_the_pupils_own_year_group(school: dict[Stream, list[Any]]) -> None:
    """In a combination group each pupil keeps its own jaargroep; an empty groep element is no membership."""
    assert [(one.key, one.jaargroep) for one in school[Stream.GROUP_MEMBERSHIPS]] == [
        ("P1|G45", "4"),
        ("P1|S1", "4"),
        ("P1|S2", "4"),
        ("P2|G3", "3"),
        ("P3|G45", "5"),
    ]


def test_roles_in_a_group_come_before_roles_of_the_person(school: dict[Stream, list[Any]]) -> None:
    """A reference with a rol has its own; one without has those of the leerkracht."""
    assert [(one.key, one.rol, one.rolomschrijving) for one in school[Stream.GROUP_EMPLOYEES]] == [
        ("T1|G3", ("LRK",), ()),
        ("T1|S1", ("IB",), ("Leescoördinator",)),
        ("T3|G45", (), ()),
    ]


def test_what_may_not_be_stored_is_not_read(school: dict[Stream, list[Any]]) -> None:
    """No personal number, land, weight, postcode, account or pupil's mail is in any object, whatever it holds."""
    secrets = ["111222333", "111222334", "101222331", "7788", "99112233445", "geen nummer", "0,3", "9876ZX", "SR"]
    secrets += ["sanne01", "leerling@example.org", "00ZZ", "Niemand"]
    assert [secret for secret in secrets if secret in repr(school)] == []


def test_a_dummy_key_is_never_given(dummies: dict[Stream, list[Any]]) -> None:
    """No `#` key leaves the document, as a key or in one."""
    assert "#" not in repr(dummies)


def test_people_with_a_dummy_key_are_known_by_their_eck_id(dummies: dict[Stream, list[Any]]) -> None:
    """With an ECK iD they get a key made of it, without one they are rejected without a key."""
    pupil, rejected, other = dummies[Stream.PUPILS]
    assert (pupil.key, rejected, other.key) == (ECK, UNSTABLE, "P3")
    assert "ketenid" not in repr(dummies)
    assert dummies[Stream.EMPLOYEES][1] == UNSTABLE


def test_groups_with_a_dummy_key_are_known_by_year_kind_and_name(dummies: dict[Stream, list[Any]]) -> None:
    """A name that is alone is a key within the school year; of two equal ones neither is."""
    owls = surrogate("group", "2026", "class", "De Uilen")
    assert [one if isinstance(one, Rejection) else one.key for one in dummies[Stream.GROUPS]] == [
        owls,
        surrogate("group", "2026", "class", "De Vossen"),
        surrogate("group", "2026", "composite", "De Uilen"),
        UNSTABLE,
        UNSTABLE,
    ]


def test_references_to_dummies_resolve_within_the_document(dummies: dict[Stream, list[Any]]) -> None:
    """They give the same surrogate; to an unknown or ambiguous one they are rejected, a location becomes none."""
    owls = surrogate("group", "2026", "class", "De Uilen")
    foxes = surrogate("group", "2026", "class", "De Vossen")
    first, *rejected = dummies[Stream.GROUP_MEMBERSHIPS]
    assert (first.leerling, first.groep, first.key) == (ECK, owls, f"{ECK}|{owls}")
    assert rejected == [UNSTABLE_REFERENCE, UNSTABLE, UNSTABLE_REFERENCE]
    assert dummies[Stream.GROUP_EMPLOYEES][0].groep == foxes
    assert dummies[Stream.GROUP_EMPLOYEES][1] == UNSTABLE
    assert dummies[Stream.PUPILS][0].vestiging == surrogate("location", "Hoofdgebouw")
    assert dummies[Stream.PUPILS][2].vestiging is None


def test_a_surrogate_outlives_the_numbers_of_one_document(told: Any, dummies: dict[Stream, list[Any]]) -> None:
    """The next document, with other # numbers in another order, gives the same keys."""
    again = told(
        '<vestigingen><vestiging key="#5"><naam> Hoofdgebouw</naam></vestiging></vestigingen>'
        '<groepen><groep key="#8"><naam>De Vossen</naam></groep><groep key="#7"><naam>De Uilen</naam></groep></groepen>'
        '<leerlingen><leerling key="#6" eckid="https://ketenid.nl/202608/aa"><roepnaam>A</roepnaam><groep key="#7"/>'
        "</leerling></leerlingen>"
    )
    assert again[Stream.LOCATIONS][0].key == dummies[Stream.LOCATIONS][0].key
    assert {one.key for one in again[Stream.GROUPS]} == {one.key for one in dummies[Stream.GROUPS][:2]}
    assert again[Stream.GROUP_MEMBERSHIPS][0].key == dummies[Stream.GROUP_MEMBERSHIPS][0].key


@pytest.mark.parametrize("key", [" 1", "1 ", "\u00a01", " #1", "#1 "], ids=ascii)
def test_a_key_with_an_outer_space_is_none(told: Any, key: str) -> None:
    """Attributes keep their spaces (xs:string): such a key is not another's without it, in a record or a reference."""
    found = told(
        f'<groepen><groep key="{key}"><naam>Spatie</naam></groep><groep key="1"><naam>A</naam></groep>'
        '<groep key="#1"><naam>B</naam></groep></groepen>'
        f'<leerlingen><leerling key="{key}"><roepnaam>S</roepnaam><groep key="1"/></leerling>'
        f'<leerling key="1"><roepnaam>A</roepnaam><groep key="{key}"/></leerling></leerlingen>'
    )
    unreadable = Rejection(None, "unreadable_key", "@key")
    groups, pupils = found[Stream.GROUPS], found[Stream.PUPILS]
    assert [one for one in groups if isinstance(one, Rejection)] == [unreadable]
    assert {one.naam for one in groups if not isinstance(one, Rejection)} == {"A", "B"}
    assert (pupils[0], pupils[1].key) == (unreadable, "1")
    assert found[Stream.GROUP_MEMBERSHIPS] == [unreadable, Rejection(None, "unreadable_key", "groep/@key")]


def test_a_key_that_looks_like_a_surrogate_is_none(told: Any) -> None:
    """A pupil whose key in the document is what we make of another's ECK iD does not meet that other."""
    found = told(
        f'<leerlingen><leerling key="{ECK}"><roepnaam>A</roepnaam></leerling>'
        '<leerling key="#1" eckid="https://ketenid.nl/202608/aa"><roepnaam>B</roepnaam></leerling></leerlingen>'
    )
    assert [getattr(one, "naam", None) and one.naam.roepnaam for one in found[Stream.PUPILS]] == [None, "B"]


def test_an_eck_id_with_an_outer_space_is_nobodys(told: Any) -> None:
    """Of two dummies with ECK iDs that differ by a space only the readable one has a lasting key."""
    found = told(
        '<leerlingen><leerling key="#1" eckid="https://ketenid.nl/202608/aa"><roepnaam>A</roepnaam></leerling>'
        '<leerling key="#2" eckid="https://ketenid.nl/202608/aa "><roepnaam>B</roepnaam></leerling></leerlingen>'
    )
    assert [getattr(one, "key", None) for one in found[Stream.PUPILS]] == [ECK, None]


def test_one_dummy_for_two_groups_means_neither(told: Any) -> None:
    """A # key written twice is no reference; the groups themselves have their names."""
    found = told(
        '<groepen><groep key="#1"><naam>A</naam></groep><groep key="#1"><naam>B</naam></groep></groepen>'
        '<leerlingen><leerling key="1"><roepnaam>A</roepnaam><groep key="#1"/></leerling></leerlingen>'
    )
    assert [one.naam for one in found[Stream.GROUPS]] == ["A", "B"]
    assert found[Stream.GROUP_MEMBERSHIPS] == [UNSTABLE_REFERENCE]


@pytest.mark.parametrize("key", ["", " ", "a\u200fb", "x" * 257, None])
def test_a_record_without_a_readable_key_is_rejected_without_one(told: Any, key: str | None) -> None:
    """A missing, empty, too long or unprintable key makes a keyless rejection, for the record and its links."""
    attribute = "" if key is None else f'key="{key}"'
    found = told(
        f"<groepen><groep {attribute}><naam>A</naam></groep></groepen>"
        f'<leerlingen><leerling {attribute}><roepnaam>A</roepnaam><groep key="1"/></leerling></leerlingen>'
    )
    rejected = Rejection(None, "unreadable_key", "@key")
    assert found[Stream.GROUPS] == found[Stream.PUPILS] == found[Stream.GROUP_MEMBERSHIPS] == [rejected]


@pytest.mark.parametrize("day", ["2026-02-30", "20-11-2026", "2026-11", "gisteren", "٢٠٢٦-١١-٢٠", "0000-00-00"])
def test_an_unreadable_day_hides_only_where_it_decides_visibility(told: Any, day: str) -> None:
    """Of birth: the old row stays. Of coming or going: the pupil is hidden, also when both are unreadable."""

    def pupil(fields: str) -> str:
        return f'<leerlingen><leerling key="1"><roepnaam>A</roepnaam>{fields}</leerling></leerlingen>'

    birth, coming, going = (
        f"<{field}>{day}</{field}>" for field in ("geboortedatum", "instroomdatum", "uitstroomdatum")
    )
    for fields, field, hides in (
        (birth, "geboortedatum", False),
        (birth + coming, "instroomdatum", True),
        (birth + going, "uitstroomdatum", True),
    ):
        assert told(pupil(fields))[Stream.PUPILS] == [Rejection(SourceKey("1"), "unreadable_date", field, hides)]


@pytest.mark.parametrize(
    ("came", "went", "born", "expected"),
    [
        ("0001-01-01", "9999-12-31", None, (None, None)),
        ("9999-12-31", "0001-01-01", None, (date(9999, 12, 31), date(1, 1, 1))),
        ("1753-01-01", "2999-12-31T00:00:00+01:00", None, (date(1753, 1, 1), date(2999, 12, 31))),
        (None, None, "0001-01-01", "geboortedatum"),
        (None, None, "9999-12-31", "geboortedatum"),
    ],
)
def test_days_say_what_their_kind_says(
    told: Any, came: str | None, went: str | None, born: str | None, expected: object
) -> None:
    """An uitstroomdatum in 9999 is none and an instroomdatum in year 1 is none; a geboortedatum is unreadable so."""
    days = {"instroomdatum": came, "uitstroomdatum": went, "geboortedatum": born}
    fields = "".join(f"<{name}>{day}</{name}>" for name, day in days.items() if day)
    (pupil,) = told(f'<leerlingen><leerling key="1"><roepnaam>A</roepnaam>{fields}</leerling></leerlingen>')[
        Stream.PUPILS
    ]
    if isinstance(expected, str):
        assert pupil == Rejection(SourceKey("1"), "unreadable_date", expected, hides=False)
    else:
        assert (pupil.instroomdatum, pupil.uitstroomdatum) == expected


def test_records_without_a_name_are_rejected_by_their_key(told: Any) -> None:
    """No name at all is no reason to blank the one we have."""
    found = told(
        '<vestigingen><vestiging key="1"><naam> </naam></vestiging></vestigingen>'
        '<groepen><groep key="1"/><groep key="#1"/></groepen>'
        '<leerlingen><leerling key="1"><voorvoegsel>de</voorvoegsel></leerling></leerlingen>'
        '<leerkrachten><leerkracht key="1"/></leerkrachten>'
    )
    key = SourceKey("1")
    assert found[Stream.LOCATIONS] == [Rejection(key, "missing_field", "naam")]
    assert found[Stream.GROUPS] == [Rejection(key, "missing_field", "naam"), UNSTABLE]
    assert found[Stream.PUPILS] == found[Stream.EMPLOYEES] == [Rejection(key, "missing_field", "achternaam")]


def test_duplicates_and_dangling_references_are_passed_on(told: Any) -> None:
    """The same id twice, and a group that is not there, are for the pipeline to judge."""
    pupil = '<leerling key="1"><roepnaam>{}</roepnaam><groep key="gone"/></leerling>'
    found = told(f"<leerlingen>{pupil.format('A')}{pupil.format('B')}</leerlingen>")
    assert [(one.key, one.naam.roepnaam) for one in found[Stream.PUPILS]] == [("1", "A"), ("1", "B")]
    assert [one.groep for one in found[Stream.GROUP_MEMBERSHIPS]] == ["gone", "gone"]


def test_a_reference_with_an_empty_key_is_rejected(told: Any) -> None:
    """`<groep/>` names no group; `<groep key="">` tried to, so no membership may go missing by this document."""
    found = told('<leerlingen><leerling key="1"><roepnaam>A</roepnaam><groep key=" "/></leerling></leerlingen>')
    assert found[Stream.GROUP_MEMBERSHIPS] == [Rejection(None, "unreadable_key", "groep/@key")]


def test_an_older_document_without_newer_parts_is_read(told: Any) -> None:
    """No locations, groups or employees, unknown elements everywhere, elements of another namespace: still a school."""
    found = told(
        '<leerlingen xmlns:y="urn:y"><y:leerling key="2"/><leerling key="1"><y:roepnaam>X</y:roepnaam>'
        "<sofinummer>111222333</sofinummer><roepnaam>A</roepnaam><nieuw><roepnaam>B</roepnaam></nieuw></leerling>"
        "</leerlingen>"
    )
    assert [one.naam.roepnaam for one in found[Stream.PUPILS]] == ["A"]
    assert sum(len(them) for them in found.values()) == 1


def test_sections_may_stand_in_any_order(tmp_path: Path) -> None:
    """The header and the groups may follow the pupils."""
    path = tmp_path / "document.xml"
    path.write_text(
        '<EDEX><leerlingen><leerling key="1"><roepnaam>A</roepnaam><groep key="g"/></leerling></leerlingen>'
        f'<groepen><groep key="g"><naam>G</naam></groep></groepen>{header()}</EDEX>',
        encoding="utf-8",
    )
    found = read(path)
    assert [one.key for one in found[Stream.GROUP_MEMBERSHIPS]] == ["1|g"]
    assert [one.school_year for one in found[Stream.GROUPS]] == [2026]


@pytest.mark.parametrize(
    ("fields", "school"),
    [
        ({}, "99AA00"),
        ({"dependancecode": "00"}, "99AA00"),
        ({"dependancecode": ""}, "99AA00"),
        ({"dependancecode": "03"}, "99AA03"),
        ({"dependancecode": "3"}, "99AA03"),
        ({"brincode": "99AA03"}, "99AA03"),
        ({"brincode": "99AA.03", "dependancecode": "03"}, "99AA03"),
        ({"brincode": " 99aa "}, "99AA00"),
    ],
)
def test_the_header_names_one_school(tmp_path: Path, fields: dict[str, str], school: str) -> None:
    """No dependancecode, an empty one and 00 are the main site; a site within the brincode is understood."""
    path = tmp_path / "document.xml"
    path.write_text(f"<EDEX>{header(**fields)}</EDEX>", encoding="utf-8")
    assert read_header(path).school_id == school


@pytest.mark.parametrize(
    ("fields", "reference_on", "created_at"),
    [
        ({}, date(2026, 11, 20), datetime(2026, 11, 19, 23, tzinfo=UTC)),
        ({"aanmaakdatum": "2026-11-21"}, date(2026, 11, 20), datetime(2026, 11, 20, 23, tzinfo=UTC)),
        ({"aanmaakdatum": "2026-07-01T00:30:00"}, date(2026, 11, 20), datetime(2026, 6, 30, 22, 30, tzinfo=UTC)),
        ({"aanmaakdatum": "2026-11-20T12:00:00Z"}, date(2026, 11, 20), datetime(2026, 11, 20, 12, tzinfo=UTC)),
        (
            {"peildatum": None, "aanmaakdatum": "2026-07-01T00:30:00.25+02:00"},
            date(2026, 7, 1),
            datetime(2026, 6, 30, 22, 30, 0, 250_000, tzinfo=UTC),
        ),
    ],
)
def test_the_header_says_when(
    tmp_path: Path, fields: dict[str, str | None], reference_on: date, created_at: datetime
) -> None:
    """Without a zone a moment is the school's; each of the two dates stands in for the other."""
    path = tmp_path / "document.xml"
    path.write_text(f"<EDEX>{header(**fields)}</EDEX>", encoding="utf-8")
    found = read_header(path)
    assert (found.reference_on, found.created_at, found.version) == (reference_on, created_at, NEWEST)


@pytest.mark.parametrize(
    ("fields", "fix"),
    [
        ({"brincode": None, "schoolkey": "41323"}, "BRIN"),
        ({"brincode": "41323"}, "BRIN"),
        ({"brincode": "99AA01", "dependancecode": "02"}, "BRIN"),
        ({"dependancecode": "41323"}, "BRIN"),
        ({"schooljaar": None}, "one school year"),
        ({"schooljaar": "2026-2028"}, "one school year"),
        ({"schooljaar": "41323"}, "one school year"),
        ({"peildatum": None}, "dates"),
        ({"peildatum": "41323"}, "dates"),
        ({"aanmaakdatum": "0001-01-01T00:00:00"}, "dates"),
        ({"peildatum": "0001-01-01"}, "dates"),
        ({"aanmaakdatum": "2026-11-20Tmorgen 41323"}, "dates"),
    ],
)
def test_a_header_that_cannot_be_used_is_refused(tmp_path: Path, fields: dict[str, str | None], fix: str) -> None:
    """The message says what is wrong, in which line and what to do, and does not repeat the header's words."""
    path = tmp_path / "document.xml"
    path.write_text(f"<EDEX>\n\n{header(**fields)}</EDEX>", encoding="utf-8")
    with pytest.raises(DocumentRefused) as refused:
        read_header(path)
    assert "line 3" in refused.value.message
    assert fix in refused.value.fix
    assert "41323" not in str(refused.value)


def test_a_joined_key_cannot_be_mistaken() -> None:
    """Keys that hold the separator or its escape join to different keys, and long ones to a short one."""
    pairs = [("a|b", "c"), ("a", "b|c"), ("a%7Cb", "c"), ("a", "b%7Cc"), ("a%", "b"), ("a", "%b")]
    joined = [joined_key(SourceKey(first), SourceKey(second)) for first, second in pairs]
    assert len(set(joined)) == len(pairs)
    long = joined_key(SourceKey("a" * 256), SourceKey("b" * 256))
    assert len(long) < 100
    assert long != joined_key(SourceKey("a" * 256), SourceKey("b" * 255))


@pytest.mark.parametrize(
    "text", ["2026-11-20", "2026-11-20Z", "2026-11-20+02:00", "2026-11-20T00:00:00", "2026-11-20T23:30:00.0-05:00"]
)
def test_a_day_is_the_one_that_is_written(text: str) -> None:
    """A zone or a time behind it never moves it to another day."""
    assert parse_day(text) == date(2026, 11, 20)


def test_equal_texts_are_made_equal() -> None:
    """Composed and decomposed letters are one, white space of any kind and length is one space, nothing is None."""
    assert clean("Zoe\u0308 \t\n B") == "Zoë B"
    assert clean(" \u00a0\n") is None
    assert clean(None) is None
