"""Who may be invited, as pure values."""

from __future__ import annotations

import pytest

from mappings.invitations import Candidate, Child, digest_of, judge

KEY = b"k" * 32
CHILD = (Child("p", "Kind"),)


def test_one_address_in_two_spellings_is_shared() -> None:
    """Capitals and spaces make no other box; each of the two is refused."""
    two = [Candidate("a", "A", "Jan@Example.nl", CHILD), Candidate("b", "B", " jan@example.nl", CHILD)]
    assert [one.reasons for one in judge(two, KEY, {}, {})] == [("shared_mail",), ("shared_mail",)]


def test_every_reason_is_told() -> None:
    """Someone without access and without mail hears both."""
    (one,) = judge([Candidate("a", "A", None, (), ("restricted",))], KEY, {}, {})
    assert one.reasons == ("restricted", "no_mail")


@pytest.mark.parametrize("mail", ["jan", "jan@example", "a b@example.nl", "a@b.nl, c@d.nl", "<a@b.nl>"])
def test_what_is_no_address_is_not_written_to(mail: str) -> None:
    """A remark or a list in the field of the mail invites nobody."""
    (one,) = judge([Candidate("a", "A", mail, CHILD)], KEY, {}, {})
    assert one.reasons == ("unusable_mail",)


def test_another_address_is_a_change_and_ends_a_bounce() -> None:
    """A hash belongs to guardian and address: the same address of another is another hash."""
    old = digest_of(KEY, "a", "oud@example.nl")
    (one,) = judge([Candidate("a", "A", "nieuw@example.nl", CHILD)], KEY, {"a": old}, {"a": old})
    assert (one.reasons, one.change) == ((), "changed_mail")
    assert old != digest_of(KEY, "b", "oud@example.nl") != digest_of(b"x", "b", "oud@example.nl")
