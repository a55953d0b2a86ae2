"""The table of tables: which one shows which stream. Written by hand."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import MetaData, Table
from sqlmodel import SQLModel

from schemas.streams import Stream
from schemas.tables import bookkeeping, care, corrections, documents, finance, people, register, results, school
from schemas.tables.columns import ROW_KEEPING

METADATA: MetaData = SQLModel.metadata
MODELS: Mapping[Stream, type[SQLModel]] = {
    Stream.LOCATIONS: school.LocationRow,
    Stream.PUPILS: people.PupilRow,
    Stream.GUARDIANS: people.GuardianRow,
    Stream.GUARDIANSHIPS: people.GuardianshipRow,
    Stream.EMERGENCY_CONTACTS: people.EmergencyContactRow,
    Stream.ABSENCES: care.AbsenceRow,
    Stream.MEDICAL_ITEMS: care.MedicalItemRow,
    Stream.INVOICES: finance.InvoiceRow,
    Stream.NEWS_ITEMS: school.NewsItemRow,
    Stream.EMPLOYEES: people.EmployeeRow,
    Stream.GROUPS: school.GroupRow,
    Stream.GROUP_MEMBERSHIPS: school.GroupMembershipRow,
    Stream.GROUP_EMPLOYEES: school.GroupEmployeeRow,
    Stream.CALENDAR_ITEMS: school.CalendarItemRow,
    Stream.PRIVACY_PREFERENCES: people.PrivacyPreferenceRow,
    Stream.LESSONS: school.LessonRow,
    Stream.SUPPORT_PLANS: care.SupportPlanRow,
    Stream.REPORTS: care.ReportRow,
    Stream.METHOD_TEST_RESULTS: results.MethodTestResultRow,
    Stream.NOTES: care.NoteRow,
    Stream.TEST_RESULTS: results.TestResultRow,
}


def table_of(model: type[SQLModel]) -> Table:
    """Give the SQLAlchemy table behind a model."""
    table: Table = model.__table__  # type: ignore[attr-defined]  # set by SQLModel for table=True
    return table


TABLES: Mapping[Stream, Table] = {stream: table_of(model) for stream, model in MODELS.items()}
DATA_COLUMNS: Mapping[Stream, tuple[str, ...]] = {
    stream: tuple(column.name for column in table.columns if column.name not in ROW_KEEPING)
    for stream, table in TABLES.items()
}
"""The columns a mapping fills, in the order of its tuples."""

BOOKKEEPING = (bookkeeping, register)
"""The modules whose tables hold no record's values."""

BESIDE_STREAMS = (documents,)
"""The modules whose tables follow rows of a stream."""

CORRECTIONS = (corrections,)
"""The modules whose tables hold what guardians submit."""
