"""A preview is the real run against a portal in memory: equal to what opening brings, and it leaves nothing behind."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from connector.bookkeeping import register
from connector.portal.audience import views_of
from jobs.preview import Preview, preview
from schemas.errors import ConfigurationError
from schemas.ids import SourceKey
from schemas.modules import ALWAYS_ON, Module
from schemas.streams import Stream
from schemas.views.catalogue import NOW
from tests.integration import canaries
from tests.integration.bench import asked_streams, dump, gates
from tests.rig import Rig

NEW = [module for module in Module if module not in ALWAYS_ON]


def _shown(rig: Rig, module: Module) -> dict[str, tuple[int, int]]:
    """Count guardians and rows by hand, where the module is really open."""
    found = {}
    for view in views_of(module):
        rows = rig.rows(f"SELECT * FROM {view}")
        keys = {row.get("id") or (row["group_id"], row["pupil_id"]) for row in rows}
        found[view] = (len(keys), len({row["guardian_id"] for row in rows}))
    return found


def _foretold(found: Preview, module: Module) -> dict[str, tuple[int, int]]:
    return {one.view: (one.records, one.guardians) for one in found.seen if one.view in views_of(module)}


@pytest.mark.parametrize("module", NEW)
def test_it_foretells_what_opening_brings(rig: Rig, module: Module) -> None:
    """Records, guardians and gates of a preview are those of the portal after the module was opened and synced."""
    rig.sync()
    found = preview(rig.parts, (module,))
    rig.open(module)
    report = rig.sync()
    assert _foretold(found, module) == _shown(rig, module)
    assert sum(records for records, _ in _foretold(found, module).values()) > 0
    for stream in {one.stream for one in found.unseen}:
        foretold = {one.reason: one.records for one in found.unseen if one.stream is stream}
        assert {gate: foretold.get(gate) for gate in gates(report, stream)} == gates(report, stream)


@pytest.mark.parametrize("is_synced", [True, False])
def test_it_stores_nothing(rig: Rig, is_synced: bool) -> None:
    """Every table is equal before and after, and a SQLite portal byte for byte; a school that never synced as well."""
    if is_synced:
        rig.sync()
    before, held = dump(rig), _bytes(rig)
    assert preview(rig.parts, (Module.NOTITIES,)).people.pupils > 0
    assert dump(rig) == before
    assert _bytes(rig) == held


def _bytes(rig: Rig) -> bytes:
    if rig.database.dialect != "sqlite":
        return b""
    rig.database.engine.dispose()
    return Path(make_url(str(rig.database.url)).database or "").read_bytes()


def test_it_asks_for_no_more_than_opening_would(rig: Rig) -> None:
    """Beside what is there it asks what changed and for the module's own streams; no file of a report is fetched."""
    rig.sync()
    since = len(rig.sis.requests)
    preview(rig.parts, (Module.RAPPORT,))
    asked = rig.sis.requests[since:]
    full = {stream for one in asked if not one.path.endswith("/changes") for stream in one.streams}
    assert full == {"reports"}
    assert not [one for one in asked if "/documents/" in one.path]


def test_a_school_that_never_synced_is_asked_for_its_people_too(rig: Rig) -> None:
    """Without personalia in the portal they are pulled, for nobody's view can be judged without them."""
    found = preview(rig.parts, (Module.HULPPLAN,))
    assert {Stream.PUPILS, Stream.GUARDIANSHIPS, Stream.SUPPORT_PLANS} <= found.fetched.keys()
    assert "absences" not in asked_streams(rig)
    rig.open(Module.HULPPLAN)
    rig.sync()
    assert _foretold(found, Module.HULPPLAN) == _shown(rig, Module.HULPPLAN)


def test_groups_bring_the_news_of_one_group_along(rig: Rig) -> None:
    """Where nieuws is open, opening groep shows news of one group as well, and the preview says so."""
    rig.open(Module.NIEUWS)
    rig.sync()
    found = preview(rig.parts, (Module.GROEP,))
    assert Module.NIEUWS in found.also
    rig.open(Module.GROEP)
    rig.sync()
    assert _foretold(found, Module.NIEUWS) == _shown(rig, Module.NIEUWS)


def test_a_guardian_sees_exactly_the_rows_of_the_views(rig: Rig) -> None:
    """`--as` gives what the portal would get for this guardian, row by row."""
    rig.sync()
    me = rig.role("guardian_plain")
    found = preview(rig.parts, (Module.NOTITIES,), SourceKey(me))
    rig.open(Module.NOTITIES)
    rig.sync()
    assert found.own is not None
    (mine,) = found.own.views
    stamps = {"first_shown_at", "changed_at", "news_at"}
    wanted = rig.rows("SELECT * FROM portal_notes WHERE guardian_id = :g ORDER BY id", g=me)
    assert wanted
    assert [row["id"] for row in mine.rows] == [row["id"] for row in wanted]
    assert [row["text"] for row in mine.rows] == [row["text"] for row in wanted]
    assert {*mine.rows[0]} - stamps == {*wanted[0]} - stamps


def test_an_unknown_guardian_is_refused_without_naming_it(rig: Rig) -> None:
    """What was typed may be a name: the error does not repeat it."""
    rig.sync()
    with pytest.raises(ConfigurationError, match="--as") as refused:
        preview(rig.parts, (Module.NOTITIES,), SourceKey("Jansen"))
    assert "Jansen" not in str(refused.value)


def test_what_access_says_is_counted(rig: Rig) -> None:
    """Restriction, unknown authority, agreements and secret addresses are counted as the portal has them."""
    rig.sync()
    people = preview(rig.parts, (Module.NOTITIES,)).people
    by = {(one.level, one.reason): one for one in people.access}
    for reason in ("restricted", "authority_unknown"):
        now = f"(access_until IS NULL OR access_until > {NOW[rig.database.dialect]})"
        rows = rig.rows(f"SELECT DISTINCT guardian_id FROM guardian_access WHERE reason = :r AND {now}", r=reason)
        assert by["none", reason].guardians == len(rows) > 0
    assert people.secret_pupils == len(rig.rows("SELECT id FROM pupils WHERE is_address_confidential")) > 0


def test_a_module_the_source_has_not_is_refused(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names school, module and stream, and nobody's data is asked for."""
    source = rig.parts.source
    told = source.describe(rig.school)
    monkeypatch.setattr(type(source), "describe", lambda *_: told._replace(streams=told.streams - {Stream.NOTES}))
    since = len(rig.sis.requests)
    with pytest.raises(ConfigurationError, match="99AA00 cannot supply notities: it has no notes"):
        preview(rig.parts, (Module.NOTITIES,))
    assert len(rig.sis.requests) == since


def test_an_open_module_under_embargo_is_shown_all_the_same(rig: Rig) -> None:
    """A preview looks behind an embargo: that is what it is for while reports are being written."""
    rig.open(Module.NOTITIES)
    rig.sync()
    seen = _shown(rig, Module.NOTITIES)
    with rig.database.session() as session, session.write() as connection:
        now = rig.parts.clock()
        window = (now - timedelta(hours=1), now + timedelta(days=1))
        register.add_embargo(connection, rig.school, Module.NOTITIES, window, reason=None, by="test")
    assert rig.rows("SELECT * FROM portal_notes") == []
    assert _foretold(preview(rig.parts, (Module.NOTITIES,)), Module.NOTITIES) == seen


def test_a_preview_leaves_no_word_of_a_pupil_anywhere(
    make_rig: Callable[..., Rig], database_url: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """With a canary in every field nothing is printed or stored of them."""
    rig = make_rig()
    canaries.plant(rig.world)
    preview(rig.parts, (Module.NOTITIES,), SourceKey(rig.role("guardian_plain")))
    said = capfd.readouterr()
    assert canaries.leaks(said.out + said.err) == []
    assert canaries.stored_leaks(database_url) == []
    assert canaries.table_leaks(database_url, of_the_portal=True, canaries=canaries.SHOWN.values()) == []


def test_modules_that_open_together_are_judged_together(rig: Rig) -> None:
    """Groep and nieuws in one go: news of one group counts, and what both share is counted once."""
    rig.sync()
    found = preview(rig.parts, (Module.GROEP, Module.ROOSTER, Module.NIEUWS))
    rig.open(Module.GROEP, Module.ROOSTER, Module.NIEUWS)
    rig.sync()
    views = [one.view for one in found.seen]
    assert len(views) == len(set(views))
    for module in (Module.GROEP, Module.ROOSTER, Module.NIEUWS):
        assert _foretold(found, module) == _shown(rig, module)
