"""How an export of invitations looks: a table for a spreadsheet that nothing in it can start, or plain data."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from typing import Any

from jobs.cli.modules_words import iso
from jobs.invite import Export
from mappings.invitations import Judged
from mappings.spreadsheet import inert

HEADINGS = ("guardian", "invite", "change", "name", "mail", "children", "why_not")
BYTE_ORDER_MARK = "\ufeff"
GONE = "gone"
WHY: dict[str, str] = {
    "no_mail": "no mail known",
    "unusable_mail": "not a mail address",
    "shared_mail": "mail shared with another guardian",
    "bounced": "mail came back",
    "restricted": "restricted",
    "adult": "pupil is 18",
    "not_yet_enrolled": "pupil not yet enrolled",
    "left": "pupil left",
    "ended": "no relation to a pupil any more",
    "no_authority": "no authority",
    "authority_unknown": "authority unknown",
}
"""Why a guardian cannot be invited."""


def csv_text(found: Export) -> str:
    """Give the export for a spreadsheet as Dutch offices have it: semicolons between, CRLF at the end of a line."""
    target = io.StringIO()
    writer = csv.writer(target, delimiter=";", lineterminator="\r\n")
    writer.writerow(HEADINGS)
    known = {one.candidate.guardian for one in found.judged}
    for one in (*found.invited, *found.refused):
        writer.writerow([inert(cell) for cell in _row(one, found)])
    for key in found.gone:
        if key not in known:
            writer.writerow([inert(key), "no", GONE, "", "", "", "not in the portal any more"])
    return target.getvalue()


def _row(one: Judged, found: Export) -> tuple[str, ...]:
    who = one.candidate
    change = one.change if one.is_invited else GONE if who.guardian in found.gone else ""
    return (
        who.guardian,
        "yes" if one.is_invited else "no",
        change,
        who.name,
        who.mail or "",
        ", ".join(child.name for child in who.children),
        ", ".join(WHY[reason] for reason in one.reasons),
    )


def json_text(found: Export) -> str:
    """Give the export as data, whole and unchanged."""
    return json.dumps(data(found), indent=2, ensure_ascii=False) + "\n"


def data(found: Export) -> dict[str, Any]:
    """Give the export as plain data."""
    return {
        "school": found.school,
        "taken_at": iso(found.taken_at),
        "invited": [
            {
                "guardian": one.candidate.guardian,
                "name": one.candidate.name,
                "mail": one.candidate.mail,
                "change": one.change,
                "children": [child._asdict() for child in one.candidate.children],
            }
            for one in found.invited
        ],
        "refused": [
            {
                "guardian": one.candidate.guardian,
                "name": one.candidate.name,
                "mail": one.candidate.mail,
                "reasons": list(one.reasons),
            }
            for one in found.refused
        ],
        "gone": list(found.gone),
    }


def summary(found: Export) -> list[str]:
    """Say in counts what an export holds; no name, no address."""
    changes = Counter(one.change for one in found.invited)
    reasons = Counter(reason for one in found.refused for reason in one.reasons)
    invited = f"{len(found.invited)} guardians can be invited: {changes['new']} new, "
    invited += f"{changes['changed_mail']} with another mail, {changes['same']} as before; {len(found.gone)} gone."
    why = ", ".join(f"{WHY[reason]} {count}" for reason, count in sorted(reasons.items()))
    return [f"{found.school}  {invited}", f"{found.school}  {len(found.refused)} cannot{': ' if why else ''}{why}."]
