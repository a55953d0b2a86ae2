"""`connector corrections`: submit, look, decide, overdue and export, as people and portals do it."""

from __future__ import annotations

import io
import json
import stat
import subprocess
import sys
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from schemas.corrections import Refusal
from schemas.tables.catalogue import METADATA
from tests.acceptance.office import Office
from tests.integration import canaries

SCHOOL = ("--school", "99AA00")
PHONES = [{"kind": "mobile", "number": "06 1234 5678"}]
HOME = {"street": "Nieuwe Dijk", "house_number": "12", "postal_code": "1234 AB", "city": "Ergens"}
PDF, PNG = b"%PDF-1.7\nproof", b"\x89PNG\r\n\x1a\nproof"
"""Enough of a document for whoever looks at its first bytes."""


@pytest.fixture
def by_hand(office: Office) -> Office:
    """The first school works from the commands alone; both are loaded."""
    path = office.folder / "config.toml"
    said = path.read_text("utf-8").replace('name = "De Regenboog"', 'name = "De Regenboog"\ncorrections = "manual"')
    path.write_text(said, encoding="utf-8")
    office.do("sync")
    return office


def _role(office: Office, name: str) -> str:
    return office.sis.world.roles("99AA00")[name]


def _corrections(office: Office, *words: str) -> tuple[int, str, str]:
    return office.type("corrections", *words, *SCHOOL)


def _json(office: Office, *words: str) -> dict[str, Any]:
    code, said, complaint = _corrections(office, *words, "--json")
    assert code in {0, 1}, complaint
    return dict(json.loads(said))


def _file(office: Office, *items: dict[str, Any], name: str = "wish.json", **head: Any) -> str:
    """Write a submission of the plain guardian, unless `head` says otherwise."""
    told = {"requester": _role(office, "guardian_plain"), "motive": "error", "items": items, **head}
    (office.folder / name).write_text(json.dumps(told, ensure_ascii=False), encoding="utf-8")
    return name


def _item(office: Office, field: str, new: Any, who: str = "guardian_plain", **more: Any) -> dict[str, Any]:
    stream = "pupils" if who.startswith("pupil") else "guardians"
    return {"stream": stream, "key": _role(office, who), "field": field, "new": new, **more}


def _own_base(office: Office, field: str) -> Any:
    """What the portal shows the plain guardian of the field now."""
    me = _role(office, "guardian_plain")
    here = f"school_id = '99AA00' AND guardian_id = '{me}' AND id = '{me}'"
    ((value,),) = office.rows(f"SELECT {field} FROM portal_guardians WHERE {here}")
    return json.loads(value) or None if field == "phones" else value


def _submit(office: Office, *items: dict[str, Any], code: int = 0, **head: Any) -> str:
    """Put in a submission, and give the id that it has."""
    found, said, complaint = _corrections(office, "submit", "--file", _file(office, *items, **head))
    assert found == code, said + complaint
    return said.split()[1].rstrip(":")


def _own_phone(office: Office, **head: Any) -> str:
    base = _own_base(office, "phones")
    return _submit(office, _item(office, "phones", PHONES, base=base), **head)


def _places(office: Office, correction: str) -> list[str]:
    items = _json(office, "show", correction[:8])["items"]
    return [one["state"] if one["outcome"] is None else f"{one['state']}:{one['outcome']}" for one in items]


def test_a_phone_goes_into_the_sis_and_comes_back_confirmed(office: Office) -> None:
    """Over HTTP: submitted by file, delivered by a sync, accepted by the office, confirmed by the next sync."""
    office.do("sync")
    correction = _own_phone(office)
    assert _places(office, correction) == ["in_review"]
    office.do("sync", *SCHOOL)
    assert _places(office, correction) == ["delivered"]
    code, _, complaint = _corrections(office, "accept", correction)
    assert code == 1
    assert "own system" in complaint
    assert "fix: Accept it there" in complaint
    (request,) = office.sis.office.queue("99AA00")["change_requests"]
    office.sis.office.accept("99AA00", request["id"])
    office.do("sync", *SCHOOL)
    assert _places(office, correction) == ["confirmed"]
    said = office.do("corrections", "show", correction[:8], *SCHOOL)
    for step in ("submitted", "submitted -> in_review", "in_review -> delivered", "awaiting -> confirmed"):
        assert step in said
    assert "by source (school): accepted" in said
    assert "by connector (connector): seen" in said
    assert "No corrections." in office.do("corrections", "list", *SCHOOL)
    assert "1 that ended" in office.do("corrections", "list", *SCHOOL)
    assert correction[:8] in office.do("corrections", "list", *SCHOOL, "--state", "confirmed")


def test_what_the_office_refuses_is_told_with_its_reason(office: Office) -> None:
    """The reason of the office stands in the item; it is over, and whoever tries again hears why not."""
    office.do("sync")
    office.sis.office.behave("99AA00", "refuse", "not_proven")
    correction = _own_phone(office)
    office.do("sync", *SCHOOL)
    office.do("sync", *SCHOOL)
    (item,) = _json(office, "show", correction)["items"]
    assert (item["outcome"], item["reason"]) == ("refused", "not_proven")
    code, _, complaint = _corrections(office, "retry", correction)
    assert code == 1
    assert "item 1: It is closed:refused, for good." in complaint


def test_a_school_decides_by_command_and_the_sync_confirms(by_hand: Office) -> None:
    """Delivered to the commands, reviewed with three values, accepted by a name, confirmed when the SIS shows it."""
    me = _role(by_hand, "guardian_plain")
    correction = _own_phone(by_hand)
    by_hand.do("sync", *SCHOOL)
    (waiting,) = _json(by_hand, "review")["items"]
    assert waiting["values"]["asked"] == [{"kind": "mobile", "number": "+31612345678"}]
    assert waiting["values"]["now"] == waiting["values"]["base"] is not None
    said = by_hand.do("corrections", "review", *SCHOOL, correction[:6])
    assert "the parent saw" in said
    assert "+31612345678" in said
    said = by_hand.do("corrections", "accept", correction[:6], *SCHOOL, "--by", "mevrouw Jansen")
    assert said == "item 1: accepted.\n"
    assert _places(by_hand, correction) == ["awaiting"]
    by_hand.sis.world.patch(
        "99AA00", "guardians", me, phones=[{"kind": "mobile", "number": "0612345678", "is_confidential": False}]
    )
    by_hand.do("sync", *SCHOOL)
    assert _places(by_hand, correction) == ["confirmed"]
    life = _json(by_hand, "show", correction)["items"][0]["life"]
    assert ("mevrouw Jansen", "school", "accepted") in [(one["actor"], one["role"], one["reason"]) for one in life]


def test_reject_needs_a_reason_of_the_list_and_may_say_more(by_hand: Office) -> None:
    """No reason and another reason are usage; the note is what the parent's view has."""
    correction = _own_phone(by_hand)
    assert _corrections(by_hand, "reject", correction)[0] == 2
    assert _corrections(by_hand, "reject", correction, "--reason", "because")[0] == 2
    code, _, complaint = _corrections(by_hand, "reject", correction, "--reason", "other", "--note", "a\u202eb")
    assert (code, "plain text" in complaint) == (2, True)
    assert _places(by_hand, correction) == ["in_review"]
    note = "Bel ons even."
    assert _corrections(by_hand, "reject", correction, "--reason", Refusal.ASK_THE_SCHOOL, "--note", note)[0] == 0
    ((reason, told),) = by_hand.rows("SELECT reason, note_parent FROM portal_corrections")
    assert (reason, told) == ("ask_the_school", note)


def test_each_item_of_a_correction_is_decided_by_itself(by_hand: Office) -> None:
    """One accepted as something else, one refused, one withdrawn; the rest of the commands says what became of each."""
    correction = _submit(
        by_hand,
        _item(by_hand, "phones", PHONES, base=_own_base(by_hand, "phones")),
        _item(by_hand, "email", "nieuw@voorbeeld.test", base=_own_base(by_hand, "email")),
        _item(by_hand, "last_name", "Andersnaam", base=_own_base(by_hand, "last_name")),
    )
    mail = ("--value", '"beter@voorbeeld.test"')
    assert _corrections(by_hand, "accept", correction, *mail)[0] == 2
    assert _corrections(by_hand, "accept", correction, "--item", "2", "--value", "{")[0] == 2
    code, _, complaint = _corrections(by_hand, "accept", correction, "--item", "2", "--value", '"geen adres"')
    assert code == 1
    assert "item 2: guardians.email must be a mail address." in complaint
    assert "geen adres" not in complaint
    assert _corrections(by_hand, "accept", correction, "--item", "2", *mail)[0] == 0
    assert _corrections(by_hand, "reject", correction, "--item", "3", "--reason", "record_is_right")[0] == 0
    code, said, _ = _corrections(by_hand, "withdraw", correction)
    assert (code, said) == (0, "item 1: withdrawn.\nitem 2: withdrawn.\n")
    assert _places(by_hand, correction) == ["closed:withdrawn", "closed:withdrawn", "closed:refused"]
    code, _, complaint = _corrections(by_hand, "accept", correction, "--item", "9")
    assert (code, "has no item 9" in complaint) == (2, True)
    code, _, complaint = _corrections(by_hand, "accept", correction)
    assert (code, complaint.count("Only what is in review or delivered can be accepted.")) == (1, 3)


def test_two_persons_means_two_names(by_hand: Office) -> None:
    """The first acceptance waits for a second by somebody else."""
    by_hand.do("modules", "set", "corrections.guardians.last_name", "two_persons", *SCHOOL)
    correction = _submit(by_hand, _item(by_hand, "last_name", "Anders", base=_own_base(by_hand, "last_name")))
    assert "first of two" in by_hand.do("corrections", "accept", correction, *SCHOOL, "--by", "an")
    assert _corrections(by_hand, "accept", correction, "--by", "an")[0] == 1
    assert by_hand.do("corrections", "accept", correction, *SCHOOL, "--by", "bo") == "item 1: accepted.\n"


def test_opposite_wishes_lie_side_by_side_and_are_decided_together(by_hand: Office) -> None:
    """Both name each other in the review; with one accepted the other is refused."""
    pupil = _role(by_hand, "pupil_plain")
    guardians = [
        row[0]
        for row in by_hand.rows(
            "SELECT guardian_id FROM portal_access WHERE school_id = '99AA00' AND level = 'full'"
            f" AND pupil_id = '{pupil}' ORDER BY guardian_id"
        )
    ]
    assert len(guardians) > 1
    one, other = (
        _submit(by_hand, _item(by_hand, "call_name", name, "pupil_plain"), requester=who, name=f"{name}.json")
        for who, name in zip(guardians, ("Aa", "Bb"), strict=False)
    )
    found = {item["correction"]: item for item in _json(by_hand, "review")["items"]}
    assert [rival["asked"] for rival in found[one]["against"]] == ["Bb"]
    assert [rival["asked"] for rival in found[other]["against"]] == ["Aa"]
    assert "conflict" in found[one]["needs"]
    assert "another parent asks for something else" in by_hand.do("corrections", "review", *SCHOOL)
    assert _corrections(by_hand, "accept", one)[0] == 0
    assert _places(by_hand, other) == ["closed:refused"]


def test_medical_items_have_a_queue_of_their_own(by_hand: Office) -> None:
    """Only counted in list and review; shown, with their documents, to whoever says --sensitive."""
    (by_hand.folder / "proof.pdf").write_bytes(PDF)
    wish = _item(by_hand, "allergies", [{"name": "Kanarienoten"}], "pupil_plain")
    words = ("submit", "--file", _file(by_hand, wish), "--evidence", "proof.pdf")
    code, said, complaint = _corrections(by_hand, *words)
    assert code == 0, complaint
    assert "Kanarienoten" not in said
    correction = said.split()[1].rstrip(":")
    by_hand.do("sync", *SCHOOL)
    for command in ("list", "review"):
        said = by_hand.do("corrections", command, *SCHOOL)
        assert "1 medical item: --sensitive" in said
        assert correction[:8] not in said
        assert _json(by_hand, command)["hidden_sensitive"] == 1
    assert correction[:8] in by_hand.do("corrections", "list", *SCHOOL, "--sensitive")
    assert "Kanarienoten" not in by_hand.do("corrections", "list", *SCHOOL, "--sensitive")
    said = by_hand.do("corrections", "show", correction, *SCHOOL)
    assert "hidden: --sensitive" in said
    assert "proof.pdf" not in said
    assert "Kanarienoten" in by_hand.do("corrections", "show", correction, *SCHOOL, "--sensitive")
    by_hand.do("corrections", "review", *SCHOOL, "--evidence", "out")
    assert not (by_hand.folder / "out").exists()
    by_hand.do("corrections", "review", *SCHOOL, "--evidence", "out", "--sensitive")
    (written,) = (by_hand.folder / "out").iterdir()
    assert (written.name, written.read_bytes()) == (f"{correction[:8]}-1.pdf", PDF)
    assert stat.S_IMODE(written.stat().st_mode) == 0o600


def test_a_secret_address_is_shown_to_nobody_by_itself(by_hand: Office) -> None:
    """What the portal may not hold is not in the review; what was asked of it only for --sensitive."""
    guardian = by_hand.rows(
        "SELECT g.id FROM guardians g JOIN portal_access a ON a.guardian_id = g.id AND a.school_id = g.school_id"
        " WHERE g.is_address_confidential AND a.level = 'full' AND g.school_id = '99AA00'"
    )[0][0]
    wish = {"stream": "guardians", "key": guardian, "field": "address", "new": HOME}
    correction = _submit(by_hand, wish, requester=guardian)
    (item,) = [one for one in _json(by_hand, "show", correction)["items"] if one["record"] == guardian]
    assert (item["is_secret"], item["values"], item["needs"]) == (True, None, ["secret"])
    said = by_hand.do("corrections", "review", *SCHOOL)
    assert "Nieuwe Dijk" not in said
    said = by_hand.do("corrections", "review", *SCHOOL, "--sensitive")
    assert "Nieuwe Dijk" in said
    assert "the portal may not hold it" in said


def test_documents_are_what_their_first_bytes_say(by_hand: Office) -> None:
    """A page called .pdf, six documents, one of 10 MB and more, one that is not there: 2, and nothing is put in."""
    (by_hand.folder / "page.pdf").write_bytes(b"<html><script>alert(1)</script>")
    (by_hand.folder / "big.png").write_bytes(PNG + b"x" * 10_000_000)
    (by_hand.folder / "fine.png").write_bytes(PNG)
    wish = _file(by_hand, _item(by_hand, "phones", PHONES, base=_own_base(by_hand, "phones")))
    for names, why in (
        (("page.pdf",), "no PDF, JPEG or PNG"),
        (("big.png",), "larger than 10000000 bytes"),
        (("fine.png",) * 6, "at most 5"),
        (("gone.png",), "cannot be read"),
    ):
        words = [word for name in names for word in ("--evidence", name)]
        assert why in by_hand.refused("corrections", "submit", "--file", wish, *words, *SCHOOL)
    assert by_hand.rows("SELECT * FROM corrections") == []
    code, said, _ = _corrections(by_hand, "submit", "--file", wish, "--evidence", "fine.png")
    assert code == 0
    correction = said.split()[1].rstrip(":")
    by_hand.do("sync", *SCHOOL)
    assert f"document 1: fine.png (image/png, {len(PNG)} bytes)" in by_hand.do("corrections", "review", *SCHOOL)
    for _ in range(2):
        said = by_hand.do("corrections", "review", *SCHOOL, correction, "--evidence", "out")
        assert f"Written to out/{correction[:8]}-1.png." in said


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "is empty"),
        (b"  \n", "is empty"),
        (b"{", "is not JSON"),
        (b"\xff\xfe\x00", "is not JSON"),
        (b"[" * 200_000, "is not JSON"),
        (b'{"requester": "' + b"x" * 1_000_000 + b'"}', "larger than 1000000 bytes"),
        (b'{"requester": "g", "motive": "error", "items": []}', "items: holds too few"),
        (b'{"requester": "g", "motive": "whim", "items": [1]}', "motive: is none of the words allowed"),
        (b'{"requester": "g\\u0000", "motive": "error", "items": [{"stream": "pupils", "key": "a", "field": "a"}]}',
         "requester: has the wrong form"),
        (b'{"requester": "g", "motive": "error", "items": [{"stream": "pupils", "key": "a", "field": "bsn"}]}',
         "items.0.field: pupils have no such field"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_submission_is_refused(
    by_hand: Office, content: bytes, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 2, where it is wrong and what to do; from a file or from stdin; nothing is put in."""
    (by_hand.folder / "wish.json").write_bytes(content)
    assert why in by_hand.refused("corrections", "submit", "--file", "wish.json", *SCHOOL)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    assert why in by_hand.refused("corrections", "submit", "--file", "-", *SCHOOL)
    assert by_hand.rows("SELECT * FROM corrections") == []


def test_a_wrong_value_is_refused_with_the_fields_own_words(by_hand: Office) -> None:
    """Each field says what it takes, and repeats nothing of what was written; the rest of the correction goes on."""
    wrong = "Kanariefout<>"
    wishes = [
        ("guardians.phones must be a list", _item(by_hand, "phones", wrong)),
        ("guardians.email must be a mail address", _item(by_hand, "email", wrong)),
        ("guardians.address must be an object", _item(by_hand, "address", wrong)),
        ("guardians.last_name must be text", _item(by_hand, "last_name", [wrong])),
        ("pupils.birth_on must be a day", _item(by_hand, "birth_on", wrong, "pupil_plain")),
        ("pupils.emergency_contacts must be a list", _item(by_hand, "emergency_contacts", wrong, "pupil_plain")),
        ("pupils.allergies must be a list", _item(by_hand, "allergies", wrong, "pupil_plain")),
    ]
    good = _item(by_hand, "initials", "Q.", base=_own_base(by_hand, "initials"))
    file = _file(by_hand, *(wish for _, wish in wishes), good)
    code, said, _ = _corrections(by_hand, "submit", "--file", file)
    assert code == 1
    assert [words for words, _ in wishes if words not in said] == []
    assert said.count("closed:refused (malformed)") >= len(wishes)  # an address is asked for all who share it
    assert "guardians.initials: in_review" in said
    assert wrong not in said


def test_what_may_not_be_asked_is_refused(by_hand: Office) -> None:
    """A field that is off, another parent's child, another guardian, somebody who does not exist: 1 and the reason."""
    by_hand.do("modules", "set", "corrections.guardians.last_name", "off", *SCHOOL)
    foreign = by_hand.rows(
        "SELECT id FROM pupils WHERE school_id = '99AA00' AND id NOT IN (SELECT pupil_id FROM portal_access"
        f" WHERE guardian_id = '{_role(by_hand, 'guardian_plain')}')"
    )[0][0]
    file = _file(
        by_hand,
        _item(by_hand, "last_name", "Anders"),
        {"stream": "pupils", "key": foreign, "field": "call_name", "new": "Vreemd"},
        {"stream": "guardians", "key": _role(by_hand, "guardian_shared_mail"), "field": "phones", "new": PHONES},
        {"stream": "pupils", "key": "nobody", "field": "call_name", "new": "Niemand"},
    )
    code, said, _ = _corrections(by_hand, "submit", "--file", file)
    assert code == 1
    assert said.count("closed:refused (field_off)") == 1
    assert said.count("closed:refused (not_allowed)") == 3


def test_the_same_submission_five_times_at_once_is_one(by_hand: Office) -> None:
    """Five processes put in the same file: one correction, one beginning of its life, and all end well."""
    file = _file(by_hand, _item(by_hand, "phones", PHONES, base=_own_base(by_hand, "phones")))
    words = [sys.executable, "-m", "jobs.cli.main", "corrections", "submit", "--file", file, *SCHOOL]
    started = [
        subprocess.Popen(words, cwd=by_hand.folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        for _ in range(5)
    ]
    said = [one.communicate(timeout=120)[0] for one in started]
    assert [one.returncode for one in started] == [0] * 5
    assert sum("was there already" not in text for text in said) == 1
    assert len(by_hand.rows("SELECT * FROM corrections")) == 1
    assert [row[0] for row in by_hand.rows("SELECT to_place FROM correction_moves ORDER BY id")] == [
        "submitted",
        "in_review",
    ]


def test_another_wish_under_an_id_that_is_taken_is_refused(by_hand: Office) -> None:
    """It is not silently lost: 2, and what was there stays."""
    _own_phone(by_hand, id="form-0001")
    file = _file(by_hand, _item(by_hand, "email", "a@voorbeeld.test"), id="form-0001", name="other.json")
    assert "asks for something else" in by_hand.refused("corrections", "submit", "--file", file, *SCHOOL)
    assert len(by_hand.rows("SELECT * FROM correction_items")) == 1


def test_a_reference_is_a_beginning_that_fits_one(by_hand: Office) -> None:
    """Too short, unknown, another school's, ambiguous: 2 and what to do; a whole id is never ambiguous."""
    _own_phone(by_hand, id="form-0001")
    _submit(by_hand, _item(by_hand, "email", "a@voorbeeld.test"), id="form-00012")
    for reference, why in (
        ("for", "too short"),
        ("nothing-like", "no correction with that reference"),
        ("form", "Several corrections"),
    ):
        for command in (("show",), ("accept",), ("reject", "--reason", "other"), ("withdraw",), ("retry",)):
            assert why in by_hand.refused("corrections", command[0], reference, *command[1:], *SCHOOL)
    assert "no correction" in by_hand.refused("corrections", "show", "form-0001", "--school", "99BB00")
    for whole in ("form-0001", "form-00012"):
        assert _json(by_hand, "show", whole)["correction"] == whole
    said = by_hand.do("corrections", "list", *SCHOOL)
    assert [line.split()[0] for line in said.splitlines()[2:]] == ["form-0001", "form-00012"]


def test_what_a_guardian_wrote_cannot_steer_a_terminal(by_hand: Office) -> None:
    """Escape sequences, bidirectional marks, new lines, HTML and formulas that the portal wrote are shown as text."""
    evil = '=HYPERLINK("x")<script>\u202e\x1b[31m\r\nitem 1: accepted.'
    me = _role(by_hand, "guardian_plain")
    heads, items = METADATA.tables["corrections"], METADATA.tables["correction_items"]
    with by_hand.engine.begin() as connection:
        now = _now(by_hand)
        head = {"school_id": "99AA00", "id": "portal-\x1b[2J", "requester_id": me, "motive": "error"}
        connection.execute(heads.insert(), [{**head, "submitted_at": now, "submitted_by": "portal"}])
        key = {"school_id": "99AA00", "correction_id": head["id"], "stream": "guardians", "record_id": me}
        wishes = [
            {**key, "number": 1, "field": evil, "operation": "change", "new_value": json.dumps(evil)},
            {**key, "number": 2, "field": "last_name", "operation": "change", "new_value": json.dumps(evil)},
            {**key, "number": 3, "field": "last_name", "operation": evil, "new_value": evil},
        ]
        connection.execute(items.insert(), wishes)
    by_hand.do("sync", *SCHOOL)
    told = [
        by_hand.do("corrections", "list", *SCHOOL, "--state", "closed", "--sensitive"),
        by_hand.do("corrections", "show", "portal-", *SCHOOL, "--sensitive"),
    ]
    for said in told:
        assert not [mark for mark in said if not mark.isprintable() and mark != "\n"]
        assert [line for line in said.splitlines() if line.startswith("item 1: accepted")] == []
    assert "\\u202e\\u001b[31m\\u000d\\u000aitem 1: accepted." in told[1]
    assert json.loads(_corrections(by_hand, "show", "portal-", "--json", "--sensitive")[1])["items"]


def _now(office: Office) -> Any:
    leases = METADATA.tables["leases"]
    with office.engine.connect() as connection:
        return connection.execute(select(leases.c.checked_at)).scalars().first()


def _aged(office: Office, days: int) -> None:
    """Let everything that was submitted and delivered be so long ago."""
    with office.engine.begin() as connection:
        for name, column in (("corrections", "submitted_at"), ("correction_items", "delivered_at")):
            table = METADATA.tables[name]
            for at in set(connection.execute(select(table.c[column])).scalars()) - {None}:
                values = {column: at - timedelta(days=days)}
                connection.execute(table.update().values(values).where(table.c[column] == at))


def test_what_waits_too_long_is_overdue_everywhere(by_hand: Office) -> None:
    """`overdue` ends with 1 and names it, oldest first; status, worklist and metrics count it; decided it is gone."""
    assert by_hand.do("corrections", "overdue") == "Nothing is overdue.\n"
    correction = _own_phone(by_hand)
    by_hand.do("sync", *SCHOOL)
    assert by_hand.do("corrections", "overdue", *SCHOOL) == "Nothing is overdue.\n"
    _aged(by_hand, 12)
    code, said, _ = by_hand.type("corrections", "overdue")
    assert code == 1
    assert correction[:8] in said
    assert "11 d" in said or "12 d" in said
    code, said, _ = by_hand.type("corrections", "overdue", "--json")
    assert [one["correction"] for one in json.loads(said)["schools"]["99AA00"]] == [correction]
    code, said, _ = by_hand.type("status", "--json")
    stands = json.loads(said)["schools"]
    assert (code, stands["99BB00"]["attention"]) == (1, [])
    assert stands["99AA00"]["attention"] == ["corrections", "corrections_overdue"]
    assert stands["99AA00"]["corrections"] == {"states": {"delivered": 1}, "need_person": 1, "overdue": 1}
    said = by_hand.type("status")[1]
    assert "corrections: 1 waiting, 1 need a person, 1 overdue" in said
    assert "connector corrections overdue --school 99AA00" in said
    assert "corrections: 1 need a person, 1 overdue" in by_hand.do("worklist", *SCHOOL)
    figures = by_hand.do("metrics", "--once")
    assert 'connector_corrections{school="99AA00",state="delivered"} 1.0' in figures
    assert 'connector_corrections_overdue{school="99AA00"} 1.0' in figures
    assert 'connector_corrections_need_person{school="99AA00"} 1.0' in figures
    assert 'connector_corrections_overdue{school="99BB00"} 0.0' in figures
    by_hand.do("corrections", "reject", correction, "--reason", "duplicate", *SCHOOL)
    by_hand.do("status")
    by_hand.do("corrections", "overdue")


def test_an_export_holds_what_one_asked_with_the_whole_life(by_hand: Office) -> None:
    """Of a guardian what that guardian asked; of a pupil what anyone asked about it; for this user only."""
    me, pupil = _role(by_hand, "guardian_plain"), _role(by_hand, "pupil_plain")
    _own_phone(by_hand)
    _submit(by_hand, _item(by_hand, "call_name", "Nieuw", "pupil_plain"), id="about-a-child")
    by_hand.do("sync", *SCHOOL)
    said = by_hand.do("corrections", "export", *SCHOOL, "--guardian", me, "--out", "export.json")
    assert said == "2 items. Written to export.json.\n"
    path = by_hand.folder / "export.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    told = json.loads(path.read_text("utf-8"))["items"]
    assert [one["values"]["asked"] for one in told] == [PHONES, "Nieuw"]
    assert [move["to_place"] for move in told[0]["life"]] == ["submitted", "in_review", "delivered"]
    (about,) = json.loads(by_hand.do("corrections", "export", *SCHOOL, "--pupil", pupil))["items"]
    assert (about["correction"], about["requester"], about["values"]["asked"]) == ("about-a-child", me, "Nieuw")
    assert json.loads(by_hand.do("corrections", "export", *SCHOOL, "--guardian", "nobody"))["items"] == []
    assert "one of" in by_hand.refused("corrections", "export", *SCHOOL)
    assert "one of" in by_hand.refused("corrections", "export", *SCHOOL, "--guardian", me, "--pupil", pupil)


def test_an_export_of_a_child_tells_no_secret_address(by_hand: Office) -> None:
    """Not when it was asked as a secret, and not when the home became secret afterwards."""
    pupil = _role(by_hand, "pupil_plain")
    street = "Geheimekanariekade"
    _submit(by_hand, _item(by_hand, "address", {**HOME, "street": street}, "pupil_plain"), motive="moving")
    assert street in by_hand.do("corrections", "export", *SCHOOL, "--pupil", pupil)
    for guardian in [_role(by_hand, "guardian_plain")]:
        address = by_hand.sis.world.records("99AA00", "guardians")[guardian]["address"]
        by_hand.sis.world.patch("99AA00", "guardians", guardian, address={**address, "is_confidential": True})
    by_hand.do("sync", *SCHOOL)
    assert street not in by_hand.do("corrections", "export", *SCHOOL, "--pupil", pupil)


def test_no_line_of_a_log_no_error_and_no_metric_has_a_value(by_hand: Office) -> None:
    """Names, addresses and values that were asked are in none of what all commands log, complain or count."""
    canaries.plant(by_hand.sis.world)
    by_hand.do("sync")
    marks = ["Kanariewens", "kanarie.wens", "Kanariekade"]
    correction = _submit(
        by_hand,
        _item(by_hand, "last_name", f"{marks[0]}a"),
        _item(by_hand, "email", f"{marks[1]}@voorbeeld.test"),
        _item(by_hand, "address", {**HOME, "street": marks[2]}),
        _item(by_hand, "phones", [{"kind": marks[0], "number": marks[2]}]),
        code=1,
    )
    complaints = []
    for words in (
        ("accept", correction, "--item", "1", "--value", f'["{marks[0]}"]'),
        ("accept", correction, "--item", "2"),
        ("reject", correction, "--reason", "other", "--note", marks[0]),
        ("retry", correction),
        ("list",),
        ("list", "--state", "closed", "--json"),
        ("withdraw", correction),
    ):
        code, said, complaint = _corrections(by_hand, *words)
        assert code in {0, 1}
        complaints.append(complaint + (said if words[0] not in {"list"} or "--json" not in words else ""))
    complaints.append(by_hand.type("sync")[2])
    complaints.append(by_hand.do("metrics", "--once"))
    told = "\n".join(complaints)
    assert [mark for mark in marks if mark.casefold() in told.casefold()] == []
