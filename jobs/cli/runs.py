"""`connector runs …`: what was done, what is held, and saying yes to it."""

from __future__ import annotations

import getpass
import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jobs.cli import exits, gate_words, render, reports, session
from jobs.cli.documents import HEADINGS, refused_rows
from schemas.errors import ConfigurationError
from schemas.ids import SchoolId, parse_school_id

if TYPE_CHECKING:
    from connector.bookkeeping.pending import HeldKeys
    from jobs.cli.reports import Outcome
    from schemas.runs import StreamReport

app = typer.Typer(no_args_is_help=True, help="What runs did, and what they hold for a person.")
_SUMS = ("fetched", "added", "altered", "unchanged", "withheld", "quarantined", "tombstones", "duplicates")
_LEFT = ("missing", "withdrawn", "removed", "held")
_REASONS = {
    "many_disappeared": "more disappeared than the brake lets through",
    "would_empty_stream": "the stream would have become empty",
    "many_ended": "more ended at once than the brake lets through",
    "many_appeared": "more old records suddenly show than the brake lets through",
    "many_per_child": "too many children get more new records in a day than usual",
    "identities_changed": "keys or birth dates changed for many",
    "goes_along": "it belongs to something that is held",
    "keys_reissued": "many went and came at once: keys were perhaps issued anew",
}


@app.command("list")
def list_(
    school: Annotated[str | None, typer.Option(metavar="BRIN", help="Only this school.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many, newest first.")] = 20,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> int:
    """List the newest runs; quiet ones are not kept."""
    with session.opened() as wiring:
        from connector.bookkeeping import ledger

        one = None if school is None else parse_school_id(school)
        with wiring.database.session() as opened, opened.read() as connection:
            found = ledger.runs(connection, one, limit)
    if json:
        render.document({"runs": found})
    elif found:
        keys = ("run_id", "school_id", "trigger", "started_at", "finished_at", "status")
        headings = ("run", "school", "trigger", "started", "finished", "status")
        rows = [[row[key] for key in keys] for row in found]
        render.table(headings, rows, left=range(len(headings)))
    else:
        render.out("No run was written down yet.")
    return exits.WELL


@app.command()
def show(
    run: Annotated[str, typer.Argument(metavar="RUN", help="As `connector runs list` gives it.", show_default=False)],
    json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> int:
    """Tell the story of one run: when, why, its sums, and what it holds."""
    with session.opened() as wiring:
        from connector.bookkeeping import ledger, pending
        from connector.portal import documents

        with wiring.database.session() as opened, opened.read() as connection:
            row = ledger.run(connection, run)
            streams = ledger.stream_reports(connection, run)
            held = pending.held_by_run(connection, run)
            refused = documents.refused(connection, run_id=run)
    if json:
        keys = [{**one._asdict(), "stream": one.stream.value, "action": one.action.value} for one in held]
        told = {"run": row, "streams": reports.streams_data(streams), "held": keys, "documents_refused": refused}
        render.document(told)
        return exits.WELL
    _tell(row, streams, held)
    _tell_documents(refused)
    return exits.WELL


@app.command()
def approve(
    run: Annotated[str, typer.Argument(metavar="RUN", help="The run that holds keys.", show_default=False)],
    by: Annotated[str | None, typer.Option(metavar="NAME", help="Who approves; default: your user name.")] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> int:
    """Carry out what a run holds, as far as it still stands; nothing else can join."""
    outcomes: list[Outcome] = []
    with session.Stopping() as stopping, session.opened(stopping) as wiring:
        from connector.bookkeeping import ledger
        from jobs.approve import approve as carry_out
        from jobs.wiring import NO_DOCUMENT

        with wiring.database.session() as opened, opened.read() as connection:
            (one,) = wiring.schools([ledger.run(connection, run)["school_id"]])
        with render.progress(is_wanted=not json) as bars, reports.judged(one, outcomes, stopping):
            path = NO_DOCUMENT if wiring.is_fed_by_files(one) else None
            parts = wiring.parts(one, on_progress=bars, path=path)
            outcomes.append(reports.of_report(carry_out(parts, run, who(by))))
        names: dict[SchoolId, str] = {one: wiring.plan(one).name}
    return reports.finish(outcomes, names, is_json=json)


def who(by: str | None) -> str:
    """Give the name that will stand beside the approval."""
    name = (by if by is not None else os.environ.get("USER") or _login()).strip()
    if not name:
        raise ConfigurationError("Nobody approves.", fix="Say who: --by NAME.")
    return name[:100]


def _login() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return ""


def _tell(row: Mapping[str, Any], streams: Sequence[StreamReport], held: Sequence[HeldKeys]) -> None:
    render.out(
        f"Run {row['run_id']} of school {row['school_id']} from source {row['source']} ({row['trigger']})",
        f"began {render.moment(row['started_at'])}, " + _ending(row),
    )
    if row["error"]:
        render.out(f"error: {row['error']}")
    if streams:
        render.out("")
        render.table(
            ("stream", "mode", *_SUMS),
            [(one.stream.value, one.mode.value, *(getattr(one.sums, name) for name in _SUMS)) for one in streams],
            left=(0, 1),
        )
        render.out("fetched = added + altered + unchanged + withheld + quarantined + tombstones + duplicates")
    if any(getattr(one.sums, name) for one in streams for name in _LEFT):
        render.out("")
        rows = [(one.stream.value, *(getattr(one.sums, name) for name in _LEFT)) for one in streams]
        render.table(("stream", *_LEFT), [row for row in rows if any(row[1:])])
    gates = [
        (one.stream.value, gate, count, gate_words.WORDS.get(gate, ""))
        for one in streams
        for gate, count in sorted(one.gates.items())
    ]
    if gates:
        render.out("")
        render.table(("stream", "gate", "withheld", "because"), gates, left=(0, 1, 3))
    _tell_next(row, streams, held)


def _tell_next(row: Mapping[str, Any], streams: Sequence[StreamReport], held: Sequence[HeldKeys]) -> None:
    if held:
        render.out("", "Held until a person approves:")
        rows = [
            (one.stream.value, one.action.value, one.keys, _reasons(one.reason), render.moment(one.expires_at))
            for one in held
        ]
        render.table(("stream", "action", "keys", "why", "until"), rows, left=(0, 1, 3, 4))
        render.out(f"next: `connector runs approve {row['run_id']}`, or do nothing: then they are dropped on that day.")
    elif any(one.sums.held for one in streams):
        render.out("", "What this run held has been approved, was undone by the source, or ran out.")
    if any(one.sums.quarantined for one in streams):
        render.out(f"next: `connector quarantine list --school {row['school_id']}`")


def _tell_documents(refused: Sequence[Mapping[str, Any]]) -> None:
    if refused:
        render.out("", "Documents that this run was the first to find it cannot have:")
        render.table(HEADINGS, refused_rows(refused), left=(0, 1, 2, 4, 5, 6))


def _ending(row: Mapping[str, Any]) -> str:
    if row["finished_at"] is None:
        return "not ended yet."
    seconds = (row["finished_at"] - row["started_at"]).total_seconds()
    return f"ended {render.moment(row['finished_at'])} as {row['status']} after {seconds:.1f} s."


def _reasons(codes: str) -> str:
    return "; ".join(_REASONS.get(code, code) for code in codes.split(", ")) if codes else ""
