"""The programs that the pages name, and what is looked at of each: ours are parsed by our own parsers."""

from __future__ import annotations

import argparse
import importlib.util
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import typer.main

from connector.simulator.__main__ import _parser
from jobs.cli.main import _config_first, app
from tests.architecture.repository import ROOT

CLI: Any = typer.main.get_command(app())
OF_THE_SIMULATOR: argparse.ArgumentParser = _parser()


class NotACommand(AssertionError):
    """What is said cannot be typed."""


def check_connector(words: Sequence[str], *, is_whole: bool) -> None:
    """Raise unless the connector knows the command and each option.

    A whole line must be one that the parser takes as it stands. One in running text may leave out what a command
    needs, and hold words in the place of values; `…` ends it.
    """
    given = _config_first(list(words))
    if given[:1] == ["--config"]:
        given = given[2:]
    if "…" in given:
        given, is_whole = given[: given.index("…")], False
    command, path = CLI, ["connector"]
    while (inner := getattr(command, "commands", None)) is not None:
        if not given or given == ["--help"]:
            if is_whole and not given:
                raise NotACommand(f"{' '.join(path)} does nothing by itself")
            return
        word, *given = given
        if word == "VALUE" and not is_whole:
            return
        if word not in inner:
            raise NotACommand(f"{' '.join(path)} has no command {word}")
        command = inner[word]
        path.append(word)
    if path[1:] == ["simulate"]:
        _check_simulator(given)
    elif is_whole and given != ["--help"]:
        try:
            command.make_context(" ".join(path), list(given))
        except Exception as error:
            raise NotACommand(f"{' '.join(path)}: {error}") from error
    else:
        _check_options(command, path, given)


def _check_simulator(given: Sequence[str]) -> None:
    if list(given) == ["--help"]:
        return
    try:
        OF_THE_SIMULATOR.parse_args(list(given))
    except SystemExit:
        raise NotACommand(f"connector simulate does not take {' '.join(given)}") from None


def check_complete(words: Sequence[str]) -> None:
    """Raise unless a line with words in the place of values names all that its command cannot do without."""
    check_connector(words, is_whole=False)
    command = CLI
    for word in words:
        command = getattr(command, "commands", {}).get(word, command)
    lacking = [one.opts[0] for one in command.params if one.required and one.opts[0][:2] == "--"]
    if missing := [name for name in lacking if name not in words]:
        raise NotACommand(f"connector {' '.join(words)} lacks {', '.join(missing)}")


def _check_options(command: Any, path: Sequence[str], given: Iterable[str]) -> None:
    options = {name: one for one in command.params for name in (*one.opts, *one.secondary_opts) if name[:1] == "-"}
    room = sum(99 if one.nargs == -1 or one.multiple else one.nargs for one in command.params if one.opts[0][:1] != "-")
    rest = iter(given)
    for word in rest:
        name, _, value = word.partition("=")
        if name == "--help":
            continue
        if name[:1] != "-":
            room -= 1
            if room < 0:
                raise NotACommand(f"{' '.join(path)} does not take {word}")
        elif name not in options and not name.startswith("--VALUE"):
            raise NotACommand(f"{' '.join(path)} has no option {name}")
        elif not value and not (name in options and options[name].is_flag):
            next(rest, None)


def _check_make(words: Sequence[str]) -> None:
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    for word in words:
        if "=" not in word and word not in targets:
            raise NotACommand(f"make {word}: there is no such target")


def _check_python(words: Sequence[str]) -> None:
    if words[:1] == ["-m"] and importlib.util.find_spec(words[1]) is None and words[1] not in {"pip"}:
        raise NotACommand(f"python -m {words[1]}: there is no such module")


def _check_copied(words: Sequence[str]) -> None:
    for word in words[:-1]:
        if not (ROOT / "deploy" / "container" / word).exists() and not (ROOT / word).exists():
            raise NotACommand(f"cp {word}: there is no such file")


def _check_unit(words: Sequence[str]) -> None:
    units = {path.name for path in (ROOT / "deploy" / "systemd").iterdir()}
    for word in words:
        if word.startswith("connector") and word not in units and f"{word}.service" not in units:
            raise NotACommand(f"systemctl {word}: there is no such unit")


def _check_docker(words: Sequence[str]) -> None:
    if words[:3] == ["compose", "exec", "connector"]:
        if words[3] != "connector":
            raise NotACommand(f"docker compose exec connector {words[3]}: the image has no such program")
        check_connector(words[4:], is_whole=True)


def _check_cd(words: Sequence[str]) -> None:
    if words[0].startswith("deploy/") and not (ROOT / words[0]).is_dir():
        raise NotACommand(f"cd {words[0]}: there is no such folder")


def _parsed_only(_words: Sequence[str]) -> None:
    return None


PROGRAMS: dict[str, Callable[[list[str]], None]] = {
    "connector": lambda words: check_connector(words, is_whole=True),
    "make": _check_make,
    "python": _check_python,
    "python3": _check_python,
    "cp": _check_copied,
    "systemctl": _check_unit,
    "docker": _check_docker,
    "cd": _check_cd,
    # Not ours, and looked at no further than that they are read: they need another machine, root, or nothing of ours.
    "run": _parsed_only,  # .ci/run
    "curl": _parsed_only,
    "useradd": _parsed_only,
    "chown": _parsed_only,
    "chmod": _parsed_only,
    "chgrp": _parsed_only,
    "install": _parsed_only,
    "openssl": _parsed_only,
    "mkdir": _parsed_only,
    "export": _parsed_only,
    "cat": _parsed_only,
    "echo": _parsed_only,
    "logger": _parsed_only,
    "mv": _parsed_only,
    "usermod": _parsed_only,
    # Their SQL is run by tests/integration/test_sql_of_the_pages.py.
    "sqlite3": _parsed_only,
    "psql": _parsed_only,
}
"""What is looked at of each program the pages may name; one that is not here fails the test of the pages."""
