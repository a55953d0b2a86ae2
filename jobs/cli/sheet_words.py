"""The instruction sheet for parents, in Dutch: only what the register says, as HTML and as Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from connector.bookkeeping.register import Contact, Decision
from jobs.activate import ModuleView, State
from jobs.cli import dutch
from jobs.cli.pages import page
from mappings.values import local_day

CORRECTION = (
    "Geef de juiste gegevens door met het wijzigingsformulier in het portaal, bij het gegeven zelf.",
    "U wijzigt niets rechtstreeks: de school krijgt uw voorstel, beoordeelt het en verwerkt het.",
    "Tot die tijd ziet u het oude gegeven.",
)
NOBODY = "Vraag het aan de school."
_OPEN = frozenset({State.OPEN, State.CLOSING})
_MARKS = re.compile(r"([\\`*_{}\[\]<>()#+\-.!|~&])")


class Line(NamedTuple):
    """One module on the sheet."""

    title: str
    shows: str
    since: str
    remarks: tuple[str, ...]


class Sheet(NamedTuple):
    """What the sheet says."""

    school_name: str
    day: str
    open: tuple[Line, ...]
    coming: tuple[Line, ...]
    evenings: tuple[str, ...]
    texts: tuple[str, ...]
    correction: tuple[str, ...]
    contact: str


def sheet_of(
    school_name: str,
    views: Sequence[ModuleView],
    decisions: Mapping[int, Decision],
    contact: Contact | None,
    now: datetime,
) -> Sheet:
    """Give the sheet of one school. What is neither open nor dated is not on it."""
    planned = sorted(
        (view for view in views if view.state is State.PLANNED), key=lambda view: (view.opens_at or now, view.phase)
    )
    is_open = [view for view in views if view.state in _OPEN]
    shown = [view for view in is_open if view.revealed_at is not None]
    planned = [*(view for view in is_open if view.revealed_at is None), *planned]
    phases = sorted({view.phase for view in (*shown, *planned)})
    told = [decisions[phase] for phase in phases if phase in decisions]
    evenings = sorted({one.evening_on for one in told if one.evening_on and one.evening_on >= local_day(now)})
    return Sheet(
        school_name,
        dutch.day(local_day(now)),
        tuple(_line(view, now) for view in shown),
        tuple(_line(view, now) for view in planned),
        tuple(f"Er is een informatieavond op {dutch.day(one)}." for one in evenings),
        tuple(dict.fromkeys(one.parent_text.strip() for one in told if one.parent_text and one.parent_text.strip())),
        CORRECTION,
        NOBODY if contact is None else _ask(contact),
    )


def _line(view: ModuleView, now: datetime) -> Line:
    title, shows = dutch.MODULES[view.module]
    is_awaited = view.state in _OPEN and view.revealed_at is None
    day = "" if view.opens_at is None else dutch.day(local_day(view.opens_at))
    since = "zodra de gegevens er zijn" if is_awaited else day
    return Line(title, shows, since, tuple(_remarks(view, now)))


def _remarks(view: ModuleView, now: datetime) -> Iterable[str]:
    for window in view.embargoes:
        begins = "" if window.starts_at <= now else f"van {dutch.moment(window.starts_at)} "
        yield f"Tijdelijk niet te zien {begins}tot {dutch.moment(window.ends_at)}."
    if view.closes_at is not None:
        yield f"Te zien tot {dutch.moment(view.closes_at)}."


def _ask(contact: Contact) -> str:
    phone = "" if contact.phone is None else f" of {contact.phone}"
    return f"Vraag het aan {contact.name}: {contact.mail}{phone}."


def as_html(sheet: Sheet) -> str:
    """Give the sheet as a page to print."""
    return page("sheet.html", sheet=sheet)


def as_markdown(sheet: Sheet) -> str:
    """Give the sheet as Markdown; what people wrote is escaped, so that it stays text."""
    lines = [f"# Het ouderportaal van {_plain(sheet.school_name)}", "", f"Stand van {sheet.day}"]
    lines += ["", "## Wat u nu kunt zien", "", *(_item(one, "sinds") for one in sheet.open)]
    lines += [] if sheet.open else ["Er is nog niets open."]
    if sheet.coming:
        lines += ["", "## Wat er nog komt", "", *(_item(one, "vanaf") for one in sheet.coming)]
    for heading, texts in (
        ("Informatieavond", sheet.evenings),
        ("Van de school", sheet.texts),
        ("Klopt er iets niet?", sheet.correction),
        ("Vragen", (sheet.contact,)),
    ):
        if texts:
            lines += ["", f"## {heading}"]
            for text in texts:
                lines += ["", *(f"{_plain(line)}  ".rstrip() for line in text.splitlines())]
    return "\n".join(lines) + "\n"


def _item(line: Line, word: str) -> str:
    remarks = "".join(f" *{remark}*" for remark in line.remarks)
    when = line.since if line.since.startswith("zodra") else f"{word} {line.since}"
    return f"- **{line.title}** ({when}): {line.shows}.{remarks}"


def _plain(text: str) -> str:
    """Escape what Markdown or HTML would read as markup; a full stop or a dash only where it could begin a list."""
    escaped = _MARKS.sub(lambda mark: mark[1] if mark[1] in "-.()+!" else f"\\{mark[1]}", text.strip())
    return re.sub(r"^([-+]|[0-9]+[.)])(?=\s|$)", lambda start: f"{start[1][:-1]}\\{start[1][-1]}", escaped)
