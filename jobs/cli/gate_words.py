"""Why a record is withheld, in words for a person. `--json` keeps the names of the gates.

The names are written out, so that no command imports the gates for its help; a test holds them equal.
"""

from __future__ import annotations

from collections.abc import Mapping

WORDS: Mapping[str, str] = {
    "not_enrolled": "never enrolled",
    "left": "left",
    "not_visible_to_parents": "no flag for parents",
    "not_final": "not final",
    "not_published": "not published",
    "expired": "date is over",
    "group_not_open": "groups not open",
    "placeholder": "no real group",
    "parent_withheld": "of a withheld record",
    "no_enrolled_child": "no child enrolled",
    "not_sent": "not sent",
    "no_debtor": "no debtor",
    "not_for_parents": "not for parents",
    "category_not_used": "no use for its category",
    "audience_not_selected": "groups not selected",
    "category_not_selected": "category not selected",
    "subject_not_selected": "subject not selected",
    "test_not_selected": "test not selected",
    "before_from_date": "before the first day",
    "beyond_history": "too long ago",
}
"""Every gate; a record that hangs on a withheld one (a pupil, a group, a guardian) is withheld with it."""


def said(counts: Mapping[str, int]) -> str:
    """Give how many records each gate withheld, as one line."""
    return ", ".join(f"{WORDS.get(gate, gate)} {count}" for gate, count in sorted(counts.items()))
