"""A document of fifty megabytes, imported by the command: every record arrives, and the process stays small."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from tests.builders import this_school_year

GROUPS = 300
PUPILS = 100
# Not ru_maxrss: that starts with what the parent had when it forked.
MEASURED = r"""
import re, sys
from pathlib import Path
from jobs.cli.main import main
code = main(["import", "edexml", sys.argv[1], "--school", "99AA00"])
print("peak", int(re.search(r"VmHWM:\s*(\d+) kB", Path("/proc/self/status").read_text())[1]) // 1024)
sys.exit(code)
"""


def write(path: Path, least_bytes: int, day: str) -> int:
    """Write a document of at least a hundred pupils and so many bytes; give the number of pupils."""
    pupils = 0
    with path.open("w", encoding="utf-8") as file:
        file.write(
            f"<EDEX><school><schooljaar>{this_school_year()}</schooljaar><brincode>99AA</brincode>"
            f"<aanmaakdatum>{day}T12:00:00</aanmaakdatum><xsdversie>2.1</xsdversie></school><groepen>"
        )
        for group in range(GROUPS):
            file.write(f'<groep key="g{group}"><naam>Groep {group}</naam><jaargroep>4</jaargroep></groep>')
        file.write("</groepen><leerlingen>")
        while pupils < PUPILS or file.tell() < least_bytes:
            pupils += 1
            file.write(
                f'<leerling key="p{pupils}"><achternaam>Jansen {pupils}</achternaam><voorvoegsel>van</voorvoegsel>'
                "<roepnaam>Jan</roepnaam><geboortedatum>2019-01-02</geboortedatum><geslacht>1</geslacht>"
                f'<jaargroep>4</jaargroep><groep key="g{pupils % GROUPS}"/><bsn>111222333</bsn>'
                "<gewicht_nieuw>0,3</gewicht_nieuw><postcodenl>1234AB</postcodenl>"
                f"<toevoegingen><blok><code>{'x' * 300}</code></blok></toevoegingen></leerling>\n"
            )
        file.write("</leerlingen></EDEX>")
    return pupils


def imported(folder: Path, name: str) -> int:
    """Import a document in a process of its own; give its peak in megabytes."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("CONNECTOR_")}
    command = [sys.executable, "-c", MEASURED, name]
    done = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return int(done.stdout.split()[-1])


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process its peak in /proc")
def test_fifty_megabytes_are_imported_in_little_memory(tmp_path: Path, database_url: str) -> None:
    """Under 120 MB, and hardly more than a school of a hundred pupils takes: memory is bounded by the page."""
    (tmp_path / "config.toml").write_text(
        f"[portal]\ndatabase_url = {json.dumps(database_url)}\n[brake]\nrows = 1000000\n"
        '[sources.files]\ndialect = "edexml"\n[schools."99AA00"]\nname = "De Regenboog"\nsource = "files"\n',
        encoding="utf-8",
    )
    write(tmp_path / "small.xml", 0, "2026-11-20")
    pupils = write(tmp_path / "large.xml", 50_000_000, "2026-11-21")
    small, large = imported(tmp_path, "small.xml"), imported(tmp_path, "large.xml")
    engine = create_engine(database_url)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM pupils")).scalar_one() == pupils
    engine.dispose()
    print(f"peak of a small document {small} MB, of 50 MB with {pupils} pupils {large} MB")
    assert large < 120
    assert large - small < 30
