"""Several schools at a time: while the database works for one, the next has its turn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import Context
from typing import TYPE_CHECKING, TypeVar

from schemas.ids import SchoolId

if TYPE_CHECKING:
    from jobs.wiring import Wiring

_Done = TypeVar("_Done")


def side_by_side(wiring: Wiring, schools: Sequence[SchoolId], work: Callable[[SchoolId], _Done]) -> list[_Done]:
    """Do the work of each school and give what came of it, in their order; raises what the work raises.

    Source by source, as many schools at a time as it allows; one at a time is done in the caller's thread.
    """
    found: dict[SchoolId, _Done] = {}
    for source in dict.fromkeys(wiring.plan(school).source for school in schools):
        mine = [school for school in schools if wiring.plan(school).source == source]
        at_a_time = min(wiring.parallel_schools(source), len(mine))
        if at_a_time == 1:
            found |= {school: work(school) for school in mine}
            continue
        with ThreadPoolExecutor(at_a_time, thread_name_prefix="school") as pool:
            # A context each: a run puts its school on every line of the log.
            done = pool.map(lambda school: Context().run(work, school), mine)
            found |= zip(mine, done, strict=True)
    return [found[school] for school in schools]
