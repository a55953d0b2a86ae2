"""`connector modules preview`, on both databases: tables, JSON, a page to print, and what is refused."""

from __future__ import annotations

import json
import os
import re
import stat
from html.parser import HTMLParser
from pathlib import Path

import pytest

from jobs.cli import render
from tests.acceptance.office import Office
from tests.integration import canaries

PREVIEW = ("modules", "preview", "--school", "99AA00", "--module", "notities")


def _people(office: Office) -> dict[str, str]:
    return dict(office.sis.world.roles("99AA00"))


def test_it_tells_what_opening_would_show_and_opens_nothing(office: Office) -> None:
    """The JSON's counts are those of the views after opening; the module stays closed and the history empty."""
    office.do("sync", "--school", "99AA00")
    history = office.history()
    found = json.loads(office.do(*PREVIEW, "--json"))
    assert office.history() == history
    assert office.module("notities")["state"] == found["states"]["notities"] == "not planned"
    assert found["as"] is None
    assert {one["reason"] for one in found["hidden"]} >= {"not_visible_to_parents"}
    office.do("modules", "open", "--module", "notities", "--school", "99AA00")
    office.do("sync", "--school", "99AA00")
    counts = office.rows(
        "SELECT count(DISTINCT id), count(DISTINCT pupil_id), count(DISTINCT guardian_id) FROM portal_notes"
    )
    (seen,) = found["seen"]
    assert (seen["records"], seen["pupils"], seen["guardians"]) == counts[0]


def test_an_open_module_says_so_and_is_shown_all_the_same(office: Office) -> None:
    """What is open already has its date on the first lines, and its counts below."""
    office.do("modules", "open", "--module", "notities", "--school", "99AA00")
    office.do("sync", "--school", "99AA00")
    said = office.do(*PREVIEW)
    assert "notities: open since" in said
    assert re.search(r"^notes +[1-9]", said, re.MULTILINE)


@pytest.mark.parametrize("width", [40, None])
def test_it_is_readable_at_any_width(office: Office, width: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """At 40 columns no line of counts is longer; without a terminal it is a table."""
    monkeypatch.setattr(render, "_width", lambda: width)
    said = office.do(*PREVIEW)
    if width is not None:
        assert [line for line in said.splitlines() if len(line) > width] == []
        assert "  guardians: " in said
    else:
        assert re.search(r"^view +records +pupils +guardians$", said, re.MULTILINE)


def test_as_shows_the_rows_of_one_guardian_and_no_other(office: Office) -> None:
    """`--as` prints this guardian's notes and nobody else's."""
    me = _people(office)["guardian_plain"]
    found = json.loads(office.do(*PREVIEW, "--as", me, "--json"))["as"]
    assert found["guardian"] == me
    mine = {one["pupil"] for one in found["access"] if one["level"] != "none"}
    assert {row["pupil_id"] for row in found["views"]["portal_notes"]} <= mine
    said = office.do(*PREVIEW, "--as", me)
    assert f"Guardian {me} would see:" in said
    assert found["views"]["portal_notes"][0]["text"] in said


class _Page(HTMLParser):
    """Collects what a page would load or run."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take in one tag."""
        self.tags.append(tag)
        self.links += [
            str(value) for name, value in attrs if name in {"src", "href", "srcset", "action"} or name[:2] == "on"
        ]


def _read(path: Path) -> tuple[str, _Page]:
    text, page = path.read_text(encoding="utf-8"), _Page()
    page.feed(text)
    return text, page


def test_the_page_is_dutch_and_loads_nothing(office: Office) -> None:
    """Counts in Dutch, no script, no resource from elsewhere, only this user may read it, and no leftovers."""
    said = office.do(*PREVIEW, "--html", "page.html")
    assert "Written to page.html." in said
    text, page = _read(office.folder / "page.html")
    assert '<html lang="nl">' in text
    assert "Wat ouders zien" in text
    assert "niet voor ouders aangevinkt" in text
    assert "script" not in page.tags
    assert page.links == []
    assert "url(" not in text
    assert "@page" in text
    assert stat.S_IMODE((office.folder / "page.html").stat().st_mode) == 0o600
    assert sorted(path.name for path in office.folder.glob(".page*")) == []


def test_the_page_names_nobody_unless_it_is_asked_for_one_guardian(office: Office) -> None:
    """Canaries in every field: none on the page of counts; with `--as` the guardian's own, escaped."""
    world, me = office.sis.world, _people(office)["guardian_plain"]
    canaries.plant(world)
    note = _people(office)["note_visible"]
    world.patch("99AA00", "notes", note, text=f"<script>{canaries.SHOWN['note text']}</script>")
    office.do(*PREVIEW, "--html", "counts.html")
    assert canaries.leaks(_read(office.folder / "counts.html")[0]) == []
    office.do(*PREVIEW, "--as", me, "--html", "mine.html")
    text, page = _read(office.folder / "mine.html")
    assert f"&lt;script&gt;{canaries.SHOWN['note text']}" in text
    assert "script" not in page.tags
    assert canaries.leaks(text, canaries.NEVER.values()) == []


def test_logs_name_nobody(office: Office) -> None:
    """At the most talkative level stderr holds no word of any record."""
    config = office.folder / "config.toml"
    config.write_text(f'{config.read_text(encoding="utf-8")}\n[logs]\nlevel = "debug"\n', encoding="utf-8")
    canaries.plant(office.sis.world)
    code, _, complaint = office.type(*PREVIEW, "--as", _people(office)["guardian_plain"])
    assert code == 0
    assert "run_started" in complaint
    assert canaries.leaks(complaint) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--school", "99ZZ00", "--module", "notities"), "School 99ZZ00 is not configured"),
        (("--school", "99AA00", "--module", "notitie"), "There is no module 'notitie'."),
        (("--school", "99AA00", "--module", "notities", "--as", "gua-none"), "has no guardian with the key that --as"),
        (("--school", "99AA00", "--module", "notities", "--html", "nowhere/page.html"), "--html: nowhere/page.html"),
        (("--school", "99AA00", "--module", "notities", "--html", "."), "no file that can be replaced"),
    ],
)
def test_bad_input_is_refused_with_its_fix(office: Office, words: tuple[str, ...], said: str) -> None:
    """Exit code 2, what is wrong with which thing, what to do, and nothing written."""
    assert said in office.refused("modules", "preview", *words)
    assert [path.name for path in office.folder.iterdir() if "page" in path.name or path.suffix == ".html"] == []


def test_an_unwritable_page_costs_the_source_nothing(office: Office) -> None:
    """The file is tried first: nobody is asked for data that could not be written down."""
    since = len(office.sis.requests)
    office.refused(*PREVIEW, "--html", "nowhere/page.html")
    assert len(office.sis.requests) == since


def test_an_old_page_stays_when_the_preview_fails(office: Office) -> None:
    """Half a page is never seen: what was there stays as it was."""
    (office.folder / "page.html").write_text("old", encoding="utf-8")
    office.refused(*PREVIEW, "--html", "page.html", "--as", "gua-none")
    assert (office.folder / "page.html").read_text(encoding="utf-8") == "old"
    assert sorted(path.name for path in office.folder.glob(".page*")) == []


def test_a_school_fed_by_files_is_told_what_to_do(office: Office) -> None:
    """There is nobody to ask: the error says so and names another way."""
    config = office.folder / "config.toml"
    text = config.read_text(encoding="utf-8")
    text = f'{text}\n[sources.files]\ndialect = "edexml"\n[schools."99CC00"]\nname = "De Eik"\nsource = "files"\n'
    config.write_text(text, encoding="utf-8")
    said = office.refused("modules", "preview", "--school", "99CC00", "--module", "groep")
    assert "School 99CC00 is fed by files" in said


def test_a_source_that_is_away_is_no_fault_of_the_configuration(office: Office) -> None:
    """A source nobody answers at ends with 3, like any run."""
    config = office.folder / "config.toml"
    text = re.sub(r'\bbase_url = ".*"', 'base_url = "http://127.0.0.1:9"\nattempts = 1', config.read_text("utf-8"))
    config.write_text(text, encoding="utf-8")
    code, said, complaint = office.type(*PREVIEW)
    assert (code, said) == (3, ""), os.linesep.join((said, complaint))
