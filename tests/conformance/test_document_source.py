"""A source that hands out files, against the simulated SIS: the very bytes, and every fault over a real connection."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import SecretStr

from connector.http import Http, HttpSettings
from connector.simulator.answers import Simulator
from connector.simulator.server import running
from connector.sources.base import DocumentSource
from connector.sources.reference import ReferenceSource
from schemas.documents import Fetched, Reason
from schemas.errors import DocumentRejected, SourceRefused, TransientError
from schemas.ids import SchoolId, SourceKey
from tests.unit.simulator.asking import SCHOOL, simulator_of

HERE = SchoolId(SCHOOL)
MEBIBYTE = 2**20


@pytest.fixture(scope="module")
def simulator() -> Simulator:
    return simulator_of(12)


@pytest.fixture(scope="module")
def base(simulator: Simulator) -> Iterator[str]:
    with running(simulator) as address:
        yield address


@pytest.fixture
def source(simulator: Simulator, base: str) -> DocumentSource:
    """A source that asks over HTTP, once, and gives up on an answer after two seconds."""
    simulator.faults.clear()
    settings = HttpSettings(base, "connector", SecretStr("demo-secret"), attempts=1, deadline_seconds=2)
    return ReferenceSource(Http(settings))


def announced(simulator: Simulator, role: str = "report_published") -> dict[str, Any]:
    world = simulator.world
    document: dict[str, Any] = world.records(SCHOOL, "reports")[world.roles(SCHOOL)[role]]["document"]
    return document


def test_the_bytes_come_as_announced(simulator: Simulator, source: DocumentSource) -> None:
    """What a record announces is what comes: digest, size and type."""
    document = announced(simulator)
    came = source.document(HERE, SourceKey(document["id"]), MEBIBYTE)
    assert came == Fetched(simulator.world.schools[SCHOOL].files[document["id"]].body, document["content_type"])
    assert (hashlib.sha256(came.content).hexdigest(), len(came.content)) == (document["sha256"], document["size"])


def test_the_very_size_passes(simulator: Simulator, source: DocumentSource) -> None:
    """The bound is the most that may come; one byte less of it refuses the file."""
    document = announced(simulator)
    key = SourceKey(document["id"])
    assert len(source.document(HERE, key, document["size"]).content) == document["size"]
    with pytest.raises(DocumentRejected) as caught:
        source.document(HERE, key, document["size"] - 1)
    assert caught.value.reason == Reason.TOO_LARGE


@pytest.mark.parametrize(
    ("kind", "shape", "reason"),
    [
        ("document_gone", {}, Reason.NOT_FOUND),
        ("document_huge", {}, Reason.TOO_LARGE),
        ("document_huge", {"undeclared": True}, Reason.TOO_LARGE),
        ("gzip_bomb", {}, Reason.TOO_LARGE),
    ],
)
def test_a_file_that_cannot_be_had_is_told_from_a_source_that_is_away(
    simulator: Simulator, source: DocumentSource, kind: str, shape: dict[str, Any], reason: Reason
) -> None:
    """404 and 200 MB, said beforehand, not said, or packed small: each is about this one file, and quick."""
    key = SourceKey(announced(simulator)["id"])
    simulator.faults.add(kind, **shape, path="*/documents/*")
    began = time.monotonic()
    with pytest.raises(DocumentRejected) as caught:
        source.document(HERE, key, MEBIBYTE)
    assert caught.value.reason == reason
    assert time.monotonic() - began < 20
    assert source.document(HERE, key, MEBIBYTE).content.startswith(b"%PDF-")


@pytest.mark.parametrize(
    ("kind", "shape"),
    [
        ("server_error", {}),
        ("unavailable", {}),
        ("rate_limit_storm", {}),
        ("reset", {}),
        ("half_page", {}),
        ("slow_drip", {"seconds": 0.5, "chunk": 64}),
    ],
)
def test_a_source_that_is_away_says_nothing_of_the_file(
    simulator: Simulator, source: DocumentSource, kind: str, shape: dict[str, Any]
) -> None:
    """Busy, broken off, cut short or dripping: a TransientError, after which the file may come."""
    key = SourceKey(announced(simulator)["id"])
    simulator.faults.add(kind, **shape, path="*/documents/*")
    with pytest.raises(TransientError):
        source.document(HERE, key, MEBIBYTE)
    assert source.document(HERE, key, MEBIBYTE).content.startswith(b"%PDF-")


def test_a_stale_token_is_no_obstacle(simulator: Simulator, source: DocumentSource) -> None:
    """A token that ran out is renewed, and the file comes."""
    key = SourceKey(announced(simulator)["id"])
    simulator.faults.add("expired_token", path="*/documents/*")
    assert source.document(HERE, key, MEBIBYTE).content.startswith(b"%PDF-")


@pytest.mark.parametrize(("school", "key"), [("99AA00", "é"), ("99AA00", "a/b"), ("99ZZ00", "doc-000001")])
def test_what_the_contract_cannot_ask_for_is_refused_or_missing(source: DocumentSource, school: str, key: str) -> None:
    """A key or school that can be none ends there; nothing else is answered in its place."""
    with pytest.raises((SourceRefused, DocumentRejected)):
        source.document(SchoolId(school), SourceKey(key), MEBIBYTE)
