"""`connector documents`: how the files of each school stand, and which cannot be had."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jobs.cli import exits, render, session
from schemas.documents import State

if TYPE_CHECKING:
    from schemas.ids import SchoolId

REASONS = {
    "not_found": "the source has no such file",
    "denied": "the source refuses to hand it out",
    "too_large": "larger than documents.most_bytes",
    "wrong_type": "not of a type in documents.content_types, or not of the one announced",
    "wrong_content": "no PDF inside",
    "wrong_hash": "other bytes than announced",
}
HEADINGS = ("school", "document", "type", "bytes", "why", "asked", "asked again")


def documents(
    school: Annotated[list[str] | None, typer.Option(metavar="BRIN", help="May be repeated. Default: all.")] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> int:
    """Count the documents of the schools, and list those that cannot be had."""
    with session.opened() as wiring:
        from connector.portal import documents as kept

        chosen = wiring.schools(school or ())
        with wiring.database.session() as opened, opened.read() as connection:
            counts = {one: kept.totals(connection, one) for one in chosen}
            refused = [row for one in chosen for row in kept.refused(connection, school=one)]
    if json:
        render.document({"schools": counts, "refused": refused})
        return exits.WELL
    _show(counts, refused)
    return exits.WELL


def _show(counts: Mapping[SchoolId, Mapping[str, int]], refused: Sequence[Mapping[str, Any]]) -> None:
    rows = [(one, *(count.get(state, 0) for state in State)) for one, count in counts.items()]
    render.table(("school", *(state.value for state in State)), rows)
    if refused:
        render.out("")
        render.table(HEADINGS, refused_rows(refused), left=(0, 1, 2, 4, 5, 6))
        render.out(
            "next: have the source mended; `connector sync --full` asks for all of them now.",
        )


def refused_rows(refused: Sequence[Mapping[str, Any]]) -> list[tuple[Any, ...]]:
    """Give a line for each document that cannot be had: by key, never by name."""
    return [
        (
            row["school_id"],
            row["id"],
            row["content_type"],
            row["size"],
            REASONS.get(row["reason"], row["reason"]),
            row["asked_at"],
            row["ask_again_at"] or "when it changes",
        )
        for row in refused
    ]
