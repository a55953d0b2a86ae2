"""The reference dialect hands out files: where it asks for them, whatever their key looks like."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import responses

from connector.sources.base import DocumentSource
from connector.sources.edexml.source import EdexmlSource
from connector.sources.reference import ReferenceSource
from schemas.documents import Fetched, Reason
from schemas.errors import DocumentRejected
from schemas.ids import SchoolId, SourceKey
from tests.unit.http_bench import BASE, Clock, door, give_token, paths

SCHOOL = SchoolId("99AA00")


@pytest.fixture
def web() -> Any:
    """The web as `responses` plays it; every call is remembered."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


def test_who_hands_out_files() -> None:
    """The reference dialect is a source of documents, EDEXML is not."""
    assert isinstance(ReferenceSource(door(Clock())), DocumentSource)
    assert not isinstance(EdexmlSource(Path("school.xml")), DocumentSource)


@pytest.mark.parametrize(
    ("key", "asked"),
    [
        ("doc-1", "doc-1"),
        ("a/../b?c#d", "a%2F..%2Fb%3Fc%23d"),
        ("één & twee", "%C3%A9%C3%A9n%20%26%20twee"),
        ("//evil.test/x", "%2F%2Fevil.test%2Fx"),
        ("%2e%2e", "%252e%252e"),
    ],
)
def test_a_key_is_one_step_of_the_path(web: Any, key: str, asked: str) -> None:
    """Whatever stands in a key, the file is asked for below the school, at the source's own address."""
    give_token(web)
    web.add("GET", f"{BASE}/v1/schools/99AA00/documents/{asked}", body=b"%PDF-", content_type="application/pdf")
    source = ReferenceSource(door(Clock()))
    assert source.document(SCHOOL, SourceKey(key), 100) == Fetched(b"%PDF-", "application/pdf")
    assert paths(web)[-1] == f"/v1/schools/99AA00/documents/{asked}"


@pytest.mark.parametrize("key", [".", ".."])
def test_a_key_of_dots_is_asked_nowhere(web: Any, key: str) -> None:
    """A key that no path can carry is a file that is not there."""
    with pytest.raises(DocumentRejected) as caught:
        ReferenceSource(door(Clock())).document(SCHOOL, SourceKey(key), 100)
    assert caught.value.reason == Reason.NOT_FOUND
    assert paths(web) == []
