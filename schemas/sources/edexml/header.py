"""The header of an EDEXML document: which school, which school year, and when."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import NamedTuple
from zoneinfo import ZoneInfo

from schemas.errors import ConfigurationError
from schemas.ids import SchoolId, parse_school_id
from schemas.sources.edexml.keys import parse_day
from schemas.sources.edexml.versions import NEWEST, VERSIONS, WHICH_ARE_READ, Version

_SCHOOL_YEAR = re.compile(r"([0-9]{4}) ?[-/] ?([0-9]{4})", re.ASCII)
_INSTITUTION = re.compile(r"0*([1-9][0-9]{1,5})", re.ASCII)
_ZONE = ZoneInfo("Europe/Amsterdam")


class EdexmlHeader(NamedTuple):
    """The school header. `reference_on` is the day it speaks of, `created_at` when it was made (aware UTC).

    A document that does not say its version has the newest one that is read. A Flemish school's has no BRIN but an
    `institution` (instellingsnummer, without leading zeros): that, and nothing else, makes a document Flemish.
    """

    school_id: SchoolId | None
    institution: str | None
    school_year: int
    reference_on: date
    created_at: datetime
    version: Version

    def is_of(self, school: SchoolId, institution: str | None) -> bool:
        """Tell whether this is a document of the school, which may be known by an instellingsnummer too."""
        if self.school_id is not None:
            return self.school_id == school
        return institution is not None and self.institution == institution


class HeaderProblem(NamedTuple):
    """Why a school header cannot be used, and what a person can do."""

    what: str
    fix: str


def read_header(fields: Mapping[str, str]) -> EdexmlHeader | HeaderProblem:
    """Give the header, or what is wrong with it."""
    version = VERSIONS.get(fields["xsdversie"]) if "xsdversie" in fields else NEWEST
    if version is None:
        return HeaderProblem("says that it is of another version", f"{WHICH_ARE_READ} Export it as one of these.")
    institution = _institution(fields) if version.has_institutions else None
    school_id = None if institution else _school_id(fields)
    if school_id is None and institution is None:
        return HeaderProblem(
            "names its school by no usable brincode and dependancecode",
            "Export it again with the school's BRIN (a Flemish school's: as EDEXML 2.0 or 2.1, with its "
            "instellingsnummer); a schoolkey alone cannot be matched.",
        )
    years = _SCHOOL_YEAR.fullmatch(fields.get("schooljaar", ""))
    if years is None or int(years[2]) != int(years[1]) + 1:
        return HeaderProblem("has no schooljaar of the form 2026-2027", "Export it again for one school year.")
    try:
        moments = [_moment(fields[name]) for name in ("peildatum", "aanmaakdatum") if name in fields]
    except (ValueError, OverflowError):  # 0001-01-01, some systems' "never", begins before the calendar does
        moments = []
    if not moments:
        return HeaderProblem(
            "has no readable peildatum or aanmaakdatum, so that it cannot be told from an older one",
            "Export it again with these dates.",
        )
    reference_on = moments[0].astimezone(_ZONE).date()
    return EdexmlHeader(school_id, institution, int(years[1]), reference_on, moments[-1], version)


def _institution(fields: Mapping[str, str]) -> str | None:
    """Give the instellingsnummer of a document that names no BRIN."""
    match = _INSTITUTION.fullmatch(fields.get("instellingsnummer", ""))
    return match[1] if match and "brincode" not in fields else None


def _school_id(fields: Mapping[str, str]) -> SchoolId | None:
    """Give BRIN and site; None when there is no BRIN, or it holds another site than the dependancecode."""
    site = fields.get("dependancecode")
    try:
        brin = parse_school_id(fields.get("brincode", ""))
        whole = brin if site is None else parse_school_id(brin[:4] + site.zfill(2))
    except ConfigurationError:
        return None
    return whole if brin.endswith("00") or whole == brin else None


def _moment(text: str) -> datetime:
    """Give the instant, in UTC, of a day's begin or of a time; one without a zone is the school's."""
    if "T" not in text:
        return datetime.combine(parse_day(text), time.min, _ZONE).astimezone(UTC)
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=_ZONE)).astimezone(UTC)
