"""School reports: given out, kept back, given out later; each with its PDF."""

from datetime import date, timedelta

from connector.simulator.amounts import about
from connector.simulator.dates import day, instant, school_year
from connector.simulator.dossier import DOSSIER_STATUSES
from connector.simulator.draft import Draft, Record, chance
from connector.simulator.names import full_name
from connector.simulator.people import year_group_on


def write_reports(draft: Draft) -> None:
    """Write the reports of every pupil; the first pupil's stand on each side of every gate."""
    for number, pupil in enumerate(draft.streams["pupils"]):
        if number == 0:
            _known(draft, pupil)
        elif pupil["id"] == draft.roles.get("pupil_two_households"):
            _report(draft, pupil, _ago(draft, 35), True, 30, role="report_two_households")
        elif pupil["id"] == draft.roles.get("pupil_confidential"):
            _report(draft, pupil, _ago(draft, 36), True, None, role="report_confidential")
        elif pupil["status"] in DOSSIER_STATUSES:
            rng = draft.rng("reports", number)
            for _ in range(about(rng, draft.amounts.reports)):
                on = _ago(draft, rng.randint(10, 600))
                _report(draft, pupil, on, chance(rng, 80), rng.choice((None, 5)), written=chance(rng, 95))


def _known(draft: Draft, pupil: Record) -> None:
    _report(draft, pupil, _ago(draft, 20), True, 15, role="report_published")
    _report(draft, pupil, _ago(draft, 12), False, None, role="report_unpublished")
    _report(draft, pupil, _ago(draft, 5), True, -7, role="report_future")
    _report(draft, pupil, _ago(draft, 25), True, None, role="report_without_document", written=False)
    _report(draft, pupil, _ago(draft, 370), True, None, role="report_past_year")
    _report(draft, pupil, _ago(draft, 740), True, None, role="report_two_years_ago")


def _ago(draft: Draft, days: int) -> date:
    return draft.today - timedelta(days=days)


def _report(
    draft: Draft,
    pupil: Record,
    on: date,
    published: bool,
    out_ago: int | None,
    *,
    role: str | None = None,
    written: bool = True,
) -> Record:
    year, group = school_year(on), year_group_on(draft.today, pupil, on)
    title = f"Rapport groep {group}" if group else "Rapport"
    term = "Rapport 1" if on.month in (8, 9, 10, 11, 12, 1, 2) else "Rapport 2"
    number = draft.count("report")
    words = (title, full_name(pupil), f"{term}, schooljaar {year}-{year + 1}", f"Verzonnen rapport {number}.")
    return draft.add(
        "reports",
        role,
        pupil_id=pupil["id"],
        title=title,
        period=term,
        school_year=year,
        year_group=group,
        reported_on=day(on),
        published=published,
        publish_from=None if out_ago is None else instant(_ago(draft, out_ago), 15),
        document=draft.file(f"rapport-{number}.pdf", words) if written else None,
    )
