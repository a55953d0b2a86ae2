"""The kinds of work, judged from plain facts."""

from __future__ import annotations

from datetime import date

import pytest

from mappings.invitations import digest_of
from mappings.worklist import NEEDED, is_loaded, judge, not_judged
from schemas.ids import RunId
from schemas.streams import Stream
from schemas.worklist import BornTogether, Bounce, Facts, GuardianMail, Item, Kind, Leaver, Record

LOADED = Facts(loaded=NEEDED | {Stream.GROUP_MEMBERSHIPS})
BORN = date(2018, 2, 28)


def _guardian(key: str) -> Record:
    return Record(Stream.GUARDIANS, key)


def _pupil(key: str) -> Record:
    return Record(Stream.PUPILS, key)


@pytest.mark.parametrize("missing", sorted(NEEDED))
def test_nothing_is_said_of_a_school_whose_people_were_not_loaded(missing: Stream) -> None:
    """Pupils, guardians and their relations are all needed."""
    facts = LOADED._replace(loaded=LOADED.loaded - {missing}, ungrouped=("p",))
    assert (is_loaded(facts), judge(facts)) == (False, ())


def test_without_a_module_of_groups_nobody_knows_who_has_none() -> None:
    """The kind is named as not judged, and no pupil is on the list for it."""
    facts = LOADED._replace(loaded=NEEDED, ungrouped=("p",))
    assert (not_judged(facts), judge(facts)) == ((Kind.NO_GROUP,), ())
    assert judge(LOADED._replace(ungrouped=("p",))) == (Item(Kind.NO_GROUP, (_pupil("p"),)),)


@pytest.mark.parametrize(
    ("mail", "reached", "reason"),
    [
        (None, True, "no_mail"),
        ("  ", True, "no_mail"),
        ("geen", True, "unusable_mail"),
        ("a@b", True, "unusable_mail"),
        ("a@b.nl", True, None),
        (None, False, None),
    ],
)
def test_mail_is_missing_where_somebody_needs_it(mail: str | None, reached: bool, reason: str | None) -> None:
    """Blank is none; a text that is no address is told apart; who sees nobody needs none."""
    found = judge(LOADED._replace(guardians=(GuardianMail("g", mail, reached),)))
    assert found == (() if reason is None else (Item(Kind.NO_MAIL, (_guardian("g"),), reason),))


def test_what_is_no_address_is_not_shared() -> None:
    """Three with one address are one item; texts that are none and blanks are not compared."""
    mails = {"c": "A@b.nl", "a": "a@b.nl ", "b": "a@B.nl", "d": "geen", "e": "geen", "f": None, "g": "x@b.nl"}
    facts = LOADED._replace(guardians=tuple(GuardianMail(key, mail, False) for key, mail in mails.items()))
    assert judge(facts) == (Item(Kind.SHARED_MAIL, (_guardian("a"), _guardian("b"), _guardian("c"))),)


def test_a_bounce_is_of_its_own_address_and_guardian() -> None:
    """Another address, another guardian or another key is no bounce; another spelling of the address is."""
    digest = digest_of(b"k", "g", "a@b.nl")
    bounces = (
        Bounce("g", "A@b.nl", digest, b"k"),
        Bounce("g", "c@b.nl", digest, b"k"),
        Bounce("h", "a@b.nl", digest, b"k"),
        Bounce("g", "a@b.nl", digest, b"other"),
    )
    assert judge(LOADED._replace(bounces=bounces)) == (Item(Kind.BOUNCED_MAIL, (_guardian("g"),)),)


def test_a_double_has_the_same_name_and_birth_date() -> None:
    """Capitals and spaces, accented ones too, make no other name; another day or no name at all is no double."""
    pupils = (
        BornTogether("2", "Zoë  de Wit", BORN),
        BornTogether("1", "ZOË de wit", BORN),
        BornTogether("3", "Zoë de Wit", date(2018, 3, 1)),
        BornTogether("4", "Noa de Wit", BORN),
        BornTogether("5", "", BORN),
        BornTogether("6", " ", BORN),
    )
    conflict = Record(Stream.NOTES, "n")
    assert judge(LOADED._replace(born_together=pupils, conflicts=(conflict,))) == (
        Item(Kind.DOUBLE, (conflict,), "conflicting_duplicate"),
        Item(Kind.DOUBLE, (_pupil("1"), _pupil("2")), "same_name_and_birth_date"),
    )


def test_a_leaver_names_the_run_that_holds_it() -> None:
    """The list is in the order of kinds, then of keys."""
    run = RunId("run-1")
    facts = LOADED._replace(leavers=(Leaver("b", None), Leaver("a", run)), unknown=(("g", "p"),))
    assert judge(facts) == (
        Item(Kind.UNKNOWN_AUTHORITY, (_guardian("g"), _pupil("p"))),
        Item(Kind.LEAVER, (_pupil("a"),), "held", run),
        Item(Kind.LEAVER, (_pupil("b"),), "over"),
    )
