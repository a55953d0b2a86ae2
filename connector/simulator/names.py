"""Invented Dutch names, streets and texts, and the small records made of them."""

import unicodedata
from collections.abc import Mapping
from random import Random
from typing import Any

from connector.simulator.draft import Draft

GIRLS = (
    "Sanne", "Noor", "Fenna", "Lotte", "Yara", "Zoë", "Eline", "Maud", "Femke", "Aïsha", "Roos",
    "Jasmijn", "Tess", "Iris", "Hanna", "Liv", "Saar", "Noëlle", "Pien", "Meryem",
)  # fmt: skip
BOYS = (
    "Daan", "Sem", "Bram", "Thijs", "Noah", "Levi", "Jurre", "Mees", "Youssef", "Stijn", "Ruben",
    "Tijn", "Finn", "Joris", "Bilal", "Gijs", "Siem", "Olaf", "André", "Çağlar",
)  # fmt: skip
SURNAMES: tuple[tuple[str | None, str], ...] = (
    (None, "Jansen"), ("de", "Vries"), ("van den", "Berg"), (None, "Bakker"), ("van", "Dijk"),
    (None, "Visser"), ("van 't", "Hof"), ("de", "Boer"), (None, "Yılmaz"), ("van der", "Meer"),
    ("'t", "Hart"), (None, "Mulder"), ("in 't", "Veld"), (None, "El Amrani"), ("ter", "Horst"),
    (None, "Dijkstra"), ("von", "Rosenthal"), ("op de", "Beeck"), (None, "Smit-Kooistra"),
    ("van de", "Ven"), (None, "Nguyen"), ("uit den", "Bogaard"), ("d'", "Hondt"), (None, "Prinsen"),
    ("van", "Loon"), (None, "Hoekstra"), ("ten", "Cate"), (None, "Gül"),
)  # fmt: skip
STREETS = (
    "Dorpsstraat", "Kerklaan", "Molenweg", "Parallelweg", "Beukenlaan", "Rozenhof", "Prinsenkade",
    "Sluisdijk", "Meidoornstraat", "Zonnebaan",
)  # fmt: skip
CITIES = ("Voorbeeldstad", "Nieuw-Testum", "Oost-Verzonnen", "Sint Fictief")
SUBJECTS = ("Rekenen", "Begrijpend lezen", "Spelling", "Werkhouding", "Technisch lezen", "Motoriek")
NOTE_CATEGORIES = ("conversation", "educational_needs", "observation", "home_visit", "day_report")
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri")

Surname = tuple[str | None, str]


def surname(rng: Random) -> Surname:
    """Return (name prefix or None, last name)."""
    return rng.choice(SURNAMES)


def person(rng: Random, family: Surname, gender: str) -> dict[str, Any]:
    """Return {initials, call_name, name_prefix, last_name, gender} of a grown-up."""
    call_name = rng.choice(GIRLS if gender == "female" else BOYS)
    second = rng.choice("ABCDEFGHJKLMNPRSTW")
    return {
        "initials": f"{call_name[0]}.{second}.",
        "call_name": call_name,
        "name_prefix": family[0],
        "last_name": family[1],
        "gender": gender,
    }


def full_name(one: Mapping[str, Any]) -> str:
    """Return call name, prefix and last name of a pupil or grown-up, as far as they have them."""
    return " ".join(one[part] for part in ("call_name", "name_prefix", "last_name") if one[part])


def email(draft: Draft, call_name: str, last_name: str) -> str:
    """Return an address at example.nl that no one else in this school has."""
    return f"{plain(call_name)}.{plain(last_name)}{draft.count('mail')}@example.nl"


def plain(text: str) -> str:
    """Return the text in lower-case ASCII letters and digits only."""
    bare = unicodedata.normalize("NFKD", text.replace("ı", "i"))
    return "".join(letter for letter in bare.lower() if letter.isascii() and letter.isalnum())


def mobile(draft: Draft, *, confidential: bool = False) -> dict[str, Any]:
    """Return a mobile Phone with a number that cannot exist (06-0000xxxx)."""
    return {
        "number": f"06-0000{draft.count('phone') % 10000:04d}",
        "kind": "mobile",
        "is_confidential": confidential,
    }


def landline(draft: Draft, kind: str = "home") -> dict[str, Any]:
    """Return a Phone of another kind with a number that cannot exist (010-000xxxx)."""
    return {"number": f"010-000{draft.count('phone') % 10000:04d}", "kind": kind, "is_confidential": False}


def address(draft: Draft, rng: Random, *, confidential: bool = False) -> dict[str, Any]:
    """Return a new Address."""
    return {
        "id": f"adr-{draft.count('address'):06d}",
        "street": rng.choice(STREETS),
        "house_number": str(rng.randint(1, 240)),
        "house_number_suffix": rng.choice((None, None, None, "A", "bis", "2 hoog")),
        "postal_code": f"{rng.randint(1000, 9999)} {rng.choice('ABCDEGHJ')}{rng.choice('ABCDEGHJ')}",
        "city": rng.choice(CITIES),
        "country": "NL",
        "is_confidential": confidential,
    }
