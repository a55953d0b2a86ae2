"""Values that must not be found where they do not belong, planted in a simulated school; and the search for them."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import inspect, text

from connector.portal.database import Database
from connector.simulator.world import World
from connector.telemetry import logs
from schemas.streams import Stream

SCHOOL = "99AA00"

SHOWN: dict[str, str] = {
    "name": "Zwartkanarieva",
    "call name": "Kwetteria",
    "street": "Kanariestraatzicht",
    "phone": "00007711",
    "mail": "kanarie.getoond",
    "birth date": "2019-02-17",
    "note text": "Zichtbarekanarienotitie",
    "plan text": "Zichtbaarkanariedoel",
    "news": "Kanarienieuwsbericht",
    "whom to call": "Noodkanariecontact",
    "medicine": "Kanariepoeder",
    "what to do with it": "Driemaaldaagskanarie",
    "invoice": "Kanariezaadrekening",
    "date to come": "Kanariemarkt",
    "report": "Kanarierapport",
    "grade": "Kanariegoed",
    "test": "Kanarietoets",
    "photo": "foto/kanarieportret",
}
"""May be in the portal's own tables, and nowhere else: no log, no error, no other table."""

NEVER: dict[str, str] = {
    "secret street": "Geheimkanariehof",
    "secret phone": "00009922",
    "private mail": "prive.kanarie",
    "private mobile": "00009933",
    "internal remark": "Internekanarieopmerking",
    "hidden note": "Verborgenkanarienotitie",
    "concept plan": "Conceptkanarieplan",
    "unpublished news": "Ongepubliceerdekanarie",
    "medical remark": "Internekanariediagnose",
    "concept invoice": "Conceptkanarierekening",
    "date of the staff": "Kanarievergadering",
    "unpublished report": "Ongepubliceerdkanarierapport",
    "cancelled test": "Geannuleerdekanarietoets",
    "citizen service number": "123456782",
    "last digits of it": "kanarie-6782",
    "ECK iD": "ketenid.test/kanarie",
}
"""May be stored nowhere at all."""

FIELDS: Mapping[str, tuple[str, str, str]] = {
    "emergency_contacts": ("contact_two_households", "", "name relation"),
    "medical_items": ("medical_allergy", "", "name details instructions"),
    "invoices": ("invoice_paid", "invoice_no_debtor", "number description lines.description"),
    "calendar_items": ("calendar_group", "calendar_staff_group", "title description"),
    "lessons": ("lesson_current", "lesson_past", "subject room"),
    "support_plans": ("plan_past", "plan_withdrawn", "subject goals approach evaluation document.file_name"),
    "reports": ("report_without_document", "report_unpublished", "period document.file_name"),
    "method_test_results": ("method_test_taal", "", "method test subject norm grade parts.name"),
    "test_results": ("test_level_iv", "test_in_progress", "test_name subject scale functioning_level levels.value"),
}
"""Every field of words of these streams: the role of a record that is shown, of one that is withheld, the fields."""


def _word(mark: str, stream: str, field: str) -> str:
    return f"{mark}{stream}{field}kanarie".replace("_", "").replace(".", "")


SHOWN |= {
    f"{stream}.{field}": _word("in", stream, field) for stream, (*_, names) in FIELDS.items() for field in names.split()
}
NEVER |= {
    f"{stream}.{field}": _word("buiten", stream, field)
    for stream, (_, role, names) in FIELDS.items()
    if role
    for field in names.split()
}

TABLES_OF_THE_PORTAL = {*(stream.value for stream in Stream), "guardian_access", "group_list_entries", "documents"}
PHONES = [
    {"number": "06-00007711", "kind": "mobile", "is_confidential": False},
    {"number": "06-00009922", "kind": "mobile", "is_confidential": True},
]
NUMBERS = {
    "bsn": "123456782",
    "pgn": 123456782,
    "bsn_ondwnr-4": "kanarie-6782",
    "eck_id": "https://ketenid.test/kanarie",
}


def plant(world: World, school: str = SCHOOL) -> None:
    """Put every canary into records of the world's roles."""
    role = world.roles(school)
    home = world.records(school, "pupils")[role["pupil_plain"]]["address"]
    shown = {**home, "street": SHOWN["street"]}
    secret = {**home, "id": "adr-secret", "street": NEVER["secret street"], "is_confidential": True}
    name = {"last_name": SHOWN["name"], "call_name": SHOWN["call name"], "birth_on": SHOWN["birth date"]}
    photo = {"photo_reference": SHOWN["photo"]}
    world.patch(school, "pupils", role["pupil_plain"], **name, **photo, **NUMBERS, address=shown, phones=PHONES)
    world.patch(school, "pupils", role["pupil_sibling"], last_name=SHOWN["name"], **NUMBERS)
    world.patch(school, "pupils", role["pupil_confidential"], address=secret, phones=PHONES[1:])
    mail = f"{SHOWN['mail']}@example.nl"
    world.patch(
        school, "guardians", role["guardian_plain"], last_name=SHOWN["name"], email=mail, address=shown, **NUMBERS
    )
    world.patch(school, "guardians", role["guardian_confidential"], address=secret, phones=PHONES[1:])
    private = {"private_email": f"{NEVER['private mail']}@example.nl", "mobile": {**PHONES[0], "number": "06-00009933"}}
    world.patch(school, "employees", role["employee_teacher"], **private, **NUMBERS)
    world.patch(school, "absences", role["absence_illness"], internal_remark=NEVER["internal remark"])
    for part in ("text", "title"):
        world.patch(school, "notes", role["note_visible"], **{part: SHOWN["note text"]})
        world.patch(school, "notes", role["note_hidden"], **{part: NEVER["hidden note"]})
    world.patch(school, "support_plans", role["plan_final"], goals=SHOWN["plan text"])
    world.patch(school, "support_plans", role["plan_concept"], goals=NEVER["concept plan"])
    world.patch(school, "news_items", role["news_published"], body=SHOWN["news"])
    world.patch(school, "news_items", role["news_unpublished"], body=NEVER["unpublished news"])
    _plant_care(world, school, role)


def _plant_care(world: World, school: str, role: Mapping[str, str]) -> None:
    """Put the canaries of health, money, the planner and results into records on both sides of their gates."""
    world.patch(school, "emergency_contacts", role["contact_plain"], name=SHOWN["whom to call"], phones=PHONES)
    medicine = {"name": SHOWN["medicine"], "instructions": SHOWN["what to do with it"]}
    remark = {"internal_remark": NEVER["medical remark"]}
    world.patch(school, "medical_items", role["medical_medication"], **medicine, **remark)
    world.patch(school, "medical_items", role["medical_care_provider"], phone=PHONES[1], **remark)
    world.patch(school, "invoices", role["invoice_sent"], description=SHOWN["invoice"])
    world.patch(school, "invoices", role["invoice_concept"], description=NEVER["concept invoice"])
    world.patch(school, "calendar_items", role["calendar_school"], title=SHOWN["date to come"])
    world.patch(school, "calendar_items", role["calendar_staff"], title=NEVER["date of the staff"])
    world.patch(school, "reports", role["report_published"], title=SHOWN["report"])
    world.patch(school, "reports", role["report_unpublished"], title=NEVER["unpublished report"])
    world.patch(school, "method_test_results", role["method_test_rekenen"], grade=SHOWN["grade"])
    world.patch(school, "test_results", role["test_final"], test_name=SHOWN["test"])
    world.patch(school, "test_results", role["test_cancelled"], test_name=NEVER["cancelled test"])
    for stream, (shown, withheld, names) in FIELDS.items():
        for mark, name in (("in", shown), ("buiten", withheld)):
            if name:
                _fill(world, school, stream, role[name], {field: _word(mark, stream, field) for field in names.split()})


REPEATED: Mapping[str, dict[str, Any]] = {
    "lines": {"amount": "0.00"},
    "parts": {"score": "1", "max_score": "2"},
    "levels": {"kind": "norm"},
}
"""What an element of a list has beside its words."""


def _fill(world: World, school: str, stream: str, key: str, words: Mapping[str, str]) -> None:
    """Write words into fields, into one more element of a list, or into the file that is announced."""
    record = world.records(school, stream)[key]
    file = next(one["document"] for one in world.records(school, "reports").values() if one["document"])
    for field, word in words.items():
        name, _, part = field.partition(".")
        if name == "document":
            record["document"] = {**(record["document"] or file), part: word}
        elif part:
            record[name] = [*record[name], {**REPEATED[name], part: word}]
        else:
            record[name] = word
    world.put(school, stream, {name: value for name, value in record.items() if name != "changed_at"})


def leaks(said: str, canaries: Iterable[str] = (*SHOWN.values(), *NEVER.values())) -> list[str]:
    """Give every canary in a text, whatever the case, with the words around it."""
    low, found = said.lower(), []
    for canary in canaries:
        at = low.find(canary.lower())
        if at >= 0:
            found.append(f"{canary}: …{said[max(0, at - 200) : at + 80]}…")
    return found


def file_leaks(url: str, canaries: Iterable[str] = NEVER.values()) -> list[str]:
    """Give every canary in the bytes of a SQLite database, its write-ahead log and shared memory included."""
    database = Path(url.removeprefix("sqlite:///"))
    found = []
    for path in sorted(database.parent.glob(f"{database.name}*")):
        held = path.read_bytes().lower()
        found += [f"{canary} in {path.name}" for canary in canaries if canary.lower().encode() in held]
    return found


def table_leaks(url: str, *, of_the_portal: bool, canaries: Iterable[str]) -> list[str]:
    """Give every canary in a row of any table: those of the portal, or all the others."""
    database = Database(url)
    wanted, found = tuple(canaries), []
    with database.engine.connect() as connection:
        for name in inspect(connection).get_table_names():
            if (name in TABLES_OF_THE_PORTAL) is of_the_portal:
                read = connection.execute(text(f"SELECT * FROM {name}"))
                rows = "\n".join(" | ".join(str(value) for value in row) for row in read)
                found += [f"{name}: {leak}" for leak in leaks(rows, wanted)]
    database.dispose()
    return found


def stored_leaks(url: str) -> list[str]:
    """Give whatever is stored where it may not be, in tables and, with SQLite, in bytes."""
    return [
        *table_leaks(url, of_the_portal=False, canaries=(*SHOWN.values(), *NEVER.values())),
        *table_leaks(url, of_the_portal=True, canaries=NEVER.values()),
        *(file_leaks(url) if url.startswith("sqlite") else []),
    ]


LIBRARIES = (
    *logs.QUIET_LIBRARIES,
    "sqlalchemy.engine",
    "sqlalchemy.engine.Engine",
    "sqlalchemy.pool",
    "urllib3.connectionpool",
)


class Ear(logging.Handler):
    """Hears every library at its most talkative, before anything of ours filters it."""

    def __init__(self) -> None:
        super().__init__(logging.NOTSET)
        self.heard: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep all that a formatter could write of a record."""
        said = f"{record.name} {record.levelname} {record.getMessage()} {record.args!r} {record.exc_text or ''}"
        if record.exc_info:
            said += "".join(traceback.format_exception(*record.exc_info))
        self.heard.append(said)


@contextmanager
def listening() -> Iterator[Ear]:
    """Our log at debug on stderr, and every library at debug into an ear of its own."""
    root, ear = logging.getLogger(), Ear()
    before = (root.handlers[:], root.level, logging.raiseExceptions)
    logs.configure("debug", "json")
    levels = {name: logging.getLogger(name).level for name in LIBRARIES}
    root.addHandler(ear)
    root.setLevel(logging.DEBUG)
    for name in LIBRARIES:
        logging.getLogger(name).setLevel(logging.DEBUG)
    try:
        yield ear
    finally:
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)
        root.handlers[:], root_level, logging.raiseExceptions = before
        root.setLevel(root_level)
        structlog.reset_defaults()


def told(error: BaseException) -> str:
    """Give all that an unhandled exception would print, causes and contexts included."""
    return f"{error!r} {error} {''.join(traceback.format_exception(error))}"
