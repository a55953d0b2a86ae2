"""`connector modules contact` and `connector sheet`: whom parents may ask, and what they are told."""

from __future__ import annotations

import json
import stat

import pytest

from tests.acceptance.office import Office

CONTACT = ("modules", "contact", "--school", "99AA00")


def test_a_contact_person_has_a_history(office: Office) -> None:
    """Set, changed in part, taken away: each is one line of the history with who did it."""
    assert "has no contact person" in office.do(*CONTACT)
    office.do(*CONTACT, "--name", "Anna de Vries", "--mail", "anna@school.example", "--by", "Bea")
    office.do(*CONTACT, "--phone", "0123-456789")
    office.do(*CONTACT, "--phone", "0123-456789")
    found = json.loads(office.do(*CONTACT, "--json"))
    assert found["contact"] == {"name": "Anna de Vries", "mail": "anna@school.example", "phone": "0123-456789"}
    office.do(*CONTACT, "--clear")
    assert json.loads(office.do(*CONTACT, "--json"))["contact"] is None
    acts = [(subject, action, by) for _, subject, action, _, by in office.history()]
    assert acts[:2] == [("contacts", "insert", "Bea"), ("contacts", "update", "anna")]
    assert acts[-1] == ("contacts", "delete", "anna")
    said = office.do("modules", "history", "--school", "99AA00")
    assert "contact person" in said
    assert "phone 0123-456789" in said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--name", "Anna"), "--mail is missing"),
        (("--name", "Anna", "--mail", "anna"), "--mail is not a mail address"),
        (("--name", "Anna", "--mail", "a@b.example", "--phone", "call me"), "--phone is not a telephone number"),
        (("--name", "An\nna", "--mail", "a@b.example"), "--name is not a line of text"),
        (("--clear", "--name", "Anna"), "--clear takes nothing else"),
    ],
)
def test_a_contact_person_that_is_none_is_refused(office: Office, words: tuple[str, ...], said: str) -> None:
    """The part that is wrong is named, its value is not repeated, and nothing is written."""
    assert said in office.refused(*CONTACT, *words)


def test_a_plan_names_the_contact_person(office: Office) -> None:
    """What `plan` prints changes nothing; another phone is a difference; a bad address is refused with its place."""
    office.do(*CONTACT, "--name", 'Anna "An"', "--mail", "anna@school.example")
    plan = office.folder / "plan.toml"
    plan.write_text(office.do("modules", "plan", "--school", "99AA00"), encoding="utf-8")
    assert "says this already" in office.do("modules", "apply", "plan.toml")
    text = plan.read_text(encoding="utf-8").replace('mail = "anna', 'phone = "0123-456789"\nmail = "anna')
    plan.write_text(text, encoding="utf-8")
    assert "contact      phone: – → 0123-456789" in office.do("modules", "apply", "plan.toml", "--dry-run")
    office.do("modules", "apply", "plan.toml")
    assert json.loads(office.do(*CONTACT, "--json"))["contact"]["phone"] == "0123-456789"
    plan.write_text(text.replace("anna@school.example", "anna"), encoding="utf-8")
    assert 'schools."99AA00".contact.mail is not a mail address' in office.refused("modules", "apply", "plan.toml")


def _phases(office: Office) -> None:
    office.do("sync", "--school", "99AA00")
    open_ = ("modules", "open", "--school", "99AA00")
    text = "Welkom <b>bij</b> het *nieuws*.\n1. Tot ziens!"
    office.do(*open_, "--phase", "2", "--text", text, "--evening", "2039-01-12")
    office.do("sync", "--school", "99AA00")
    office.do(*open_, "--phase", "4", "--from", "2039-02-01")
    office.do("modules", "embargo", "--module", "nieuws", "--school", "99AA00", "--until", "2039-01-01")
    office.do("modules", "open", "--module", "groep", "--school", "99AA00")
    office.do(*CONTACT, "--name", "Anna <de> Vries", "--mail", "anna@school.example", "--phone", "0123-456789")


def test_the_sheet_says_what_the_register_says_in_markdown(office: Office) -> None:
    """Open, to come with its date, loading, hidden for a while, the evening, the school's own words, whom to ask."""
    _phases(office)
    said = office.do("sheet", "--school", "99AA00", "--format", "markdown")
    now, coming = said.split("## Wat er nog komt")
    assert "**Jaarplanner** (sinds " in now
    assert "*Tijdelijk niet te zien tot 1 januari 2039.*" in now
    assert "**Hulpplan** (vanaf 1 februari 2039)" in coming
    assert "**Groep** (zodra de gegevens er zijn)" in coming
    assert "Toetsen" not in said
    assert "informatieavond op 12 januari 2039" in said
    assert "Welkom \\<b\\>bij\\</b\\> het \\*nieuws\\*." in said
    assert "1\\. Tot ziens!" in said
    assert "Vraag het aan Anna \\<de\\> Vries: anna@school.example of 0123-456789." in said


def test_the_sheet_is_a_page_that_anybody_may_read(office: Office) -> None:
    """The HTML escapes what people wrote and lies where it was asked for."""
    _phases(office)
    office.do("sheet", "--school", "99AA00", "--out", "sheet.html")
    text = (office.folder / "sheet.html").read_text(encoding="utf-8")
    assert "Welkom &lt;b&gt;bij&lt;/b&gt; het *nieuws*." in text
    assert "Anna &lt;de&gt; Vries" in text
    assert "<script" not in text
    assert stat.S_IMODE((office.folder / "sheet.html").stat().st_mode) & 0o444 == 0o444 & ~_umask()


def _umask() -> int:
    import os

    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_a_sheet_without_a_contact_person_says_so(office: Office) -> None:
    """The sheet sends parents to the school, and whoever made it hears how to name somebody."""
    code, said, complaint = office.type("sheet", "--school", "99BB00", "--format", "markdown")
    assert code == 0
    assert "Vraag het aan de school." in said
    assert "fix: connector modules contact --school 99BB00" in complaint


def test_a_sheet_that_cannot_be_written_is_refused(office: Office) -> None:
    """A folder that is not there and a school nobody configured: 2, with the fix."""
    assert "--out: nowhere/sheet.html" in office.refused("sheet", "--school", "99AA00", "--out", "nowhere/sheet.html")
    assert "not configured" in office.refused("sheet", "--school", "99ZZ00")
