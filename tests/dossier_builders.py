"""One canonical record of each kind that a pupil's file or a family's account holds beside `tests.builders`."""

from __future__ import annotations

from datetime import date, datetime

from schemas.canonical.care import Document, MedicalItem, Report
from schemas.canonical.finance import Invoice, InvoiceLine
from schemas.canonical.people import Phone
from schemas.canonical.results import Level, MethodTestResult, Part, TestResult


def document(
    *,
    key: str = "d1",
    file_name: str = "rapport.pdf",
    content_type: str = "application/pdf",
    size: int = 812,
    sha256: str = "e" * 64,
) -> Document:
    """Give a small PDF."""
    return Document(key, file_name, content_type, size, sha256)


def medical_item(
    *,
    key: str = "me1",
    pupil_key: str = "p1",
    kind: str = "allergy",
    name: str = "Notenallergie",
    details: str | None = "Ook bij sporen van noten",
    instructions: str | None = "Bel 112",
    from_on: date | None = date(2026, 9, 1),
    until_on: date | None = None,
    time_from: str | None = None,
    time_until: str | None = None,
    phone: Phone | None = None,
) -> MedicalItem:
    """Give an allergy."""
    return MedicalItem(
        key=key,
        pupil_key=pupil_key,
        kind=kind,
        name=name,
        details=details,
        instructions=instructions,
        from_on=from_on,
        until_on=until_on,
        time_from=time_from,
        time_until=time_until,
        phone=phone,
    )


def report(
    *,
    key: str = "rp1",
    pupil_key: str = "p1",
    title: str = "Rapport groep 4",
    period: str = "Rapport 1",
    school_year: int = 2026,
    year_group: str | None = "4",
    reported_on: date = date(2026, 11, 13),
    is_published: bool = True,
    publish_from: datetime | None = None,
    document: Document | None = None,
) -> Report:
    """Give a published report."""
    return Report(
        key=key,
        pupil_key=pupil_key,
        title=title,
        period=period,
        school_year=school_year,
        year_group=year_group,
        reported_on=reported_on,
        is_published=is_published,
        publish_from=publish_from,
        document=document,
    )


def method_test_result(
    *,
    key: str = "mt1",
    pupil_key: str = "p1",
    method: str = "De Rekenboog",
    test: str = "Blok 3",
    subject: str = "rekenen",
    taken_on: date = date(2026, 10, 9),
    school_year: int = 2026,
    year_group: str | None = "4",
    publish_from: datetime | None = None,
    parts: tuple[Part, ...] = (Part("Optellen", "7.5", "10"),),
    score: str | None = "7.5",
    max_score: str | None = "10",
    norm: str | None = "80 %",
    grade: str | None = "7,5",
) -> MethodTestResult:
    """Give a result in arithmetic with one part."""
    return MethodTestResult(
        key=key,
        pupil_key=pupil_key,
        method=method,
        test=test,
        subject=subject,
        taken_on=taken_on,
        school_year=school_year,
        year_group=year_group,
        publish_from=publish_from,
        parts=parts,
        score=score,
        max_score=max_score,
        norm=norm,
        grade=grade,
    )


def lvs_result(
    *,
    key: str = "te1",
    pupil_key: str = "p1",
    test: str = "rekenen_wiskunde",
    test_name: str = "Rekenen-Wiskunde 3.0",
    subject: str = "rekenen",
    taken_on: date = date(2026, 1, 28),
    school_year: int = 2025,
    year_group: str = "3",
    moment: str | None = "M3",
    status: str = "final",
    publish_from: datetime | None = None,
    raw_score: int | None = 41,
    scale_score: str | None = "112.4",
    scale: str | None = "RW 3.0",
    functioning_level: str | None = "M3",
    levels: tuple[Level, ...] = (Level("IV", "II"),),
) -> TestResult:
    """Give a final result of January with one level."""
    return TestResult(
        key=key,
        pupil_key=pupil_key,
        test=test,
        test_name=test_name,
        subject=subject,
        taken_on=taken_on,
        school_year=school_year,
        year_group=year_group,
        moment=moment,
        status=status,
        publish_from=publish_from,
        raw_score=raw_score,
        scale_score=scale_score,
        scale=scale,
        functioning_level=functioning_level,
        levels=levels,
    )


def invoice(
    *,
    key: str = "in1",
    debtor_key: str | None = "v1",
    pupil_key: str | None = "p1",
    number: str = "20260001",
    description: str = "Ouderbijdrage",
    status: str = "sent",
    invoiced_on: date = date(2026, 10, 1),
    due_on: date | None = date(2026, 10, 31),
    lines: tuple[InvoiceLine, ...] = (InvoiceLine("Ouderbijdrage", 4000), InvoiceLine("Korting", -750)),
    total_cents: int = 3250,
    paid_cents: int = 0,
) -> Invoice:
    """Give an invoice that was sent and not paid."""
    return Invoice(
        key=key,
        debtor_key=debtor_key,
        pupil_key=pupil_key,
        number=number,
        description=description,
        status=status,
        invoiced_on=invoiced_on,
        due_on=due_on,
        lines=lines,
        total_cents=total_cents,
        paid_cents=paid_cents,
    )
