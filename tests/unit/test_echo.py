"""Whether what differs in a row is only what was asked for, row by row."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mappings.corrections import digest_of
from mappings.echo import HOLDING, Wish, entry_echoes, is_echo, wish_of
from schemas.correction_fields import FieldName
from schemas.corrections import Decision, Item, Verdict
from schemas.streams import Stream

KEY = b"key"
ASKED = datetime(2026, 11, 1, 10, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
ADDRESS = FieldName(Stream.GUARDIANS, "address")
HOME = {
    "street": "Nieuwe Dijk",
    "house_number": "12",
    "house_number_suffix": None,
    "postal_code": "1234 AB",
    "city": "Ergens",
    "country": "NL",
}
HOME_TEXT = (
    '{"city":"Ergens","country":"NL","house_number":"12","house_number_suffix":null,'
    '"postal_code":"1234 AB","street":"Nieuwe Dijk"}'
)
BLANK = dict.fromkeys(HOME)
ROW: dict[str, Any] = {
    "address_id": "adr-1",
    **HOME,
    "street": "Oude Dijk",
    "is_address_confidential": False,
    "phones": '[{"kind":"home","number":"+31301234567"}]',
    "call_name": "Lia",
    "last_name": "Jansen",
    "display_name": "Lia Jansen",
    "sort_name": "Jansen, Lia",
    "gender": "female",
    "email": "lia@voorbeeld.test",
}


def guardian(name: str, text: str, **more: Any) -> Wish:
    """Give a wish of a guardian, delivered and not yet confirmed unless told otherwise."""
    facts = {"digest": None, "sent_at": ASKED, "confirmed_at": None, **more}
    return Wish(FieldName(Stream.GUARDIANS, name), (text,), **facts)


def echoes(
    changes: dict[str, Any], *wishes: Wish, old: dict[str, Any] | None = None, changed_at: datetime = ASKED
) -> bool:
    """Judge a row that becomes otherwise in these columns."""
    before = ROW | (old or {})
    return is_echo({**before, "changed_at": changed_at, "school_id": "99AA00"}, before | changes, wishes, KEY)


def test_only_what_was_asked_is_an_echo() -> None:
    """The value letter by letter, alone in its row; with another column beside it, or another value, it is none."""
    name = guardian("call_name", '"Livia"')
    assert echoes({"call_name": "Livia"}, name)
    assert not echoes({"call_name": "livia"}, name)
    assert not echoes({"call_name": "Livia", "gender": "unknown"}, name)
    assert not echoes({"call_name": "Lies"}, name)
    assert not echoes({"email": "nieuw@voorbeeld.test"}, name)
    assert not echoes({"call_name": "Livia"})
    assert not echoes({}, name), "a row that does not differ has no echo"


def test_names_that_follow_from_a_part_go_with_it() -> None:
    """Display and sort name differ with the part that was asked for; by themselves they are news."""
    follow = {"display_name": "Livia Jansen", "sort_name": "Jansen, Livia"}
    assert echoes({"call_name": "Livia", **follow}, guardian("call_name", '"Livia"'))
    assert not echoes(follow, guardian("call_name", '"Livia"'), old={"call_name": "Livia"})
    assert not echoes({"email": "a@b.test", **follow}, guardian("email", '"a@b.test"'))
    assert not echoes({"call_name": "Livia", "last_name": "Smit", **follow}, guardian("call_name", '"Livia"'))


def test_two_wishes_explain_a_row_together() -> None:
    """Phones in another order and a mail in other letters; only the one of them does not explain both."""
    phones = '[{"kind":"mobile","number":"+31612345678"},{"kind":"home","number":"+31301234567"}]'
    mail, numbers = guardian("email", '"nieuw@voorbeeld.test"'), guardian("phones", phones)
    other_order = '[{"kind":"home","number":"+31301234567"},{"kind":"mobile","number":"+31612345678"}]'
    changes = {"email": "Nieuw@Voorbeeld.test", "phones": other_order}
    assert echoes(changes, mail, numbers)
    assert not echoes(changes, mail)


def test_an_address_is_its_parts_its_record_and_its_secrecy() -> None:
    """A move brings another address record; a secret that becomes an open address as asked is one as well."""
    move = guardian("address", HOME_TEXT)
    assert echoes({**HOME, "address_id": "adr-9"}, move)
    assert echoes({**HOME, "is_address_confidential": False}, move, old={**BLANK, "is_address_confidential": True})
    assert not echoes({**HOME, "city": "Elders", "address_id": "adr-9"}, move)
    assert not echoes({"address_id": "adr-9"}, move)
    nowhere = guardian("address", "null")
    assert echoes({**BLANK, "address_id": None}, nowhere)
    assert not echoes({**BLANK, "is_address_confidential": True}, nowhere), "that is a secret and no empty address"


def test_a_confirmed_wish_explains_the_first_change_only() -> None:
    """Confirmed before its pull it is an echo; not once the row was altered since, nor where it was shown already."""
    seen = guardian("call_name", '"Livia"', confirmed_at=ASKED + HOUR)
    assert echoes({"call_name": "Livia"}, seen)
    assert not echoes({"call_name": "Livia"}, seen, changed_at=ASKED + 2 * HOUR)
    assert not echoes({"call_name": "LIVIA"}, seen, old={"call_name": "Livia"})
    assert not echoes({"call_name": "Lia"}, seen, old={"call_name": "Livia"})


def test_a_value_that_is_not_kept_is_known_by_its_hash() -> None:
    """A pupil whose home was secret moves to one that is not: the keyed hash is all that is left of the wish."""
    digest = digest_of(KEY, ADDRESS, HOME)
    wish = Wish(ADDRESS, (), digest, ASKED, ASKED + HOUR)
    assert echoes({**HOME, "address_id": "adr-9"}, wish)
    assert not echoes({**HOME, "city": "Elders", "address_id": "adr-9"}, wish)
    assert not echoes({**HOME, "address_id": "adr-9"}, wish._replace(digest=digest_of(b"other", ADDRESS, HOME)))


def test_a_blank_row_says_only_that_it_is_another_home() -> None:
    """Secret before and after: the first new record since it was asked for is the one; a later one is news."""
    secret = {**BLANK, "is_address_confidential": True}
    wish = Wish(ADDRESS, (HOME_TEXT,), "digest", ASKED, None)
    assert echoes({"address_id": "adr-9"}, wish, old=secret)
    assert not echoes({"address_id": "adr-9", "gender": "unknown"}, wish, old=secret)
    assert not echoes({"address_id": "adr-9"}, guardian("address", HOME_TEXT), old=secret)
    seen = wish._replace(confirmed_at=ASKED + 2 * HOUR)
    assert echoes({"address_id": "adr-9"}, seen, old=secret)
    assert not echoes({"address_id": "adr-9"}, seen, old=secret, changed_at=ASKED + HOUR)


def test_of_the_office_counts_what_it_accepted_last() -> None:
    """What was asked and what was accepted instead both count, of an answer just heard too; a refused wish is none."""
    blank: dict[str, Any] = dict.fromkeys(Item._fields)
    item = Item(**{**blank, "stream": "guardians", "field": "call_name", "new_text": '"Livia"', "is_secret": False})
    item = item._replace(submitted_at=ASKED, state="delivered", final_text='"Liva"')
    wish = wish_of(item, None)
    assert wish is not None
    assert (wish.texts, wish.sent_at, wish.is_for_all) == (('"Livia"', '"Liva"'), ASKED, False)
    told = Decision("key", Verdict.ACCEPTED, is_edited=True, final="Lieve")
    wish = wish_of(item, told)
    assert wish is not None
    assert wish.texts == ('"Livia"', '"Lieve"')
    odd = wish_of(item, told._replace(final={"no": "name"}))
    assert odd is not None
    assert odd.texts == ('"Livia"', '{"no":"name"}')
    assert wish_of(item, Decision("key", Verdict.REFUSED)) is None
    assert wish_of(item._replace(field="shoe_size"), None) is None
    everyone = wish_of(item._replace(field="address", motive="error"), None)
    assert everyone is not None
    assert everyone.is_for_all


def contact(name: str, order: int = 1, pupil: str = "p-1", **more: Any) -> dict[str, Any]:
    return {"pupil_id": pupil, "name": name, "relation": None, "phones": "[]", "contact_order": order, **more}


def contacts(*names: str, **more: Any) -> Wish:
    entries = ",".join(f'{{"name":"{name}","phones":[],"relation":null}}' for name in names)
    wish = guardian("emergency_contacts", f"[{entries}]" if names else "null", **more)
    return wish._replace(field=FieldName(Stream.PUPILS, "emergency_contacts"))


def test_a_list_is_an_echo_when_it_becomes_the_list_that_was_asked() -> None:
    """Whatever the order, all entries that are written for it are silent; with one too many or too few none is."""
    before = {"c-1": contact("Oma"), "c-2": contact("Buur", 2)}
    after = {"c-3": contact("Opa"), "c-1": contact("Oma", 2)}
    assert entry_echoes(before, after, {"c-3", "c-1"}, [contacts("Oma", "Opa")]) == {"c-3", "c-1"}
    assert entry_echoes(before, after, {"c-3"}, [contacts("Opa", "Oma"), contacts("Oma")]) == {"c-3"}
    for wish in (contacts("Opa"), contacts("Oma", "Opa", "Buur"), contacts()):
        assert entry_echoes(before, after, {"c-3", "c-1"}, [wish]) == frozenset()
    confirmed = contacts("Oma", "Opa", confirmed_at=ASKED + HOUR)
    assert entry_echoes(before, after, {"c-3"}, [confirmed]) == frozenset()


def test_an_entry_that_came_from_another_pupil_is_news() -> None:
    """What else differs in an entry was not asked for, though the list is as it was asked."""
    before = {"c-1": contact("Oma", pupil="p-9")}
    after = {"c-1": contact("Oma"), "c-2": contact("Opa", 2)}
    assert entry_echoes(before, after, {"c-1", "c-2"}, [contacts("Oma", "Opa")]) == {"c-2"}


@pytest.mark.parametrize(("hours", "silent"), [(None, {"m-2"}), ("12:00", set())])
def test_of_medical_items_one_kind_is_the_list(hours: str | None, silent: set[str]) -> None:
    """Other kinds are not looked at; a time that nobody can ask for makes a new entry news."""
    row = {"pupil_id": "p-1", "details": None, "instructions": None, "from_on": None, "until_on": None, "phone": None}
    medicine = {**row, "kind": "medication", "name": "Zalf", "time_from": None, "time_until": None}
    allergy = {**row, "kind": "allergy", "name": "Bijen", "time_from": hours, "time_until": None}
    text = '[{"details":null,"from_on":null,"instructions":null,"name":"Bijen","phone":null,"until_on":null}]'
    wish = Wish(FieldName(Stream.PUPILS, "allergies"), (text,), None, ASKED, None)
    after = {"m-1": medicine, "m-2": allergy}
    assert entry_echoes({}, after, {"m-1", "m-2"}, [wish]) == silent


def test_what_may_be_asked_for_is_held_by_four_streams() -> None:
    """No other stream can bring what a correction asked for."""
    assert {Stream.PUPILS, Stream.GUARDIANS, Stream.EMERGENCY_CONTACTS, Stream.MEDICAL_ITEMS} == HOLDING
