"""A configured connector in a folder, with a simulated SIS beside it: where tests type commands as a person does."""

from __future__ import annotations

import contextlib
import io
import json
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import create_engine, text

from connector.simulator.answers import Simulator
from jobs.cli.main import main

AMSTERDAM = ZoneInfo("Europe/Amsterdam")


class Office:
    """A configured connector in a folder: types commands as a person does, and looks into the portal."""

    def __init__(self, folder: Path, url: str, base_url: str, sis: Simulator) -> None:
        self.folder, self.sis = folder, sis
        self.engine = create_engine(url)
        (folder / "config.toml").write_text(
            f"""
            [portal]
            database_url = {json.dumps(url)}
            [sources.main]
            dialect = "reference"
            base_url = "{base_url}"
            client_id = "connector"
            client_secret = "demo-secret"
            [schools."99AA00"]
            name = "De Regenboog"
            source = "main"
            [schools."99BB00"]
            name = "Het Kompas"
            source = "main"
            """,
            encoding="utf-8",
        )

    def type(self, *words: str) -> tuple[int, str, str]:
        """Run one command where `connector` begins, and give exit code, stdout and stderr."""
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = main(words)
        return code, out.getvalue(), err.getvalue()

    def do(self, *words: str) -> str:
        """Run one command that must end with 0, and give what it says."""
        code, said, complaint = self.type(*words)
        assert code == 0, complaint
        return said

    def refused(self, *words: str) -> str:
        """Run one command that must end with 2 and change nothing, and give what it says on stderr."""
        before = self.history()
        code, said, complaint = self.type(*words)
        assert (code, said) == (2, "")
        assert complaint.startswith("error: ")
        assert "\nfix: " in complaint
        assert self.history() == before
        return complaint

    def history(self) -> list[Any]:
        """Everything that was ever changed."""
        return self.rows("SELECT school_id, subject, action, details, changed_by FROM register_history ORDER BY id")

    def rows(self, query: str) -> list[Any]:
        """Look into the portal."""
        with self.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(text(query))]

    def module(self, name: str, school: str = "99AA00") -> dict[str, Any]:
        """What `modules list --json` says of one module."""
        (found,) = [
            one for one in json.loads(self.do("modules", "list", "--school", school, "--json")) if one["module"] == name
        ]
        return dict(found)
