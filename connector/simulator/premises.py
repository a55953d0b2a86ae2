"""What a school has without its pupils: locations, employees, groups, who teaches them, news."""

from dataclasses import dataclass
from datetime import date, timedelta

from connector.simulator.dates import day, instant, school_year
from connector.simulator.draft import Draft, Record
from connector.simulator.names import WEEKDAYS, address, email, landline, mobile, person, plain, surname

CLASSES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("1/2", ("1", "2")),
    ("3", ("3",)),
    ("4", ("4",)),
    ("5/6", ("5", "6")),
    ("7", ("7",)),
    ("8", ("8",)),
    ("SO", ("S",)),
)
PUPILS_PER_SET = 170


@dataclass(frozen=True)
class Premises:
    """Group ids by (school year, year group), one per parallel set; the placeholder group; locations."""

    groups: dict[tuple[int, str], list[str]]
    placeholder: str
    locations: list[str]


def furnish(draft: Draft, pupils: int) -> Premises:
    """Draw everything that exists before the first pupil, sized for that many pupils."""
    locations = _locations(draft)
    groups = _groups(draft, sets=max(1, -(-pupils // PUPILS_PER_SET)))
    placeholder = draft.add(
        "groups",
        "group_placeholder",
        name="aangemeld",
        school_year=school_year(draft.today),
        year_groups=["0"],
        kind="placeholder",
    )
    _employees(draft)
    _news(draft, groups[(school_year(draft.today), "3")][0])
    return Premises(groups, placeholder["id"], locations)


def _locations(draft: Draft) -> list[str]:
    rng = draft.rng("locations")
    main = draft.add(
        "locations",
        "location_main",
        name="Hoofdgebouw",
        address=address(draft, rng),
        phone=landline(draft, "work"),
    )
    annex = draft.add("locations", "location_annex", name="Dependance", address=None, phone=None)
    return [main["id"], annex["id"]]


def _groups(draft: Draft, sets: int) -> dict[tuple[int, str], list[str]]:
    found: dict[tuple[int, str], list[str]] = {}
    this_year = school_year(draft.today)
    for year in (this_year - 1, this_year, this_year + 1):
        for letter in "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"[:sets]:
            for name, year_groups in CLASSES:
                group = draft.add(
                    "groups",
                    name=f"Groep {name}{letter if sets > 1 else ''}",
                    school_year=year,
                    year_groups=list(year_groups),
                    kind="composite" if len(year_groups) > 1 else "class",
                )
                for code in year_groups:
                    found.setdefault((year, code), []).append(group["id"])
    draft.roles["group_class"] = found[(this_year, "3")][0]
    draft.roles["group_composite"] = found[(this_year, "1")][0]
    draft.roles["group_next_year"] = found[(this_year + 1, "3")][0]
    draft.roles["group_last_year"] = found[(this_year - 1, "3")][0]
    return found


def _employees(draft: Draft) -> None:
    this_year = school_year(draft.today)
    began = date(this_year - 3, 8, 1)
    groups = list(draft.streams["groups"])
    taught = [group for group in groups if group["school_year"] >= this_year and group["kind"] != "placeholder"]
    for number, group in enumerate(taught):
        if group["school_year"] == this_year:
            teacher = _employee(draft, number, ["leerkracht"], began)
            _teaches(draft, group, teacher, "teacher", list(WEEKDAYS[:3] if number % 2 else WEEKDAYS))
    this_years = [employee["id"] for employee in draft.streams["employees"]]
    for number, group in enumerate(group for group in taught if group["school_year"] > this_year):
        _teaches(draft, group, {"id": this_years[number % len(this_years)]}, "teacher", list(WEEKDAYS))
    draft.roles["employee_teacher"] = this_years[0]
    draft.roles["employee_parent"] = this_years[1]
    draft.roles["group_employee_current"] = draft.streams["group_employees"][0]["id"]
    _odd_employees(draft, taught[0], began)


def _odd_employees(draft: Draft, group: Record, began: date) -> None:
    head = _employee(draft, 900, ["directeur", "intern begeleider"], began)
    draft.roles["employee_head"] = head["id"]
    gone = _employee(draft, 901, ["leerkracht"], began)
    gone.update(employed_until=day(draft.today - timedelta(days=90)))
    draft.roles["employee_left"] = gone["id"]
    private = _employee(draft, 902, ["onderwijsassistent"], began)
    private.update(work_email=None, mobile=mobile(draft, confidential=True), initials=None, name_prefix=None)
    draft.roles["employee_without_work_email"] = private["id"]
    intern = _employee(draft, 903, ["stagiair"], draft.today + timedelta(days=20))
    draft.roles["employee_future"] = intern["id"]
    ended = _teaches(draft, group, gone, "teacher", ["thu", "fri"])
    ended.update(until_on=day(draft.today - timedelta(days=90)))
    draft.roles["group_employee_past"] = ended["id"]
    assists = _teaches(draft, group, private, "assistant", ["mon"])
    draft.roles["group_employee_assistant"] = assists["id"]


def _employee(draft: Draft, number: int, functions: list[str], began: date) -> Record:
    rng = draft.rng("employee", number)
    name = person(rng, surname(rng), rng.choice(("female", "female", "male")))
    mailbox = f"{plain(name['call_name'])}.{plain(name['last_name'])}{draft.count('staff')}"
    return draft.add(
        "employees",
        **name,
        functions=functions,
        work_email=f"{mailbox}@school{draft.school.lower()}.test",
        private_email=email(draft, name["call_name"], name["last_name"]),
        mobile=mobile(draft),
        working_days=sorted(rng.sample(WEEKDAYS, rng.randint(2, 5)), key=WEEKDAYS.index),
        employed_from=day(began),
        employed_until=None,
    )


def _teaches(draft: Draft, group: Record, employee: Record, role: str, weekdays: list[str]) -> Record:
    return draft.add(
        "group_employees",
        group_id=group["id"],
        employee_id=employee["id"],
        role=role,
        weekdays=weekdays,
        from_on=f"{group['school_year']}-08-01",
        until_on=None,
    )


def _news(draft: Draft, group: str) -> None:
    def item(
        role: str | None, title: str, published: bool, begin: int | None, end: int | None, bound: str | None
    ) -> None:
        draft.add(
            "news_items",
            role,
            title=title,
            body=f"{title}. Lees meer op de website van de school.",
            published=published,
            publish_from=None if begin is None else instant(draft.today + timedelta(days=begin)),
            publish_until=None if end is None else instant(draft.today + timedelta(days=end), 17),
            group_id=bound,
        )

    item("news_published", "De fietsenstalling is klaar", True, -10, 60, None)
    item("news_always", "Welkom op onze school", True, None, None, None)
    item("news_unpublished", "Concept: nieuwe overblijfregels", False, -1, 60, None)
    item("news_future", "Sportdag in aantocht", True, 7, 40, None)
    item("news_expired", "Luizencontrole", True, -40, -10, None)
    item("news_group", "Groep 3 gaat naar het museum", True, -3, 30, group)
    item("news_group_unpublished", "Concept: uitje groep 3", False, None, None, group)
    for number in range(8):
        item(None, f"Weekbericht {number + 1}", number % 4 > 0, -7 * number - 1, 30, None)
