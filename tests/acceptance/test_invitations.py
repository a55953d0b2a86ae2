"""`connector invitations`: who may have an account, who may not and why, and what changed since the last export."""

from __future__ import annotations

import csv
import io
import json
import stat
from typing import Any

from tests.acceptance.office import Office
from tests.integration import canaries

EXPORT = ("invitations", "export", "--school", "99AA00")


def _json(office: Office, *words: str) -> dict[str, Any]:
    office.do(*EXPORT, "--format", "json", "--out", "export.json", *words)
    return dict(json.loads((office.folder / "export.json").read_text(encoding="utf-8")))


def _role(office: Office, name: str) -> str:
    return office.sis.world.roles("99AA00")[name]


def test_whoever_sees_a_pupil_and_has_mail_of_their_own_may_be_invited(office: Office) -> None:
    """Exactly the guardians of the view portal_access with a mail nobody shares; the others have a reason each."""
    office.do("sync", "--school", "99AA00")
    found = _json(office)
    able = {row[0] for row in office.rows("SELECT DISTINCT guardian_id FROM portal_access WHERE school_id = '99AA00'")}
    mails = dict(office.rows("SELECT id, lower(email) FROM guardians WHERE email IS NOT NULL"))
    alone = {one for one in able & mails.keys() if list(mails.values()).count(mails[one]) == 1}
    assert {one["guardian"] for one in found["invited"]} == alone
    assert len(alone) > 5
    everybody = {row[0] for row in office.rows("SELECT id FROM guardians WHERE school_id = '99AA00'")}
    assert {one["guardian"] for one in found["refused"]} == everybody - alone
    assert all(one["reasons"] for one in found["refused"])
    reasons = {reason for one in found["refused"] for reason in one["reasons"]}
    assert reasons >= {"no_mail", "shared_mail", "restricted", "authority_unknown"}
    children = {one["guardian"]: {child["id"] for child in one["children"]} for one in found["invited"]}
    for guardian, pupil in office.rows("SELECT guardian_id, pupil_id FROM portal_access WHERE school_id = '99AA00'"):
        assert guardian not in children or pupil in children[guardian]


def test_the_next_export_tells_what_changed(office: Office) -> None:
    """New, another mail, gone: against the last export, and a dry run is none."""
    office.do("sync", "--school", "99AA00")
    first = _json(office, "--dry-run")
    assert {one["change"] for one in first["invited"]} == {"new"}
    assert {one["change"] for one in _json(office)["invited"]} == {"new"}
    assert {one["change"] for one in _json(office)["invited"]} == {"same"}
    moved, lost = first["invited"][0]["guardian"], first["invited"][1]["guardian"]
    office.sis.world.patch("99AA00", "guardians", moved, email="nieuw@example.nl")
    office.sis.world.patch("99AA00", "guardians", lost, email=None)
    office.do("sync", "--school", "99AA00")
    found = _json(office)
    assert {one["guardian"]: one["change"] for one in found["invited"]}[moved] == "changed_mail"
    assert found["gone"] == [lost]
    again = _json(office)
    assert again["gone"] == []
    assert {one["change"] for one in again["invited"]} == {"same"}


def test_mail_that_came_back_waits_for_another_address(office: Office) -> None:
    """A bounce holds for the address of that moment; a new one at the SIS is tried again, and it can be taken back."""
    office.do("sync", "--school", "99AA00")
    first, second = (one["guardian"] for one in _json(office)["invited"][:2])
    for guardian in (first, second):
        assert "is not invited" in office.do("invitations", "bounced", guardian, "--school", "99AA00")
    refused = {one["guardian"]: one["reasons"] for one in _json(office)["refused"]}
    assert (refused[first], refused[second]) == (["bounced"], ["bounced"])
    office.sis.world.patch("99AA00", "guardians", first, email="nieuw@example.nl")
    office.do("sync", "--school", "99AA00")
    office.do("invitations", "bounced", second, "--school", "99AA00", "--clear")
    invited = {one["guardian"] for one in _json(office)["invited"]}
    assert {first, second} <= invited


def test_a_bounce_of_nobody_is_refused(office: Office) -> None:
    """An address instead of a key is refused and not repeated."""
    office.do("sync", "--school", "99AA00")
    said = office.refused("invitations", "bounced", "jan@example.nl", "--school", "99AA00")
    assert "no guardian with mail under that key" in said
    assert "jan@" not in said


def test_the_table_is_inert_and_for_this_user_only(office: Office) -> None:
    """BOM, semicolons, mode 0600; a name that begins a formula is text, and one with a semicolon stays one cell."""
    guardian = _role(office, "guardian_plain")
    name = {"initials": None, "call_name": '=HYPERLINK("x")', "name_prefix": None, "last_name": "a;b"}
    office.sis.world.patch("99AA00", "guardians", guardian, **name)
    office.do("sync", "--school", "99AA00")
    office.do(*EXPORT, "--out", "export.csv")
    path = office.folder / "export.csv"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    raw = path.read_bytes()
    assert raw.startswith(b"\xef\xbb\xbfguardian;invite;change;")
    rows = list(csv.DictReader(io.StringIO(raw.decode("utf-8-sig")), delimiter=";"))
    assert {row["guardian"]: row["name"] for row in rows}[guardian].startswith("'=HYPERLINK")
    assert not [cell for row in rows for cell in row.values() if cell[:1] in {"=", "+", "-", "@", "\t", "\r"}]


def test_no_address_is_kept_and_no_name_is_told(office: Office, database_url: str) -> None:
    """The bookkeeping has keys and hashes only; what is said beside the file are counts."""
    canaries.plant(office.sis.world)
    office.do("sync", "--school", "99AA00")
    said = office.do(*EXPORT, "--out", "export.csv")
    office.do("invitations", "bounced", _role(office, "guardian_plain"), "--school", "99AA00")
    assert canaries.leaks(said) == []
    assert canaries.leaks((office.folder / "export.csv").read_text("utf-8"), canaries.NEVER.values()) == []
    assert canaries.stored_leaks(database_url) == []
    kept = office.rows("SELECT guardian_id, mail_digest FROM invitations")
    assert kept
    assert all(len(digest) == 64 for _, digest in kept)


def test_what_was_not_written_was_not_exported(office: Office) -> None:
    """An unwritable file and a school that never synced: 2, and the next export still tells what is new."""
    assert "were never loaded" in office.refused(*EXPORT)
    office.do("sync", "--school", "99AA00")
    assert "--out: nowhere/export.csv" in office.refused(*EXPORT, "--out", "nowhere/export.csv")
    assert office.rows("SELECT * FROM invitations") == []
    assert {one["change"] for one in _json(office)["invited"]} == {"new"}


def test_without_a_file_it_is_on_stdout_and_the_counts_beside_it(office: Office) -> None:
    """What is piped on is the table alone."""
    office.do("sync", "--school", "99AA00")
    code, said, complaint = office.type(*EXPORT, "--dry-run")
    assert code == 0
    assert said.startswith("guardian;invite;change;name;mail;children;why_not\n")
    assert "guardians can be invited" in complaint
