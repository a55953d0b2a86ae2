"""Corrections on a screen and on disk: references, values a person reads, marks that do nothing, documents."""

from __future__ import annotations

import json
import stat
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from jobs.cli import evidence_files, render
from jobs.cli import render_corrections as words
from jobs.review_corrections import Docket, Seen, needs_person, short_references, waits_since
from mappings.correction_records import Present
from schemas.corrections import Channel, Item, Moved, Need, Outcome, State
from schemas.errors import ConfigurationError

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
EARLIER = datetime(2026, 11, 20, 12, tzinfo=UTC)
HIDING = "\u202e\u200b\x1b]0;x\x07\r\n\u2028\x9b"


def _item(**columns: Any) -> Item:
    blank = dict.fromkeys(Item._fields)
    told: dict[str, Any] = {
        **blank,
        "correction": "3f2a91bc7d5e",
        "number": 1,
        "requester": "gua-000001",
        "motive": "error",
        "submitted_at": EARLIER,
        "stream": "guardians",
        "record_id": "gua-000001",
        "field": "last_name",
        "operation": "change",
        "state": "in_review",
        "needs": "",
        "is_secret": False,
        "round": 0,
        "attempts": 0,
        "is_retraction_due": False,
        "base_text": '"Oud"',
        "new_text": '"Nieuw"',
        **columns,
    }
    return Item(**told)


def _docket(item: Item, present: Present | None = None, **more: Any) -> Docket:
    is_sensitive = more.pop("is_sensitive", False)
    seen = Seen(item, "3f2a91bc", "Anna Jansen", "Anna Jansen", is_sensitive, needs_person(item))
    return Docket(seen, present or Present("Oud"), (), more.pop("evidence", ()), more.pop("moves", ()), **more)


@pytest.mark.parametrize(
    ("ids", "short"),
    [
        (["3f2a91bc7d5e", "77777777aaaa"], ["3f2a91bc", "77777777"]),
        (["aaaaaaaaaab", "aaaaaaaaaac", "b2345678x"], ["aaaaaaaaaab", "aaaaaaaaaac", "b2345678"]),
        (["form-0001", "form-00012", "form-00013"], ["form-0001", "form-00012", "form-00013"]),
        (["short"], ["short"]),
        ([], []),
    ],
)
def test_a_reference_is_as_short_as_it_is_unique(ids: list[str], short: list[str]) -> None:
    """Eight characters, more where another begins the same, the whole id where it begins another."""
    assert list(short_references(ids).values()) == short


@pytest.mark.parametrize(
    ("columns", "needed"),
    [
        ({"needs": Need.STALE.value}, True),
        ({}, False),
        ({"state": "delivered", "channel": Channel.MANUAL.value}, True),
        ({"state": "delivered", "channel": Channel.MAIL.value}, False),
        ({"state": "delivered", "channel": Channel.SOURCE.value}, False),
        ({"state": "closed", "outcome": Outcome.UNDELIVERABLE.value}, True),
        ({"state": "closed", "outcome": Outcome.REFUSED.value, "needs": Need.STALE.value}, False),
        ({"state": "awaiting"}, False),
    ],
)
def test_who_is_needed(columns: dict[str, Any], needed: bool) -> None:
    """A reason to look, a school that works from the commands, what could not be delivered; nothing else."""
    assert needs_person(_item(**columns)) is needed


@pytest.mark.parametrize("state", State)
def test_an_item_waits_since_what_was_last_done_for_it(state: State) -> None:
    """Submitted, delivered, decided; what is over waits for nothing."""
    delivered, decided = EARLIER.replace(day=21), EARLIER.replace(day=22)
    item = _item(state=state.value, delivered_at=delivered, decided_at=decided)
    expected = {State.AWAITING: decided, State.DELIVERED: delivered, State.CONFIRMED: None, State.CLOSED: None}
    assert waits_since(item) == expected.get(state, EARLIER)


def test_the_three_values_stand_side_by_side(capsys: pytest.CaptureFixture[str]) -> None:
    """A text, an address and a list read as a person reads them; what is empty says so."""
    home = {"street": "Dijk", "house_number": "1", "city": "Ergens"}
    docket = _docket(
        _item(base_text=None, new_text=json.dumps(home), final_text='[{"kind": "home"}]'), Present(["a", "b"])
    )
    assert words.values(docket, is_open=False) == {
        "the parent saw": "(empty)",
        "at school now": "a | b",
        "asked": "street Dijk, house_number 1, city Ergens",
        "accepted": "kind home",
    }
    words.show_review([docket], ["1 medical item: --sensitive"], is_open=False)
    said = capsys.readouterr().out
    assert "item 1: guardians.last_name of Anna Jansen (gua-000001): in_review" in said
    assert said.endswith("1 medical item: --sensitive\n")


@pytest.mark.parametrize("why", ["secret", "hidden_now", "medical"])
def test_what_is_hidden_is_shown_to_whoever_asks_only(why: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Secret, secret by now, medical: neither on the screen nor as data, unless it was asked for."""
    item = _item(new_text='"Geheimkanarie"', final_text='"Geheimkanarie"', is_secret=why == "secret")
    evidence = ({"number": 1, "file_name": "kanarie.pdf", "content_type": "application/pdf", "content": b"x"},)
    docket = _docket(
        item,
        Present("Geheimkanarie", is_hidden=why == "hidden_now"),
        is_sensitive=why == "medical",
        is_evidence_sensitive=True,
        evidence=evidence,
    )
    words.show_whole([docket], is_open=False)
    words.show_review([docket], (), is_open=False)
    render.document(words.docket_data(docket, is_open=False, with_life=True))
    said = capsys.readouterr().out
    assert "kanarie" not in said.casefold()
    words.show_whole([docket], is_open=True)
    shown = capsys.readouterr().out
    assert "Geheimkanarie" in shown
    assert "kanarie.pdf" in shown
    assert ("the portal may not hold it" in shown) is (why == "hidden_now")


def test_no_mark_of_anybody_steers_the_screen(capsys: pytest.CaptureFixture[str]) -> None:
    """Names, keys, values, reasons, notes, actors, file names: what could steer or hide is written as its code."""
    evil = f"x{HIDING}y"
    move = Moved(EARLIER, "submitted", "submitted", evil, "guardian", evil)
    item = _item(
        correction=evil, record_id=evil, field=evil, requester=evil, new_text=evil, reason=evil, note_parent=evil,
        error=evil, base_text=json.dumps(evil), first_accepted_by=evil,
    )  # fmt: skip
    evidence = ({"number": 1, "file_name": evil, "content_type": evil, "content": b""},)
    docket = _docket(item, Present({evil: evil}), moves=(move,), evidence=evidence)
    docket = docket._replace(
        seen=docket.seen._replace(reference=evil, name=evil, requester=evil), rivals=(docket.seen,)
    )
    words.show_whole([docket], is_open=True)
    words.show_review([docket], (), is_open=True)
    words.show_list([docket.seen], NOW, ())
    said = capsys.readouterr().out
    assert [mark for mark in said if not mark.isprintable() and mark != "\n"] == []
    assert not [line for line in said.splitlines() if line.startswith("y")]
    assert "x\\u202e\\u200b\\u001b]0;x\\u0007\\u000d\\u000a\\u2028\\u009by" in said


def test_the_list_has_no_value(capsys: pytest.CaptureFixture[str]) -> None:
    """Neither as a table nor as data."""
    seen = _docket(_item(needs="stale conflict")).seen
    words.show_list([seen], NOW, list(words.notes(2, 3)))
    render.document(words.list_data("99AA00", [seen], 2, NOW))  # type: ignore[arg-type]  # a school's own text
    said = capsys.readouterr().out
    assert "Nieuw" not in said
    assert "Oud" not in said
    line = " ".join(said.splitlines()[2].split())
    assert line == "3f2a91bc 1 Anna Jansen guardians.last_name in_review stale, conflict 5 d"
    assert "2 medical items: --sensitive" in said
    assert "3 that ended: --state confirmed --state closed" in said


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"%PDF-1.7", ("application/pdf", "pdf")),
        (b"\xff\xd8\xff\xe0", ("image/jpeg", "jpg")),
        (b"\x89PNG\r\n\x1a\n", ("image/png", "png")),
        (b"<svg onload=x>", None),
        (b"GIF89a", None),
        (b"PK\x03\x04", None),
        (b"", None),
    ],
)
def test_a_document_is_what_its_first_bytes_say(content: bytes, kind: tuple[str, str] | None) -> None:
    """Three kinds are taken, whatever the name."""
    assert evidence_files.kind_of(content) == kind


def test_documents_are_written_under_names_of_ours(tmp_path: Path) -> None:
    """Nothing that somebody else wrote leads out of the folder; what is no known kind is .bin; mode 0600."""
    one = {"number": 1, "file_name": "../../x.sh", "content_type": "text/x-sh", "content": b"#!/bin/sh"}
    docket = _docket(_item(), evidence=(one,))
    docket = docket._replace(seen=docket.seen._replace(reference="../../etc/pa"))
    folder = tmp_path / "deep" / "out"
    (written,) = evidence_files.write_all(folder, {"a": docket})
    assert written == folder / "______etc_pa-1.bin"
    assert [path.name for path in folder.iterdir()] == [written.name]
    assert stat.S_IMODE(written.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(ConfigurationError, match="cannot be written"):
        evidence_files.write_all(blocked, {"a": docket})


def test_a_link_in_the_folder_is_replaced_not_followed(tmp_path: Path) -> None:
    """Whoever put a link where a document comes does not make us write elsewhere."""
    victim = tmp_path / "victim"
    victim.write_text("mine")
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "3f2a91bc-1.pdf").symlink_to(victim)
    one = {"number": 1, "file_name": "a.pdf", "content_type": "application/pdf", "content": b"%PDF-"}
    evidence_files.write_all(folder, {"a": _docket(_item(), evidence=(one,))})
    assert victim.read_text() == "mine"
    assert (folder / "3f2a91bc-1.pdf").read_bytes() == b"%PDF-"
