"""Invite: which guardians may have an account in the portal, which may not and why, and what changed."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection

from connector.bookkeeping import checkpoints, invitations
from connector.bookkeeping.checkpoints import Checkpoint
from connector.portal import audience
from mappings.invitations import Candidate, Child, Judged, digest_of, judge
from schemas.errors import ConfigurationError
from schemas.ids import SchoolId
from schemas.streams import Stream


class Export(NamedTuple):
    """Every guardian of a school, judged. `gone` were in the last export and may not be invited any more."""

    school: SchoolId
    taken_at: datetime
    judged: tuple[Judged, ...]
    gone: tuple[str, ...]

    @property
    def invited(self) -> tuple[Judged, ...]:
        """Give those who may have an account."""
        return tuple(one for one in self.judged if one.is_invited)

    @property
    def refused(self) -> tuple[Judged, ...]:
        """Give those who may not."""
        return tuple(one for one in self.judged if not one.is_invited)


def look(connection: Connection, school: SchoolId, now: datetime) -> Export:
    """Judge every guardian by what the portal has now; writes nothing.

    Raises ConfigurationError for a school whose guardians were never loaded.
    """
    return _export(connection, school, now, invitations.key_of(connection, school))


def take(connection: Connection, school: SchoolId, now: datetime) -> Export:
    """Judge as `look`, and remember this export as the last one: do it in the transaction that writes the file."""
    found = _export(connection, school, now, invitations.keep_key(connection, school))
    digests = {one.candidate.guardian: one.digest for one in found.invited}
    invitations.remember(connection, school, digests, now)
    return found


def _export(connection: Connection, school: SchoolId, now: datetime, key: bytes) -> Export:
    known = checkpoints.read(connection, school)
    if any(known.get(stream, Checkpoint()).loaded_at is None for stream in (Stream.GUARDIANS, Stream.GUARDIANSHIPS)):
        raise ConfigurationError(
            f"The guardians of school {school} were never loaded.", fix=f"Run `connector sync --school {school}` first."
        )
    before = invitations.last(connection, school)
    judged = tuple(judge(_candidates(connection, school, now), key, before, invitations.bounced(connection, school)))
    invited = {one.candidate.guardian for one in judged if one.is_invited}
    return Export(school, now, judged, tuple(sorted(before.keys() - invited)))


def _candidates(connection: Connection, school: SchoolId, now: datetime) -> list[Candidate]:
    children: dict[str, list[Child]] = {}
    for guardian, pupil, name in invitations.children(connection, school):
        children.setdefault(guardian, []).append(Child(pupil, name))
    bars: dict[str, set[str]] = {}
    for guardian, _pupil, level, reason in audience.windows(connection, school, now):
        if level == "none":
            bars.setdefault(guardian, set()).add(reason)
    return [
        Candidate(
            row["id"],
            row["display_name"],
            row["email"],
            tuple(children.get(row["id"], ())),
            tuple(sorted(bars.get(row["id"], ()))),
        )
        for row in invitations.guardians(connection, school)
    ]


def note_bounce(connection: Connection, school: SchoolId, guardian: str, *, now: datetime, by: str) -> None:
    """Remember that mail to a guardian came back, until the source has another address.

    Raises ConfigurationError for a guardian the portal has not, or has without mail.
    """
    found = audience.guardian_of(connection, school, guardian)
    rows = {row["id"]: row["email"] for row in invitations.guardians(connection, school)}
    if found is None or not rows[found]:
        raise ConfigurationError(
            f"School {school} has no guardian with mail under that key.",
            fix="Take the key from the first column of `connector invitations export`.",
        )
    digest = digest_of(invitations.keep_key(connection, school), found, rows[found])
    invitations.note_bounce(connection, school, found, digest, now=now, by=by)


def forget_bounce(connection: Connection, school: SchoolId, guardian: str) -> bool:
    """Take a bounce back; tell whether there was one."""
    found = audience.guardian_of(connection, school, guardian)
    return invitations.forget_bounce(connection, school, found or guardian)
