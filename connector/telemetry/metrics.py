"""What Prometheus reads: the books at the moment of a scrape, and what this process counted itself.

No label holds anything of a person: values are BRINs and source names of the settings, and words of our own lists.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from connector.bookkeeping.correction_queue import Queue
from connector.bookkeeping.figures import OUTCOMES, Backlog, Figures
from connector.http_exchange import KINDS
from schemas.corrections import State
from schemas.errors import ConnectorError
from schemas.runs import RunStatus
from schemas.streams import Stream

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
OTHER = "other"
_LATENCIES = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)
_STATUSES = frozenset(status.value for status in RunStatus)
_STREAMS = frozenset(stream.value for stream in Stream)
_REFUSED_FROM = 400


class Watched(NamedTuple):
    """What the metrics are about: each configured school with its source, and which sources are read from files."""

    source_of: Mapping[str, str]
    file_sources: frozenset[str]

    def fed_by(self, school: str) -> str:
        """Tell whether a school is fed by files or by a source that is asked."""
        return "files" if self.source_of[school] in self.file_sources else "source"


class Books(Collector):
    """Reads the books at every scrape, so that the figures hold whoever did the runs."""

    def __init__(self, watched: Watched, read: Callable[[], Figures]) -> None:
        self._watched, self._read = watched, read

    def describe(self) -> Iterable[Metric]:
        """Name nothing in advance: that would read the database."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Give what the books say, or that the database cannot be read."""
        try:
            figures = self._read()
        except ConnectorError:
            yield _gauge("database_up", "1 when the portal database is reachable and migrated.", (), [((), 0)])
            return
        yield _gauge("database_up", "1 when the portal database is reachable and migrated.", (), [((), 1)])
        yield from _of_runs(figures, self._watched)
        yield from _of_backlogs(figures, self._watched)
        yield from _of_corrections(figures, self._watched)


def _of_runs(figures: Figures, watched: Watched) -> Iterator[Metric]:
    schools = watched.source_of
    good = {school: _last_good(figures, watched, school) for school in schools}
    yield _gauge(
        "last_good_run_timestamp_seconds",
        "When a school was last found equal to its source; 0: never.",
        ("school", "fed_by"),
        [((one, watched.fed_by(one)), at.timestamp() if at else 0) for one, at in good.items()],
    )
    yield _gauge(
        "seconds_since_last_good_run",
        "Age of that moment by the database's clock; infinite: never.",
        ("school", "fed_by"),
        [
            ((one, watched.fed_by(one)), (figures.now - at).total_seconds() if at else float("inf"))
            for one, at in good.items()
        ],
    )
    runs = [((one, status), n) for (one, status), n in figures.runs.items() if one in schools and status in _STATUSES]
    yield _gauge("ledger_runs", "Runs in the ledger; a quiet look is none.", ("school", "status"), runs)
    abandoned = [((one,), figures.abandoned.get(one, 0)) for one in schools]
    yield _gauge("ledger_abandoned_runs", "Runs in the ledger whose process died.", ("school",), abandoned)
    expired = [((one,), int(one in figures.expired_leases)) for one in schools]
    yield _gauge("lease_expired", "1 while a run of the school is silent for too long.", ("school",), expired)
    last = {one: run for one, run in figures.last_runs.items() if one in schools and run.status in _STATUSES}
    statuses = [((one, run.status), 1) for one, run in last.items()]
    yield _gauge("last_run_status", "How the last run of a school ended.", ("school", "status"), statuses)
    rows = [((one, *key), n) for one, run in last.items() for key, n in run.rows.items() if _is_ours(key)]
    yield _gauge("last_run_rows", "Rows of that run.", ("school", "stream", "outcome"), rows)
    totals = [(key, number) for key, number in figures.rows.items() if _is_ours(key)]
    yield _gauge("ledger_rows", "Rows of all runs in the ledger.", ("stream", "outcome"), totals)


def _of_backlogs(figures: Figures, watched: Watched) -> Iterator[Metric]:
    backlogs = (
        ("quarantine_records", "quarantine_oldest_seconds", "records in quarantine", figures.quarantine),
        ("held_keys", "held_oldest_seconds", "keys the brake holds", figures.held),
    )
    for depth, age, what, found in backlogs:
        mine = {key: one for key, one in found.items() if key[0] in watched.source_of and key[1] in _STREAMS}
        yield _gauge(depth, f"Number of {what}.", ("school", "stream"), [(key, b.records) for key, b in mine.items()])
        ages = [((school,), _oldest(mine, school, figures.now)) for school in watched.source_of]
        yield _gauge(age, f"Age of the oldest of the {what}; 0: none.", ("school",), ages)
    stopped = [(key, 1.0) for key in figures.stopped if key[0] in watched.source_of and key[1] in _STREAMS]
    yield _gauge("stopped_streams", "1 while a stream cannot be read.", ("school", "stream", "code"), stopped)
    yield _gauge("pauses", "Schools and sources that are paused.", (), [((), figures.pauses)])


def _of_corrections(figures: Figures, watched: Watched) -> Iterator[Metric]:
    queues = {one: figures.corrections.get(one, Queue({})) for one in watched.source_of}
    states = [
        ((one, state.value), queue.states.get(state.value, 0)) for one, queue in queues.items() for state in State
    ]
    yield _gauge("corrections", "Items that guardians asked to be corrected.", ("school", "state"), states)
    late = [((one,), queue.overdue) for one, queue in queues.items()]
    yield _gauge("corrections_overdue", "Those that wait for too long.", ("school",), late)
    waiting = [((one,), queue.needing_a_person) for one, queue in queues.items()]
    yield _gauge("corrections_need_person", "Those that need a person to go on.", ("school",), waiting)


def _last_good(figures: Figures, watched: Watched, school: str) -> datetime | None:
    return (figures.checked_at if watched.fed_by(school) == "source" else figures.documents_at).get(school)


def _oldest(found: Mapping[tuple[str, str], Backlog], school: str, now: datetime) -> float:
    ages = [(now - backlog.oldest_at).total_seconds() for (one, _), backlog in found.items() if one == school]
    return max(0.0, *ages) if ages else 0.0


def _is_ours(key: tuple[str, str]) -> bool:
    return key[0] in _STREAMS and key[1] in OUTCOMES


def _gauge(
    name: str, meaning: str, labels: tuple[str, ...], samples: Iterable[tuple[tuple[str, ...], float]]
) -> Metric:
    family = GaugeMetricFamily(f"connector_{name}", meaning, labels=labels)
    for values, number in samples:
        family.add_metric(values, number)
    return family


class Telemetry:
    """One registry: the books and what this process counts from the events it hears."""

    def __init__(self, watched: Watched, read: Callable[[], Figures]) -> None:
        self._watched = watched
        self._sources = frozenset(watched.source_of.values())
        self.registry = CollectorRegistry()
        self.registry.register(Books(watched, read))
        mine: dict[str, Any] = {"namespace": "connector", "registry": self.registry}
        self._latency = Histogram(
            "source_request_seconds", "How long a request took.", ("source",), buckets=_LATENCIES, **mine
        )
        self._errors = Counter("source_errors", "Requests that failed, by kind.", ("source", "kind"), **mine)
        self._retries = Counter("source_retries", "Requests that are tried again.", ("source",), **mine)
        self._waits = Counter("source_rate_limit_waits", "Waits for a pace.", ("source", "why"), **mine)
        self._waited = Counter("source_rate_limit_wait_seconds", "Their length.", ("source", "why"), **mine)
        self._takeovers = Counter("lease_takeovers", "Leases of dead runs that were taken.", ("school",), **mine)
        self._runs = Counter("runs", "Runs of this process, quiet ones too.", ("school", "status"), **mine)
        self.started = Gauge("process_started_timestamp_seconds", "When this process began to count.", **mine)
        self.started.set_to_current_time()

    def text(self) -> bytes:
        """Give everything in Prometheus' text format."""
        return generate_latest(self.registry)

    def hear(self, line: Mapping[str, Any]) -> None:
        """Count an event of the log; anything unknown counts as `other` or not at all."""
        source = _known(line.get("source"), self._sources)
        match line.get("event"):
            case "source_answered":
                self._latency.labels(source).observe(line["seconds"])
                if line["status"] >= _REFUSED_FROM:
                    self._errors.labels(source, "refused").inc()
            case "source_failed":
                self._latency.labels(source).observe(line["seconds"])
                self._errors.labels(source, _known(line.get("kind"), KINDS)).inc()
            case "source_retry":
                self._retries.labels(source).inc()
            case "source_rate_limited":
                self._retries.labels(source).inc()
                self._wait(source, "asked", line["wait_seconds"])
            case "source_paced":
                self._wait(source, "pace", line["wait_seconds"])
            case "lease_taken_over":
                self._takeovers.labels(_known(line.get("school"), self._watched.source_of)).inc()
            case "run_quiet" | "run_finished":
                status = _known(line.get("status", RunStatus.QUIET.value), _STATUSES)
                self._runs.labels(_known(line.get("school"), self._watched.source_of), status).inc()
            case "unexpected_error" if "run_id" in line:
                school = _known(line.get("school"), self._watched.source_of)
                self._runs.labels(school, RunStatus.FAILED.value).inc()
            case "run_failed" if line.get("level", "error") == "error" and "run_id" in line:
                school = _known(line.get("school"), self._watched.source_of)
                self._runs.labels(school, RunStatus.FAILED.value).inc()

    def _wait(self, source: str, why: str, seconds: float) -> None:
        self._waits.labels(source, why).inc()
        self._waited.labels(source, why).inc(seconds)


def _known(value: object, names: Iterable[str]) -> str:
    return value if isinstance(value, str) and value in names else OTHER
