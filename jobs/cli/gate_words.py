"""Why a record is withheld, in words for a person. `--json` keeps the names of the gates."""

from __future__ import annotations

from collections.abc import Mapping

from mappings import gates

WORDS: Mapping[str, str] = {
    gates.NOT_ENROLLED: "never enrolled",
    gates.LEFT: "left",
    gates.NOT_VISIBLE_TO_PARENTS: "no flag for parents",
    gates.NOT_FINAL: "not final",
    gates.NOT_PUBLISHED: "not published",
    gates.EXPIRED: "date is over",
    gates.GROUP_NOT_OPEN: "groups not open",
    gates.PLACEHOLDER: "no real group",
    gates.PARENT_WITHHELD: "of a withheld record",
    gates.NO_ENROLLED_CHILD: "no child enrolled",
    gates.NOT_SENT: "not sent",
    gates.NO_DEBTOR: "no debtor",
    gates.NOT_FOR_PARENTS: "not for parents",
    gates.CATEGORY_NOT_USED: "no use for its category",
    gates.AUDIENCE_NOT_SELECTED: "groups not selected",
    gates.CATEGORY_NOT_SELECTED: "category not selected",
    gates.SUBJECT_NOT_SELECTED: "subject not selected",
    gates.TEST_NOT_SELECTED: "test not selected",
    gates.BEFORE_FROM_DATE: "before the first day",
    gates.BEYOND_HISTORY: "too long ago",
}
"""Every gate; a record that hangs on a withheld one (a pupil, a group, a guardian) is withheld with it."""


def said(counts: Mapping[str, int]) -> str:
    """Give how many records each gate withheld, as one line."""
    return ", ".join(f"{WORDS.get(gate, gate)} {count}" for gate, count in sorted(counts.items()))
