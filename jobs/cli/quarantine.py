"""`connector quarantine …`: records that could not be used."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jobs.cli import exits, render, reports, session
from schemas.errors import ConfigurationError
from schemas.ids import SchoolId, SourceKey, parse_school_id
from schemas.streams import Stream

if TYPE_CHECKING:
    from jobs.cli.reports import Outcome
    from jobs.parts import Show
    from jobs.wiring import Wiring

app = typer.Typer(no_args_is_help=True, help="Records that could not be used: which, why, and again.")
Item = Mapping[str, Any]
School = Annotated[str | None, typer.Option("--school", metavar="BRIN", help="Only this school.")]
OneStream = Annotated[Stream | None, typer.Option("--stream", help="Only this stream.")]
Key = Annotated[str | None, typer.Option("--key", help="Only this record's key at the source.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]
All = Annotated[bool, typer.Option("--all", help="Also those that were discarded.")]


@app.command("list")
def list_(
    school: School = None,
    stream: OneStream = None,
    key: Key = None,
    everything: All = False,
    json: Json = False,
) -> int:
    """List what is in quarantine, oldest first."""
    items = _items(school, stream, key, discarded=everything)
    if json:
        render.document({"quarantine": items})
    elif items:
        headings = ("school", "stream", "key", "code", "field", "first seen", "last seen")
        keys = ("school_id", "stream", "key", "code", "field_path", "first_seen_at", "last_seen_at")
        render.table(headings, [[item[name] for name in keys] for item in items], left=range(len(headings)))
        render.out(
            "next: have the source mended; the next sync takes the record. `connector quarantine replay` asks now."
        )
    else:
        render.out("Nothing is in quarantine.")
    return exits.WELL


@app.command()
def show(
    school: School = None,
    stream: OneStream = None,
    key: Key = None,
    json: Json = False,
) -> int:
    """Show all that is known of the items chosen: never a record's contents."""
    items = _items(school, stream, key, discarded=True)
    if not items:
        raise ConfigurationError("No such item is in quarantine.", fix="See `connector quarantine list`.")
    if json:
        render.document({"quarantine": items})
        return exits.WELL
    for item in items:
        render.out(f"{item['school_id']} {item['stream']} {item['key']}")
        render.out(*_story(item))
    return exits.WELL


@app.command()
def replay(
    school: School = None,
    stream: OneStream = None,
    key: Key = None,
    json: Json = False,
) -> int:
    """Ask the source for the items again, or for all there are."""
    outcomes: list[Outcome] = []
    with session.Stopping() as stopping, session.opened(stopping) as wiring:
        items = _chosen(wiring, school, stream, key, discarded=True)
        schools = wiring.schools(sorted({item["school_id"] for item in items})) if items else ()
        with render.progress(is_wanted=not json) as show_bars:
            for one in schools:
                if stopping.is_asked():
                    outcomes.append(reports.Outcome(one, stopping.exit_code, status="not started"))
                    continue
                mine = [item for item in items if item["school_id"] == one]
                _replay(wiring, one, mine, outcomes, stopping, show_bars)
        names = {one: wiring.plan(one).name for one in schools}
    if not outcomes and not json:
        render.out("Nothing is in quarantine.")
    return reports.finish(outcomes, names, is_json=json)


@app.command()
def discard(
    school: Annotated[str, typer.Option("--school", metavar="BRIN", help="The school.")],
    stream: Annotated[Stream, typer.Option("--stream", help="The stream.")],
    key: Annotated[str, typer.Option("--key", help="The record's key at the source.")],
    by: Annotated[str | None, typer.Option(metavar="NAME", help="Who decides; default: your user name.")] = None,
    json: Json = False,
) -> int:
    """Set one item aside: the same fault is not news again; a good version still comes in."""
    from jobs.cli.runs import who

    with session.opened() as wiring:
        from connector.bookkeeping import quarantine

        one, key = parse_school_id(school), key.strip()
        with wiring.database.session() as opened, opened.write() as connection:
            is_done = quarantine.discard(connection, one, stream, key, who(by), wiring.now())
    if not is_done:
        raise ConfigurationError(
            f"School {one} has no such item of {stream.value} in quarantine.", fix="See `connector quarantine list`."
        )
    if json:
        render.document({"school_id": one, "stream": stream.value, "key": key, "discarded": True})
    else:
        render.out(f"{one} {stream.value} {key} is set aside.")
    return exits.WELL


def _items(school: str | None, stream: Stream | None, key: str | None, *, discarded: bool) -> list[Item]:
    with session.opened() as wiring:
        return _chosen(wiring, school, stream, key, discarded=discarded)


def _chosen(
    wiring: Wiring, school: str | None, stream: Stream | None, key: str | None, *, discarded: bool
) -> list[Item]:
    from connector.bookkeeping import quarantine

    one, typed = None if school is None else parse_school_id(school), None if key is None else key.strip()
    with wiring.database.session() as opened, opened.read() as connection:
        items = quarantine.listed(connection, one, discarded=discarded)
    return [
        item
        for item in items
        if (stream is None or item["stream"] == stream.value) and (typed is None or item["key"] == typed)
    ]


def _replay(
    wiring: Wiring,
    school: SchoolId,
    items: list[Item],
    outcomes: list[Outcome],
    stopping: session.Stopping,
    show_bars: Show,
) -> None:
    from jobs.replay import replay as again

    keys: dict[Stream, tuple[SourceKey, ...]] = {}
    for item in items:
        stream = Stream(item["stream"])
        keys[stream] = (*keys.get(stream, ()), SourceKey(item["key"]))
    with reports.judged(school, outcomes, stopping):
        outcomes.append(reports.of_report(again(wiring.parts(school, on_progress=show_bars), keys)))


def _story(item: Item) -> list[str]:
    lines = [
        f"  why: {item['code']}" + (f" at {item['field_path']}" if item["field_path"] else ""),
        f"  first seen: {render.moment(item['first_seen_at'])}, by run {item['run_id']}",
        f"  last seen: {render.moment(item['last_seen_at'])}",
        "  what parents see: "
        + ("nothing of it, since its visibility is unreadable" if item["is_hiding"] else "the version before, if any"),
    ]
    if item["missing_key"]:
        lines.append(f"  waits for: {item['missing_stream']} {item['missing_key']}")
    if item["discarded_at"]:
        lines.append(f"  set aside: {render.moment(item['discarded_at'])} by {item['discarded_by']}")
    return lines
