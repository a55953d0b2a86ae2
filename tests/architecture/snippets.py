"""What the pages tell people to type: their blocks of code, their commands and their SQL, with file and line.

A page is any text a person reads for what to do: Markdown, the example of the configuration, what is in deploy/.
"""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from typing import NamedTuple

from tests.architecture.programs import PROGRAMS
from tests.architecture.repository import name_of, room_files, tracked_files

SHELL = frozenset({"", "sh", "bash", "console"})
"""A block of no language holds commands, or what a command printed."""

_FENCE = re.compile(r"(`{3,}|~{3,})(.*)")
_SPAN = re.compile(r"(?<!`)`([^`]+)`(?!`)")
_STATEMENT = re.compile(r"(SELECT|INSERT|UPDATE|DELETE|WITH)\b", re.IGNORECASE)
_PROMPT = re.compile(r"^\$ ")
_CRON = re.compile(r"^(?:[\d*/,-]+ ){5}")
_VARIABLE = re.compile(r"[A-Za-z_]\w*=")
_OPERATORS = re.compile(r"[&|;<>()]+")
_EXPLAINED = re.compile(r"(make|\.ci/run)\b")
"""Their lines say behind two spaces what they do."""
_HERE = re.compile(r"<<-?\s*'?(\w+)'?")


class Block(NamedTuple):
    """One fenced block."""

    place: str
    language: str
    text: str


class Command(NamedTuple):
    """One program with its words. `given` is the document a shell hands to it (`<<END`)."""

    place: str
    words: tuple[str, ...]
    given: str = ""
    target: str = ""


class Saying(NamedTuple):
    """Something said in running text or in a string of ours."""

    place: str
    text: str


def pages() -> Iterator[tuple[str, str]]:
    """Every page, by its name."""
    for path in tracked_files():
        name = name_of(path)
        if (
            path.suffix == ".md"
            or name == "config.example.toml"
            or (name.startswith("deploy/") and path.suffix != ".json")
        ):
            yield name, path.read_text(encoding="utf-8")


def blocks_of(name: str, text: str) -> Iterator[Block]:
    """Every fenced block of a page, without the indentation of its fence. A fence that is never closed is an error."""
    found: list[str] | None = None
    begin, indent, fence, language = 0, 0, "", ""
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.lstrip()
        match = _FENCE.fullmatch(stripped)
        if found is None:
            if match:
                found, begin, indent = [], number, len(line) - len(stripped)
                fence, language = match[1], match[2].strip()
        elif match and match[1].startswith(fence) and not match[2].strip():
            yield Block(f"{name}:{begin}", language, "".join(f"{one}\n" for one in found))
            found = None
        else:
            found.append(line[indent:] if not line[:indent].strip() else line)
    assert found is None, f"{name}:{begin}: the block is never closed"


def blocks() -> list[Block]:
    """Every fenced block of every Markdown page."""
    return [block for name, text in pages() if name.endswith(".md") for block in blocks_of(name, text)]


def lines_of(block: Block) -> Iterator[tuple[str, str]]:
    """The lines a shell would read: continued ones as one, what is handed to a command (`<<END`) with it."""
    has_prompts = re.search(r"^\s*\$ ", block.text, re.MULTILINE)
    rows = iter(block.text.splitlines())
    for row in rows:
        if has_prompts and not row.lstrip().startswith("$ "):
            continue
        line, given = _CRON.sub("", _PROMPT.sub("", row.strip())), ""
        if _EXPLAINED.match(line):
            line = line.split("  ")[0]
        while line.endswith("\\") or _is_open(line):
            line = line.removesuffix("\\") + "\n" + next(rows).strip()
        if here := _HERE.search(line):
            taken = []
            while (more := next(rows)).strip() != here[1]:
                taken.append(more)
            given = "".join(f"{one}\n" for one in taken)
        if line and not line.startswith("#"):
            yield line, given


def _is_open(line: str) -> bool:
    try:
        shlex.split(line, comments=True)
    except ValueError:
        return True
    return False


def commands_of(block: Block) -> Iterator[Command]:
    """Every program that a block of shell starts: each of a pipe and of a list, without variables set before it."""
    for line, given in lines_of(block):
        words: list[str] = []
        target, said, mark = "", "", ""
        for token in (*_tokens(line), ";"):
            if token in {">", ">>", "<", "<<"}:
                mark = token
            elif mark:
                target, said = (token, said) if mark[0] == ">" else (target, given)
                mark = ""
            elif _OPERATORS.fullmatch(token):
                if words:
                    yield Command(block.place, tuple(words), said, target)
                words, target, said = [], "", ""
            elif words or not _VARIABLE.match(token):
                words.append(token)


def _tokens(line: str) -> list[str]:
    lexer = shlex.shlex(line.replace("\n", " "), posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    lexer.commenters = ""
    tokens = list(lexer)
    comment = next((at for at, token in enumerate(tokens) if token.startswith("#")), len(tokens))
    return tokens[:comment]


def spans() -> list[Saying]:
    """Every `span` of every page outside its blocks, also one that goes on in the next line."""
    found = []
    for name, text in pages():
        blank, is_code = [], False
        for line in text.splitlines():
            is_fence = name.endswith(".md") and _FENCE.match(line.lstrip()) is not None
            blank.append("" if is_code or is_fence else line.lstrip("# ") if not name.endswith(".md") else line)
            is_code ^= is_fence
        whole = "\n".join(blank)
        for match in _SPAN.finditer(whole):
            place = f"{name}:{whole.count(chr(10), 0, match.start()) + 1}"
            found.append(Saying(place, " ".join(match[1].split())))
    return found


def statements() -> list[Saying]:
    """Every SQL statement of the pages: of SQL blocks, in running text, and handed to `sqlite3` or `psql`."""
    found = [Saying(one.place, one.text) for one in spans() if _STATEMENT.match(one.text)]
    for block in blocks():
        if block.language == "sql":
            found += [Saying(block.place, one.strip()) for one in re.split(r";\s*\n", block.text) if one.strip(" ;\n")]
        elif block.language in SHELL:
            typed = commands_of(block) if is_typed(block) else ()
            words = [word for one in typed if one.words[0] in {"sqlite3", "psql"} for word in one.words]
            found += [Saying(block.place, word) for word in words if _STATEMENT.match(word)]
    return found


def is_typed(block: Block) -> bool:
    """Tell whether a block holds what a person types, and not only what a program printed: the first words say it."""
    rows = [_CRON.sub("", _PROMPT.sub("", row.strip())) for row in block.text.splitlines() if row.strip()]
    return any(row.split(" ")[0].rpartition("/")[2] in PROGRAMS for row in rows)


def strings() -> list[Saying]:
    """Every text in the code of the rooms, docstrings too; what is put in by `{…}` is `VALUE`."""
    found = []
    for path in room_files():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        inner = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in ast.walk(node)}
        for node in ast.walk(tree):
            if isinstance(node, ast.JoinedStr):
                text = "".join(str(part.value) if isinstance(part, ast.Constant) else "VALUE" for part in node.values)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inner:
                text = node.value
            else:
                continue
            found.append(Saying(f"{name_of(path)}:{node.lineno}", text))
    return found


def fixes() -> list[Saying]:
    """Every text that tells a person what to do about an error: `fix=…`."""
    found = []
    for path in room_files():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.keyword) and node.arg == "fix":
                for part in ast.walk(node.value):
                    if isinstance(part, ast.Constant) and isinstance(part.value, str):
                        found.append(Saying(f"{name_of(path)}:{part.lineno}", part.value))
    return found
