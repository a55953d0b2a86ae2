"""Who may be invited to have an account, who may not and why, and what differs from the last time."""

from __future__ import annotations

import hmac
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

NO_MAIL, UNUSABLE_MAIL, SHARED_MAIL, BOUNCED = "no_mail", "unusable_mail", "shared_mail", "bounced"
NEW, CHANGED, SAME = "new", "changed_mail", "same"
_MAIL = re.compile(r"[^@\s,;<>\"()]+@[^@\s,;<>\"()]+\.[^@\s,;<>\".()]+")


class Child(NamedTuple):
    """A pupil whom the guardian may see now."""

    id: str
    name: str


class Candidate(NamedTuple):
    """A guardian of the portal. `bars` are the reasons for which other pupils may not be seen, or no pupil at all."""

    guardian: str
    name: str
    mail: str | None
    children: tuple[Child, ...]
    bars: tuple[str, ...] = ()


class Judged(NamedTuple):
    """A candidate with what stands in the way of an account (nothing: may be invited) and what changed."""

    candidate: Candidate
    reasons: tuple[str, ...]
    digest: str
    change: str

    @property
    def is_invited(self) -> bool:
        """Tell whether this guardian may have an account."""
        return not self.reasons


def digest_of(key: bytes, guardian: str, mail: str | None) -> str:
    """Give the keyed hash of a guardian's address; two guardians with one address have two hashes."""
    return hmac.digest(key, f"{guardian}\0{box_of(mail)}".encode(), "sha256").hex()


def judge(
    candidates: Iterable[Candidate], key: bytes, before: Mapping[str, str], bounced: Mapping[str, str]
) -> list[Judged]:
    """Judge every guardian of a school. `before` and `bounced` are digests by guardian.

    A mail that came back bars only the address it came back from: another one at the source is tried again.
    """
    found = list(candidates)
    shared = Counter(box_of(one.mail) for one in found)
    judged = []
    for one in found:
        digest = digest_of(key, one.guardian, one.mail)
        reasons = tuple(_reasons(one, shared, is_bounced=bounced.get(one.guardian) == digest))
        last = before.get(one.guardian)
        change = SAME if last == digest else NEW if last is None else CHANGED
        judged.append(Judged(one, reasons, digest, change))
    return judged


def _reasons(one: Candidate, shared: Mapping[str, int], *, is_bounced: bool) -> Iterable[str]:
    if not one.children:
        yield from one.bars or ("ended",)
    mail = box_of(one.mail)
    if not mail:
        yield NO_MAIL
    elif not is_address(mail):
        yield UNUSABLE_MAIL
    else:
        if shared[mail] > 1:
            yield SHARED_MAIL
        if is_bounced:
            yield BOUNCED


def is_address(box: str) -> bool:
    """Tell whether an address, written as `box_of` does, can be one."""
    return _MAIL.fullmatch(box) is not None


def box_of(mail: str | None) -> str:
    """Write an address so that two that reach one box are equal; none is empty."""
    return "" if mail is None else mail.strip().casefold()
