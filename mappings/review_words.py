"""The words of a review, in Dutch and in English: fields, parts of values, operations and what needs a look."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from schemas.correction_fields import FieldName
from schemas.corrections import Motive, Need, Operation
from schemas.reviews import Language
from schemas.streams import Stream

_PUPIL, _GUARDIAN = Stream.PUPILS, Stream.GUARDIANS

_FIELDS: Mapping[str, tuple[str, str]] = {
    "email": ("e-mailadres", "mail address"),
    "phones": ("telefoonnummers", "telephone numbers"),
    "address": ("adres", "address"),
    "initials": ("voorletters", "initials"),
    "first_names": ("voornamen", "first names"),
    "call_name": ("roepnaam", "call name"),
    "name_prefix": ("tussenvoegsel", "prefix of the name"),
    "last_name": ("achternaam", "last name"),
    "birth_on": ("geboortedatum", "date of birth"),
    "emergency_contacts": ("noodcontacten", "emergency contacts"),
    "allergies": ("allergieën", "allergies"),
    "medication": ("medicijnen", "medication"),
    "care_providers": ("zorgverleners", "care providers"),
}


class Words(NamedTuple):
    """Everything a review says, in one language."""

    language: Language
    fields: Mapping[str, str]
    streams: Mapping[Stream, str]
    parts: Mapping[str, str]
    kinds: Mapping[str, str]
    operations: Mapping[Operation, str]
    motives: Mapping[Motive, str]
    needs: Mapping[Need, str]
    said: Mapping[str, str]

    def field(self, name: FieldName) -> str:
        """Give a field as people call it: `telefoonnummers`."""
        return self.fields[name.name]


DUTCH = Words(
    language="nl",
    fields={name: dutch for name, (dutch, _) in _FIELDS.items()},
    streams={_PUPIL: "leerling", _GUARDIAN: "verzorger"},
    parts={
        "kind": "soort", "number": "nummer", "street": "straat", "house_number": "huisnummer",
        "house_number_suffix": "toevoeging", "postal_code": "postcode", "city": "plaats", "country": "land",
        "name": "naam", "relation": "relatie", "phones": "telefoon", "details": "bijzonderheden",
        "instructions": "instructie", "from_on": "vanaf", "until_on": "tot en met", "phone": "telefoon",
    },
    kinds={"mobile": "mobiel", "home": "thuis", "work": "werk", "other": "overig"},
    operations={Operation.ADD: "toevoegen", Operation.CHANGE: "wijzigen", Operation.REMOVE: "verwijderen"},
    motives={
        Motive.MOVING: "de situatie verandert (bijvoorbeeld een verhuizing)",
        Motive.ERROR: "wat er nu staat, is niet juist",
    },
    needs={
        Need.STALE: "de waarde in het systeem is intussen anders dan wat de ouder zag",
        Need.CONFLICT: "een andere ouder vraagt iets anders: beslis samen",
        Need.SECRET: "het portaal mag de huidige waarde niet hebben: vergelijk zelf",
        Need.EVIDENCE: "er is een bewijsstuk: bekijk het voordat u beslist",
        Need.TWO_PERSONS: "twee personen moeten hierover beslissen",
        Need.LOST: "onbekend of dit verzoek eerder is aangekomen",
    },
    said={
        "title": "Correctieverzoek", "school": "school", "requester": "aanvrager", "motive": "reden",
        "effective_on": "gaat in op", "at_once": "meteen", "submitted_at": "ingediend op", "reference": "kenmerk",
        "old": "Nu in het systeem", "new": "Gevraagd", "item": "Onderdeel", "look": "Let op",
        "empty": "(leeg)", "unknown": "(niet bekend in het portaal)", "secret": "GEHEIM",
        "secret_note": "niet aan anderen tonen, ook niet aan de andere ouder",
        "removed": "vervalt", "added": "nieuw", "everyone": "geldt voor iedereen op dit adres",
        "rivals": "andere verzoeken over dit gegeven", "repeat": "Mogelijk eerder ontvangen, onder hetzelfde kenmerk.",
        "sensitive": "een medisch onderdeel; dat reist niet per mail. Bekijk het met:",
        "cut": "ingekort, {count} tekens in totaal; geheel in het JSON-bestand",
        "keep": "Dit bestand bevat persoonsgegevens. Verwijder het zodra het verzoek is afgehandeld.",
        "subject": "Correctieverzoek van een ouder, kenmerk {reference}",
        "subject_withdrawn": "Correctieverzoek ingetrokken, kenmerk {reference}",
    },
)  # fmt: skip

ENGLISH = Words(
    language="en",
    fields={name: english for name, (_, english) in _FIELDS.items()},
    streams={_PUPIL: "pupil", _GUARDIAN: "guardian"},
    parts={
        "kind": "kind", "number": "number", "street": "street", "house_number": "house number",
        "house_number_suffix": "suffix", "postal_code": "postcode", "city": "city", "country": "country",
        "name": "name", "relation": "relation", "phones": "telephone", "details": "details",
        "instructions": "instructions", "from_on": "from", "until_on": "until", "phone": "telephone",
    },
    kinds={"mobile": "mobile", "home": "home", "work": "work", "other": "other"},
    operations={Operation.ADD: "add", Operation.CHANGE: "change", Operation.REMOVE: "remove"},
    motives={
        Motive.MOVING: "the situation changes (a move, for instance)",
        Motive.ERROR: "what stands there now is wrong",
    },
    needs={
        Need.STALE: "the value in the system is no longer what the parent saw",
        Need.CONFLICT: "another parent asks something else: decide together",
        Need.SECRET: "the portal may not hold the present value: compare it yourself",
        Need.EVIDENCE: "there is evidence: look at it before you decide",
        Need.TWO_PERSONS: "two persons must decide",
        Need.LOST: "unknown whether this request arrived before",
    },
    said={
        "title": "Request for correction", "school": "school", "requester": "requester", "motive": "reason",
        "effective_on": "takes effect on", "at_once": "at once", "submitted_at": "submitted on",
        "reference": "reference", "old": "Now in the system", "new": "Asked for", "item": "Item", "look": "Mind",
        "empty": "(empty)", "unknown": "(not known in the portal)", "secret": "SECRET",
        "secret_note": "not to be shown to others, nor to the other parent",
        "removed": "goes", "added": "new", "everyone": "holds for everyone at this address",
        "rivals": "other requests about this field", "repeat": "May have arrived before, under the same reference.",
        "sensitive": "a medical item; it does not travel by mail. Look at it with:",
        "cut": "cut, {count} characters in all; whole in the JSON file",
        "keep": "This file holds personal data. Delete it when the request is done.",
        "subject": "A parent's request for correction, reference {reference}",
        "subject_withdrawn": "Request for correction withdrawn, reference {reference}",
    },
)  # fmt: skip

WORDS: Mapping[Language, Words] = {"nl": DUTCH, "en": ENGLISH}
