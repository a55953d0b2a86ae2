"""What is in deploy/ is true: its metrics are emitted, its alerts are in the runbook, its commands can be run."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import typer.main
import yaml
from prometheus_client.parser import text_string_to_metric_families

from connector.bookkeeping.figures import OUTCOMES, Backlog, Figures, LastRun
from connector.telemetry.metrics import Telemetry, Watched
from jobs.cli.main import app
from tests.architecture.repository import ROOT

DEPLOY, DOCS = ROOT / "deploy", ROOT / "docs"
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
EVENTS: list[dict[str, Any]] = [
    {"event": "source_answered", "source": "main", "seconds": 0.1, "status": 200},
    {"event": "source_failed", "source": "main", "seconds": 0.1, "kind": "timeout"},
    {"event": "source_retry", "source": "main"},
    {"event": "source_rate_limited", "source": "main", "wait_seconds": 1.0},
    {"event": "lease_taken_over", "school": "99AA00"},
    {"event": "run_quiet", "school": "99AA00"},
]


def _emitted() -> dict[str, set[str]]:
    """Every sample the code emits once everything has happened, with its labels; asked of the code itself."""
    backlog = {("99AA00", "notes"): Backlog(1, NOW - timedelta(days=1))}
    ones = {("notes", outcome): 1 for outcome in OUTCOMES}
    figures = Figures(
        now=NOW,
        runs={("99AA00", "done"): 1},
        abandoned={},
        last_runs={"99AA00": LastRun("done", ones)},
        rows=ones,
        checked_at={"99AA00": NOW},
        documents_at={},
        expired_leases=frozenset(),
        quarantine=backlog,
        held=backlog,
        stopped=frozenset({("99AA00", "notes", "refused")}),
        pauses=1,
        corrections={},
    )
    telemetry = Telemetry(Watched({"99AA00": "main"}, frozenset()), lambda: figures)
    for event in EVENTS:
        telemetry.hear(event)
    found: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(telemetry.text().decode()):
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    return found


EMITTED = _emitted()
RULES: list[dict[str, Any]] = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yaml").read_text("utf-8"))["groups"][0][
    "rules"
]
PANELS: list[dict[str, Any]] = json.loads((DEPLOY / "grafana" / "dashboard.json").read_text("utf-8"))["panels"]
EXPRESSIONS = {
    **{rule["alert"]: rule["expr"] for rule in RULES},
    **{f"{panel['title']} {one['refId']}": one["expr"] for panel in PANELS for one in panel["targets"]},
}


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_every_metric_and_label_asked_for_is_emitted(name: str) -> None:
    """A rule or panel names only samples the code emits, and only labels these have."""
    expression = EXPRESSIONS[name]
    samples = set(re.findall(r"connector_\w+", expression))
    assert samples
    assert samples <= set(EMITTED)
    labels = {word for _, inner in re.findall(r"(connector_\w+)\{([^}]*)\}", expression) for word in _labels(inner)}
    grouped = {word.strip() for inner in re.findall(r"by \(([^)]*)\)", expression) for word in inner.split(",")}
    assert labels | grouped <= set[str]().union(*(EMITTED[sample] for sample in samples))


def _labels(inner: str) -> list[str]:
    return re.findall(r"(\w+)(?:=~|!~|!=|=)\"", inner)


def test_every_metric_is_on_the_page_and_no_other() -> None:
    """docs/reference/metrics.md has a row for each, with its labels."""
    page = (DOCS / "reference" / "metrics.md").read_text("utf-8")
    rows = re.findall(r"^\| `(connector_\w+)` \|([^|]*)\|", page, re.MULTILINE)
    documented = {name: set(re.findall(r"`(\w+)`", labels)) for name, labels in rows}
    emitted: dict[str, set[str]] = {}
    for name, labels in EMITTED.items():
        if not name.endswith("_created"):
            emitted.setdefault(re.sub(r"_(bucket|count|sum)$", "", name), set()).update(labels - {"le"})
    assert documented == emitted


def test_every_alert_has_its_section_in_the_runbook_and_no_section_lacks_one() -> None:
    """The heading is the alert's name, and the alert's annotation leads there."""
    headings = re.findall(r"^## (\w+)$", (DOCS / "how-to" / "runbook.md").read_text("utf-8"), re.MULTILINE)
    assert headings == [rule["alert"] for rule in RULES]
    for rule in RULES:
        assert rule["annotations"]["runbook"] == f"docs/how-to/runbook.md#{rule['alert'].lower()}"
        assert rule["labels"]["severity"] in {"critical", "warning"}


def _commands() -> Iterator[tuple[str, list[str]]]:
    """Every command of ours that a file of deploy/ starts, with the file."""
    for path in sorted((DEPLOY / "systemd").glob("*.service")):
        for line in re.findall(r"^ExecStart=\S+/connector (.+)$", path.read_text("utf-8"), re.MULTILINE):
            yield path.name, shlex.split(line)
    for line in re.findall(
        r"bin/connector ([^|>&;]+?) (?:\d?>|\|)", (DEPLOY / "cron" / "connector").read_text("utf-8")
    ):
        yield "cron", shlex.split(line)
    (default,) = re.findall(r"^CMD (\[.+\])$", (DEPLOY / "container" / "Dockerfile").read_text("utf-8"), re.MULTILINE)
    yield "Dockerfile", json.loads(default)
    compose = yaml.safe_load((DEPLOY / "container" / "compose.yaml").read_text("utf-8"))
    for name, service in compose["services"].items():
        if "command" in service:
            yield f"compose {name}", service["command"]


def test_every_command_can_be_run() -> None:
    """The connector's own parser knows each command and its options."""
    found = list(_commands())
    assert {name for name, _ in found} >= {"connector-serve.service", "cron", "Dockerfile", "compose migrate"}
    for name, words in found:
        _parse(name, words)


def _parse(name: str, words: list[str]) -> None:
    command: Any = typer.main.get_command(app())
    while (inner := getattr(command, "commands", None)) is not None:
        word, *words = words
        assert word in inner, name
        command = inner[word]
    assert command.make_context("connector", words) is not None


def test_the_image_installs_the_lock_by_its_hashes() -> None:
    """Nothing that is not in requirements.lock comes into the image, and it does not run as root."""
    text = (DEPLOY / "container" / "Dockerfile").read_text("utf-8")
    installs = re.findall(r"pip install (.+)$", text, re.MULTILINE)
    assert installs == [
        "--no-cache-dir --require-hashes -r requirements.lock",
        "--no-cache-dir --no-deps --no-build-isolation .",
    ]
    assert "\nUSER connector\n" in text
