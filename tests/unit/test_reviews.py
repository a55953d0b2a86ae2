"""A correction as a letter: what stands where, and what never does."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.review_page import page
from mappings.review_words import WORDS
from mappings.reviews import data_text, letter, message_name, withdrawal
from mappings.spreadsheet import inert
from schemas.correction_fields import ADDRESS_PARTS, CONTACT_PARTS, FIELDS, MEDICAL_PARTS
from schemas.corrections import Motive, Need, Operation
from schemas.ids import SchoolId
from schemas.letters import Letter
from schemas.reviews import Review
from tests.unit.review_builders import (
    ADDRESS,
    ALLERGIES,
    CALL_NAME,
    CONTACTS,
    NEW_ADDRESS,
    NEW_PHONES,
    OLD_ADDRESS,
    OLD_PHONES,
    PHONES,
    line,
    review,
)

CANARY = "kanarie-7f3a"
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'&</td></table><a href='javascript:alert(1)'>"


class _Read(HTMLParser):
    """Every tag with its attributes, and every text of the body."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self._in_head = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._in_head = tag == "head" or (self._in_head and tag != "body")
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if not self._in_head and data.strip():
            self.texts.append(data)


def _marked(text: str, css: str) -> list[str]:
    """What stands in the spans of a class."""
    parts = text.split(f'<span class="{css}">')[1:]
    return [" ".join(_Read("<body>" + part.split("</span>")[0]).texts) for part in parts]


def _everything(found: Letter) -> str:
    files = "".join(one.content.decode() for one in found.attachments)
    return found.subject + found.text + files


@pytest.mark.parametrize("language", ["nl", "en"])
def test_the_letter_says_how_to_answer_and_nothing_of_anybody(language: Any) -> None:
    """Subject and text have reference and commands; names, old and new stand in the two files only."""
    found = letter(review(line(old=f"{CANARY}-old", new=f"{CANARY}-new"), language=language))
    assert "C-7K2M9Q" in found.subject
    assert "connector corrections accept C-7K2M9Q --school 99AA00\n" in found.text
    assert re.search(r"connector corrections reject C-7K2M9Q --school 99AA00 --reason RE[A-Z]+\n", found.text)
    assert ": record_is_right, not_proven, ask_the_school, duplicate, other.\n" in found.text
    for private in (CANARY, "Sanne", "Hof", "p-17", "Regenboog"):
        assert private not in found.subject + found.text
    assert [(one.name, one.content_type) for one in found.attachments] == [
        ("C-7K2M9Q.html", "text/html"),
        ("C-7K2M9Q.json", "application/json"),
    ]
    for one in found.attachments:
        assert f"{CANARY}-old" in one.content.decode()
        assert f"{CANARY}-new" in one.content.decode()
    assert "{" not in found.text


def test_a_letter_about_more_items_tells_how_to_name_one() -> None:
    """With one item there is no --item; with two the commands show it."""
    assert "--item" not in letter(review()).text
    text = letter(review(line(), line(PHONES, OLD_PHONES, NEW_PHONES, number=2))).text
    assert "accept C-7K2M9Q [--item N] --school 99AA00" in text
    assert "(2 onderdelen)" in text


def test_a_sensitive_item_is_in_no_file() -> None:
    """Of a medical item both files say its number and nothing more; page and text say the command to see it with."""
    medical = [{"name": f"{CANARY} pinda", "details": CANARY}]
    hidden = line(ALLERGIES, None, medical, person=f"{CANARY} kind", key=CANARY, record=CANARY, number=2)
    found = letter(review(line(), hidden))
    assert CANARY not in _everything(found)
    assert "allergie" not in _everything(found)
    command = "connector corrections review C-7K2M9Q --school 99AA00"
    assert command in found.text
    assert command in found.attachments[0].content.decode()
    items = json.loads(found.attachments[1].content)["items"]
    assert items[1] == {"number": 2, "is_sensitive": True}
    assert items[0]["new"] == "Johan"


def test_a_letter_about_medical_items_only_has_no_file() -> None:
    """Not even who asks travels along with the fact that it is medical."""
    found = letter(review(line(ALLERGIES, None, [{"name": CANARY}])))
    assert found.attachments == ()
    assert CANARY not in found.text
    assert "bijlagen" not in found.text
    assert "connector corrections review C-7K2M9Q --school 99AA00" in found.text


@pytest.mark.parametrize("field", FIELDS)
def test_no_field_is_forgotten(field: Any) -> None:
    """Each field has a name in both languages, and is in the files unless it is sensitive."""
    assert field.name in WORDS["nl"].fields
    assert field.name in WORDS["en"].fields
    shown = _everything(letter(review(line(field, None, [{"name": CANARY, "number": CANARY, "street": CANARY}]))))
    assert (CANARY in shown) is not FIELDS[field].is_sensitive


@pytest.mark.parametrize("language", ["nl", "en"])
def test_every_word_is_there_in_both_languages(language: Any) -> None:
    """No need, motive, operation, part or sentence is missing in one of them."""
    words, other = WORDS[language], WORDS["nl"]
    assert set(words.needs) == set(Need)
    assert set(words.motives) == set(Motive)
    assert set(words.operations) == set(Operation)
    assert {*ADDRESS_PARTS, *MEDICAL_PARTS, *CONTACT_PARTS} <= set(words.parts)
    assert set(words.said) == set(other.said)
    for need in Need:
        assert words.needs[need] in page(review(line(need=need), language=language))


def test_lists_stand_whole_with_what_goes_and_what_is_new_marked() -> None:
    """A phone that stays is on both sides unmarked, whatever its place in the list."""
    shown = page(review(line(PHONES, OLD_PHONES, NEW_PHONES)))
    assert _marked(shown, "gone") == ["mobiel: +31612345678"]
    assert _marked(shown, "new") == ["mobiel: +31687654321"]
    assert shown.count("thuis: +31101234567") == 2


def test_an_address_marks_only_the_parts_that_differ() -> None:
    """Street and number change, postcode and place stay."""
    shown = page(review(line(ADDRESS, OLD_ADDRESS, NEW_ADDRESS)))
    assert _marked(shown, "gone") == ["straat: Dorpsstraat", "huisnummer: 1"]
    assert _marked(shown, "new") == ["straat: Kerklaan", "huisnummer: 7"]


def test_a_contact_is_one_entry_with_its_phones() -> None:
    """Names, relation and numbers of one person go or come together."""
    contact = {"name": "Oma", "relation": "oma", "phones": NEW_PHONES}
    shown = page(review(line(CONTACTS, [], [contact], operation=Operation.ADD)))
    entry = "naam: Oma relatie: oma telefoon: mobiel: +31687654321 telefoon: thuis: +31101234567"
    assert _marked(shown, "new") == [entry]
    assert "(leeg)" in shown


def test_two_equal_entries_of_which_one_goes_are_not_both_kept() -> None:
    """The first is on the other side too, the second is marked."""
    twice = [OLD_PHONES[0], OLD_PHONES[0]]
    assert _marked(page(review(line(PHONES, twice, twice[:1]))), "gone") == ["thuis: +31101234567"]


def test_a_secret_address_is_marked_and_its_old_value_is_nowhere() -> None:
    """The school must process the new one, so it stands in the file; what the portal may not hold does not."""
    secret = line(ADDRESS, {"street": CANARY}, NEW_ADDRESS, is_old_known=False, need=Need.SECRET)
    found = letter(review(secret))
    assert CANARY not in _everything(found)
    shown = found.attachments[0].content.decode()
    assert "GEHEIM" in shown
    assert "(niet bekend in het portaal)" in shown
    assert "straat: Kerklaan" in shown
    (item,) = json.loads(found.attachments[1].content)["items"]
    assert (item["is_secret"], item["old"], item["new"]["street"]) == (True, None, "Kerklaan")
    assert "GEHEIM" not in page(review())


@pytest.mark.parametrize("place", ["new", "old", "person", "requester", "school_name", "record", "key"])
def test_markup_in_a_value_stays_text(place: str) -> None:
    """Wherever it stands: no tag, no attribute and no reference of it reaches the browser."""
    of_line = place in {"new", "old", "person", "record", "key"}
    hostile: dict[str, Any] = {place: HOSTILE}
    shown = page(review(line(**hostile)) if of_line else review(line(), **hostile))
    plain, found = _Read(page(review())), _Read(shown)
    allowed = {tag for tag, _ in plain.tags}
    assert {tag for tag, _ in found.tags} <= allowed
    assert allowed.isdisjoint({"script", "img", "a", "link", "iframe", "form", "object", "base", "svg"})
    assert {name for _, attrs in found.tags for name in attrs} <= {
        "lang", "charset", "http-equiv", "content", "name", "class",
    }  # fmt: skip
    assert "://" not in shown
    assert (HOSTILE in "".join(found.texts)) is (place != "key")


def test_the_page_may_load_and_run_nothing() -> None:
    """Its own policy says so before anything else could be read: no source at all but its one style."""
    tags = _Read(page(review())).tags
    policies = [attrs["content"] for tag, attrs in tags if attrs.get("http-equiv") == "Content-Security-Policy"]
    assert policies == ["default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"]
    names = [tag for tag, _ in tags]
    assert names.index("meta") < names.index("style")


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t=", "\r=", "\n=", " =", "＝", "x\n=", "\r\n+", "\u200b="])
def test_no_text_of_the_page_begins_a_formula(begin: str) -> None:
    """Each piece of text may become a cell of its own when the page is opened or pasted in a spreadsheet."""
    value = f"{begin}HYPERLINK(1)"
    lines = (
        line(CALL_NAME, value, f"{value}2", person=value, record=value),
        line(PHONES, [{"kind": value, "number": value}], [value], number=2),
        line(ADDRESS, {"street": value}, value, number=3),
        line(CONTACTS, [{"name": value, "phones": [{"number": value}]}], None, number=4, rivals=(value,)),
    )
    texts = _Read(page(review(*lines, requester=value, school_name=value))).texts
    assert sum("HYPERLINK" in text for text in texts) >= 10
    assert [text for text in texts if inert(text) != text and text.strip()] == []


_texts = st.text(st.characters() | st.sampled_from("=+-@<>&\"'\t\r\n\u202e\u2028 "), max_size=12)
_phones = st.lists(st.fixed_dictionaries({"kind": _texts, "number": _texts}) | _texts, max_size=3)
_values = st.none() | _texts | _phones | st.dictionaries(st.sampled_from(ADDRESS_PARTS), _texts | st.none())


@given(field=st.sampled_from(list(FIELDS)), old=_values, new=_values, person=_texts, requester=_texts)
def test_no_value_of_any_form_breaks_the_page(field: Any, old: Any, new: Any, person: str, requester: str) -> None:
    """Whatever stands in it, also in a form that the field does not have: the tags are ours and no cell computes."""
    found = letter(review(line(field, old, new, person=person), line(number=2), requester=requester))
    read = _Read(found.attachments[0].content.decode())
    assert {tag for tag, _ in read.tags} <= {
        "html", "head", "meta", "title", "style", "body", "h1", "h2", "table", "tr", "th", "td", "p", "section",
        "code", "bdi", "div", "span", "br", "strong",
    }  # fmt: skip
    assert [text for text in read.texts if inert(text) != text] == []
    json.loads(found.attachments[1].content)


def test_what_cannot_be_seen_is_written_out() -> None:
    """Marks that turn the direction of text, control characters and half characters are shown by their numbers."""
    shown = page(review(line(new="a\u202eb\u2066c\x00d\x1be\u200bf\ud800g\u2028h")))
    assert "a[U+202E]b[U+2066]c[U+0000]d[U+001B]e[U+200B]f[U+D800]g[U+2028]h" in shown
    letter(review(line(new="\ud800")))
    assert "<bdi>" in shown


@pytest.mark.parametrize("value", ["x" * 1_000_000, "\n" * 1_000_000, "<" * 1_000_000, "\u202e" * 1_000_000])
def test_a_text_of_a_megabyte_is_cut_on_the_page_and_whole_in_the_data(value: str) -> None:
    """The page says how long it was; the JSON has every character."""
    found = letter(review(line(new=value)))
    assert len(found.attachments[0].content) < 100_000
    assert "ingekort, 1000000 tekens" in found.attachments[0].content.decode()
    assert json.loads(found.attachments[1].content)["items"][0]["new"] == value


def test_the_data_has_its_version_and_every_key() -> None:
    """A program at the school can tell which form it reads and which item each answer is for."""
    data = json.loads(data_text(review(line(PHONES, OLD_PHONES, NEW_PHONES, rivals=("C-OTHER",)))))
    assert (data["schema_version"], data["reference"], data["school"]) == (1, "C-7K2M9Q", "99AA00")
    assert (data["motive"], data["effective_on"]) == ("moving", "2026-12-01")
    (item,) = data["items"]
    assert (item["key"], item["entity"], item["record"], item["field"]) == ("key-1", "guardians", "p-17", "phones")
    assert (item["operation"], item["old"], item["new"]) == ("change", OLD_PHONES, NEW_PHONES)
    assert item["rivals"] == ["C-OTHER"]


def test_the_data_is_plain_ascii() -> None:
    """What turns the direction of text cannot do so in the window in which the file is opened."""
    assert data_text(review(line(new="Zoë\u202e"))).isascii()


def test_a_repeat_says_that_it_may_have_arrived_before() -> None:
    """One more line in text and page, under the same reference; the first time it is not there."""
    first, again = letter(review()), letter(review(is_repeat=True))
    assert "eerder aangekomen, onder hetzelfde kenmerk" in again.text
    assert "eerder aangekomen" not in first.text
    assert "Mogelijk eerder ontvangen" in again.attachments[0].content.decode()
    assert first.subject == again.subject


def test_a_withdrawal_says_the_reference_only() -> None:
    """No file, no name, no value: which request it was is found by its reference."""
    for found, word in ((withdrawal("C-7K2M9Q", "nl"), "ingetrokken"), (withdrawal("C-7K2M9Q", "en"), "withdrawn")):
        assert "C-7K2M9Q" in found.subject
        assert word in found.subject
        assert found.attachments == ()
        assert "C-7K2M9Q" in found.text


def test_the_same_request_has_the_same_message_id_at_every_attempt() -> None:
    """Of school and reference alone; a withdrawal is another message."""
    school = SchoolId("99AA00")
    assert message_name(school, "C-7K2M9Q") == message_name(school, "C-7K2M9Q") == "correction.99AA00.C-7K2M9Q"
    assert message_name(school, "C-7K2M9Q", is_withdrawal=True) == "correction.99AA00.C-7K2M9Q.withdrawn"
    assert message_name(school, "a\r\nBcc: b@c>") == "correction.99AA00.a--Bcc--b-c-"


def test_the_day_is_that_of_the_school() -> None:
    """An instant late in the evening in UTC is the next day in Amsterdam."""
    found: Review = review()
    assert "26-11-2026" in page(found)
    assert "1-12-2026" in page(found)
    assert "meteen" in page(review(effective_on=None))
