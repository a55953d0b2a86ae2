"""A secret address is nowhere: in no view, in no table, for nobody, whichever record says that it is secret."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.hard_cases import Author
from tests.integration.test_views_access import FOR_GUARDIANS, look
from tests.rig import PORTAL_TABLES, Rig

STREET = "Kanarieschuilplaats"


@pytest.fixture
def opened(rig: Rig) -> Rig:
    """The bench with every module open, not synced yet."""
    rig.open()
    return rig


def where(rig: Rig, words: str, names: tuple[str, ...]) -> list[str]:
    """Name every table or view of which a value holds these words."""
    return [name for name in names if any(words in str(row) for row in rig.rows(f"SELECT * FROM {name}"))]


def family(rig: Rig, secret_one: str) -> dict[str, str]:
    """Two children and a parent at one address, a parent elsewhere; one of them keeps the address secret."""
    author = Author(rig)
    home = {**author.home(), "street": STREET}
    homes: dict[str, dict[str, Any]] = {
        who: {**home, "is_confidential": who == secret_one} for who in ("child", "sibling", "parent")
    }
    child, sibling = author.child(address=homes["child"]), author.child(address=homes["sibling"])
    parent, elsewhere = author.grown_up(address=homes["parent"]), author.grown_up()
    for guardian in (parent, elsewhere):
        author.tie(guardian, child)
        author.tie(guardian, sibling)
    return {"child": child, "sibling": sibling, "parent": parent, "elsewhere": elsewhere}


def test_a_secret_address_is_in_no_table_and_no_view(opened: Rig) -> None:
    """The street of a record marked secret is stored nowhere; the pupil itself is shown, without address and phones."""
    raw = opened.world.records(opened.school, "pupils")[opened.role("pupil_confidential")]
    address = {**raw["address"], "street": STREET}
    for role, stream in (("pupil_confidential", "pupils"), ("guardian_confidential", "guardians")):
        opened.world.patch(opened.school, stream, opened.role(role), address=address)
    opened.sync()
    assert where(opened, STREET, (*PORTAL_TABLES, *FOR_GUARDIANS)) == []
    (row,) = look(opened, "portal_pupils", opened.role("guardian_confidential"))
    assert (row["id"], row["street"], row["phones"]) == (opened.role("pupil_confidential"), None, "[]")
    assert row["is_address_confidential"]


@pytest.mark.parametrize("secret_one", ["child", "sibling", "parent"])
def test_whoever_keeps_it_secret_the_other_household_never_sees_it(opened: Rig, secret_one: str) -> None:
    """One mark at a shared address_id is enough: no view gives the street to the parent who lives elsewhere.

    Nor the reason: the mark that is shown is that of the school's own record of the child.
    """
    people = family(opened, secret_one)
    opened.sync()
    rows = {row["id"]: row for row in look(opened, "portal_pupils", people["elsewhere"])}
    assert set(rows) == {people["child"], people["sibling"]}
    assert {row["street"] for row in rows.values()} == {None}
    assert {row["postal_code"] for row in rows.values()} == {None}
    assert {row["phones"] for row in rows.values()} == {"[]"}
    marks = {who: bool(rows[people[who]]["is_address_confidential"]) for who in ("child", "sibling")}
    assert marks == {who: who == secret_one for who in marks}
    for view in FOR_GUARDIANS:
        assert STREET not in str(look(opened, view, people["elsewhere"]))


def test_without_a_mark_the_address_is_shown(opened: Rig) -> None:
    """The same family with nothing secret: both parents see where the children live."""
    people = family(opened, "nobody")
    opened.sync()
    for guardian in (people["parent"], people["elsewhere"]):
        assert {row["street"] for row in look(opened, "portal_pupils", guardian)} == {STREET}
    assert where(opened, STREET, ("portal_pupils", "portal_guardians")) == ["portal_pupils", "portal_guardians"]


def test_a_co_guardian_with_a_secret_address_is_not_named(opened: Rig) -> None:
    """The parent elsewhere does not even find the name of a co-guardian who keeps the address secret; oneself, yes."""
    people = family(opened, "parent")
    opened.sync()
    assert {row["id"] for row in look(opened, "portal_guardians", people["elsewhere"])} == {people["elsewhere"]}
    (mine,) = [row for row in look(opened, "portal_guardians", people["parent"]) if row["id"] == people["parent"]]
    assert mine["street"] is None
    assert mine["is_address_confidential"]


def test_an_address_that_turns_secret_is_gone_after_the_next_sync(opened: Rig) -> None:
    """Shown before, in no table and no view after the sync in which the SIS marks it secret."""
    people = family(opened, "nobody")
    opened.sync()
    assert "pupils" in where(opened, STREET, PORTAL_TABLES)
    for stream, who in (("pupils", "child"), ("pupils", "sibling"), ("guardians", "parent")):
        raw = opened.world.records(opened.school, stream)[people[who]]["address"]
        opened.world.patch(opened.school, stream, people[who], address={**raw, "is_confidential": True})
    opened.sync()
    assert where(opened, STREET, (*PORTAL_TABLES, *FOR_GUARDIANS)) == []


@pytest.mark.parametrize("mark", ["missing", "nonsense", None])
def test_an_unreadable_mark_counts_as_secret(opened: Rig, mark: str | None) -> None:
    """An address without a mark, or with one that is no yes or no, is nowhere: secret unless plainly said otherwise."""
    author = Author(opened)
    address = {**author.home(), "street": STREET, "is_confidential": mark}
    if mark == "missing":
        del address["is_confidential"]
    child = author.child(address=address)
    author.tie(author.grown_up(), child)
    opened.sync()
    assert where(opened, STREET, (*PORTAL_TABLES, *FOR_GUARDIANS)) == []


def test_a_secret_phone_is_nowhere_and_an_open_one_is_shown(opened: Rig) -> None:
    """Of two phones the one marked secret is in no table; the other is shown to the guardian of the child."""
    author = Author(opened)
    phones = [
        {"number": "06-00008811", "kind": "mobile", "is_confidential": True},
        {"number": "06-00008822", "kind": "mobile", "is_confidential": False},
    ]
    child, guardian = author.child(phones=phones), author.grown_up()
    author.tie(guardian, child)
    opened.sync()
    assert where(opened, "00008811", (*PORTAL_TABLES, *FOR_GUARDIANS)) == []
    assert "00008822" in look(opened, "portal_pupils", guardian)[0]["phones"]
