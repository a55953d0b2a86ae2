"""The review file for a person: one page of HTML that stands by itself, does nothing and prints on A4."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from html import escape

from mappings.review_values import Shown, both_sides, visible
from mappings.review_words import WORDS, Words
from mappings.spreadsheet import inert
from mappings.values import local_day
from schemas.reviews import Review, ReviewLine

_STYLE = """
@page { size: A4; margin: 15mm }
body { font: 11pt/1.4 sans-serif; color: #111; max-width: 180mm; margin: 1em auto; padding: 0 1em }
h1 { font-size: 15pt } h2 { font-size: 12pt; margin: 1.5em 0 .3em }
table { border-collapse: collapse; width: 100%; table-layout: fixed }
th, td { border: 1px solid #888; padding: .3em .5em; text-align: left; vertical-align: top; overflow-wrap: anywhere }
.facts th { width: 30% } .item { break-inside: avoid }
.gone { background: #fde0dc; text-decoration: line-through } .new { background: #dff3df; font-weight: bold }
.entry + .entry { margin-top: .4em } .mark { font-size: 9pt; font-weight: normal; text-decoration: none }
.look { border-left: 4px solid #b36b00; padding-left: .5em } .secret { border: 2px solid #a00; padding: .3em .5em }
.item code, .keep { font-size: 9pt }
"""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def page(review: Review) -> str:
    """Give the page. Every text of a record is escaped, isolated in its direction and begins no formula."""
    words = WORDS[review.language]
    title = f"{words.said['title']} {review.reference}"
    body = "\n".join((_facts(review, words), *(_item(line, review, words) for line in review.lines)))
    return (
        f'<!doctype html>\n<html lang="{words.language}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(_POLICY)}">\n'
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>{_safe(title, words)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        f"<h1>{_safe(title, words)}</h1>\n{body}\n"
        f'<p class="keep">{escape(words.said["keep"])}</p>\n</body>\n</html>\n'
    )


def look_with(review: Review) -> str:
    """Give the command that shows a request to somebody who may see it all."""
    return f"connector corrections review {review.reference} --school {review.school}"


def day_text(day: date) -> str:
    """Give a day as a school writes it: 1-8-2026."""
    return f"{day.day}-{day.month}-{day.year}"


def _facts(review: Review, words: Words) -> str:
    starts = day_text(review.effective_on) if review.effective_on else words.said["at_once"]
    rows = (
        ("school", f"{review.school_name} ({review.school})"),
        ("requester", review.requester),
        ("motive", words.motives[review.motive]),
        ("effective_on", starts),
        ("submitted_at", day_text(local_day(review.submitted_at))),
        ("reference", review.reference),
    )
    cells = "\n".join(
        f"<tr><th>{escape(words.said[name])}</th><td>{_text(text, words)}</td></tr>" for name, text in rows
    )
    repeat = f'\n<p class="look">{escape(words.said["repeat"])}</p>' if review.is_repeat else ""
    return f'<table class="facts">\n{cells}\n</table>{repeat}'


def _item(line: ReviewLine, review: Review, words: Words) -> str:
    head = f"{words.said['item']} {line.number}"
    if line.is_sensitive:
        return (
            f'<section class="item">\n<h2>{escape(head)}</h2>\n<p class="look">{escape(head)}: '
            f"{escape(words.said['sensitive'])} <code>{_safe(look_with(review), words)}</code></p>\n</section>"
        )
    old, new = both_sides(line, words)
    title = f"{head}: {words.field(line.field)} {words.operations[line.operation]}"
    return (
        f'<section class="item">\n<h2>{escape(title)}</h2>\n'
        f"<p>{escape(words.streams[line.field.stream])} {_text(line.person, words)} "
        f"(<code>{_text(line.record, words)}</code>)</p>\n"
        f"{_notes(line, words)}<table>\n"
        f"<tr><th>{escape(words.said['old'])}</th><th>{escape(words.said['new'])}</th></tr>\n"
        f"<tr><td>{_side(old, 'gone', words.said['removed'])}</td>"
        f"<td>{_side(new, 'new', words.said['added'])}</td></tr>\n</table>\n</section>"
    )


def _notes(line: ReviewLine, words: Words) -> str:
    said = []
    if line.is_secret:
        secret = f"<strong>{escape(words.said['secret'])}</strong>: {escape(words.said['secret_note'])}"
        said.append(f'<p class="secret">{secret}</p>\n')
    if line.need is not None:
        said.append(f'<p class="look">{escape(words.said["look"])}: {escape(words.needs[line.need])}</p>\n')
    if line.is_for_all_at_address:
        said.append(f"<p>{escape(words.said['everyone'])}</p>\n")
    if line.rivals:
        said.append(f"<p>{escape(words.said['rivals'])}: {_text(', '.join(line.rivals), words)}</p>\n")
    return "".join(said)


def _side(entries: Iterable[Shown], css: str, mark: str) -> str:
    return "".join(_entry(one, css, mark) for one in entries)


def _entry(one: Shown, css: str, mark: str) -> str:
    """The mark is a word as well as a colour: it must survive a black and white print."""
    text = "<br>".join(f"<bdi>{escape(line)}</bdi>" for line in one.lines)
    if not one.is_marked:
        return f'<div class="entry">{text}</div>'
    return f'<div class="entry"><span class="{css}">{text}</span> <span class="mark">[{escape(mark)}]</span></div>'


def _text(text: str, words: Words) -> str:
    return f"<bdi>{_safe(text, words)}</bdi>"


def _safe(text: str, words: Words) -> str:
    return escape(inert(visible(text, words)))
