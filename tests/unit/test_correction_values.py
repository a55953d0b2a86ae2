"""Values of corrections: one way of writing, what has the wrong form, what counts as the same."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.correction_values import LONGEST_TEXT, MOST_ENTRIES, exact, kept, loose, normal, parse
from schemas.correction_fields import FIELDS, FieldName, Kind, named
from schemas.errors import CorrectionError

KANARIE = "Kanarie"


def _field(text: str) -> FieldName:
    stream, _, name = text.partition(".")
    found = named(stream, name)
    assert found is not None
    return found


def _normal(text: str, value: Any) -> Any:
    field = _field(text)
    return normal(field, FIELDS[field].kind, value)


ADDRESS = {
    "street": "Dorpsstraat",
    "house_number": "1",
    "house_number_suffix": None,
    "postal_code": "1234 AB",
    "city": "Ons Dorp",
    "country": "NL",
}


@pytest.mark.parametrize(
    ("field", "given", "written"),
    [
        ("guardians.email", " Jan@VOORBEELD.test ", "jan@voorbeeld.test"),
        ("guardians.email", "jan@bücher.test", "jan@xn--bcher-kva.test"),
        (
            "guardians.phones",
            [{"kind": "home", "number": "0031 (0)30-123 45 67"}],
            [{"kind": "home", "number": "+31301234567"}],
        ),
        ("guardians.phones", [], None),
        ("guardians.name_prefix", "  Van  Den ", "van den"),
        ("guardians.name_prefix", "\u2019t", "'t"),
        ("guardians.last_name", "de  Vries\u00a0", "de Vries"),
        ("guardians.last_name", " ", None),
        ("guardians.address", {**ADDRESS, "postal_code": "1234ab", "country": "nl"}, ADDRESS),
        ("guardians.address", dict.fromkeys(ADDRESS), None),
        (
            "guardians.address",
            {**ADDRESS, "country": "be", "postal_code": "9000"},
            {**ADDRESS, "country": "BE", "postal_code": "9000"},
        ),
        ("pupils.birth_on", "2019-02-28", "2019-02-28"),
        ("pupils.birth_on", "", None),
        ("pupils.first_names", "e\u0301e\u0301n", "één"),
        (
            "pupils.emergency_contacts",
            [{"name": " Oma ", "phones": [{"kind": "home", "number": "030 1234567"}]}],
            [{"name": "Oma", "relation": None, "phones": [{"kind": "home", "number": "+31301234567"}]}],
        ),
        (
            "pupils.allergies",
            [{"name": "Noten"}],
            [
                {
                    "name": "Noten",
                    "details": None,
                    "instructions": None,
                    "from_on": None,
                    "until_on": None,
                    "phone": None,
                }
            ],
        ),
    ],
)
def test_each_value_is_written_one_way(field: str, given: Any, written: Any) -> None:
    """Postcodes, phones, mail, spaces, apostrophes and tussenvoegsels; what holds nothing is empty."""
    assert _normal(field, given) == written


@pytest.mark.parametrize(
    ("field", "value", "where"),
    [
        ("guardians.email", f"{KANARIE}", "guardians.email must be a mail address"),
        ("guardians.email", f"{KANARIE}@-.", "guardians.email must be a mail address"),
        ("guardians.email", [KANARIE], "guardians.email must be text"),
        ("guardians.phones", [{"kind": "home", "number": KANARIE}], "guardians.phones[0].number must be a phone"),
        ("guardians.phones", [{"kind": "home", "number": "0" * 30}], "guardians.phones[0].number must be a phone"),
        (
            "guardians.phones",
            [{"kind": "home", "number": "030 1234567"}] * 2,
            "guardians.phones must be a list without",
        ),
        ("guardians.phones", [{"kind": "home", "number": f"030123{n:04}"} for n in range(MOST_ENTRIES + 1)], "at most"),
        ("guardians.phones", {"kind": KANARIE}, "guardians.phones must be a list"),
        ("guardians.address", {**ADDRESS, "street": None}, "guardians.address.street must be filled in"),
        ("guardians.address", {**ADDRESS, "postal_code": KANARIE}, "guardians.address.postal_code must be a Dutch"),
        ("pupils.birth_on", "28-02-2019", "pupils.birth_on must be a day"),
        ("pupils.birth_on", "2019-02-30", "pupils.birth_on must be a day"),
        ("pupils.birth_on", 1551312000, "pupils.birth_on must be a day"),
        ("pupils.first_names", f"{KANARIE}\x00", "without control characters"),
        ("pupils.first_names", f"{KANARIE}\u202e", "without control characters"),
        (
            "pupils.emergency_contacts",
            [{"name": None, "phones": []}],
            "pupils.emergency_contacts[0].name must be filled",
        ),
        ("pupils.allergies", [{"name": KANARIE, "details": "x" * 3000}], "pupils.allergies[0].details must be text of"),
    ],
)
def test_the_wrong_form_says_what_is_allowed_and_never_what_was_there(field: str, value: Any, where: str) -> None:
    """Which field, where in it, what is allowed, and an example."""
    with pytest.raises(CorrectionError) as caught:
        _normal(field, value)
    assert where in caught.value.message
    assert "For example" in caught.value.fix or "The whole list" in caught.value.fix
    assert KANARIE not in str(caught.value)


@pytest.mark.parametrize("text", ["{", '"\\ud800', "[" * 5000, "nul", f'"{"x" * LONGEST_TEXT}"'])
def test_what_is_no_json_or_too_long_is_refused(text: str) -> None:
    """Before anything of it is read."""
    field = _field("guardians.last_name")
    with pytest.raises(CorrectionError):
        parse(field, Kind.TEXT, text)


def test_the_order_of_a_list_says_nothing_and_is_kept() -> None:
    """Two orders are the same list; what is kept for the school is in the order of who wrote it."""
    first = _normal(
        "guardians.phones", [{"kind": "home", "number": "0301234567"}, {"kind": "mobile", "number": "0612345678"}]
    )
    assert exact(first) == exact(first[::-1])
    assert kept(first) != kept(first[::-1])


def test_what_the_school_typed_is_recognised_in_another_case_only_loosely() -> None:
    """UTRECHT is Utrecht once the school typed it; a guardian may still correct the case of a name."""
    assert loose({"city": "UTRECHT"}) == loose({"city": "Utrecht"})
    assert exact("jansen") != exact("Jansen")


_plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=12),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*ADDRESS, "name", "kind", "number", "phones"]), inner, max_size=4)
    ),
    max_leaves=8,
)


@given(field=st.sampled_from(list(FIELDS)), value=_plain)
def test_reading_is_sure(field: FieldName, value: Any) -> None:
    """Whatever a portal writes is either refused with our error, or read so that reading it again changes nothing."""
    try:
        found = normal(field, FIELDS[field].kind, value)
    except CorrectionError:
        return
    assert normal(field, FIELDS[field].kind, found) == found
    assert parse(field, FIELDS[field].kind, kept(found)) == found
    assert json.loads(exact(found)) is not Ellipsis
    assert loose(found) == loose(json.loads(kept(found)))
