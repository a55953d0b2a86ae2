"""How an explanation looks: who sees what and why in lines for a person, all of it for a machine. Keys, no values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Any

from jobs.cli import gate_words, render
from jobs.cli.render_preview import ACCESS_WORDS
from schemas.explanations import Explanation, ModuleReason, Place, RowReason, StreamReason, Trace, Viewer

WORDS: Mapping[str, str] = {
    "shown": "shown",
    "module_not_planned": "the module is not open and not planned",
    "module_planned": "the module opens later",
    "module_closed": "the module is closed",
    "module_under_embargo": "the module is under an embargo",
    "first_load_not_complete": "the module's first load is not complete",
    "no_relation": "no relation with the pupil",
    "no_guardian": "no guardian in the portal",
    "nobody_with_access": "no guardian may see it",
    "limited_access": "needs full access, has limited",
    "not_own_relation": "another guardian's own relation",
    "not_the_debtor": "another guardian owes it",
    "not_yet": "its day is still to come",
    "not_in_group_now": "not in that group today",
    "secret_address": "the address is secret",
    "co_guardian_sees_nothing": "that guardian may not see the pupil",
    "unexplained": "for a reason we did not foresee (report it)",
    "not_supplied": "the source does not supply it",
    "never_loaded": "never read from the source",
    "nothing_kept": "nothing of this pupil is in the portal",
    "setting_off": "the school does not show it",
    "no_consent": "the guardians did not allow it",
    "not_listed_now": "in no list today",
    "not_read_yet": "comes with the next sync",
    "not_told_any_more": "not there any more for this pupil",
    "held": "waits for a person (brake)",
    "parent_held": "of a pupil that waits for a person",
    "merged": "taken in by another record",
    "removed": "gone at the source",
    "missing_parent": "not known; records wait for it",
}
"""What `mappings.explain` and the books say; a test holds it complete. Gates and access have words of their own."""

_FULL = ("full", "limited")
_MODES = {"full": "all of it", "changes": "what changed", "keys": "by key", "period": "a period"}


def show(found: Explanation) -> None:
    """Print an explanation."""
    where = "in the portal" if found.is_in_portal else "not in the portal"
    _say(f"{found.school} pupil {found.pupil}: {where}")
    _say(f"source {found.source} ({found.dialect}), looked at {render.moment(found.checked_at)}")
    _say(f"mapping version {found.mapping_version}, explained {render.moment(found.taken_at)}")
    _say(*_trace_lines(found.traces))
    if found.secret:
        who = ", ".join(f"{stream.value.removesuffix('s')} {key}" for stream, key in found.secret)
        _say(f"address and phones are blank: the address is secret ({who})")
    _say("", "Guardians now:" if found.guardian is None else "This guardian now:")
    for one in found.viewers:
        _say(*_viewer_lines(one))
    if not found.viewers:
        _say("none")
    for module in found.modules:
        _say("", *_module_lines(module))
        for stream in module.streams:
            _say(*_stream_lines(stream))
        if module.module.value == "groep" and found.group_list:
            _say("  to classmates' parents:")
            _say(*(f"    {name}: {word(reason)}" for name, reason in found.group_list.items()))
    if not found.is_asked:
        _say("", "What a gate keeps out is not remembered by key; --ask asks the SIS and names it.")


def _say(*lines: str) -> None:
    for line in lines:
        render.out(*render.wrapped(line))


def word(reason: str) -> str:
    """Say a reason: ours, a gate, one of access, or a code of the quarantine."""
    return WORDS.get(reason) or gate_words.WORDS.get(reason) or ACCESS_WORDS.get(reason) or f"cannot be used: {reason}"


def _trace_lines(traces: Iterable[Trace]) -> list[str]:
    return [f"{one.stream.value} {one.id}: {_trace_text(one)}" for one in traces]


def _trace_text(one: Trace) -> str:
    since = f"since {render.moment(one.since_at)}"
    match one.place:
        case Place.HELD:
            return (
                f"held ({one.what}, {one.detail}) {since}, until {render.moment(one.until_at)}: "
                f"connector runs approve {one.run_id}"
            )
        case Place.QUARANTINE:
            field = f" in {one.detail}" if one.detail else ""
            return f"in quarantine {since} ({one.what}{field}), run {one.run_id}"
        case Place.AWAITED:
            return f"not known; {one.detail} records in quarantine wait for it {since}"
        case _:
            return f"hidden {since}: {word(one.what)}"


def _viewer_lines(one: Viewer) -> list[str]:
    says = one.level if one.level in _FULL else "nothing"
    then = "" if one.then is None else f", later {word(one.then)}"
    by = f", by {', '.join(one.relations)}" if one.relations else ""
    return [f"{one.guardian}: {says} ({word(one.reason)}{then}{by})", *_trace_lines(one.traces)]


def _module_lines(one: ModuleReason) -> list[str]:
    entry = one.entry
    if entry is None:
        return [f"{one.module.value}: {word(one.reason)}"]
    lines = [f"{one.module.value}: {'open' if one.reason == 'shown' else word(one.reason)}"]
    noted = f", noted by {entry.noted_by} {render.moment(entry.noted_at)}" if entry.noted_by else ""
    opens = "" if entry.opens_at is None else f", opens {render.moment(entry.opens_at)}{noted}"
    closed = f" by {entry.closed_by}" if entry.closed_by else ""
    closes = "" if entry.closes_at is None else f", closes {render.moment(entry.closes_at)}{closed}"
    embargo = "" if entry.embargo_until is None else f", embargo until {render.moment(entry.embargo_until)}"
    lines.append(f"  register: phase {entry.phase}{opens}{closes}{embargo}")
    decided = [f"decided by {entry.decided_by}"] if entry.decided_by else []
    decided += [f"agreed with {entry.agreed_with}"] if entry.agreed_with else []
    decided += [f"phase opens on {entry.phase_opens_on}"] if entry.phase_opens_on else []
    return [*lines, *([f"  decision: {', '.join(decided)}"] if decided else [])]


def _stream_lines(one: StreamReason) -> list[str]:
    lines = [f"  {one.stream.value}: {word(one.reason)}"]
    if one.read_at is not None:
        chosen = f", settings {one.settings}" if one.settings else ""
        run = "" if one.reading is None else f", run {one.reading.run_id} read {_MODES[one.reading.mode]}"
        version = f", mapping version {one.mapping_version}" if one.mapping_version else ""
        lines.append(f"    up to date {render.moment(one.read_at)}{run}{version}{chosen}")
    lines += [f"    next sync reads all of it: {one.waits_for}"] if one.waits_for else []
    lines += [line for group in _alike(one.rows) for line in _group_lines(group)]
    lines += [f"    {line}" for line in _trace_lines(one.traces)]
    if one.kept_out:
        lines.append(f"    kept out of the whole school, last full reading: {gate_words.said(one.kept_out)}")
    if one.others_held or one.others_quarantined:
        lines.append(f"    whose is not known: {one.others_held} held, {one.others_quarantined} in quarantine")
    return lines


def _alike(rows: Iterable[RowReason]) -> list[list[RowReason]]:
    """Put rows together that the same guardians see and do not see for the same reasons."""
    found: dict[tuple[Any, ...], list[RowReason]] = {}
    for row in rows:
        found.setdefault((row.reason, row.at_source, *sorted(row.why.items())), []).append(row)
    return list(found.values())


def _group_lines(rows: list[RowReason]) -> list[str]:
    first = rows[0]
    seen = f", seen by {', '.join(first.seen_by)}" if first.seen_by else ""
    changed = max((row.changed_at for row in rows if row.changed_at is not None), default=None)
    when = "" if changed is None else f" (last changed {render.moment(changed)})"
    lines = [f"    {word(first.reason)}: {len(rows)}{seen}{when}"]
    reasons: dict[str, list[str]] = {}
    for guardian, reason in first.why.items():
        if reason != "shown" and (first.seen_by or reason != first.reason):
            reasons.setdefault(reason, []).append(guardian)
    lines += [f"      not by {', '.join(guardians)}: {word(reason)}" for reason, guardians in reasons.items()]
    if first.at_source is not None:
        lines.append(f"      in the SIS now: {word(first.at_source)}")
    return [*lines, f"      {', '.join(row.id for row in rows)}"]


def data(found: Explanation) -> dict[str, Any]:
    """Give an explanation for `--json`."""
    plain: dict[str, Any] = _plain(found)
    plain["secret"] = [{"stream": stream.value, "id": key} for stream, key in found.secret]
    return plain


def _plain(value: Any) -> Any:
    if hasattr(value, "_asdict"):
        return {name: _plain(inner) for name, inner in value._asdict().items()}
    if isinstance(value, Mapping):
        return {str(name): _plain(inner) for name, inner in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(inner) for inner in value]
    return value.value if isinstance(value, Enum) else value
