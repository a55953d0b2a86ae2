"""Dutch for the pages a school prints: modules, streams, reasons, columns, days. Commands themselves speak English.

The names are written out, so that no page depends on a mapping; a test holds them equal to what there is.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from mappings.values import SCHOOL_ZONE, start_of_day

_MONTHS = (
    "januari", "februari", "maart", "april", "mei", "juni",
    "juli", "augustus", "september", "oktober", "november", "december",
)  # fmt: skip

MODULES: Mapping[str, tuple[str, str]] = {
    "personalia": ("Personalia", "de gegevens van uw kind en van uzelf: naam, adres, telefoon, en wie wij bellen"),
    "absentie": ("Absentie", "wanneer uw kind afwezig of te laat was"),
    "medisch": ("Medisch", "medicijnen, allergieën en wat de school verder over de gezondheid van uw kind moet weten"),
    "facturen": ("Facturen", "de rekeningen die op uw naam staan"),
    "jaarplanner": ("Jaarplanner", "vakanties, studiedagen en activiteiten"),
    "nieuws": ("Nieuws", "berichten van de school en van de groep van uw kind"),
    "medewerkers": ("Medewerkers", "wie er op school werken, hun taak, hun werkdagen en hun mailadres op school"),
    "groep": ("Groep", "de groep van uw kind, de leerkrachten, en van klasgenoten wat hun ouders goedvinden"),
    "rooster": ("Rooster", "de lessen van de groep van uw kind per dag"),
    "hulpplan": ("Hulpplan", "de vastgestelde hulpplannen van uw kind"),
    "rapport": ("Rapport", "de gepubliceerde rapporten van uw kind"),
    "methodetoetsen": ("Methodetoetsen", "de resultaten van toetsen die bij de lesmethode horen"),
    "notities": ("Notities", "notities over uw kind die de school met u deelt"),
    "toetsen": ("Toetsen", "de resultaten van landelijke toetsen"),
}
"""Each module's title, and what it shows, as said to a parent."""

VIEWS: Mapping[str, str] = {
    "portal_pupils": "Leerlingen",
    "portal_guardians": "Verzorgers",
    "portal_guardianships": "Relaties",
    "portal_emergency_contacts": "Noodcontacten",
    "portal_locations": "Vestigingen",
    "portal_absences": "Absenties",
    "portal_medical_items": "Medische gegevens",
    "portal_invoices": "Facturen",
    "portal_calendar_items": "Jaarplanner",
    "portal_news_items": "Nieuwsberichten",
    "portal_employees": "Medewerkers",
    "portal_group_memberships": "Groepsindelingen",
    "portal_groups": "Groepen",
    "portal_group_employees": "Leerkrachten van de groep",
    "portal_group_list": "Klasgenoten",
    "portal_privacy_preferences": "Toestemmingen",
    "portal_lessons": "Lessen",
    "portal_support_plans": "Hulpplannen",
    "portal_reports": "Rapporten",
    "portal_method_test_results": "Methodetoetsen",
    "portal_notes": "Notities",
    "portal_test_results": "Toetsen",
}
"""Every view that shows a stream, and the group list."""

REASONS: Mapping[str, str] = {
    "not_enrolled": "niet ingeschreven",
    "left": "van school",
    "not_visible_to_parents": "niet voor ouders aangevinkt",
    "not_final": "nog niet definitief",
    "not_published": "niet gepubliceerd",
    "expired": "datum is voorbij",
    "group_not_open": "groepen zijn niet open",
    "placeholder": "geen echte groep",
    "parent_withheld": "hoort bij iets dat niet getoond wordt",
    "no_enrolled_child": "geen ingeschreven kind",
    "not_sent": "niet verstuurd",
    "no_debtor": "geen debiteur",
    "not_for_parents": "niet voor ouders",
    "category_not_used": "soort wordt niet gebruikt",
    "audience_not_selected": "doelgroep niet gekozen",
    "category_not_selected": "soort niet gekozen",
    "subject_not_selected": "vak niet gekozen",
    "test_not_selected": "toets niet gekozen",
    "before_from_date": "van voor de gekozen datum",
    "beyond_history": "te lang geleden",
    "held": "wacht op een mens (grote wijziging)",
    "parent_held": "hoort bij iets dat op een mens wacht",
    "not_yet": "datum van tonen moet nog komen",
    "nobody_with_access": "geen verzorger die het nu mag zien",
}
"""Every gate, and what else keeps a stored record from being seen. Anything else is a record that cannot be read."""
UNREADABLE = "onbruikbaar in de bron"

ACCESS: Mapping[str, str] = {
    "authority": "gezag",
    "information_agreement": "informatieafspraak (beperkt)",
    "restricted": "beperking: ziet niets",
    "adult": "leerling is 18: ziet niets",
    "not_yet_enrolled": "nog niet ingeschreven: ziet niets",
    "left": "van school: ziet niets",
    "ended": "relatie voorbij: ziet niets",
    "no_authority": "geen gezag: ziet niets",
    "authority_unknown": "gezag onbekend: ziet niets",
}
"""Every reason of access."""

COLUMNS: Mapping[str, str] = {
    "approach": "aanpak", "begins_at": "begint", "birth_day": "verjaardag", "birth_on": "geboren", "body": "bericht",
    "call_name": "roepnaam", "category": "soort", "city": "plaats", "contact_order": "volgorde", "country": "land",
    "description": "omschrijving", "details": "bijzonderheden", "display_name": "naam", "document_id": "document",
    "document_name": "bestand", "document_sha256": "controlegetal", "document_size": "bytes",
    "document_type": "bestandssoort", "due_on": "te betalen voor", "email": "mail",
    "employee_id": "medewerker",
    "ends": "tot", "ends_at": "tot", "enrolled_from": "ingeschreven vanaf", "enrolled_until": "ingeschreven tot en met",
    "evaluation": "evaluatie", "first_names": "voornamen", "from_on": "vanaf",
    "functioning_level": "functioneringsniveau",
    "functions": "functies", "gender": "geslacht", "given_on": "gegeven op", "goals": "doelen", "grade": "beoordeling",
    "group_id": "groep", "group_name": "groep", "house_number": "huisnummer", "house_number_suffix": "toevoeging",
    "id": "sleutel", "initials": "voorletters", "instructions": "instructie", "invoiced_on": "factuurdatum",
    "is_address_confidential": "geheim adres", "is_all_day": "hele dag", "is_allowed": "toegestaan",
    "is_authorised": "geoorloofd", "is_reply_allowed": "reageren mag", "is_self": "uzelf", "kind": "soort",
    "last_name": "achternaam", "levels": "niveaus", "lines": "regels", "location_id": "vestiging",
    "max_score": "hoogste score", "method": "methode", "moment": "moment", "name": "naam",
    "name_prefix": "tussenvoegsel", "norm": "norm", "noted_on": "datum", "number": "nummer",
    "paid_cents": "betaald (cent)",
    "parents_names": "ouders", "parts": "onderdelen", "period": "periode", "phone": "telefoon", "phones": "telefoons",
    "photo_reference": "foto", "postal_code": "postcode", "pupil_id": "leerling", "raw_score": "ruwe score",
    "reason": "reden", "relation": "relatie", "reported_by": "gemeld door", "reported_on": "rapportdatum",
    "role": "rol",
    "room": "lokaal", "scale": "schaal", "scale_score": "vaardigheidsscore", "school_year": "schooljaar",
    "score": "score", "sort_name": "sorteernaam", "starts": "van", "starts_at": "van", "status": "stand",
    "street": "straat", "subject": "vak of onderwerp", "taken_on": "gemaakt op", "test": "toets",
    "test_name": "toetsnaam", "text": "tekst", "time_from": "van", "time_until": "tot", "title": "titel",
    "total_cents": "totaal (cent)", "until_on": "tot en met", "visible_from": "te zien vanaf",
    "visible_until": "te zien tot", "weekday": "dag", "weekdays": "dagen", "work_email": "mail op school",
    "working_days": "werkdagen", "year_group": "leerjaar", "year_groups": "leerjaren",
}  # fmt: skip
"""Every column of those views that a guardian sees."""


def day(value: date) -> str:
    """Write a day as a Dutch reader does: 5 januari 2027."""
    return f"{value.day} {_MONTHS[value.month - 1]} {value.year}"


def moment(value: datetime) -> str:
    """Write an instant in the school's time: the day alone when it begins there."""
    there = value.astimezone(SCHOOL_ZONE)
    if value == start_of_day(there.date()):
        return day(there.date())
    return f"{day(there.date())}, {there:%H:%M} uur"


def value(name: str, given: Any) -> str:
    """Write a value of a view for a reader; `name` is its column. Nothing is an empty text."""
    if given is None or given == "[]":
        return ""
    if name.startswith("is_"):
        return "ja" if given in {True} else "nee"
    if isinstance(given, datetime):
        return moment(given)
    if name.endswith("_on"):
        return day(given if isinstance(given, date) else date.fromisoformat(str(given)))
    return _flat(given)


def _flat(given: Any) -> str:
    """Write a JSON list as text, its parts one after another."""
    if isinstance(given, str) and given.startswith("["):
        try:
            given = json.loads(given)
        except ValueError:
            return str(given)
    if isinstance(given, list):
        return "; ".join(_flat(one) for one in given)
    if isinstance(given, dict):
        return " ".join(str(one) for one in given.values() if one not in (None, ""))
    return str(given)
