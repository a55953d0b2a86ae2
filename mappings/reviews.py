"""A request for correction as a letter to the school. Subject and text hold nobody's name and no value.

What is asked stands in two attached files: a page for a person and the same as data. A sensitive item is in neither.
"""

from __future__ import annotations

import json
import re
from typing import Any

from mappings.review_page import look_with, page
from mappings.review_words import WORDS
from schemas.corrections import Refusal
from schemas.ids import SchoolId
from schemas.letters import Attachment, Letter
from schemas.reviews import Language, Review, ReviewLine

SCHEMA_VERSION = 1
"""Of the data file: a new one when a key changes its meaning or goes."""
_NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9-]", re.ASCII)

_TEXT = {
    "nl": """Geachte medewerker,

Een ouder of verzorger heeft in het ouderportaal gevraagd om gegevens te corrigeren.
{where} Het kenmerk is {reference}.
{repeat}
U hoeft alleen dit te doen: klopt het verzoek, verwerk het dan in het leerlingadministratiesysteem.
Het verzoek sluit vanzelf zodra de nieuwe waarde daar te zien is.

Eerder laten weten wat u besluit, of weigeren, kan ook. De beheerder van de koppeling geeft dan een van deze opdrachten:

  connector corrections accept {reference}{item} --school {school}
  connector corrections reject {reference}{item} --school {school} --reason REDEN

REDEN is een van deze: {reasons}.
{items}{sensitive}
Antwoorden op deze mail hoeft niet: een antwoord wordt niet automatisch verwerkt.
{keep}""",
    "en": """Dear colleague,

A parent or guardian has asked in the parent portal to have data corrected.
{where} The reference is {reference}.
{repeat}
This is all that is needed: if the request is right, process it in the student information system.
The request closes by itself once the new value can be seen there.

You can also say earlier what you decide, or refuse. The administrator of the connector then gives one of these:

  connector corrections accept {reference}{item} --school {school}
  connector corrections reject {reference}{item} --school {school} --reason REASON

REASON is one of these: {reasons}.
{items}{sensitive}
There is no need to answer this mail: an answer is not processed automatically.
{keep}""",
}
_WHERE = {
    "nl": ("Wie het is en wat er gevraagd wordt, staat in de bijlagen.", "Wat er gevraagd wordt, reist niet per mail."),
    "en": ("Who it is and what is asked is in the attached files.", "What is asked does not travel by mail."),
}
"""With files, and without."""
_KEEP = {
    "nl": "De bijlagen bevatten persoonsgegevens. Stuur ze niet door en verwijder ze als het verzoek is afgehandeld.\n",
    "en": "The attached files hold personal data. Do not forward them, and delete them when the request is done.\n",
}
_REPEAT = {
    "nl": "Deze mail is mogelijk al eerder aangekomen, onder hetzelfde kenmerk; het is één verzoek.\n",
    "en": "This mail may have arrived before, under the same reference; it is one request.\n",
}
_ITEMS = {
    "nl": "\nZonder --item geldt de opdracht voor het hele verzoek ({count} onderdelen).\n",
    "en": "\nWithout --item a command holds for the whole request ({count} items).\n",
}
_SENSITIVE = {
    "nl": "\nEen deel van dit verzoek is medisch en reist niet per mail. Het is te zien met:\n\n  {command}\n",
    "en": "\nA part of this request is medical and does not travel by mail. It can be seen with:\n\n  {command}\n",
}
_WITHDRAWN = {
    "nl": """Geachte medewerker,

Het correctieverzoek met kenmerk {reference} is ingetrokken. U hoeft er niets meer mee te doen.
Verwijder de bijlagen van de eerdere mail.
""",
    "en": """Dear colleague,

The request for correction with reference {reference} was withdrawn. There is nothing left to do.
Delete the files that came with the earlier mail.
""",
}


def letter(review: Review) -> Letter:
    """Give the letter with its two files; with none when every item is sensitive. The same review, the same bytes."""
    language, many = review.language, len(review.lines) > 1
    hidden = sum(line.is_sensitive for line in review.lines)
    has_files = hidden < len(review.lines)
    text = _TEXT[language].format(
        where=_WHERE[language][0 if has_files else 1],
        reference=review.reference,
        school=review.school,
        item=" [--item N]" if many else "",
        reasons=", ".join(one.value for one in Refusal),
        items=_ITEMS[language].format(count=len(review.lines)) if many else "",
        repeat=_REPEAT[language] if review.is_repeat else "",
        sensitive=_SENSITIVE[language].format(command=look_with(review)) if hidden else "",
        keep=_KEEP[language] if has_files else "",
    )
    subject = WORDS[language].said["subject"].format(reference=review.reference)
    return Letter(subject, text, _files(review) if has_files else ())


def _files(review: Review) -> tuple[Attachment, ...]:
    name = _NOT_IN_A_NAME.sub("-", review.reference)
    return (
        Attachment(f"{name}.html", "text/html", page(review).encode()),
        Attachment(f"{name}.json", "application/json", data_text(review).encode()),
    )


def withdrawal(reference: str, language: Language) -> Letter:
    """Give the letter that takes a request back. It holds the reference and nothing else."""
    subject = WORDS[language].said["subject_withdrawn"].format(reference=reference)
    return Letter(subject, _WITHDRAWN[language].format(reference=reference))


def message_name(school: SchoolId, reference: str, *, is_withdrawal: bool = False) -> str:
    """Give the left half of a Message-ID: the same at every attempt for the same request."""
    ending = ".withdrawn" if is_withdrawal else ""
    return f"correction.{school}.{_NOT_IN_A_NAME.sub('-', reference)}{ending}"


def data_text(review: Review) -> str:
    """Give a review as JSON, values whole and unchanged; a letter outside ASCII is written as its number."""
    return json.dumps(_data(review), indent=2) + "\n"


def _data(review: Review) -> dict[str, Any]:
    return {
        "schema_version": SCHEMA_VERSION,
        "reference": review.reference,
        "school": review.school,
        "requester": review.requester,
        "motive": review.motive.value,
        "effective_on": review.effective_on.isoformat() if review.effective_on else None,
        "submitted_at": review.submitted_at.isoformat(),
        "is_repeat": review.is_repeat,
        "items": [_item(line) for line in review.lines],
    }


def _item(line: ReviewLine) -> dict[str, Any]:
    if line.is_sensitive:
        return {"number": line.number, "is_sensitive": True}
    return {
        "number": line.number,
        "is_sensitive": False,
        "key": line.key,
        "entity": line.field.stream.value,
        "record": line.record,
        "person": line.person,
        "field": line.field.name,
        "operation": line.operation.value,
        "is_old_known": line.is_old_known,
        "old": line.old if line.is_old_known else None,
        "new": line.new,
        "is_secret": line.is_secret,
        "needs": line.need.value if line.need else None,
        "is_for_all_at_address": line.is_for_all_at_address,
        "rivals": list(line.rivals),
    }
