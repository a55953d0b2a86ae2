"""`connector worklist` as a process: keys and what to do, names only on stdout and only when asked for."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from jobs.cli import render
from jobs.cli.render_worklist import REASONS, TITLES, TO_DO
from mappings import worklist as judging
from mappings.invitations import NO_MAIL, UNUSABLE_MAIL
from schemas.worklist import Kind
from tests.acceptance.office import Office
from tests.integration import canaries

CONNECTOR = Path(sys.executable).with_name("connector")


def _run(office: Office, *words: str, code: int = 0) -> tuple[str, str]:
    """Run the command as a process of its own that logs all it can; give stdout and stderr."""
    done = subprocess.run(
        [str(CONNECTOR), "worklist", *words],
        cwd=office.folder,
        env=os.environ | {"CONNECTOR_LOGS__LEVEL": "debug"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout, done.stderr


def _plant(office: Office) -> str:
    """Let a guardian whose name, street and mail are canaries be on the list; give the key."""
    canaries.plant(office.sis.world)
    guardian = office.sis.world.roles("99AA00")["guardian_plain"]
    office.sis.world.patch("99AA00", "guardians", guardian, email=f"{canaries.SHOWN['mail']} geen adres")
    return guardian


def test_names_are_on_stdout_when_asked_for_and_nowhere_else(office: Office) -> None:
    """A planted name is in no output without --names, in stdout with it, and in no log and no table of ours."""
    guardian = _plant(office)
    office.do("sync", "--school", "99AA00")
    for words in ([], ["--json"]):
        said, logged = _run(office, *words)
        assert guardian in said
        assert canaries.leaks(said + logged) == []
        named, logged = _run(office, "--names", *words)
        assert guardian in named
        assert canaries.leaks(named, [canaries.SHOWN["name"]])
        others = [word for what, word in canaries.SHOWN.items() if what not in {"name", "call name"}]
        assert canaries.leaks(named, [*others, *canaries.NEVER.values()]) == []
        assert canaries.leaks(logged) == []
    assert canaries.stored_leaks(office.engine.url.render_as_string(hide_password=False)) == []


def test_each_kind_says_what_to_do(office: Office) -> None:
    """Title, number, one sentence, keys; the document has the same; a school that never synced says so."""
    office.do("sync", "--school", "99AA00")
    said, _ = _run(office)
    role = office.sis.world.roles("99AA00")
    for kind, who in ((Kind.SHARED_MAIL, "guardian_shared_mail"), (Kind.UNKNOWN_AUTHORITY, "pupil_without_authority")):
        below = said.partition(f"{TITLES[kind]}: ")[2].partition("\n  m")[0]
        assert f"do: {TO_DO[kind]}" in below
        assert role[who] in below
    assert "pupil without a group: not known" in said
    assert "never loaded: run `connector sync --school 99BB00` first" in said
    found = json.loads(_run(office, "--json")[0])
    assert found["to_do"] == {kind.value: text for kind, text in TO_DO.items()}
    one, other = found["schools"]["99AA00"], found["schools"]["99BB00"]
    assert (other["is_loaded"], other["items"], other["counts"]) == (False, [], {})
    assert one["not_judged"] == ["pupil_without_group"]
    assert sum(one["counts"].values()) == len(one["items"]) > 1
    assert json.loads(_run(office, "--school", "99BB", "--json")[0])["schools"].keys() == {"99BB00"}


@pytest.mark.parametrize("school", ["99ZZ00", "nonsense"])
def test_a_school_that_is_not_configured_is_two_with_a_fix(office: Office, school: str) -> None:
    """Said in one message with what to do; nothing on stdout."""
    said, complaint = _run(office, "--school", school, code=2)
    assert said == ""
    assert "error: " in complaint
    assert "fix: " in complaint


@pytest.mark.parametrize("width", [40, 200])
def test_it_is_readable_at_any_width(office: Office, width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """No line is wider than the terminal, and nothing is lost."""
    office.do("sync", "--school", "99AA00")
    monkeypatch.setattr(render, "_width", lambda: width)
    said = office.do("worklist", "--names")
    assert max(len(line) for line in said.splitlines()) <= width
    assert TO_DO[Kind.SHARED_MAIL] in " ".join(said.split())


def test_every_kind_and_reason_has_its_words() -> None:
    """No kind without a title and a sentence, no reason of the judge without words; the how-to names each kind."""
    assert set(TITLES) == set(TO_DO) == set(Kind)
    assert all(text.endswith(".") and text.count(". ") == 0 for text in TO_DO.values())
    ours = {judging.CONFLICT, judging.HELD, judging.OVER, NO_MAIL, UNUSABLE_MAIL, judging.SAME_PERSON}
    assert set(REASONS) == ours
    page = Path(__file__).parents[2] / "docs" / "how-to" / "work-through-the-worklist.md"
    assert all(f"| `{kind.value}` |" in page.read_text("utf-8") for kind in Kind)
