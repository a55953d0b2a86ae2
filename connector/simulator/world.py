"""A seeded world of schools that can be changed while it is served.

Roles: `World.roles(school)` names these records (ids by role; in worlds under twelve pupils some are absent).

pupils              pupil_plain, pupil_sibling (= pupil_doubleur, pupil_of_composite_group), pupil_restricted,
                    pupil_confidential, pupil_two_households, pupil_without_authority (= pupil_four_guardians,
                    pupil_repeating: next year again), pupil_adult, pupil_under_four, pupil_group_eight (only in
                    larger worlds; the story of a late enrolment adds pupil_backdated, of a double pupil_double),
                    pupil_future, pupil_guest (= pupil_turning_eighteen), pupil_leaver_recent (5 days),
                    pupil_leaver_old
guardians           guardian_plain, guardian_shared_home, guardian_restricted, guardian_stepparent,
                    guardian_confidential, guardian_first_household, guardian_second_household,
                    guardian_without_authority, guardian_unknown_authority (= guardian_without_mail),
                    guardian_agreement_expired, guardian_of_adult, guardian_ended, guardian_teacher (shares
                    name and private mail with employee_parent), guardian_shared_mail and
                    guardian_shared_mail_other, guardian_of_guest, guardian_of_leaver_recent,
                    guardian_of_leaver_old; after its story guardian_of_backdated
guardianships       guardianship_restricted (in force), guardianship_restriction_expired,
                    guardianship_stepparent, guardianship_agreement (authority none, in force),
                    guardianship_agreement_expired, guardianship_unknown_authority, guardianship_ended
locations           location_main, location_annex (no address)
absences            absence_illness (with an internal remark), absence_late, absence_leave,
                    absence_unauthorised, absence_open (no end), absence_past_year, absence_two_years_ago
notes               note_visible (with reply), note_hidden, and for each category note_visible_<category> and
                    note_hidden_<category>, note_past_year, note_two_years_ago; all of pupil_plain
support_plans       plan_concept, plan_review, plan_final, plan_withdrawn, plan_past (final, over),
                    plan_two_years_ago; all of pupil_plain; concept, final and withdrawn with a document
news_items          news_published, news_always (no window), news_unpublished, news_future, news_expired,
                    news_group, news_group_unpublished
employees           employee_teacher, employee_parent, employee_head, employee_left, employee_future,
                    employee_without_work_email
groups              group_class, group_composite, group_placeholder (`aangemeld`), group_next_year,
                    group_last_year
group_memberships   membership_current, membership_past, membership_next_year, membership_future,
                    membership_placeholder
group_employees     group_employee_current, group_employee_past, group_employee_assistant
emergency_contacts  contact_plain, contact_confidential (a secret number), contact_without_phone,
                    contact_two_households
medical_items       medical_medication (with an internal remark, and a time), medical_allergy,
                    medical_vaccination, medical_care_provider (a secret number), medical_care_provider_public,
                    medical_rest_time, medical_other, medical_past (over, with an internal remark); all of
                    pupil_plain; medical_two_households
invoices            invoice_concept, invoice_sent, invoice_partly_paid, invoice_paid, invoice_cancelled,
                    invoice_past_year, invoice_without_pupil, all to guardian_plain; invoice_no_debtor,
                    invoice_other_debtor (to guardian_shared_home), invoice_first_household,
                    invoice_second_household, invoice_of_leaver_old
calendar_items      calendar_school (whole days), calendar_group, calendar_other_group, calendar_staff,
                    calendar_staff_group, calendar_open_end, calendar_past, calendar_past_year,
                    calendar_two_years_ago
privacy_preferences preference_allowed, preference_refused, preference_photo_website (not of the group list), all
                    of pupil_plain; nobody answered group_list_phone for it; preference_of_confidential;
                    preference_two_households (whose parents answered nothing about the list)
lessons             lesson_current, lesson_without_teacher, lesson_past, lesson_ending (in forty days), lesson_future,
                    all of group_class; lesson_next_year
reports             report_published, report_unpublished, report_future (published, shown in a week),
                    report_without_document, report_past_year, report_two_years_ago, all of pupil_plain;
                    report_two_households, report_confidential
method_test_results method_test_rekenen ("7.5", a part that was not offered), method_test_taal,
                    method_test_spelling, method_test_begrijpend_lezen, method_test_future (shown in six days),
                    method_test_grade_only, method_test_past_year, method_test_two_years_ago, all of pupil_plain;
                    method_test_two_households
test_results        test_final (= test_moment_m; "112.4", I-V, A-E, DL, DLE), test_moment_b, test_moment_e,
                    test_in_progress, test_cancelled, test_future (shown in a fortnight), test_level_ae,
                    test_level_iv, test_avi (no score), test_other_level (made for another year group),
                    test_without_moment, test_past_year, test_two_years_ago, all of pupil_plain;
                    test_two_households
"""

import json
import threading
from collections.abc import Mapping
from datetime import date
from typing import Any
from zlib import crc32

from connector.simulator.amounts import FEW, Amounts
from connector.simulator.dates import instant
from connector.simulator.draft import PDF, STREAMS, Draft, File, Record, announced
from connector.simulator.population import populate
from connector.simulator.school import School
from connector.simulator.shelf import Entry, Shelf, as_json

__all__ = ["STREAMS", "Record", "School", "World"]

SCHOOLS: Mapping[str, int] = {"99AA00": 60, "99BB00": 60}
SCHOOL_NAMES = ("De Regenboog", "Het Kompas", "De Zonnewijzer", "De Vuurtoren", "Het Palet", "De Klimboom")


class World:
    """Schools by BRIN + site, each with its number of pupils; the same seed and day give the same bytes.

    Every write is logged, so that cursors work, and is safe from several threads. A write to a school or
    stream that does not exist, or to a record that is not there, raises KeyError.
    """

    def __init__(self, seed: int, today: date, schools: Mapping[str, int] = SCHOOLS, amounts: Amounts = FEW) -> None:
        """Draw all schools at once."""
        self.seed = seed
        self.today = today
        self.amounts = amounts
        self.lock = threading.RLock()
        self.schools = {
            code: self._draw(code, size, SCHOOL_NAMES[number % len(SCHOOL_NAMES)])
            for number, (code, size) in enumerate(schools.items())
        }

    def _draw(self, code: str, size: int, name: str) -> School:
        draft = Draft(self.seed, code, self.today, self.amounts)
        populate(draft, size)
        shelves = {stream: Shelf() for stream in STREAMS}
        for stream, records in draft.streams.items():
            shelves[stream].fill(records)
        beginning = f"{self.seed}:{self.today}:{code}:{size}:{self.amounts}"
        return School(code, name, shelves, draft.roles, draft.files, [crc32(beginning.encode())])

    def records(self, school: str, stream: str) -> dict[str, Record]:
        """Return copies of the live records by id, in id order."""
        with self.lock:
            shelf = self._shelf(school, stream)
            entries = ((identifier, shelf.entries[identifier]) for identifier in shelf.ids)
            return {identifier: json.loads(entry.body()) for identifier, entry in entries if entry.deleted_at is None}

    def roles(self, school: str) -> dict[str, str]:
        """Return role → id, see this module's docstring."""
        return dict(self.schools[school].roles)

    def now(self, school: str) -> str:
        """Return the instant of the school's last change: eight o'clock and a second for each."""
        return instant(self.today, 8, plus_seconds=self.schools[school].head)

    def put(self, school: str, stream: str, record: Record) -> Record:
        """Add or replace a record; `changed_at` is set unless given. Returns a copy of what is now served."""
        with self.lock:
            at = instant(self.today, 8, plus_seconds=self.schools[school].head + 1)
            kept: Record = json.loads(as_json({"id": record["id"], "changed_at": at, **record}))
            return self._write(school, stream, kept, None)

    def patch(self, school: str, stream: str, identifier: str, **fields: Any) -> Record:
        """Change named fields of a live record, to any value, even a wrong one."""
        with self.lock:
            record = dict(self._entry(school, stream, identifier, live=True).record)
            record.pop("changed_at", None)
            return self.put(school, stream, {**record, **fields})

    def attach(
        self,
        school: str,
        stream: str,
        identifier: str,
        body: bytes,
        content_type: str = PDF,
        file_name: str = "nieuw.pdf",
    ) -> Record:
        """Give a live record a file, in place of the one it has; the record announces the new one."""
        with self.lock:
            record, files = self._entry(school, stream, identifier, live=True).record, self.schools[school].files
            name = record["document"]["id"] if record["document"] else f"doc-{len(files) + 1:06d}"
            files[name] = File(content_type, body)
            return self.patch(school, stream, identifier, document=announced(name, file_name, files[name]))

    def remove(self, school: str, stream: str, identifier: str) -> None:
        """Replace a live record by a tombstone."""
        with self.lock:
            entry = self._entry(school, stream, identifier, live=True)
            at = instant(self.today, 8, plus_seconds=self.schools[school].head + 1)
            self._write(school, stream, entry.record, at)

    def restore(self, school: str, stream: str, identifier: str) -> Record:
        """Bring a removed record back as it was, with a new changed_at."""
        with self.lock:
            record = dict(self._entry(school, stream, identifier, live=False).record)
            record.pop("changed_at", None)
            return self.put(school, stream, record)

    def expire_cursors(self, school: str, stream: str | None = None) -> None:
        """Forget the history: refuse all cursors and page tokens handed out so far, for the stream or all."""
        with self.lock:
            self.schools[school].marks.append(crc32(b"expired", self.schools[school].marks[-1]))
            for name in STREAMS if stream is None else (stream,):
                self._shelf(school, name).horizon = self.schools[school].head

    def _write(self, code: str, stream: str, record: Record, deleted_at: str | None) -> Record:
        school = self.schools[code]
        shelf = self._shelf(code, stream)
        entry = Entry(record, school.head + 1, deleted_at)
        school.marks.append(crc32(stream.encode() + entry.body(), school.marks[-1]))
        shelf.write(record["id"], entry)
        school.hold(stream, record)
        return dict(record)

    def _shelf(self, school: str, stream: str) -> Shelf:
        return self.schools[school].shelves[stream]

    def _entry(self, school: str, stream: str, identifier: str, *, live: bool) -> Entry:
        entry = self._shelf(school, stream).entries[identifier]
        if (entry.deleted_at is None) is not live:
            raise KeyError(identifier)
        return entry
