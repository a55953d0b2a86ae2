"""Parents, office, edits in the SIS, crashes and retries in any order: each correction has one life, and it ends."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from schemas.corrections import ALLOWED_MOVES, Channel, State
from tests.integration import correction_bench as bench
from tests.rig import Rig
from tests.simulation.correction_laws import Laws, shown
from tests.simulation.correction_town import PUPILS, SUBJECTS, WISHES, Town, Wish, value

T = TypeVar("T")
HISTORIES = int(os.environ.get("CORRECTION_HISTORIES", "20"))
"""Histories of each channel; the more, the longer. In the suite they are always the same ones."""
STEPS = 30
PICK = st.integers(0, 30)
NUMBER = st.integers(0, 2)
PUT_FAULTS = ("reset", "server_error", "unavailable", "rate_limit_storm", "half_page", "wrong_json", "html_200")
ASK_FAULTS = ("reset", "server_error", "unavailable", "wrong_json")
THEN = st.sampled_from(("", "tend", "sync"))
EDITS = ("wanted", "wanted", "another", "back")
EMPTY, MAY_BE_EMPTY = 3, frozenset({"phones", "email", "emergency_contacts", "allergies"})
TROUBLE = (
    st.tuples(st.just("PUT"), st.sampled_from(PUT_FAULTS), st.booleans())
    | st.tuples(st.sampled_from(("GET", "DELETE")), st.sampled_from(ASK_FAULTS), st.just(True))
    | st.tuples(
        st.just("MAIL"), st.sampled_from(("before", "after", "after", "lost", "refused", "broken")), st.just(True)
    )
    | st.just(("ALL", "", False))
)
ASKED = st.sampled_from(("guardian_plain", *WISHES)).flatmap(
    lambda who: st.lists(st.tuples(st.sampled_from(WISHES[who]), st.integers(0, EMPTY)), min_size=1, max_size=3)
)


class Loaded(NamedTuple):
    """A portal that was loaded once, and of which day its school is."""

    file: Path
    on: datetime


@pytest.fixture(scope="module")
def loaded(_sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    """The school, loaded before anybody asks for anything."""
    file = tmp_path_factory.mktemp("loaded") / "portal.db"
    shutil.copyfile(_sqlite_template, file)
    now = datetime.now(UTC)
    rig = Rig(f"sqlite:///{file}", pupils=PUPILS, today=now.date())
    rig.sync()
    with rig.database.session() as session:
        session.sweep()
    rig.dispose()
    return Loaded(file, now)


class Corrections(RuleBasedStateMachine):
    """One school by one channel, from its first load until everything has ended."""

    template: Loaded
    channel: Channel

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.town = Town(self.template.file, Path(self.folder.name), self.template.on.date(), self.channel)
        self.laws = Laws(self.town)

    def _then(self, what: str) -> None:
        """Run, where the connector comes by right after."""
        if what:
            self.town.run(what)
            if self.town.is_healthy:
                self.laws.nobody_is_stuck()

    @initialize(wishes=ASKED)
    def a_first_parent_asks(self, wishes: list[tuple[Wish, int]]) -> None:
        """Each history begins with a wish that is taken in."""
        self.a_parent_asks(wishes, "moving", "portal", "tend")

    @rule(
        wishes=ASKED,
        motive=st.sampled_from(("moving", "error")),
        how=st.sampled_from(("portal", "portal", "portal", "portal", "blind", "malformed")),
        then=THEN,
    )
    def a_parent_asks(self, wishes: list[tuple[Wish, int]], motive: str, how: str, then: str) -> None:
        """One correction of one to three items, of one's own or of another's child; nothing where that can be."""
        asked = [
            (wish, None if number == EMPTY and wish.field in MAY_BE_EMPTY else value(wish.field, number))
            for wish, number in dict(wishes).items()
        ]
        self.town.submit(f"corr-{len(self.town.asked):03}", asked, motive, how=how)
        self._then(then)

    @precondition(lambda self: self.town.asked)
    @rule(pick=PICK)
    def the_same_is_sent_again(self, pick: int) -> None:
        """The portal repeats a submission: nothing is added."""
        assert not self.town.submit_again(_picked(sorted(self.town.asked), pick)) or self._is_purged(pick)

    def _is_purged(self, pick: int) -> bool:
        """What was purged is forgotten, so that it comes as a new one."""
        correction = _picked(sorted(self.town.asked), pick)
        self.town.asked[correction] = []
        return correction not in {item.correction for item in self.town.items()}

    @rule(what=st.sampled_from(("tend", "tend", "tend", "sync", "sync")))
    def it_runs(self, what: str) -> None:
        """The connector tends or syncs."""
        self._then(what)

    @rule(what=st.sampled_from(("tend", "tend", "sync")), at=st.integers(1, 150))
    def it_dies(self, what: str, at: int) -> None:
        """The connector's process dies at some statement, commit, request or letter, if it gets that far."""
        self.town.run(what, die_at=at)

    @rule(hours=st.sampled_from((1, 1, 7, 7, 30, 24 * 3, 24 * 6, 24 * 21)))
    def time_passes(self, hours: int) -> None:
        """Hours or days, up to beyond the end of what nobody decides."""
        self.town.pass_time(hours)

    @precondition(lambda self: self.town.requests())
    @rule(
        pick=PICK,
        number=NUMBER,
        how=st.sampled_from(("accept", "accept", "edit", "unchanged", "refuse", "lose")),
        then=THEN,
    )
    def the_office_decides(self, pick: int, number: int, how: str, then: str) -> None:
        """In the SIS, also once more and otherwise; what was taken back or is gone cannot be decided."""
        office, school = bench.office(self.town.rig), self.town.rig.school
        request = _picked(self.town.requests(), pick)
        asked, key = request["asked"], request["id"]
        final = value(asked["field"], number)
        with suppress(ValueError, KeyError):
            if how == "edit":
                office.accept(school, key, final=final)
                self.town.accepted_instead(asked["request"], asked["record_id"], asked["field"], final)
            elif how in {"accept", "unchanged"}:
                office.accept(school, key, unchanged=how == "unchanged")
            elif how == "refuse":
                office.refuse(school, key, "not_proven")
            else:
                office.lose(school, key)
        self._then(then)

    @rule(
        habit=st.sampled_from(("wait", "accept", "refuse", "accept_unchanged")),
        untaken=st.sets(st.sampled_from(("guardians.phones", "pupils.call_name")), max_size=1),
    )
    def the_office_takes_up_a_habit(self, habit: str, untaken: set[str]) -> None:
        """It decides by itself, and may not take some field at all."""
        bench.office(self.town.rig).behave(self.town.rig.school, habit, untaken=untaken)

    @rule(pick=PICK, subject=st.sampled_from(SUBJECTS), number=NUMBER, how=st.sampled_from(EDITS), then=THEN)
    def somebody_edits_the_sis(
        self, pick: int, subject: tuple[str, str, str], number: int, how: str, then: str
    ) -> None:
        """What somebody asked, another value, or what was there at first; of a field that was asked, or of any."""
        stream, role, field = subject
        record = self.town.rig.role(role)
        if how == "wanted" and (items := self.town.items()):
            item = _picked(items, pick)
            stream, record, field = item.stream, item.record_id, item.field
            if item.new_value is None or item.reason == "malformed":
                return
            self.town.edit(stream, record, field, json.loads(item.new_value))
        elif how == "back":
            self.town.edit(stream, record, field, shown(self.town.first, stream, record, field))
        else:
            self.town.edit(stream, record, field, value(field, number))
        self._then(then)

    @rule(
        what=st.sampled_from(("pupil_plain", "pupil_confidential", "guardian_plain")), is_off=st.booleans(), then=THEN
    )
    def a_family_changes(self, what: str, is_off: bool, then: str) -> None:
        """A pupil leaves or returns, and a court decides about a guardian: with it goes who may ask."""
        world, school, key = self.town.rig.world, self.town.rig.school, self.town.rig.role(what)
        if what.startswith("pupil"):
            status, until = ("left", "2020-01-01") if is_off else ("enrolled", None)
            world.patch(school, "pupils", key, status=status, enrolled_until=until)
        else:
            for one, tie in world.records(school, "guardianships").items():
                if tie["guardian_id"] == key:
                    world.patch(school, "guardianships", one, authority="none" if is_off else "full")
        self._then(then)

    @rule(trouble=TROUBLE, times=st.sampled_from((1, 2, 3, 8)), then=THEN)
    def something_fails(self, trouble: tuple[str, str, bool], times: int, then: str) -> None:
        """The next requests or letters fail before or after they were carried out, or nothing is reached."""
        where, kind, processed = trouble
        if where == "MAIL":
            self.town.mailer.troubles.extend([kind] * (times if self.channel is Channel.MAIL else 0))
        elif where == "ALL":
            self.town.unreachable = 2 * times
        else:
            is_put_off = kind in {"unavailable", "rate_limit_storm"}  # with Retry-After: nothing was done
            self.town.fault(kind, where, processed=processed and not is_put_off, times=times)
        self._then(then)

    @precondition(lambda self: self.town.asked)
    @rule(
        pick=PICK,
        how=st.sampled_from(("accept", "accept", "edit", "refuse", "retry", "retry", "retry", "withdraw")),
        by=st.sampled_from(("an", "bo")),
        number=NUMBER,
        then=THEN,
    )
    def a_person_decides_by_command(self, pick: int, how: str, by: str, number: int, then: str) -> None:
        """Somebody of the school accepts, refuses, tries again, or withdraws for a parent."""
        items = self.town.items()
        if how == "retry":
            items = [
                item for item in items if item.state == State.CLOSED.value and item.place in ALLOWED_MOVES
            ] or items
        if not items:
            return
        item = _picked(items, pick)
        if item.state == State.SUBMITTED.value:
            return
        if how == "edit":
            final = value(item.field, number)
            self.town.decide("accept", item, final=final, is_edited=True, by=by)
        elif how == "refuse":
            self.town.decide("refuse", item, "not_proven", None, by=by)
        else:
            self.town.decide(how, item, by=by)
        self._then(then)

    @rule(
        policy=st.tuples(
            st.sampled_from(("guardians.phones", "pupils.call_name", "pupils.address", "pupils.birth_on")),
            st.sampled_from(("off", "request", "request", "evidence", "two_persons")),
        )
        | st.just(("guardians.phones", "automatic"))
    )
    def the_school_changes_a_policy(self, policy: tuple[str, str]) -> None:
        """How a field is taken from now on."""
        bench.policy(self.town.rig, *policy)

    @invariant()
    def the_laws_hold(self) -> None:
        """Everything that must hold does."""
        self.laws.check()

    def teardown(self) -> None:
        """Let everything end."""
        try:
            self.laws.everything_ends()
        finally:
            self.town.rig.dispose()
            self.folder.cleanup()


def _picked(some: list[T], pick: int) -> T:
    return some[pick % len(some)]


@pytest.mark.slow
@pytest.mark.parametrize("channel", list(Channel))
def test_every_correction_has_one_life_and_ends(
    request: pytest.FixtureRequest, loaded: Loaded, channel: Channel
) -> None:
    """None is lost, sent twice or called confirmed unless the SIS shows it; none outlives its days; secrets go."""
    request.node.user_properties.append(("database", "sqlite"))
    machine = type("Machine", (Corrections,), {"template": loaded, "channel": channel})
    how = settings(
        max_examples=HISTORIES,
        stateful_step_count=STEPS,
        deadline=None,
        derandomize="CORRECTION_HISTORIES" not in os.environ,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(machine, settings=how)
