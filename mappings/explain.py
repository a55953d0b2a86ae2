"""Why a row that is there is not seen, said after the fact: the views decide, this names what they decided by.

Gates are not judged here. What is seen comes from the views, access from `guardian_access`, and what was kept out
from the gate that kept it out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from mappings.activation import ModuleState
from mappings.gates import EXPIRED, GROUP_NOT_OPEN, PARENT_WITHHELD
from mappings.group_list import Category, allowed_of
from schemas.explanations import FULL_ACCESS_ONLY, Place, StoredRow, Told, Trace
from schemas.streams import Outcome, Stream

SHOWN = "shown"
NOT_PLANNED = "module_not_planned"
PLANNED = "module_planned"
CLOSED = "module_closed"
EMBARGO = "module_under_embargo"
FIRST_LOAD = "first_load_not_complete"
NO_RELATION = "no_relation"
NO_GUARDIAN = "no_guardian"
NOBODY_WITH_ACCESS = "nobody_with_access"
LIMITED = "limited_access"
NOT_OWN = "not_own_relation"
NOT_DEBTOR = "not_the_debtor"
NOT_YET = "not_yet"
NOT_IN_GROUP = "not_in_group_now"
SECRET_ADDRESS = "secret_address"  # noqa: S105  a reason, no password
CO_GUARDIAN = "co_guardian_sees_nothing"
UNEXPLAINED = "unexplained"
NOT_SUPPLIED = "not_supplied"
NEVER_LOADED = "never_loaded"
NOTHING_KEPT = "nothing_kept"
SETTING_OFF = "setting_off"
NO_CONSENT = "no_consent"
NOT_LISTED = "not_listed_now"
NOT_READ_YET = "not_read_yet"
NOT_TOLD = "not_told_any_more"
HELD = "held"
PARENT_HELD = "parent_held"

REASONS = (
    *(SHOWN, NOT_PLANNED, PLANNED, CLOSED, EMBARGO, FIRST_LOAD, NO_RELATION, NO_GUARDIAN, NOBODY_WITH_ACCESS),
    *(LIMITED, NOT_OWN, NOT_DEBTOR, NOT_YET, NOT_IN_GROUP, SECRET_ADDRESS, CO_GUARDIAN, UNEXPLAINED),
    *(NOT_SUPPLIED, NEVER_LOADED, NOTHING_KEPT, SETTING_OFF, NO_CONSENT, NOT_LISTED),
    *(NOT_READ_YET, NOT_TOLD, HELD, PARENT_HELD),
)
"""Every reason that is named here and is no gate of `mappings.gates`, no reason of access and no code."""


class Scene(NamedTuple):
    """What of this moment decides for every row of the pupil.

    `levels` is what each of its guardians has, `secret` whose address is secret, `begun` the groups of the pupil that
    began, `current` those it is in now; `shows_groups`: a module that shows groups is open to parents.
    """

    now: datetime
    levels: Mapping[str, str]
    secret: frozenset[str]
    begun: frozenset[str]
    current: frozenset[str]
    shows_groups: bool


class Looker(NamedTuple):
    """One guardian: the level now, and the reason of it."""

    guardian: str
    level: str
    reason: str


def module_gate(state: ModuleState | None, *, is_revealed: bool, embargo_until: datetime | None, now: datetime) -> str:
    """Give shown, or why parents see nothing of a module now."""
    if state is None or state.opens_at is None:
        return NOT_PLANNED
    if not state.is_open(now):
        is_over = state.closes_at is not None and state.closes_at <= now
        return CLOSED if is_over else PLANNED
    if not is_revealed:
        return FIRST_LOAD
    return SHOWN if embargo_until is None else EMBARGO


def why_unseen(stream: Stream, row: StoredRow, looker: Looker, scene: Scene) -> str:
    """Name what keeps a row of an open module from a guardian; `unexplained` would be a fault of ours."""
    if row.owner is not None and row.owner != looker.guardian:
        return NOT_DEBTOR if stream is Stream.INVOICES else NOT_OWN
    if looker.level == "none":
        return looker.reason
    if stream in FULL_ACCESS_ONLY and looker.level != "full":
        return LIMITED
    if stream is Stream.GUARDIANS and row.id != looker.guardian:
        return _why_no_co_guardian(row, looker, scene)
    if row.visible_from is not None and row.visible_from > scene.now:
        return NOT_YET
    if row.visible_until is not None and row.visible_until <= scene.now:
        return EXPIRED
    return _why_not_of_group(stream, row, scene)


def _why_no_co_guardian(row: StoredRow, looker: Looker, scene: Scene) -> str:
    if looker.level != "full":
        return LIMITED
    if scene.levels.get(row.id) != "full":
        return CO_GUARDIAN
    return SECRET_ADDRESS if row.id in scene.secret else UNEXPLAINED


def _why_not_of_group(stream: Stream, row: StoredRow, scene: Scene) -> str:
    if row.group is None:
        return UNEXPLAINED
    if stream in {Stream.NEWS_ITEMS, Stream.CALENDAR_ITEMS} and not scene.shows_groups:
        return GROUP_NOT_OPEN
    if stream in {Stream.GROUPS, Stream.GROUP_EMPLOYEES}:
        return NOT_YET if row.group not in scene.begun else UNEXPLAINED
    return NOT_IN_GROUP if row.group not in scene.current else UNEXPLAINED


def together(found: Iterable[str]) -> str:
    """Give one reason for several: shown when anybody sees anything, else what all have in common."""
    reasons = set(found)
    if SHOWN in reasons:
        return SHOWN
    if not reasons:
        return NO_GUARDIAN
    return reasons.pop() if len(reasons) == 1 else NOBODY_WITH_ACCESS


LISTED: Mapping[str, Category] = {
    "group_list.name": Category.NAME,
    "group_list.photo": Category.PHOTO,
    "group_list.birth_date": Category.BIRTH_DATE,
    "group_list.address": Category.ADDRESS,
    "group_list.phone": Category.PHONE,
    "group_list.parents_names": Category.PARENTS_NAMES,
}
"""The settings of the group list and what the guardians of a pupil are asked for each."""


def reason_of_trace(traces: Sequence[Trace]) -> str:
    """Say why the portal has not got a key, by what the books hold of it; shown when they hold nothing."""
    for trace in sorted(traces, key=lambda one: _WEIGHT.index(one.place)):
        return HELD if trace.place is Place.HELD else trace.what
    return SHOWN


_WEIGHT = (Place.HIDDEN, Place.HELD, Place.QUARANTINE, Place.AWAITED, Place.PORTAL)
"""What took a key out comes before what became of it since."""


def below(above: str) -> str:
    """Say why nothing of a pupil is there, by why the pupil is not."""
    return PARENT_HELD if above == HELD else PARENT_WITHHELD


def told_reason(told: Told, traces: Sequence[Trace], above: str) -> str:
    """Say why a record that the source told of is not in the portal; `above` is shown or why the pupil is not."""
    if told.outcome is not Outcome.SHOWN:
        return told.code
    if above != SHOWN:
        return below(above)
    mine = [trace for trace in traces if trace.id == told.id]
    return reason_of_trace(mine) if mine else NOT_READ_YET


def group_list_fields(
    gate: str, settings: Mapping[str, bool], preferences: Iterable[tuple[str, bool]], *, is_secret: bool, is_seen: bool
) -> dict[str, str]:
    """Give for each field of the group list whether classmates' parents may see it of this pupil, or why not."""
    if gate != SHOWN:
        return dict.fromkeys(LISTED, gate)
    allowed = allowed_of(preferences)
    found = {}
    for name, category in LISTED.items():
        if not settings["group_list.name"] or not settings[name]:
            found[name] = SETTING_OFF
        elif Category.NAME not in allowed or category not in allowed:
            found[name] = NO_CONSENT
        elif is_secret and category in {Category.ADDRESS, Category.PHONE}:
            found[name] = SECRET_ADDRESS
        else:
            found[name] = SHOWN if is_seen else NOT_LISTED
    return found
