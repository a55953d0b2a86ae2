"""What each guardian should see of invoices, health, the planner, lessons, reports, results and files.

`portal_oracle` goes on here. Imports no mapping and no view.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tests.unit.access_oracle import Days

if TYPE_CHECKING:
    from tests.integration.portal_oracle import Raw, Rows, Sight

Judge = Callable[["Raw"], bool]
SENT = ("sent", "partly_paid", "paid", "cancelled")


def stream_views(sight: Sight) -> dict[str, Rows]:
    """Give the rows of these views, open module or not."""
    return {
        "portal_emergency_contacts": _of_pupils(sight, "emergency_contacts", "full", _contact),
        "portal_medical_items": _of_pupils(sight, "medical_items", "full", _medical_item),
        "portal_invoices": _invoices(sight),
        "portal_calendar_items": _calendar(sight),
        "portal_privacy_preferences": _of_pupils(
            sight, "privacy_preferences", "full", _answer, lambda one: one["category"].startswith("group_list_")
        ),
        "portal_lessons": _lessons(sight),
        "portal_reports": _of_pupils(sight, "reports", None, _report, _is_given_out(sight)),
        "portal_method_test_results": _of_pupils(sight, "method_test_results", "full", _method_test, _is_out(sight)),
        "portal_test_results": _of_pupils(sight, "test_results", None, _lvs_result, _is_final(sight)),
        "portal_documents": _documents(sight),
    }


MODULES = {
    "portal_emergency_contacts": {"personalia"},
    "portal_medical_items": {"medisch"},
    "portal_invoices": {"facturen"},
    "portal_calendar_items": {"jaarplanner"},
    "portal_privacy_preferences": {"groep"},
    "portal_lessons": {"rooster"},
    "portal_reports": {"rapport"},
    "portal_method_test_results": {"methodetoetsen"},
    "portal_test_results": {"toetsen"},
    "portal_documents": {"rapport", "hulpplan"},
}
"""The module each view needs; of documents each row needs the module of its own stream."""


def _of_pupils(
    sight: Sight, stream: str, level: str | None, tell: Callable[[Raw], Raw], judge: Judge = lambda _one: True
) -> Rows:
    return {
        (guardian, key): {"pupil_id": pupil, **tell(record)}
        for key, record in sight.records[stream].items()
        if judge(record)
        for guardian, pupil in sight.pairs(level)
        if pupil == record["pupil_id"]
    }


def _has_begun(sight: Sight, record: Raw) -> bool:
    begins = record["publish_from"]
    return begins is None or datetime.fromisoformat(begins) <= sight.moment


def _is_out(sight: Sight) -> Judge:
    return lambda record: _has_begun(sight, record)


def _is_given_out(sight: Sight) -> Judge:
    return lambda record: record["published"] and _has_begun(sight, record)


def _is_final(sight: Sight) -> Judge:
    return lambda record: record["status"] == "final" and _has_begun(sight, record)


def _contact(record: Raw) -> Raw:
    public = [one for one in record["phones"] if not one["is_confidential"]]
    numbers = [(one["kind"], last_digits(one["number"])) for one in public]
    return {**_same(record, "name relation contact_order"), "phones": numbers}


def _medical_item(record: Raw) -> Raw:
    phone = record["phone"]
    number = None if phone is None or phone["is_confidential"] else last_digits(phone["number"])
    return {**_same(record, "kind name details instructions time_from time_until"), "phone": number}


def _answer(record: Raw) -> Raw:
    return _same(record, "category is_allowed")


def _report(record: Raw) -> Raw:
    file = record["document"] or {}
    told = {f"document_{name}": file.get(name) for name in ("id", "size", "sha256")}
    return {**_same(record, "title period school_year year_group"), **told, "document_name": file.get("file_name")}


def _method_test(record: Raw) -> Raw:
    parts = [(one["name"], decimal(one["score"]), decimal(one["max_score"])) for one in record["parts"]]
    scores = {name: decimal(record[name]) for name in ("score", "max_score")}
    return {**_same(record, "method test subject school_year year_group norm grade"), **scores, "parts": parts}


def _lvs_result(record: Raw) -> Raw:
    moment = record["moment"] and record["moment"] + (record["moment_year_group"] or "")
    return {
        **_same(record, "test test_name subject school_year year_group raw_score scale functioning_level"),
        "moment": moment,
        "scale_score": decimal(record["scale_score"]),
        "levels": [(level["kind"], level["value"]) for level in record["levels"]],
    }


def _invoices(sight: Sight) -> Rows:
    return {
        (record["debtor_id"], key): {
            **_same(record, "number description status"),
            "pupil_id": record["pupil_id"] if (record["debtor_id"], record["pupil_id"]) in sight.levels else None,
            "total_cents": cents(record["total_amount"]),
            "paid_cents": cents(record["paid_amount"]),
            "lines": [(line["description"], cents(line["amount"])) for line in record["lines"]],
        }
        for key, record in sight.records["invoices"].items()
        if record["status"] in SENT and record["debtor_id"] in sight.viewers
    }


def _calendar(sight: Sight) -> Rows:
    return {
        (guardian, key): _same(record, "title description kind group_id is_all_day")
        for key, record in sight.records["calendar_items"].items()
        if record["audience"] == "parents"
        for guardian in sight.viewers
        if record["group_id"] is None or sight.is_now_in(guardian, record["group_id"])
    }


def _lessons(sight: Sight) -> Rows:
    return {
        (guardian, key): {
            **_same(record, "group_id weekday starts ends subject room"),
            "group_name": sight.records["groups"][record["group_id"]]["name"],
        }
        for key, record in sight.records["lessons"].items()
        if Days(_date(record["from_on"]), _date(record["until_on"])).has(sight.day)
        for guardian in sight.viewers
        if sight.is_now_in(guardian, record["group_id"])
    }


def _documents(sight: Sight) -> Rows:
    found: Rows = {}
    for stream, module, judge in (
        ("reports", "rapport", _is_given_out(sight)),
        ("support_plans", "hulpplan", lambda one: one["status"] == "final"),
    ):
        shown = _of_pupils(sight, stream, None, _same_file, judge) if module in sight.modules else {}
        for (guardian, key), told in shown.items():
            if told["id"] is not None:
                found[guardian, f"{stream}/{key}"] = told
    return found


def _same_file(record: Raw) -> Raw:
    file = record["document"] or {}
    return {"id": file.get("id"), "name": file.get("file_name"), "sha256": file.get("sha256")}


FIRST_DAYS = (
    ("lessons", "from_on"),
    ("employees", "employed_from"),
    ("pupils", "enrolled_from"),
    ("group_memberships", "from_on"),
)


def begins(sight: Sight) -> Iterator[tuple[str, str, datetime]]:
    """Give stream, id and first moment of every record that has one of its own."""
    for stream in ("news_items", "reports", "method_test_results", "test_results"):
        for key, record in sight.records[stream].items():
            if record["publish_from"] is not None:
                yield stream, key, datetime.fromisoformat(record["publish_from"])
    for stream, name in FIRST_DAYS:
        for key, record in sight.records[stream].items():
            if record[name] is not None:
                yield stream, key, sight.midnight(date.fromisoformat(record[name]))


def _same(record: Raw, names: str) -> Raw:
    return {name: record[name] for name in names.split()}


def last_digits(number: str) -> str:
    """Give the last eight digits of a number, however it is written."""
    return "".join(letter for letter in number if letter.isdigit())[-8:]


def decimal(text: str | None) -> Decimal | None:
    """Give a score's value: 7.50 and 7.5 are one."""
    return None if text is None else Decimal(text)


def cents(amount: str) -> int:
    """Give an amount in whole cents."""
    return int(Decimal(amount) * 100)


def _date(value: Any) -> date | None:
    return None if value is None else date.fromisoformat(value)
