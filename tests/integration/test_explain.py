"""An explanation says what the views do, and why: for every pupil, guardian and row, and each reason by name."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest

from connector.bookkeeping import register
from jobs import ask_pupil
from jobs.cli import render_explain
from jobs.explain import Wanted, explain, keys_of
from mappings.activation import MAPPING_VERSION
from mappings.explain import FIRST_LOAD, SHOWN, UNEXPLAINED
from schemas.errors import ConfigurationError
from schemas.explanations import SHOWN_BY, Explanation, Place, RowReason, StreamReason
from schemas.ids import SourceKey
from schemas.modules import Module
from schemas.streams import Stream
from tests.integration import canaries
from tests.integration.bench import dump, execute, held, remove, shown_pupils
from tests.rig import Rig


def _explain(rig: Rig, pupil: str, guardian: str | None = None, *modules: Module, asks: bool = False) -> Explanation:
    key, told = SourceKey(pupil), None
    if asks:
        with rig.database.session() as session, session.read() as connection:
            keys = keys_of(connection, rig.school, key)
            policy, streams = ask_pupil.plan(connection, rig.parts, modules)
        told = ask_pupil.ask(rig.parts, policy, streams, keys)
    wanted = Wanted(key, None if guardian is None else SourceKey(guardian), modules)
    with rig.database.session() as session, session.read() as connection:
        return explain(connection, rig.parts.school, "reference", wanted, told)


def _streams(found: Explanation) -> Mapping[Stream, StreamReason]:
    return {stream.stream: stream for module in found.modules for stream in module.streams}


def _row(found: Explanation, stream: Stream, key: str) -> RowReason:
    return next(row for row in _streams(found)[stream].rows if row.id == key)


def _modules(found: Explanation) -> Mapping[Module, str]:
    return {one.module: one.reason for one in found.modules}


def _pupil_of(rig: Rig, stream: str, role: str) -> str:
    return str(rig.world.records(rig.school, stream)[rig.role(role)]["pupil_id"])


def _all_sense(rig: Rig) -> set[str]:
    """Explain every pupil for every guardian, hold it against the views, and give the reasons that were named."""
    named: set[str] = set()
    views: dict[Stream, set[tuple[str, str]]] = {}
    for stream in Stream:
        rows = rig.rows(f"SELECT id, guardian_id FROM portal_{stream.value}")
        views[stream] = {(row["id"], row["guardian_id"]) for row in rows}
    open_now = {row["module"] for row in rig.rows("SELECT module FROM portal_modules")}
    for pupil in sorted(rig.ids("pupils")):
        found = _explain(rig, pupil)
        assert {module.value for module, reason in _modules(found).items() if reason == SHOWN} == open_now
        for guardian in [None, *(one.guardian for one in found.viewers)]:
            one = found if guardian is None else _explain(rig, pupil, guardian)
            for stream, what in _streams(one).items():
                for row in what.rows:
                    assert {g for g, why in row.why.items() if why == SHOWN} == set(row.seen_by)
                    assert all(((row.id, g) in views[stream]) == (why == SHOWN) for g, why in row.why.items())
                    named |= {*row.why.values(), row.reason}
        secret = rig.rows(
            "SELECT street, phones, level FROM portal_pupils AS p JOIN portal_access AS a ON "
            "a.pupil_id = p.id AND a.guardian_id = p.guardian_id WHERE p.id = :p",
            p=pupil,
        )
        assert not found.secret or all((row["street"], row["phones"]) == (None, "[]") for row in secret)
    return named


def test_every_row_is_explained_as_the_views_have_it(rig: Rig) -> None:
    """For every pupil, guardian and row: shown exactly where the view shows it, and never for no reason."""
    rig.open()
    rig.sync()
    named = _all_sense(rig)
    assert UNEXPLAINED not in named
    assert named >= {
        *(SHOWN, "restricted", "authority_unknown", "no_authority", "adult", "not_yet_enrolled"),
        *("limited_access", "not_own_relation", "not_yet"),
    }


def test_with_some_modules_only_every_row_is_explained_as_well(rig: Rig) -> None:
    """News of a group and lessons without groep, an embargo, a module that waits to be withdrawn: all have a reason."""
    rig.open(Module.NIEUWS, Module.NOTITIES, Module.RAPPORT, Module.ROOSTER, Module.TOETSEN)
    rig.sync()
    rig.close(Module.NOTITIES)
    now = rig.parts.clock()
    with rig.database.session() as session, session.write() as connection:
        window = (now - timedelta(hours=1), now + timedelta(days=1))
        register.add_embargo(connection, rig.school, Module.RAPPORT, window, reason=None, by="test")
    named = _all_sense(rig)
    assert UNEXPLAINED not in named
    assert named >= {"module_closed", "module_under_embargo"}


def test_the_register_entry_is_the_one_that_opened_the_module(rig: Rig) -> None:
    """Who wrote it down, when, in which phase, by whose decision; who closed it; and a module nobody planned."""
    rig.open(Module.NOTITIES)
    with rig.database.session() as session, session.write() as connection:
        decision = register.Decision(decided_by="MT", agreed_with="MR")
        register.decide_phase(connection, rig.school, 5, decision, "anna")
        register.move_to_phase(connection, rig.school, Module.NOTITIES, 6, "anna")
        register.move_to_phase(connection, rig.school, Module.NOTITIES, 5, "anna")
    rig.sync()
    found = {one.module: one for one in _explain(rig, rig.role("pupil_plain")).modules}
    entry = found[Module.NOTITIES].entry
    assert entry is not None
    assert (entry.noted_by, entry.phase, entry.decided_by, entry.agreed_with) == ("test", 5, "MT", "MR")
    assert entry.noted_at is not None
    assert abs(rig.parts.clock() - entry.noted_at) < timedelta(minutes=5)
    assert found[Module.TOETSEN].reason == "module_not_planned"
    assert {one.reason for one in found[Module.TOETSEN].streams} == {"module_not_planned"}
    rig.close(Module.NOTITIES)
    closed = _explain(rig, rig.role("pupil_plain"), None, Module.NOTITIES).modules[0]
    assert closed.entry is not None
    assert (closed.reason, closed.entry.noted_by, closed.entry.closed_by) == ("module_closed", "test", "test")
    assert {row.reason for row in closed.streams[0].rows} == {"module_closed"}, "still here until the next sync"
    rig.sync()
    assert _explain(rig, rig.role("pupil_plain"), None, Module.NOTITIES).modules[0].streams[0].rows == ()


def test_a_module_whose_first_load_is_to_come_says_so(rig: Rig) -> None:
    """Open since a moment ago and not read yet."""
    rig.sync()
    rig.open(Module.NOTITIES)
    found = _explain(rig, rig.role("pupil_plain"), None, Module.NOTITIES)
    assert _modules(found) == {Module.NOTITIES: FIRST_LOAD}


def test_a_stream_says_when_and_by_which_run_and_mapping_it_was_read(rig: Rig) -> None:
    """The run of the ledger, the time of the checkpoint, the mapping version and the settings of its fingerprint."""
    rig.open(Module.METHODETOETSEN)
    with rig.database.session() as session, session.write() as connection:
        register.set_setting(connection, rig.school, "subjects", '["rekenen"]', "test")
    report = rig.sync()
    what = _streams(_explain(rig, rig.role("pupil_plain")))[Stream.METHOD_TEST_RESULTS]
    assert what.reading is not None
    assert (what.reading.run_id, what.reading.mode) == (report.run_id, "full")
    assert (what.mapping_version, what.settings) == (str(MAPPING_VERSION), 'subjects=["rekenen"]')
    assert what.kept_out["subject_not_selected"] > 0
    assert what.read_at is not None


@pytest.mark.parametrize(
    ("role", "gate"),
    [("pupil_guest", "not_enrolled"), ("pupil_leaver_old", "left"), ("pupil_under_four", "not_enrolled")],
)
def test_a_pupil_behind_a_gate_is_explained(rig: Rig, role: str, gate: str) -> None:
    """Not in the portal, and by which gate; everything of it is out with it."""
    rig.open()
    rig.sync()
    found = _explain(rig, rig.role(role))
    assert (found.is_in_portal, [(one.place, one.what) for one in found.traces]) == (False, [(Place.HIDDEN, gate)])
    streams = _streams(found)
    assert streams[Stream.PUPILS].reason == gate
    assert streams[Stream.NOTES].reason == "parent_withheld"
    asked = _explain(rig, rig.role(role), asks=True)
    assert _row(asked, Stream.PUPILS, rig.role(role)).reason == gate
    reasons = {
        row.reason
        for stream, one in _streams(asked).items()
        if stream is not Stream.PUPILS
        for row in one.rows
        if not row.why
    }
    assert reasons & {"parent_withheld"}


def test_a_pupil_in_its_leavers_grace_is_shown_and_says_what_follows(rig: Rig) -> None:
    """A recent leaver is seen until the grace is over; then the reason is that it left. The day is not told."""
    rig.open()
    rig.sync()
    found = _explain(rig, rig.role("pupil_leaver_recent"))
    (viewer,) = found.viewers
    assert (viewer.level, viewer.reason, viewer.then) == ("full", "authority", "left")
    (plain, *_) = _explain(rig, rig.role("pupil_plain")).viewers
    assert (plain.level, plain.then) == ("full", "adult")


def test_a_pupil_that_the_brake_holds_back_is_explained(make_rig: Callable[..., Rig]) -> None:
    """New pupils in bulk wait: the run, the reason and the day it lapses, and nothing of them is there."""
    rig = make_rig(pupils=30)
    rig.open()
    rig.sync()
    template = rig.world.records(rig.school, "pupils")[rig.role("pupil_plain")]
    keys = [f"pup-90000{number}" for number in range(9)]
    for key in keys:
        rig.world.put(rig.school, "pupils", {**template, "id": key, "former_ids": []})
        note = rig.world.records(rig.school, "notes")[rig.role("note_visible")]
        rig.world.put(rig.school, "notes", {**note, "id": f"not-{key}", "pupil_id": key})
    report = rig.sync()
    assert held(rig, "pupils", "add") == set(keys)
    found = _explain(rig, keys[0])
    waits = next(one for one in found.traces if one.place is Place.HELD)
    assert (waits.what, waits.run_id, waits.until_at is not None) == ("add", report.run_id, True)
    assert (_streams(found)[Stream.PUPILS].reason, _streams(found)[Stream.NOTES].reason) == ("held", "parent_held")
    asked = _explain(rig, keys[0], asks=True)
    assert _row(asked, Stream.NOTES, f"not-{keys[0]}").reason == "parent_held"


def test_what_the_brake_keeps_in_the_portal_is_explained(make_rig: Callable[..., Rig]) -> None:
    """Pupils that vanished in bulk stay, shown, with the removal that waits for a person."""
    rig = make_rig(pupils=30)
    rig.open()
    rig.sync()
    gone = shown_pupils(rig, 8)
    remove(rig, "pupils", gone)
    report = rig.sync()
    found = _explain(rig, gone[0])
    assert found.is_in_portal
    assert [(one.place, one.what, one.run_id) for one in found.traces] == [(Place.HELD, "remove", report.run_id)]
    assert f"connector runs approve {report.run_id}" in _said(found)


def test_notes_that_wait_are_named_once_the_source_is_asked(rig: Rig) -> None:
    """The books do not tell whose a held addition is; asked, the source does."""
    template = rig.world.records(rig.school, "notes")[rig.role("note_hidden")]
    keys = [f"not-8{index:05d}" for index in range(40)]
    for key in keys:
        rig.world.put(rig.school, "notes", {**template, "id": key})
    rig.open()
    rig.sync()
    for key in keys:
        rig.world.patch(rig.school, "notes", key, visible_to_parents=True)
    rig.sync()
    assert held(rig, "notes", "add") == set(keys)
    pupil = _pupil_of(rig, "notes", "note_hidden")
    assert _streams(_explain(rig, pupil))[Stream.NOTES].others_held == len(keys)
    asked = _explain(rig, pupil, None, Module.NOTITIES, asks=True)
    assert _row(asked, Stream.NOTES, keys[0]).reason == "held"
    assert _streams(asked)[Stream.NOTES].others_held == 0


def test_a_record_in_quarantine_is_explained(rig: Rig) -> None:
    """The old row stays, with the item; a record without a row is named once the source is asked."""
    rig.open()
    rig.sync()
    rig.tell("record_breaks")
    rig.sync()
    key = rig.role("note_visible_observation")
    what = _streams(_explain(rig, _pupil_of(rig, "notes", "note_visible_observation")))[Stream.NOTES]
    (item,) = what.traces
    assert (item.place, item.id, item.what, item.detail) == (Place.QUARANTINE, key, "unreadable_field", "noted_on")
    assert next(row for row in what.rows if row.id == key).reason == SHOWN
    other = rig.role("note_hidden")
    rig.world.patch(rig.school, "notes", other, visible_to_parents="misschien")
    rig.sync()
    pupil = _pupil_of(rig, "notes", "note_hidden")
    assert _streams(_explain(rig, pupil))[Stream.NOTES].others_quarantined == 1
    asked = _explain(rig, pupil, None, Module.NOTITIES, asks=True)
    assert _row(asked, Stream.NOTES, other).reason == "unreadable_field"
    assert _streams(asked)[Stream.NOTES].others_quarantined == 0


def test_a_pupil_in_quarantine_is_explained(rig: Rig) -> None:
    """Its status was unreadable: gone with all that is its own, and the explanation says by which field."""
    rig.open()
    rig.sync()
    pupil = rig.role("pupil_two_households")
    rig.world.patch(rig.school, "pupils", pupil, status=7)
    rig.sync()
    found = _explain(rig, pupil)
    assert not found.is_in_portal
    item = next(one for one in found.traces if one.place is Place.QUARANTINE)
    assert (item.what, item.detail) == ("unreadable_field", "status")
    assert _streams(found)[Stream.PUPILS].reason == "unreadable_field"


def test_a_pupil_that_records_wait_for_is_explained(rig: Rig) -> None:
    """Nobody has it, but a record names it: that is said, and how many."""
    rig.open()
    rig.world.patch(rig.school, "notes", rig.role("note_visible"), pupil_id="pup-777777")
    rig.sync()
    found = _explain(rig, "pup-777777")
    assert [(one.place, one.detail) for one in found.traces] == [(Place.AWAITED, "1")]
    assert [one.id for one in _streams(found)[Stream.NOTES].traces] == [rig.role("note_visible")]


def test_a_gate_is_named_per_record_once_the_source_is_asked(rig: Rig) -> None:
    """The flag, a selection, a status: each record of the pupil with its own gate, and what is shown stays shown."""
    rig.open()
    with rig.database.session() as session, session.write() as connection:
        register.set_setting(connection, rig.school, "note_categories", '["home_visit"]', "test")
    rig.sync()
    pupil = _pupil_of(rig, "notes", "note_visible")
    asked = _explain(rig, pupil, None, Module.NOTITIES, asks=True)
    assert _row(asked, Stream.NOTES, rig.role("note_visible")).reason == "category_not_selected"
    other = _explain(rig, _pupil_of(rig, "notes", "note_hidden"), asks=True)
    assert _row(other, Stream.NOTES, rig.role("note_hidden")).reason == "not_visible_to_parents"
    concept = _explain(rig, _pupil_of(rig, "support_plans", "plan_concept"), asks=True)
    assert _row(concept, Stream.SUPPORT_PLANS, rig.role("plan_concept")).reason == "not_final"
    fresh = rig.tell("absence_added")[0][1]
    plain = _explain(rig, rig.role("pupil_plain"), asks=True)
    assert _row(plain, Stream.ABSENCES, fresh).reason == "not_read_yet"


def test_a_row_that_the_source_would_not_give_any_more_says_so(make_rig: Callable[..., Rig]) -> None:
    """Asked, the source tells what became of a row that is still here: its flag went, it is gone, its pupil is held."""
    rig = make_rig(pupils=30)
    rig.open()
    rig.sync()
    note = rig.role("note_visible")
    pupil = _pupil_of(rig, "notes", "note_visible")
    assert {row.at_source for row in _streams(_explain(rig, pupil, asks=True))[Stream.NOTES].rows if row.why} == {None}
    rig.tell("note_loses_flag")
    asked = _explain(rig, pupil, asks=True)
    assert (_row(asked, Stream.NOTES, note).reason, _row(asked, Stream.NOTES, note).at_source) == (
        SHOWN,
        "not_visible_to_parents",
    )
    assert "in the SIS now: no flag for parents" in _said(asked)
    gone = shown_pupils(rig, 8)
    remove(rig, "pupils", gone)
    rig.sync()
    assert _row(_explain(rig, gone[0], asks=True), Stream.PUPILS, gone[0]).at_source == "not_told_any_more"


def test_a_pupil_whose_key_changed_is_one_by_either_key(rig: Rig) -> None:
    """By the old key and by the new one the same row is explained, and the source's record is that row."""
    rig.open()
    rig.sync()
    old = rig.role("pupil_plain")
    record = rig.world.records(rig.school, "pupils")[old]
    rig.world.put(rig.school, "pupils", {**record, "id": "pup-777777", "former_ids": [old]})
    rig.world.remove(rig.school, "pupils", old)
    rig.sync()
    for key in (old, "pup-777777"):
        found = _explain(rig, key, None, Module.PERSONALIA, asks=True)
        assert (found.pupil, found.is_in_portal) == (old, True)
        (row,) = _streams(found)[Stream.PUPILS].rows
        assert (row.id, row.reason, row.at_source) == (old, SHOWN, None)


def test_asking_asks_for_no_closed_module_and_stores_nothing(rig: Rig) -> None:
    """Only what a run would pull is asked for; every table is equal before and after."""
    rig.sync()
    before, since = dump(rig), len(rig.sis.requests)
    _explain(rig, rig.role("pupil_plain"), asks=True)
    asked = {stream for request in rig.sis.requests[since:] for stream in request.streams}
    assert "pupils" in asked
    assert asked.isdisjoint({"notes", "test_results", "support_plans"})
    assert dump(rig) == before


def test_a_guardian_is_told_why_not(rig: Rig) -> None:
    """Restricted, unknown authority, limited, a stranger: level, reason and relation."""
    rig.open()
    rig.sync()
    cases = (
        ("pupil_restricted", "guardian_restricted", "none", "restricted", "guardianship_restricted"),
        (
            "pupil_without_authority",
            "guardian_unknown_authority",
            "none",
            "authority_unknown",
            "guardianship_unknown_authority",
        ),
        (
            "pupil_without_authority",
            "guardian_without_authority",
            "limited",
            "information_agreement",
            "guardianship_agreement",
        ),
    )
    for pupil, guardian, level, reason, relation in cases:
        found = _explain(rig, rig.role(pupil), rig.role(guardian))
        (viewer,) = found.viewers
        assert viewer[:4] == (rig.role(guardian), (rig.role(relation),), level, reason)
        row = _row(found, Stream.PUPILS, rig.role(pupil))
        assert row.why == {rig.role(guardian): SHOWN if level == "limited" else reason}
    stranger = _explain(rig, rig.role("pupil_restricted"), rig.role("guardian_plain"))
    assert [one.reason for one in stranger.viewers] == ["no_relation"]
    assert _row(stranger, Stream.PUPILS, rig.role("pupil_restricted")).reason == "no_relation"


def test_a_guardian_that_a_gate_hides_is_explained(rig: Rig) -> None:
    """None of the guardian's children is in the portal, so neither is the guardian: that is the reason."""
    rig.open()
    rig.sync()
    found = _explain(rig, rig.role("pupil_plain"), rig.role("guardian_of_leaver_old"))
    (viewer,) = found.viewers
    assert (viewer.level, viewer.reason) == ("none", "no_enrolled_child")


def test_a_secret_address_is_named_with_whose_it_is(rig: Rig) -> None:
    """The pupil's own mark and a guardian's at the same address; the group list keeps address and phone back."""
    rig.open()
    with rig.database.session() as session, session.write() as connection:
        for name in ("group_list.name", "group_list.address"):
            register.set_setting(connection, rig.school, name, "true", "test")
    rig.tell("address_turns_secret")
    pupil = rig.role("pupil_two_households")
    rig.sync()
    found = _explain(rig, pupil)
    assert (Stream.PUPILS, pupil) in found.secret
    assert "the address is secret" in _said(found)
    for category in ("group_list_name", "group_list_address"):
        row = rig.world.records(rig.school, "privacy_preferences")[rig.role("preference_allowed")]
        rig.world.put(
            rig.school,
            "privacy_preferences",
            {**row, "id": f"prf-{category}", "pupil_id": pupil, "category": category, "is_allowed": True},
        )
    rig.sync()
    fields = _explain(rig, pupil).group_list
    assert fields["group_list.address"] == "secret_address"
    assert fields["group_list.phone"] == "setting_off"
    execute(rig, "UPDATE privacy_preferences SET is_allowed = (1 = 0) WHERE pupil_id = :p", p=pupil)
    assert _explain(rig, pupil).group_list["group_list.name"] == "no_consent"


def test_a_merged_key_leads_to_the_survivor(rig: Rig) -> None:
    """Asked by the key of the record that was taken in, the survivor is explained."""
    rig.open()
    rig.tell("pupil_doubled")
    rig.sync()
    double = rig.role("pupil_double")
    rig.tell("doubles_merged")
    rig.sync()
    found = _explain(rig, double)
    assert (found.pupil, found.is_in_portal) == (rig.role("pupil_plain"), True)


@pytest.mark.parametrize(("pupil", "guardian", "option"), [("Jansen", None, "--pupil"), (None, "Jansen", "--guardian")])
def test_who_is_nowhere_is_refused_with_where_was_looked(
    rig: Rig, pupil: str | None, guardian: str | None, option: str
) -> None:
    """The error names the option and the places, and does not repeat what may be a name."""
    rig.sync()
    with pytest.raises(ConfigurationError, match=option) as refused:
        _explain(rig, pupil or rig.role("pupil_plain"), guardian)
    said = str(refused.value)
    assert "Jansen" not in said
    assert all(place in said for place in ("portal", "held", "quarantine", "hidden", "awaited"))


def _said(found: Explanation) -> str:
    import contextlib
    import io

    heard = io.StringIO()
    with contextlib.redirect_stdout(heard):
        render_explain.show(found)
    return heard.getvalue()


def test_no_word_of_a_record_is_said(make_rig: Callable[..., Rig], capfd: pytest.CaptureFixture[str]) -> None:
    """With a canary in every field neither lines nor JSON of any pupil hold one, asked or not."""
    rig = make_rig()
    canaries.plant(rig.world)
    rig.open()
    rig.sync()
    for role in ("pupil_plain", "pupil_confidential", "pupil_two_households", "pupil_guest"):
        for asks in (False, True):
            found = _explain(rig, rig.role(role), asks=asks)
            plain: Any = json.dumps(render_explain.data(found), default=str)
            assert canaries.leaks(_said(found) + plain) == []
            assert canaries.SHOWN["birth date"][4:] not in _said(found) + plain, "nor the day somebody turns 18"
    said = capfd.readouterr()
    assert canaries.leaks(said.out + said.err) == []


def test_the_streams_that_need_full_access_are_those_of_the_views() -> None:
    """FULL_ACCESS_ONLY and SHOWN_BY name what the texts of the views ask for."""
    from importlib import resources

    from schemas.explanations import FULL_ACCESS_ONLY

    texts = {one: (resources.files("schemas.views") / f"portal_{one.value}.sql").read_text("utf-8") for one in Stream}
    assert {stream for stream, text in texts.items() if "AND a.level = 'full'" in text} == FULL_ACCESS_ONLY
    for stream in set(Stream) - {Stream.GROUPS, Stream.GROUP_EMPLOYEES}:
        assert f"m.module = '{SHOWN_BY[stream].value}'" in texts[stream], stream
