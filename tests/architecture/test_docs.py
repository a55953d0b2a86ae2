"""The documentation names every command, option, setting, view and column, and its links lead somewhere."""

import re
import sqlite3
import typing
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import typer.main
from pydantic import BaseModel
from sqlalchemy.engine import make_url

from connector.settings import Settings
from jobs.choose import default_of, streams_of
from jobs.cli.main import app
from jobs.cli.setting_words import value_text
from schemas.brake import MEASURES
from schemas.modules import Module
from schemas.selection_words import ALLOWED
from schemas.selections import MEANINGS, SETTINGS
from schemas.streams import Stream
from schemas.tables.catalogue import DATA_COLUMNS
from schemas.views.catalogue import INNER_VIEWS, VIEWS
from tests.architecture.repository import ROOT, name_of, tracked_files

REFERENCE = ROOT / "docs" / "reference"
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _sections(text: str) -> dict[str, str]:
    """The text below each heading, by heading, code blocks aside."""
    found: dict[str, str] = {}
    title, is_code = "", False
    for line in text.splitlines():
        is_code ^= line.startswith("```")
        if line.startswith("#") and not is_code:
            title = line.lstrip("#").strip()
            found[title] = ""
        else:
            found[title] = found.get(title, "") + line + "\n"
    return found


def _commands(command: Any, words: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    """Every command that does something, by the words that start it."""
    inner = getattr(command, "commands", None)
    if inner is None:
        yield " ".join(words), command
        return
    for name, child in inner.items():
        yield from _commands(child, (*words, name))


def _options(command: Any) -> set[str]:
    return {name for parameter in command.params for name in parameter.opts if name.startswith("--")} - {"--help"}


COMMANDS = dict(_commands(typer.main.get_command(app()), ("connector",)))


@pytest.mark.parametrize("words", COMMANDS)
def test_every_command_is_documented_with_exactly_its_options(words: str) -> None:
    """The command has its heading in commands.md, and the table below it names its options and no others."""
    section = _sections(_read(REFERENCE / "commands.md"))[words]
    documented = set(re.findall(r"^\| `(--[a-z-]+)`", section, re.MULTILINE))
    assert documented == _options(COMMANDS[words])


def test_no_command_is_documented_that_does_not_exist() -> None:
    """Each heading of commands.md that names a command names one that can be run, or a group of such."""
    headings = {title for title in _sections(_read(REFERENCE / "commands.md")) if title.startswith("connector")}
    assert {title for title in headings if not any(f"{words} ".startswith(f"{title} ") for words in COMMANDS)} == set()


def test_the_options_of_every_command_are_documented() -> None:
    """What stands before a command, `--config`, is in commands.md too."""
    for name in _options(typer.main.get_command(app())):
        assert f"`{name}`" in _read(REFERENCE / "commands.md")


def _keys() -> dict[str, set[str]]:
    """The keys of each section of the settings."""
    found = {}
    for name, field in Settings.model_fields.items():
        inner = typing.get_args(field.annotation) or (field.annotation,)
        (model,) = [one for one in inner if isinstance(one, type) and issubclass(one, BaseModel)]
        found[name] = set(model.model_fields)
    return found


@pytest.mark.parametrize("section", _keys())
def test_every_setting_is_documented(section: str) -> None:
    """The section has its heading in settings.md, and the table below it names its keys and no others."""
    sections = _sections(_read(REFERENCE / "settings.md"))
    (text,) = [text for title, text in sections.items() if re.match(rf"\[{section}[.\]]", title)]
    assert set(re.findall(r"^\| `([a-z_]+)`", text, re.MULTILINE)) == _keys()[section]


def test_the_brakes_table_is_the_one_it_works_by() -> None:
    """promises.md has a line for each stream: its day, whether it is of a year, its number per child, its share."""
    text = _sections(_read(ROOT / "docs" / "explanation" / "promises.md"))["What the brake measures"]
    rows = re.findall(r"^\| `(\w+)` \| (.*) \| (.*) \| (.*) \| (.*) \|$", text, re.MULTILINE)
    assert rows == [
        (
            stream.value,
            f"`{one.day}`" if one.day else "1 August of its school year" if one.is_of_year else "–",
            "yes" if one.is_of_year else "–",
            "free" if one.most is None else str(one.most),
            "all" if one.is_by_share else "old",
        )
        for stream, one in MEASURES.items()
    ]
    assert set(MEASURES) == set(Stream)
    assert all({one.day, one.end} - {None} <= set(DATA_COLUMNS[stream]) for stream, one in MEASURES.items())


@pytest.mark.parametrize("section", _keys())
def test_every_setting_is_in_the_example(section: str) -> None:
    """config.example.toml has a line, perhaps commented out, for each key of the section."""
    example = _read(ROOT / "config.example.toml")
    below = re.split(rf"^(?:# )?\[{section}", example, maxsplit=1, flags=re.MULTILINE)[1]
    text = re.split(r"^(?:# )?\[", below, maxsplit=1, flags=re.MULTILINE)[0]
    written = set(re.findall(r"^(?:# )?([a-z_]+) = ", text, re.MULTILINE))
    assert _keys()[section] <= written


def test_every_school_setting_is_documented_as_it_is() -> None:
    """school-settings.md has a line for each: what it decides, what it may be, its default, what a change pulls."""
    sections = _sections(_read(REFERENCE / "school-settings.md"))
    rows = re.findall(r"^\| `([a-z_.]+)` \| (.*) \| (.*) \| `(.*)` \| (.*) \|$", sections["School settings"], re.M)
    assert rows == [
        (
            name,
            MEANINGS[name],
            ALLOWED[name],
            value_text(name, default_of(name)),
            ", ".join(f"`{stream.value}`" for stream in streams_of(name)) or "nothing: it holds at once",
        )
        for name in SETTINGS
    ]


def _view_columns(sqlite_url: str) -> dict[str, list[str]]:
    with closing(sqlite3.connect(make_url(sqlite_url).database or "")) as connection:
        return {
            view: [str(row[1]) for row in connection.execute(f"PRAGMA table_info({view})").fetchall()] for view in VIEWS
        }


def test_every_view_is_documented_with_exactly_its_columns(sqlite_url: str) -> None:
    """Each view of the migrated database has its heading in views.md; the list below it names its columns in order."""
    sections = _sections(_read(REFERENCE / "views.md"))
    documented = {view: re.findall(r"`([a-z0-9_]+)`", sections[view].partition("- Columns:")[2]) for view in VIEWS}
    assert documented == _view_columns(sqlite_url)


def test_every_sql_text_is_a_view_of_the_catalogue() -> None:
    """No view lies in schemas/views without being created."""
    assert {path.stem for path in (ROOT / "schemas" / "views").glob("*.sql")} == {*INNER_VIEWS, *VIEWS}


def _pages() -> list[Path]:
    return [path for path in tracked_files() if path.suffix == ".md"]


def _anchors(path: Path) -> set[str]:
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in _sections(_read(path))}


def test_every_relative_link_leads_somewhere() -> None:
    """A link to another file of the repository names a file or folder that exists, and a heading that is in it."""
    broken = []
    for page in _pages():
        for target in LINK.findall(_read(page)):
            if re.match(r"[a-z]+:", target):
                continue
            name, _, anchor = target.partition("#")
            path = (page.parent / name).resolve() if name else page
            if not path.exists() or (anchor and anchor not in _anchors(path)):
                broken.append(f"{name_of(page)}: {target}")
    assert broken == []


def test_the_promises_name_tests_that_exist() -> None:
    """Each test that promises.md names as a proof is a file of this repository."""
    named = re.findall(r"`(tests/[\w/.]+)`", _read(ROOT / "docs" / "explanation" / "promises.md"))
    assert named
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_every_exit_code_is_documented() -> None:
    """exit-codes.md has a line for each code the commands can give."""
    from jobs.cli.exits import MEANING

    documented = re.findall(r"^\| ([0-9]+) \|", _read(REFERENCE / "exit-codes.md"), re.MULTILINE)
    assert {int(code) for code in documented} == set(MEANING)


def test_what_each_level_of_access_shows_is_documented() -> None:
    """secrecy-and-access.md names every view under what its text asks for: full access, any, or any pupil at all."""
    page = _read(ROOT / "docs" / "explanation" / "secrecy-and-access.md")
    rows = dict(
        re.findall(r"^\| (full access only|full and limited access|[^|]+) \| (`portal_.+) \|$", page, re.MULTILINE)
    )
    documented = {shown_to: set(re.findall(r"`(portal_\w+)`", views)) for shown_to, views in rows.items()}
    texts = {view: _read(ROOT / "schemas" / "views" / f"{view}.sql") for view in VIEWS}
    asks_full = {view for view, text in texts.items() if "AND a.level = 'full'" in text}
    of_school = {view for view, text in texts.items() if "SELECT DISTINCT a.school_id, a.guardian_id FROM" in text}
    assert documented.pop("full access only") == asks_full
    assert documented.pop("the debtor only") == {"portal_invoices"}
    assert documented.pop("whoever may see a pupil of the school") == of_school - {"portal_invoices"}
    follow_another = {"portal_changes", "portal_documents", "portal_correction_moves"}
    others = set(VIEWS) - asks_full - of_school - {"portal_modules", "portal_access"} - follow_another
    assert documented == {"full and limited access": others}


def test_every_module_is_in_the_glossary() -> None:
    """Whoever meets the Dutch name of a module finds what it is in English, in alphabetical order."""
    rows = re.findall(r"^\| ([^|]+) \| [^|]+ \| ([^|]*) \|$", _read(ROOT / "docs" / "glossary.md"), re.MULTILINE)
    named = set(re.findall(r"module `(\w+)`", " ".join(what for _, what in rows)))
    assert named == {module.value for module in Module}
    dutch = [name.lower() for name, _ in rows[1:]]
    assert dutch == sorted(dutch)
