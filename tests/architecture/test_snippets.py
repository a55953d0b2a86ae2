"""What the pages tell people to type can be typed: every block, every command, every setting."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connector import settings
from jobs.cli.modules_plan import SCHOOL_KEYS, read_plan
from schemas.ids import parse_school_id
from tests.architecture import snippets
from tests.architecture.programs import CLI, PROGRAMS, NotACommand, check_complete, check_connector
from tests.architecture.snippets import Block, Command, Saying

MINIMAL = """
[portal]
database_url = "sqlite:///portal.db"
[sources.main]
dialect = "reference"
base_url = "http://127.0.0.1:8089"
client_id = "connector"
client_secret = "demo-secret"
[sources.files]
dialect = "edexml"
[schools."99AA00"]
name = "De Regenboog"
source = "main"
"""
"""A complete configuration, into which a block that shows a part of one is merged."""
_OURS = re.compile(r"\bconnector ([a-z][^`]*)")
_NAMED = re.compile(r"`[^`]*?\bconnector ([a-z][^`]*)`")


def _typed() -> list[Block]:
    return [one for one in snippets.blocks() if one.language in snippets.SHELL and snippets.is_typed(one)]


def _commands() -> Iterator[Command]:
    for block in _typed():
        yield from snippets.commands_of(block)
    for block in snippets.blocks():
        if block.language == "ini":
            for line in re.findall(r"^Exec\w+=(.+)$", block.text, re.MULTILINE):
                yield Command(block.place, tuple(line.split()))


def _problem(command: Command) -> str | None:
    program, *words = command.words
    check = PROGRAMS.get(program.rpartition("/")[2])
    if check is None:
        return f"{command.place}: {program} is a program the test does not know"
    try:
        check(words)
    except NotACommand as error:
        return f"{command.place}: {error}"
    return None


def test_every_command_line_can_be_typed() -> None:
    """Each line of a block of commands: ours are taken by our parser as they stand, others name what is there."""
    commands = list(_commands())
    assert len([one for one in commands if one.words[0].endswith("connector")]) > 40
    assert [problem for one in commands if (problem := _problem(one))] == []


def test_what_a_program_printed_holds_no_command() -> None:
    """A block without a language in which no line begins with a known program is output: no option stands in it."""
    printed = [one for one in snippets.blocks() if one.language in snippets.SHELL and not snippets.is_typed(one)]
    assert [one.place for one in printed if re.search(r"(?<!\S)--[a-z]|\bconnector [a-z]", one.text)] == []
    assert [one.place for one in printed if one.language] == []


def _said(sayings: list[Saying], form: re.Pattern[str]) -> Iterator[tuple[str, str]]:
    for saying in sayings:
        for match in form.finditer(saying.text):
            yield saying.place, " ".join(match[1].split())


def _problems(found: list[tuple[str, str]]) -> list[str]:
    problems = []
    for place, text in found:
        try:
            check_connector(_words(text), is_whole=False)
        except NotACommand as error:
            problems.append(f"{place}: {error}")
    return problems


def _words(text: str) -> list[str]:
    """The words of a command in running text; quotes hold one together, the rest of a line after a pipe is not ours."""
    plain = re.sub(r"\"[^\"]*\"|'[^']*'", "TEXT", text)
    return re.split(r" (?:[|>]|&&) | # ", plain)[0].rstrip(".,;:").split()


def test_every_command_named_on_a_page_exists() -> None:
    """`connector …` in running text: the command is there and has each option, and takes as many words."""
    sayings = [Saying(one.place, one.text) for one in snippets.spans()]
    found = [
        (one.place, one.text.removeprefix("connector ")) for one in sayings if re.match(r"connector [a-z]", one.text)
    ]
    assert len(found) > 100
    assert _problems(found) == []


def test_every_command_named_in_the_code_exists() -> None:
    """What messages, helps and docstrings name in backticks can be typed; a value put in stands for a word."""
    found = list(_said(snippets.strings(), _NAMED))
    assert len(found) > 60
    assert _problems(found) == []


def test_every_line_of_its_own_in_a_text_of_ours_is_a_whole_command() -> None:
    """A letter or a page that sets a command apart, to be typed as it stands, leaves out nothing it needs."""
    found = list(_said(snippets.strings(), re.compile(r"^ +connector ([a-z][^\n]*)$", re.MULTILINE)))
    assert {place.partition(":")[0] for place, _ in found} >= {"mappings/reviews.py"}
    for _, text in found:
        check_complete(re.sub(r"\{\w+\}", "VALUE", text.replace("{item}", "")).split())


def test_every_fix_names_a_command_that_exists() -> None:
    """`fix=` sends a person who is in trouble somewhere: the command and its options are there, backticks or not."""
    known = set(CLI.commands)
    problems = []
    for place, text in _said(snippets.fixes(), _OURS):
        words = re.split(r"[),;]|\. |\.$", text)[0].split()
        command = [word for word in words if word in known or word.startswith("--")]
        if words[0] not in known:
            problems.append(f"{place}: connector {words[0]}")
        elif command:
            problems += _problems([(place, " ".join(_leading(words)))])
    assert problems == []


def _leading(words: list[str]) -> list[str]:
    """The words of the command itself: where prose goes on is not ours to tell, so its path and its options."""
    command, path, rest = CLI, [], list(words)
    while rest and rest[0] in getattr(command, "commands", {}):
        command = command.commands[rest[0]]
        path.append(rest.pop(0))
    return [*path, *(word for word in rest if re.match("--[a-z]", word))]


def _toml() -> list[Block]:
    found = [one for one in snippets.blocks() if one.language == "toml"]
    for block in _typed():
        given = [one.given for one in snippets.commands_of(block) if one.target.endswith(".toml") and one.given]
        found += [Block(block.place, "toml", one) for one in given]
    return found


@pytest.mark.parametrize("block", _toml(), ids=lambda block: block.place)
def test_every_piece_of_configuration_is_taken(block: Block, tmp_path: Path) -> None:
    """A plan file is read as one; settings are loaded, a part of them within a complete configuration."""
    file = tmp_path / "given.toml"
    given = tomllib.loads(block.text)
    file.write_text(block.text, encoding="utf-8")
    schools = {parse_school_id(name): table for name, table in given.get("schools", {}).items()}
    if any(set(SCHOOL_KEYS) & table.keys() for table in schools.values()):
        assert read_plan(file, set(schools))
        return
    for secret in re.findall(r"_file = \"(.+)\"", block.text):
        (tmp_path / secret).parent.mkdir(exist_ok=True)
        (tmp_path / secret).write_text("secret", encoding="utf-8")
    merged: dict[str, Any] = settings._merged(tomllib.loads(MINIMAL), given)
    file.write_text("", encoding="utf-8")
    loaded = settings.Settings.model_validate(settings._with_secret_files(file, merged))
    file.write_text(_toml_text(merged), encoding="utf-8")
    assert settings.load(file, {}) == loaded
    assert set(schools) <= set(loaded.schools)


def _toml_text(tables: dict[str, Any], path: tuple[str, ...] = ()) -> str:
    """Write tables of plain values as TOML."""
    plain = [
        f"{key} = {json.dumps(value, default=str)}" for key, value in tables.items() if not isinstance(value, dict)
    ]
    head = [f"[{'.'.join(json.dumps(part) for part in path)}]"] if path else []
    inner = [_toml_text(value, (*path, key)) for key, value in tables.items() if isinstance(value, dict)]
    return "\n".join([*head, *plain, *inner]) + "\n"


def _is_drawn(block: Block) -> None:
    assert re.match(r"(stateDiagram-v2|erDiagram|graph LR)\n", block.text), block.place


def _is_json(block: Block) -> None:
    json.loads(block.text)


def _is_unit(block: Block) -> None:
    assert all(re.fullmatch(r"\[[A-Z]\w+\]|[A-Z]\w+=.+|#.*|", line) for line in block.text.splitlines()), block.place


def _elsewhere(_block: Block) -> None:
    return None


LANGUAGES = {
    **dict.fromkeys(snippets.SHELL, _elsewhere),  # the tests above
    "sql": _elsewhere,  # run by tests/integration/test_sql_of_the_pages.py
    "toml": _elsewhere,  # loaded above
    "json": _is_json,
    "ini": _is_unit,
    "mermaid": _is_drawn,  # drawn by `make docs`, which other tests hold equal to the code
}
"""How each language of a block is checked. One that is not here has no check, and so it is refused."""


@pytest.mark.parametrize("block", snippets.blocks(), ids=lambda block: block.place)
def test_every_block_is_of_a_language_that_is_checked(block: Block) -> None:
    """A block in a language without a check fails: write its check beside the others."""
    assert block.language in LANGUAGES, f"{block.place}: no test knows the language {block.language!r}"
    LANGUAGES[block.language](block)


def test_every_variable_of_the_pages_is_a_setting() -> None:
    """CONNECTOR_SECTION__KEY names a section and a key that there are, wherever a page says it."""
    from tests.architecture.test_docs import _keys

    keys, wrong = _keys(), []
    for name, text in snippets.pages():
        for section, rest in re.findall(r"CONNECTOR_([A-Z]+)__([A-Z0-9_]+)", text):
            last = rest.rpartition("__")[2].lower()
            if last.removesuffix("_file") not in keys.get(section.lower(), ()) and rest not in {"SECTION", "KEY"}:
                wrong.append(f"{name}: CONNECTOR_{section}__{rest}")
    assert wrong == []


def test_the_collection_finds_what_it_is_for() -> None:
    """An indented block, a continued line, a pipe, a document handed over, a prompt and cron's five fields are read."""
    text = "1. Do\n\n   ```\n   $ connector sync \\\n       --full | cat > out\n   answer\n   ```\n\n"
    text += "```sh\n*/5 * * * * X=1 make test && cat > a.toml <<'END'\nb = 1\nEND\n```\n"
    first, second = snippets.blocks_of("page", text)
    assert [one.words for one in snippets.commands_of(first)][:2] == [("connector", "sync", "--full"), ("cat",)]
    assert list(snippets.commands_of(second)) == [
        Command("page:9", ("make", "test")),
        Command("page:9", ("cat",), "b = 1\n", "a.toml"),
    ]
    for words in ("sync --fully", "synch", "modules open notities", "runs", "simulate --prot 1"):
        with pytest.raises(NotACommand):
            check_connector(words.split(), is_whole=True)
    for words in ("sync --fully", "synch", "modules open notities", "pause --by A B"):
        with pytest.raises(NotACommand):
            check_connector(words.split(), is_whole=False)
