"""The year planner and the timetables of the groups."""

from datetime import date, timedelta
from random import Random

from connector.simulator.dates import day as text_of
from connector.simulator.dates import instant, school_year
from connector.simulator.draft import Draft, Record, chance
from connector.simulator.names import WEEKDAYS

SLOTS = (("08:30", "09:30"), ("09:30", "10:15"), ("10:30", "12:00"), ("12:45", "14:00"), ("14:00", "14:45"))
LESSONS = ("Rekenen", "Taal", "Lezen", "Spelling", "Wereldoriëntatie", "Gym", "Muziek", "Handvaardigheid")
ACTIVITIES = (
    ("Sportdag", "activity", "parents"),
    ("Oudergesprekken", "parent_meeting", "parents"),
    ("Studiedag, alle kinderen vrij", "study_day", "parents"),
    ("Schoolfotograaf", "activity", "parents"),
    ("Teamvergadering", "other", "staff"),
    ("Teamscholing", "study_day", "staff"),
    ("Voorleesontbijt", "activity", "parents"),
    ("Luizencontrole", "other", "parents"),
)


def plan_year(draft: Draft) -> None:
    """Add the planner's items: whole days and hours, for the school, a group or the staff, past and to come."""
    group, other = draft.roles["group_class"], draft.roles["group_composite"]
    _item(draft, "Kerstvakantie", "holiday", 27, 14, role="calendar_school", all_day=True)
    _item(draft, "Excursie naar het museum", "activity", 10, role="calendar_group", group=group)
    _item(draft, "Teamvergadering", "other", 3, role="calendar_staff", audience="staff")
    _item(draft, "Leerlingbespreking", "other", 4, role="calendar_staff_group", audience="staff", group=group)
    _item(draft, "Informatieavond", "parent_meeting", -30, role="calendar_past")
    _item(draft, "Schoolfeest", "activity", -400, role="calendar_past_year")
    _item(draft, "Kennismaking", "parent_meeting", -800, role="calendar_two_years_ago")
    _item(draft, "Kijkje in de klas", "activity", 12, role="calendar_other_group", group=other)
    open_end = _item(draft, "Inloop", "other", 6, role="calendar_open_end")
    open_end["ends_at"] = None
    rng = draft.rng("planner")
    groups = [one["id"] for one in draft.streams["groups"] if one["school_year"] == school_year(draft.today)]
    for _ in range(draft.amounts.calendar):
        title, kind, audience = rng.choice(ACTIVITIES)
        bound = rng.choice(groups) if chance(rng, 30) else None
        all_day = kind == "study_day"
        _item(draft, title, kind, rng.randint(-200, 200), audience=audience, group=bound, all_day=all_day)


def _item(
    draft: Draft,
    title: str,
    kind: str,
    ahead: int,
    days: int = 1,
    *,
    role: str | None = None,
    audience: str = "parents",
    group: str | None = None,
    all_day: bool = False,
) -> Record:
    on = draft.today + timedelta(days=ahead)
    until = instant(on + timedelta(days=days), 0) if all_day else instant(on, 20, 30)
    return draft.add(
        "calendar_items",
        role,
        title=title,
        description=f"{title}: meer leest u in de nieuwsbrief." if kind == "activity" else None,
        kind=kind,
        audience=audience,
        group_id=group,
        is_all_day=all_day,
        starts_at=instant(on, 0) if all_day else instant(on, 19),
        ends_at=until,
    )


def plan_lessons(draft: Draft) -> None:
    """Add the timetable of every group of this year, and of one group the old and the coming one."""
    year = school_year(draft.today)
    teachers = {
        one["group_id"]: one["employee_id"]
        for one in reversed(draft.streams["group_employees"])
        if one["role"] == "teacher"
    }
    for group in draft.streams["groups"]:
        if group["school_year"] == year and group["kind"] != "placeholder":
            _week(draft, group["id"], teachers.get(group["id"]), date(year, 8, 1))
    known, teacher = draft.roles["group_class"], draft.roles["employee_teacher"]
    began, now, soon = date(year, 8, 1), draft.today, draft.today + timedelta(days=30)
    _lesson(draft, known, "mon", 0, "Rekenen", teacher, began, None, "lesson_current")
    _lesson(draft, known, "tue", 4, "Engels", None, None, None, "lesson_without_teacher")
    _lesson(draft, known, "wed", 4, "Zwemmen", teacher, began, now - timedelta(days=10), "lesson_past")
    _lesson(draft, known, "thu", 4, "Schooltuin", teacher, soon, soon + timedelta(days=60), "lesson_future")
    _lesson(draft, known, "fri", 4, "Muziek", teacher, began, now + timedelta(days=40), "lesson_ending")
    following = draft.roles["group_next_year"]
    _lesson(draft, following, "mon", 0, "Taal", teacher, date(year + 1, 8, 1), None, "lesson_next_year")


def _week(draft: Draft, group: str, teacher: str | None, began: date) -> None:
    rng = draft.rng("lessons", group)
    for weekday in WEEKDAYS:
        for slot in range(draft.amounts.lessons):
            _lesson(draft, group, weekday, slot, _subject(rng), teacher, began, None)


def _subject(rng: Random) -> str:
    return rng.choice(LESSONS)


def _lesson(
    draft: Draft,
    group: str,
    weekday: str,
    slot: int,
    subject: str,
    teacher: str | None,
    begin: date | None,
    end: date | None,
    role: str | None = None,
) -> Record:
    starts, ends = SLOTS[slot]
    return draft.add(
        "lessons",
        role,
        group_id=group,
        weekday=weekday,
        starts=starts,
        ends=ends,
        subject=subject,
        employee_id=teacher,
        room="Gymzaal" if subject == "Gym" else None,
        from_on=text_of(begin),
        until_on=text_of(end),
    )
