"""Parents, office, edits in the SIS, crashes and retries in any order: each correction has one life, and it ends."""

from __future__ import annotations

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
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from schemas.corrections import Channel, State
from tests.integration import correction_bench as bench
from tests.rig import Rig
from tests.simulation.correction_laws import Laws, shown
from tests.simulation.correction_town import PUPILS, SUBJECTS, WISHES, Town, Wish, value

T = TypeVar("T")
HISTORIES = int(os.environ.get("CORRECTION_HISTORIES", "30"))
"""Histories of each channel; the more, the longer. In the suite they are always the same ones."""
STEPS = 30
PICK = st.integers(0, 30)
NUMBER = st.integers(0, 2)
PUT_FAULTS = ("reset", "server_error", "unavailable", "rate_limit_storm", "half_page", "wrong_json", "html_200")
ASK_FAULTS = ("reset", "server_error", "unavailable", "wrong_json")
ONES_OWN = [wish for some in WISHES.values() for wish in some]


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

    @rule(
        wishes=st.sampled_from(sorted(WISHES)).flatmap(
            lambda who: st.lists(st.tuples(st.sampled_from(WISHES[who]), NUMBER), min_size=1, max_size=3)
        ),
        motive=st.sampled_from(("moving", "error")),
        how=st.sampled_from(("portal", "portal", "portal", "portal", "blind", "malformed")),
    )
    def a_parent_asks(self, wishes: list[tuple[Wish, int]], motive: str, how: str) -> None:
        """One correction of one to three items, of one's own or of another's child."""
        asked = [(wish, value(wish.field, number)) for wish, number in dict(wishes).items()]
        self.town.submit(f"corr-{len(self.town.asked):03}", asked, motive, how=how)

    @rule(wish=st.sampled_from(ONES_OWN))
    def a_parent_asks_for_nothing_there(self, wish: Wish) -> None:
        """A value is to be removed, where that is something to ask."""
        if wish.field in {"phones", "email", "emergency_contacts", "allergies"}:
            self.town.submit(f"corr-{len(self.town.asked):03}", [(wish, None)], "error")

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
        self.town.run(what)
        if self.town.is_healthy:
            self.laws.nobody_is_stuck()

    @rule(what=st.sampled_from(("tend", "tend", "sync")), at=st.integers(1, 150))
    def it_dies(self, what: str, at: int) -> None:
        """The connector's process dies at some statement, commit, request or letter, if it gets that far."""
        self.town.run(what, die_at=at)

    @rule(hours=st.sampled_from((1, 7, 30, 24 * 6, 24 * 12, 24 * 21)))
    def time_passes(self, hours: int) -> None:
        """Hours or days, up to beyond the end of what nobody decides."""
        self.town.pass_time(hours)

    @precondition(lambda self: self.town.requests())
    @rule(pick=PICK, number=NUMBER, how=st.sampled_from(("accept", "accept", "edit", "unchanged", "refuse", "lose")))
    def the_office_decides(self, pick: int, number: int, how: str) -> None:
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

    @rule(
        habit=st.sampled_from(("wait", "accept", "refuse", "accept_unchanged")),
        untaken=st.sets(st.sampled_from(("guardians.phones", "pupils.call_name")), max_size=1),
    )
    def the_office_takes_up_a_habit(self, habit: str, untaken: set[str]) -> None:
        """It decides by itself, and may not take some field at all."""
        bench.office(self.town.rig).behave(self.town.rig.school, habit, untaken=untaken)

    @rule(subject=st.sampled_from(SUBJECTS), number=NUMBER, is_back=st.booleans())
    def somebody_edits_the_sis(self, subject: tuple[str, str, str], number: int, is_back: bool) -> None:
        """To a value that is or will be wanted, or back to what was there at first."""
        stream, role, field = subject
        new = shown(self.town.first, stream, self.town.rig.role(role), field) if is_back else value(field, number)
        self.town.edit(subject, new)

    @rule(role=st.sampled_from(("pupil_plain", "pupil_confidential")), is_gone=st.booleans())
    def a_pupil_leaves_or_returns(self, role: str, is_gone: bool) -> None:
        """With the pupil goes the standing of its guardians."""
        fields = {"status": "left", "enrolled_until": "2020-01-01"} if is_gone else {"status": "enrolled"}
        more = {} if is_gone else {"enrolled_until": None}
        self.town.rig.world.patch(self.town.rig.school, "pupils", self.town.rig.role(role), **fields, **more)

    @rule(who=st.sampled_from(("guardian_plain", "guardian_second_household")), is_kept_away=st.booleans())
    def a_restriction_comes_or_goes(self, who: str, is_kept_away: bool) -> None:
        """A court decides about a guardian."""
        world, school = self.town.rig.world, self.town.rig.school
        for key, tie in world.records(school, "guardianships").items():
            if tie["guardian_id"] == self.town.rig.role(who):
                world.patch(school, "guardianships", key, authority="none" if is_kept_away else "full")

    @precondition(lambda self: self.channel is Channel.SOURCE)
    @rule(kind=st.sampled_from(PUT_FAULTS), processed=st.booleans(), times=st.integers(1, 4))
    def the_sis_does_not_answer_a_request(self, kind: str, processed: bool, times: int) -> None:
        """The next change requests fail before or after they were filed."""
        is_put_off = kind in {"unavailable", "rate_limit_storm"}  # with Retry-After: the contract says nothing was done
        self.town.fault(kind, "PUT", processed=processed and not is_put_off, times=times)

    @precondition(lambda self: self.channel is Channel.SOURCE)
    @rule(kind=st.sampled_from(ASK_FAULTS), method=st.sampled_from(("GET", "DELETE")), times=st.sampled_from((1, 8)))
    def the_sis_does_not_answer_a_question(self, kind: str, method: str, times: int) -> None:
        """What became of a request is not told, or a retraction is not heard."""
        self.town.fault(kind, method, processed=True, times=times)

    @rule(calls=st.sampled_from((1, 3, 20)))
    def the_sis_is_not_reached(self, calls: int) -> None:
        """No connection for a while, for whatever is asked."""
        self.town.unreachable = calls

    @precondition(lambda self: self.channel is Channel.MAIL)
    @rule(trouble=st.sampled_from(("before", "after", "after", "lost", "refused", "broken")), times=st.integers(1, 3))
    def the_mail_server_fails(self, trouble: str, times: int) -> None:
        """The next letters are refused, put off, or taken without an answer."""
        self.town.mailer.troubles.extend([trouble] * times)

    @precondition(lambda self: self.town.asked)
    @rule(
        pick=PICK,
        how=st.sampled_from(("accept", "accept", "edit", "refuse", "retry", "retry", "withdraw")),
        by=st.sampled_from(("an", "bo")),
        number=NUMBER,
    )
    def a_person_decides_by_command(self, pick: int, how: str, by: str, number: int) -> None:
        """Somebody of the school accepts, refuses, tries again, or withdraws for a parent."""
        if not (items := self.town.items()):
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
def test_every_correction_has_one_life_and_ends(loaded: Loaded, channel: Channel) -> None:
    """None is lost, sent twice or called confirmed unless the SIS shows it; none outlives its days; secrets go."""
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
