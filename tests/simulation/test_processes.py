"""Real processes that are killed, frozen and doubled: the portal comes out the same, and nobody writes twice."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from pydantic import SecretStr
from sqlalchemy import delete

from connector.http import Http, HttpSettings
from connector.portal.database import Database
from connector.simulator.server import running
from connector.sources.reference import ReferenceSource
from jobs.parts import Parts, SchoolPlan
from jobs.sync import SyncOptions, sync_school
from mappings.brake import Limits
from mappings.sources.reference.catalogue import READERS
from schemas.errors import ConnectorError, LeaseHeld, LeaseLost
from schemas.runs import RunStatus
from schemas.tables.catalogue import METADATA
from tests.rig import SCHOOL, Rig

NEVER = Limits(share=1.0, rows=1_000_000)
KILLS = 100
"""On each database, so 200 in all."""
LOST, HELD, OTHER = 41, 42, 43


def sync_and_leave(url: str, base_url: str, lease_seconds: int) -> int:
    """Do one sync as the process of its own that it is; the exit code says how it ended."""
    settings = HttpSettings(base_url=base_url, client_id="connector", client_secret=SecretStr("demo-secret"))
    http = Http(settings, sleep=lambda _seconds: None)
    plan = SchoolPlan(SCHOOL, "De Regenboog", "main", limits=NEVER)
    parts = Parts(Database(url), ReferenceSource(http), READERS, plan, lease_seconds=lease_seconds)
    try:
        sync_school(parts, SyncOptions())
    except LeaseLost:
        return LOST
    except LeaseHeld:
        return HELD
    except ConnectorError:
        return OTHER
    return 0


@contextmanager
def process(work: Callable[[], int]) -> Iterator[int]:
    """Run some work in a forked process; gives its pid, and sees to its end."""
    pid = os.fork()
    if pid == 0:
        code = 70
        try:
            code = work()
        finally:
            os._exit(code)
    try:
        yield pid
    finally:
        try:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        except (ProcessLookupError, ChildProcessError):
            pass


def wait_for(pid: int) -> int:
    """Give the exit code of a process that ends."""
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def wipe(rig: Rig) -> None:
    """Empty every table of the portal database."""
    with rig.database.session() as session, session.write() as connection:
        for table in reversed(METADATA.sorted_tables):
            connection.execute(delete(table))


def url_of(rig: Rig) -> str:
    """Give the whole URL of the portal database."""
    return rig.database.url.render_as_string(hide_password=False)


def edit(rig: Rig, dice: random.Random) -> None:
    """Let something happen in the SIS, and now and then something go wrong on the way to it."""
    stream = dice.choice(["pupils", "guardians", "notes", "absences", "support_plans", "news_items"])
    key = dice.choice(sorted(rig.world.records(SCHOOL, stream)))
    changes: dict[str, dict[str, object]] = {
        "pupils": {"call_name": f"Kind{dice.randrange(1000)}"},
        "guardians": {"email": f"ouder{dice.randrange(1000)}@example.nl"},
        "notes": {"visible_to_parents": dice.random() < 0.5},
        "absences": {"reason": dice.choice(["illness", "leave"])},
        "support_plans": {"status": dice.choice(["final", "concept"])},
        "news_items": {"published": dice.random() < 0.5},
    }
    rig.world.patch(SCHOOL, stream, key, **changes[stream])
    if dice.random() < 0.2:
        rig.sis.faults.add(dice.choice(["server_error", "reset", "half_page", "expired_token", "wrong_json"]))


@pytest.fixture
def bench(database_url: str) -> Iterator[Rig]:
    """A school of 20 pupils with everything open and a brake that never holds."""
    rig = Rig(database_url, limits=NEVER)
    rig.open()
    yield rig
    rig.dispose()


def test_killed_at_any_moment_the_portal_ends_like_a_fresh_one(bench: Rig) -> None:
    """A hundred SIGKILLs at random moments with faults on, then one clean run: equal to a portal made anew."""
    dice = random.Random(20261124)
    url = url_of(bench)
    killed = 0
    bench.sync()
    with running(bench.sis) as base_url:
        for _ in range(KILLS):
            edit(bench, dice)
            with process(lambda: sync_and_leave(url, base_url, 120)) as pid:
                time.sleep(dice.uniform(0.002, 0.12))
                os.kill(pid, signal.SIGKILL)
                killed += wait_for(pid) == -signal.SIGKILL
    assert killed > KILLS / 4
    bench.sis.faults.clear()
    assert bench.sync().status in {RunStatus.DONE, RunStatus.QUIET}
    survived = bench.portal()
    wipe(bench)
    bench.open()
    bench.sync()
    assert survived == bench.portal()


def test_a_frozen_process_cannot_commit_once_another_took_over(bench: Rig) -> None:
    """SIGSTOP in mid-run until another run has finished, then SIGCONT: the sleeper leaves without writing."""
    url = url_of(bench)
    bench.sis.faults.add("latency", times=None, seconds=0.05)
    with running(bench.sis) as base_url, process(lambda: sync_and_leave(url, base_url, 1)) as pid:
        until = time.monotonic() + 20
        while len(bench.sis.requests) < 6 and time.monotonic() < until:
            time.sleep(0.005)
        os.kill(pid, signal.SIGSTOP)
        time.sleep(1.5)
        bench.sis.faults.clear()
        bench.tell("note_loses_flag")
        assert bench.sync().status is RunStatus.DONE
        portal, leases = bench.portal(), bench.rows("SELECT epoch, holder FROM leases")
        os.kill(pid, signal.SIGCONT)
        assert wait_for(pid) == LOST
    assert (bench.portal(), bench.rows("SELECT epoch, holder FROM leases")) == (portal, leases)


def test_of_two_syncs_at_once_one_gives_way(bench: Rig) -> None:
    """A second sync of a school that is being synced is told so and touches nothing."""
    url = url_of(bench)
    bench.sis.faults.add("latency", times=None, seconds=0.05)
    with running(bench.sis) as base_url, process(lambda: sync_and_leave(url, base_url, 120)) as first:
        until = time.monotonic() + 20
        while len(bench.sis.requests) < 3 and time.monotonic() < until:
            time.sleep(0.005)
        with process(lambda: sync_and_leave(url, base_url, 120)) as second:
            assert wait_for(second) == HELD
        assert wait_for(first) == 0
