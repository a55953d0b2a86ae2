"""How schools stand: the age of their data against its target, the last run, what waits; and what asking costs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event

from connector.bookkeeping.checkpoints import NOT_SUPPLIED
from jobs.standing import Attention, Feed, SchoolStanding, look
from mappings.freshness import Freshness
from schemas.ids import SchoolId
from schemas.modules import ALWAYS_ON, Module
from schemas.streams import Stream
from tests.integration.bench import rewrite, shown_pupils
from tests.rig import Rig

TARGET = timedelta(minutes=30)
SCHOOLS = tuple(SchoolId(f"99{letter}{letter}00") for letter in "ABCDE")
LIVE = Feed(frozenset(Stream), is_files=False, target=TARGET)


def _stand(rig: Rig, feed: Feed = LIVE) -> SchoolStanding:
    with rig.database.session() as session, session.read() as connection:
        return look(connection, {rig.school: feed}, rig.parts.clock())[rig.school]


def test_a_school_that_was_just_synced_is_well(rig: Rig) -> None:
    """Every open module is fresh, its data as old as the look that ended well; nothing asks for a person."""
    rig.open(Module.ROOSTER)
    rig.sync()
    found = _stand(rig)
    assert {one.module for one in found.modules} == {*ALWAYS_ON, Module.ROOSTER}
    assert {one.freshness for one in found.modules} == {Freshness.FRESH}
    assert (found.attention, found.loading, found.lacking) == ((), (), {})
    assert found.data_at is not None
    assert timedelta(0) <= rig.parts.clock() - found.data_at < timedelta(minutes=5)


def test_a_school_without_a_look_for_too_long_is_late(rig: Rig) -> None:
    """Half an hour later everything is late; a quiet sync, which writes no run, makes it fresh again."""
    rig.sync()
    rig.offset = timedelta(minutes=31)
    found = _stand(rig)
    assert found.is_late
    assert all(one.is_late for one in found.modules)
    assert found.attention == (Attention.LATE,)
    rig.offset = timedelta(0)
    rig.sync()
    assert _stand(rig).attention == ()


def test_a_school_that_never_ran_is_late_and_has_no_module(rig: Rig) -> None:
    """Nothing in the books: no age, no run, and a person should look."""
    found = _stand(rig)
    assert (found.data_at, found.books.last_run, found.modules) == (None, None, ())
    assert found.attention == (Attention.LATE,)


def test_a_module_that_is_planned_or_closed_has_no_age(rig: Rig) -> None:
    """Only what is open at this moment is held against a target; what opened just now is loading."""
    rig.sync()
    rig.open(Module.NOTITIES)
    rig.open(Module.TOETSEN, at=rig.parts.clock() + timedelta(days=1))
    found = {one.module: one for one in _stand(rig).modules}
    assert set(found) == {*ALWAYS_ON, Module.NOTITIES}
    assert found[Module.NOTITIES].freshness is Freshness.LOADING
    assert _stand(rig).loading == (Module.NOTITIES,)
    rig.offset = timedelta(minutes=31)
    assert Attention.LATE in _stand(rig).attention


def test_held_keys_and_quarantine_have_a_depth_and_an_age(rig: Rig) -> None:
    """Both are counted with the moment of the oldest; what is set aside is not, nor a child that waits for a while."""
    rig.sync()
    for pupil in shown_pupils(rig, 9):
        rig.world.remove(rig.school, "pupils", pupil)
    rig.world.patch(rig.school, "absences", rig.role("absence_illness"), starts_at="nonsense")
    rig.sync()
    rig.offset = timedelta(minutes=5)
    found = _stand(rig)
    assert found.books.held.records == 9
    assert found.books.quarantine.records == found.books.quarantine.needing_a_person == 1
    for waiting in (found.books.held, found.books.quarantine):
        assert waiting.oldest_at is not None
        assert timedelta(minutes=5) <= rig.parts.clock() - waiting.oldest_at < timedelta(minutes=10)
    assert found.attention == (Attention.HELD, Attention.QUARANTINE)
    rewrite(rig, "quarantine", {"code": "missing_parent"})
    assert (_stand(rig).books.quarantine.records, _stand(rig).attention) == (1, (Attention.HELD,))
    rewrite(rig, "quarantine", {"first_seen_at": rig.parts.clock() - timedelta(hours=25)})
    assert Attention.QUARANTINE in _stand(rig).attention
    rewrite(rig, "quarantine", {"discarded_at": rig.parts.clock(), "discarded_by": "test"})
    assert (_stand(rig).books.quarantine.records, _stand(rig).attention) == (0, (Attention.HELD,))


@pytest.mark.parametrize(
    ("status", "attention"),
    [("failed", True), ("incomplete", True), ("running", True), ("stopped", False), ("done", False)],
)
def test_how_the_last_run_ended_is_told(rig: Rig, status: str, attention: bool) -> None:
    """A failed, incomplete or broken-off last run asks for a person; one that was stopped or done does not."""
    rig.sync()
    rewrite(rig, "runs", {"status": status})
    assert (Attention.LAST_RUN in _stand(rig).attention) is attention


def test_a_stream_nobody_supplies_is_not_waited_for(rig: Rig) -> None:
    """By its kind or by what it last said: the module is judged by the rest, or is not supplied."""
    rig.sync()
    without = LIVE._replace(streams=frozenset(Stream) - {Stream.ABSENCES})
    rewrite(rig, "checkpoints", {"full_reason": NOT_SUPPLIED, "loaded_at": None}, stream="medical_items")
    found = _stand(rig, without)
    assert {one.module: one.freshness for one in found.modules} == {
        Module.PERSONALIA: Freshness.FRESH,
        Module.ABSENTIE: Freshness.NOT_SUPPLIED,
        Module.MEDISCH: Freshness.NOT_SUPPLIED,
        Module.FACTUREN: Freshness.FRESH,
    }
    assert found.lacking == {Module.ABSENTIE: (Stream.ABSENCES,), Module.MEDISCH: (Stream.MEDICAL_ITEMS,)}
    assert found.attention == ()


def test_a_school_fed_by_files_is_as_old_as_its_newest_document(rig: Rig) -> None:
    """When it was imported does not count; without a target of its own it is never late."""
    rig.sync()
    made_at = rig.parts.clock() - timedelta(days=2)
    rewrite(rig, "schools", {"document_at": made_at})
    found = _stand(rig, Feed(frozenset(Stream), is_files=True, target=None))
    assert {one.data_at for one in found.modules} == {found.data_at} == {made_at}
    assert found.attention == ()
    assert _stand(rig, Feed(frozenset(Stream), is_files=True, target=TARGET)).attention == (Attention.LATE,)


def test_asking_costs_the_same_for_one_school_and_for_five(make_rig: Callable[..., Rig]) -> None:
    """The number of statements is constant, and each school's standing is its own."""
    rigs = [make_rig(school=school, pupils=3) for school in SCHOOLS]
    for bench in rigs:
        bench.sync()
    database, counted = rigs[0].database, dict[int, int]()

    def ask(*schools: SchoolId) -> dict[SchoolId, SchoolStanding]:
        statements: list[str] = []

        def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            statements.append(statement)

        event.listen(database.engine, "before_cursor_execute", note)
        try:
            with database.session() as session, session.read() as connection:
                found = look(connection, dict.fromkeys(schools, LIVE), rigs[0].parts.clock())
        finally:
            event.remove(database.engine, "before_cursor_execute", note)
        counted[len(schools)] = len([one for one in statements if one.startswith("SELECT")])
        return found

    alone, together = ask(SCHOOLS[0]), ask(*SCHOOLS)
    assert counted == {1: 10, 5: 10}
    assert together[SCHOOLS[0]] == alone[SCHOOLS[0]]
    assert len({one.books.last_run["run_id"] for one in together.values() if one.books.last_run}) == len(SCHOOLS)
