"""`connector explain`, on both databases: run as a process, in lines, JSON and 40 columns, and what is refused."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from jobs.cli import render
from tests.acceptance.office import Office
from tests.integration import canaries

DOCUMENT = Path(__file__).parents[1] / "data" / "edexml" / "school.xml"


def _role(office: Office, name: str) -> str:
    return dict(office.sis.world.roles("99AA00"))[name]


def _explain(office: Office, pupil: str, *words: str) -> tuple[str, ...]:
    return ("explain", "--school", "99AA00", "--pupil", _role(office, pupil), *words)


def test_the_process_explains_a_pupil_by_keys_only(office: Office) -> None:
    """Started as a program without a terminal: what is open and closed, who sees what, and no word of a record."""
    canaries.plant(office.sis.world)
    office.do("modules", "open", "--module", "notities", "--school", "99AA00", "--by", "anna", "--decided-by", "MT")
    office.do("sync", "--school", "99AA00")
    program = [sys.executable, "-m", "jobs.cli.main", *_explain(office, "pupil_plain", "--ask")]
    done = subprocess.run(program, cwd=office.folder, capture_output=True, text=True, check=False, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0] == f"99AA00 pupil {_role(office, 'pupil_plain')}: in the portal"
    assert f"{_role(office, 'guardian_plain')}: full (authority" in done.stdout
    assert "notities: open" in lines
    assert any("phase 5, opens " in line and "noted by anna" in line for line in lines)
    assert "  decision: decided by MT" in lines
    assert "toetsen: the module is not open and not planned" in lines
    assert "no flag for parents" in done.stdout
    assert canaries.leaks(done.stdout) == []


def test_json_holds_every_row_with_its_reason(office: Office) -> None:
    """What the view shows a guardian is what the JSON calls shown; the logs stay silent at the same time."""
    office.do("modules", "open", "--module", "notities", "--school", "99AA00")
    office.do("sync", "--school", "99AA00")
    me = _role(office, "guardian_plain")
    found = json.loads(office.do(*_explain(office, "pupil_plain", "--guardian", me, "--module", "notities", "--json")))
    assert [one["guardian"] for one in found["viewers"]] == [found["guardian"]] == [me]
    (module,) = found["modules"]
    (stream,) = module["streams"]
    pupil = _role(office, "pupil_plain")
    view = office.rows(f"SELECT id FROM portal_notes WHERE guardian_id = '{me}' AND pupil_id = '{pupil}' ORDER BY id")
    assert [row["id"] for row in stream["rows"] if row["why"] == {me: "shown"}] == [one for (one,) in view] != []
    assert stream["reading"]["mode"] == "full"
    assert found["is_in_portal"] is True


@pytest.mark.parametrize("role", ["pupil_plain", "pupil_confidential", "pupil_guest"])
def test_it_is_readable_at_40_columns(office: Office, role: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """No line is longer than the terminal but a key or run that is longer by itself."""
    office.do("sync", "--school", "99AA00")
    monkeypatch.setattr(render, "_width", lambda: 40)
    said = office.do(*_explain(office, role))
    assert [line for line in said.splitlines() if len(line) > 40 and " " in line.strip()] == []


def test_bad_input_is_refused_with_its_fix(office: Office) -> None:
    """Exit code 2 for a school, pupil, guardian or module nobody knows: where was looked, not what was typed."""
    office.do("sync", "--school", "99AA00")
    plain = _role(office, "pupil_plain")
    base = ("explain", "--school", "99AA00")
    assert "School 99ZZ00 is not configured" in office.refused("explain", "--school", "99ZZ00", "--pupil", plain)
    for words in (("--pupil", "Jansen"), ("--pupil", plain, "--guardian", "Jansen"), ("--pupil", "Jansen", "--ask")):
        said = office.refused(*base, *words)
        assert "Jansen" not in said
        assert "not in the portal, not held by the brake, not in quarantine, not hidden by a gate" in said
    assert "--pupil names no key" in office.refused(*base, "--pupil", " ")
    assert "There is no module 'cijfers'" in office.refused(*base, "--pupil", plain, "--module", "cijfers")
    never = office.refused("explain", "--school", "99BB00", "--pupil", plain)
    assert "connector sync --school 99BB00" in never


def test_a_school_fed_by_files_is_explained_but_cannot_be_asked(office: Office) -> None:
    """Its pupils are explained like any other's, with the dialect; the error says to leave --ask out."""
    config = office.folder / "config.toml"
    text = config.read_text(encoding="utf-8")
    text = f'{text}\n[sources.files]\ndialect = "edexml"\n[schools."99CC01"]\nname = "De Eik"\nsource = "files"\n'
    config.write_text(text, encoding="utf-8")
    given = office.folder / "school.xml"
    given.write_text(DOCUMENT.read_text("utf-8").replace("99AA", "99CC"), encoding="utf-8")
    office.do("import", "edexml", str(given), "--school", "99CC01")
    ((pupil,), *_) = office.rows("SELECT id FROM pupils WHERE school_id = '99CC01' ORDER BY id")
    found = json.loads(office.do("explain", "--school", "99CC01", "--pupil", pupil, "--json"))
    assert (found["is_in_portal"], found["dialect"]) == (True, "edexml")
    assert "Leave --ask out" in office.refused("explain", "--school", "99CC01", "--pupil", pupil, "--ask")


def test_a_source_that_is_away_matters_only_when_it_is_asked(office: Office) -> None:
    """Without --ask nobody is asked; with it a source nobody answers at ends with 3, like any run."""
    office.do("sync", "--school", "99AA00")
    config = office.folder / "config.toml"
    text = re.sub(r'\bbase_url = ".*"', 'base_url = "http://127.0.0.1:9"\nattempts = 1', config.read_text("utf-8"))
    config.write_text(text, encoding="utf-8")
    office.do(*_explain(office, "pupil_plain"))
    code, said, _ = office.type(*_explain(office, "pupil_plain", "--ask"))
    assert (code, said) == (3, "")
