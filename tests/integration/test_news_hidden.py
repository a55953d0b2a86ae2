"""What came while its module was hidden is told when it shows, once, however the hiding ended.

A parent looks every minute and asks `at > :since`, since the last look. Moments are minutes of one frozen clock.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection

from connector.bookkeeping import register
from schemas.modules import Module
from tests.integration.bench import NO_BRAKE, execute, rewrite
from tests.integration.hard_cases import Author
from tests.integration.moments import hang_a_clock, set_clock
from tests.rig import Rig

MINUTE = timedelta(minutes=1)
END = 12
Act = Callable[["Play"], None]
Change = Callable[[Connection], None]


class Play:
    """A school where nothing is hidden and nothing is new, and a parent who looks; it is minute 0."""

    def __init__(self, rig: Rig) -> None:
        rig.parts = rig.parts._replace(school=rig.parts.school._replace(limits=NO_BRAKE))
        self.rig, self.begin = rig, datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
        self.minute = 0
        self.me, self.since = rig.role("guardian_plain"), self.begin
        self.told: list[tuple[int, str, str, str]] = []

    def at(self, minute: float) -> datetime:
        """Give a minute as an instant."""
        return self.begin + minute * MINUTE

    def go(self, acts: Mapping[int, Iterable[Act]], looks: Iterable[int] = range(1, END)) -> list[tuple[int, str, str]]:
        """Let this happen, and give minute, stream and kind of each line that the parent was told."""
        for minute in range(1, END):
            self.minute = minute
            if minute in acts:
                set_clock(self.rig, self.at(minute))
                for act in acts[minute]:
                    act(self)
            if minute in looks:
                self.look(self.at(minute + 0.5))
        return [(minute, stream, kind) for minute, stream, _, kind in self.told]

    def look(self, moment: datetime) -> None:
        """Ask what is new since the last look."""
        set_clock(self.rig, moment)
        rows = self.rig.rows(
            "SELECT * FROM portal_changes WHERE school_id = :school AND guardian_id = :me AND at > :since",
            school=self.rig.school,
            me=self.me,
            since=f"{self.since:%Y-%m-%d %H:%M:%S.%f}" + ("" if self.rig.database.dialect == "sqlite" else "+00"),
        )
        self.told += [(self.minute, row["stream"], row["id"], row["kind"]) for row in rows]
        self.since = moment


@pytest.fixture
def play(rig: Rig) -> Play:
    """Everything but rooster is open and loaded."""
    began = Play(rig)
    hang_a_clock(rig, began.begin - MINUTE)
    rig.open(*(module for module in Module if module is not Module.ROOSTER))
    rig.sync()
    return began


def change(work: Callable[[Connection, Play], object]) -> Act:
    """Change the register."""

    def act(play: Play) -> None:
        with play.rig.database.session() as session, session.write() as connection:
            work(connection, play)

    return act


def embargo(first: int, last: int, module: Module = Module.TOETSEN) -> Act:
    """Hide a module from one minute to another, as the command does."""
    return change(
        lambda connection, play: register.add_embargo(
            connection, play.rig.school, module, (play.at(first), play.at(last)), reason=None, by="test"
        )
    )


def lift(module: Module = Module.TOETSEN) -> Act:
    """Lift what is in force or to come, as the command does."""
    return change(
        lambda connection, play: register.lift_embargoes(connection, play.rig.school, module, play.at(play.minute), "x")
    )


def until(last: int, module: Module = Module.TOETSEN) -> Act:
    """Move the end of a module's embargoes, as the portal's own admin page may."""

    def act(play: Play) -> None:
        assert rewrite(play.rig, "embargoes", {"embargo_until": play.at(last)}, module=module.value) == 1

    return act


def delete(first: int) -> Act:
    """Take one embargo out of the register, as the portal's own admin page may."""

    def act(play: Play) -> None:
        moment = f"{play.at(first):%Y-%m-%d %H:%M:%S.%f}" + ("" if play.rig.database.dialect == "sqlite" else "+00")
        execute(play.rig, "DELETE FROM embargoes WHERE embargo_from = :moment", moment=moment)

    return act


def move(play: Play) -> None:
    """Move a module's embargo to another module, as the portal's own admin page may."""
    assert rewrite(play.rig, "embargoes", {"module": Module.NOTITIES.value}, module=Module.TOETSEN.value) == 1


def close(play: Play) -> None:
    """Close the module at once."""
    with play.rig.database.session() as session, session.write() as connection:
        register.close_module(connection, play.rig.school, Module.TOETSEN, play.at(play.minute), "test")


def open_(play: Play) -> None:
    """Open the module again."""
    play.rig.open(Module.TOETSEN, at=play.at(play.minute))


def sync(play: Play) -> None:
    """Do one sync."""
    play.rig.sync()


def result(play: Play) -> None:
    """A test is finished and its result arrives."""
    play.rig.world.patch(play.rig.school, "test_results", play.rig.role("test_in_progress"), status="final")
    play.rig.sync()


def another(play: Play) -> None:
    """The result changes and arrives."""
    play.rig.world.patch(play.rig.school, "test_results", play.rig.role("test_in_progress"), raw_score=3)
    play.rig.sync()


NEW = "test_results", "new"
CHANGED = "test_results", "changed"
PLAYS: Mapping[str, tuple[Mapping[int, Iterable[Act]], list[tuple[int, str, str]]]] = {
    "no embargo": ({2: [result]}, [(2, *NEW)]),
    "to its natural end": ({1: [embargo(1, 6)], 2: [result]}, [(6, *NEW)]),
    "lifted": ({1: [embargo(1, 60)], 2: [result], 6: [lift()]}, [(6, *NEW)]),
    "changed to an earlier end": ({1: [embargo(1, 60)], 2: [result], 4: [until(6)]}, [(6, *NEW)]),
    "changed to an end that is over": ({1: [embargo(1, 60)], 2: [result], 6: [until(3)]}, [(6, *NEW)]),
    "changed to a later end": ({1: [embargo(1, 5)], 2: [result], 4: [until(8)]}, [(8, *NEW)]),
    "replaced from the same beginning": ({1: [embargo(1, 60)], 2: [result], 4: [embargo(1, 7)]}, [(7, *NEW)]),
    "lifted after its end": ({1: [embargo(1, 5)], 2: [result], 7: [lift()]}, [(5, *NEW)]),
    "a second one follows at once": ({1: [embargo(1, 4), embargo(4, 7)], 2: [result]}, [(7, *NEW)]),
    "a second one is put before the first ends": ({1: [embargo(1, 4)], 2: [result], 3: [embargo(3, 8)]}, [(8, *NEW)]),
    "a second one within": ({1: [embargo(1, 8), embargo(3, 5)], 2: [result]}, [(8, *NEW)]),
    "a second one after a while": ({1: [embargo(1, 4), embargo(6, 9)], 2: [result]}, [(4, *NEW)]),
    "two, of which one is lifted": (
        {1: [embargo(1, 60)], 2: [result, embargo(2, 9)], 5: [delete(1)]},
        [(9, *NEW)],
    ),
    "two, both lifted": ({1: [embargo(1, 60)], 2: [result, embargo(2, 50)], 5: [delete(1)], 7: [lift()]}, [(7, *NEW)]),
    "moved to another module": ({1: [embargo(1, 9)], 2: [result], 5: [move]}, [(5, *NEW)]),
    "one to come is lifted": ({1: [embargo(5, 60)], 2: [result], 3: [lift()]}, [(2, *NEW)]),
    "written into the past": ({2: [result], 4: [embargo(1, 6)]}, [(2, *NEW)]),
    "what was told changes under it": (
        {1: [result], 2: [embargo(2, 60)], 3: [another], 6: [lift()]},
        [(1, *NEW), (6, *CHANGED)],
    ),
    "closed and opened again during it": ({1: [embargo(1, 8)], 2: [result], 3: [close], 5: [open_]}, [(8, *NEW)]),
    "closed during it, opened after it": ({1: [embargo(1, 5)], 2: [result], 4: [close], 8: [open_]}, [(8, *NEW)]),
    "closed, opened and lifted": ({1: [embargo(1, 60)], 2: [result], 3: [close], 4: [lift()], 7: [open_]}, [(7, *NEW)]),
    "closed and opened without one": ({2: [result], 3: [close], 5: [open_]}, [(2, *NEW)]),
    "withdrawn and loaded during it": (
        {1: [embargo(1, 9)], 2: [result], 3: [close], 4: [sync], 5: [open_], 6: [sync], 7: [another]},
        [(9, *CHANGED)],
    ),
}


@pytest.mark.parametrize("name", PLAYS)
def test_what_came_under_an_embargo_is_told_once_when_it_ends(play: Play, name: str) -> None:
    """Whoever looks every minute is told in the first minute in which the module shows, and never again."""
    acts, expected = PLAYS[name]
    assert play.go(acts) == expected


@pytest.mark.parametrize(
    ("looks", "expected"), [((3, 5, 10), [(5, *NEW)]), ((3, 10), [(10, *NEW)]), ((10,), [(10, *NEW)])]
)
def test_who_looks_seldom_is_told_too(play: Play, looks: tuple[int, ...], expected: list[tuple[int, str, str]]) -> None:
    """Between two embargoes, or only after both: the first look at which the module shows tells it, and no other."""
    acts: Mapping[int, Iterable[Act]] = {1: [embargo(1, 4), embargo(6, 60)], 2: [result], 9: [lift()]}
    assert play.go(acts, looks) == expected


def test_a_day_that_comes_while_the_module_is_closed_is_told_when_it_opens(play: Play) -> None:
    """A result that was stored before its day, a module closed over it and opened before any run: told then."""

    def dated(play: Play) -> None:
        key = play.rig.role("test_final")
        assert rewrite(play.rig, "test_results", {"visible_from": play.at(3)}, id=key) == 1

    assert play.go({1: [dated], 2: [close], 6: [open_]}) == [(6, *NEW)]


@pytest.mark.parametrize(("stream", "like"), [("news_items", "news_published"), ("calendar_items", "calendar_school")])
@pytest.mark.parametrize("ends", ["by itself", "lifted"])
def test_an_item_of_one_group_waits_for_the_modules_that_show_groups(
    play: Play, stream: str, like: str, ends: str
) -> None:
    """While groep is under embargo and rooster is not open nobody sees it; what is for all is told at once."""

    def items(play: Play) -> None:
        author = Author(play.rig)
        template = play.rig.world.records(play.rig.school, stream)[play.rig.role(like)]
        author.put(stream, template, group_id=None)
        author.put(stream, template, group_id=play.rig.role("group_class"))
        play.rig.sync()

    groep = Module.GROEP
    acts: dict[int, Iterable[Act]] = {1: [embargo(1, 6 if ends == "by itself" else 60, groep)], 2: [items]}
    if ends == "lifted":
        acts[6] = [lift(groep)]
    assert play.go(acts) == [(2, stream, "new"), (6, stream, "new")]


def test_what_was_hidden_is_kept_as_long_as_a_year_and_its_summer(play: Play) -> None:
    """A run forgets a hiding 400 days after its end, and none before; what is still hidden it never forgets."""
    play.go({1: [embargo(1, 60)], 2: [result], 3: [lift(), close]}, looks=())

    def kept() -> set[str]:
        rows = play.rig.rows("SELECT module, hidden_until FROM hidings WHERE module IN ('toetsen', 'rooster')")
        return {row["module"] + (" then" if row["hidden_until"] else " now") for row in rows}

    play.go({4: [another]}, looks=())
    assert kept() == {"toetsen then", "toetsen now", "rooster now"}
    for days, left in (
        (399, {"toetsen then", "toetsen now", "rooster now"}),
        (401, {"toetsen now", "rooster now"}),
    ):
        set_clock(play.rig, play.at(5) + timedelta(days=days))
        play.rig.tell("absence_added")
        play.rig.sync()
        assert kept() == left


class Register:
    """What a module's rows say, and what that means, as the how-to says it: open, and under no embargo."""

    def __init__(self) -> None:
        self.opens, self.closes = 0, END * 1000
        self.embargoes: dict[int, int] = {}

    def shows(self, minute: int) -> bool:
        """Tell whether parents see the module in this minute."""
        under = any(first <= minute < last for first, last in self.embargoes.items())
        return self.opens <= minute < self.closes and not under


def _moved(seed: random.Random, minute: int, model: Register) -> Act | None:
    """Give something that somebody does with the register in this minute, and let the model say it too."""
    first, last = minute + seed.randint(-4, 4), minute + seed.randint(1, 9)
    match seed.randrange(8):
        case 0 | 1 if first < last:
            model.embargoes[first] = last
            return embargo(first, last)
        case 2:
            model.embargoes = {one: end for one, end in model.embargoes.items() if end <= minute}
            return lift()
        case 3 if len(model.embargoes) == 1:
            (one,) = model.embargoes
            model.embargoes[one] = last = max(last, one + 1)
            return until(last)
        case 4 if model.embargoes:
            one = seed.choice(sorted(model.embargoes))
            del model.embargoes[one]
            return delete(one)
        case 5:
            model.closes = minute + seed.choice((0, 0, 3))
            return change(
                lambda connection, play, end=model.closes: register.close_module(  # type: ignore[misc]
                    connection, play.rig.school, Module.TOETSEN, play.at(end), "test"
                )
            )
        case 6 | 7:
            model.opens, model.closes = minute + seed.choice((-5, 0, 0, 2)), END * 1000
            return change(
                lambda connection, play, at=model.opens: register.open_module(  # type: ignore[misc]
                    connection, play.rig.school, Module.TOETSEN, play.at(at), "test"
                )
            )
    return None


@pytest.mark.parametrize("seed", range(4))
def test_any_history_tells_each_line_at_the_first_moment_at_which_its_module_showed(play: Play, seed: int) -> None:
    """Forty minutes of random decisions: a line of each minute gets the first moment from it on that parents saw.

    And what is kept of hidings says at every minute what portal_modules says.
    """
    dice, model, shown = random.Random(seed), Register(), []
    rig, last = play.rig, 40
    for minute in range(1, last):
        play.minute = minute
        if minute == last - 1:
            model = Register()
            acts: list[Act] = [lambda play: execute(play.rig, "DELETE FROM embargoes"), open_]
        else:
            acts = [act for act in (_moved(dice, minute, model), _moved(dice, minute, model)) if act]
        set_clock(rig, play.at(minute))
        for act in acts:
            act(play)
        shown.append(model.shows(minute))
        set_clock(rig, play.at(minute + 0.5))
        assert (_shows(rig), _is_kept_as_shown(play)) == (shown[-1], shown[-1]), minute
    assert 5 < sum(shown) < last - 5
    keys = sorted({row["id"] for row in rig.rows("SELECT id FROM portal_test_results")})[: last - 1]
    lines = dict(zip(keys, dice.sample(range(1, last), k=len(keys)), strict=True))
    for key, minute in lines.items():
        rewrite(rig, "test_results", {"news_at": play.at(minute + 0.5)}, id=key)
    found = {row["id"]: _instant(row["at"]) for row in rig.rows("SELECT id, at FROM portal_changes")}
    assert {key: (moment - play.begin) / MINUTE for key, moment in found.items()} == {
        key: minute + 0.5 if shown[minute - 1] else shown.index(True, minute) + 1 for key, minute in lines.items()
    }


def _shows(rig: Rig) -> bool:
    return bool(rig.rows("SELECT 1 FROM portal_modules WHERE module = 'toetsen'"))


def _is_kept_as_shown(play: Play) -> bool:
    moment = play.at(play.minute + 0.5)
    rows = play.rig.rows("SELECT hidden_from, hidden_until FROM hidings WHERE module = 'toetsen'")
    spans = [(_instant(row["hidden_from"]), row["hidden_until"] and _instant(row["hidden_until"])) for row in rows]
    return not any(first <= moment and (last is None or moment < last) for first, last in spans)


def _instant(value: Any) -> datetime:
    return value if isinstance(value, datetime) else datetime.fromisoformat(value).replace(tzinfo=UTC)
