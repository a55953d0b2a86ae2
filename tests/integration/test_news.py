"""What is new to a guardian: told once, with its moment, and silent about all that is no news to anyone."""

from __future__ import annotations

from tests.integration.bench import NO_BRAKE
from tests.rig import Rig


def _news(rig: Rig) -> set[tuple[str, str, str]]:
    me = rig.role("guardian_plain")
    rows = rig.rows("SELECT stream, id, kind FROM portal_changes WHERE guardian_id = :me", me=me)
    return {(row["stream"], row["id"], row["kind"]) for row in rows}


def test_what_came_is_new_and_what_differs_has_changed(rig: Rig) -> None:
    """An absence that is added is new, one that then differs has changed; each is one line, at its newest moment."""
    rig.open()
    rig.sync()
    assert _news(rig) == set()
    ((stream, key),) = rig.tell("absence_added")
    rig.sync()
    assert _news(rig) == {(stream, key, "new")}
    (row,) = rig.rows("SELECT * FROM absences WHERE id = :id", id=key)
    assert row["news_at"] == row["first_shown_at"] == row["changed_at"]
    (line,) = rig.rows("SELECT DISTINCT at FROM portal_changes WHERE id = :id", id=key)
    assert line["at"] == row["news_at"]
    rig.world.patch(rig.school, stream, key, reason="medical_visit")
    rig.sync()
    assert _news(rig) == {(stream, key, "changed")}
    (row,) = rig.rows("SELECT * FROM absences WHERE id = :id", id=key)
    assert row["news_at"] == row["changed_at"] > row["first_shown_at"]


def test_reading_everything_again_is_no_news(rig: Rig) -> None:
    """A full pull of what did not change tells nothing, and takes back nothing that was told."""
    rig.parts = rig.parts._replace(school=rig.parts.school._replace(limits=NO_BRAKE))
    rig.open()
    rig.sync()
    rig.tell("absence_added")
    rig.sync()
    told = _news(rig)
    assert told
    rig.sync(full=True)
    assert _news(rig) == told
