"""Invoices of the reference dialect."""

from __future__ import annotations

from mappings.sources.reference.parts import cents_of
from schemas.canonical import finance
from schemas.sources.reference import finance as wire


def invoice(record: wire.Invoice) -> finance.Invoice:
    """Read an invoice."""
    return finance.Invoice(
        key=record.id,
        debtor_key=record.debtor_id,
        pupil_key=record.pupil_id,
        number=record.number,
        description=record.description,
        status=record.status,
        invoiced_on=record.invoiced_on,
        due_on=record.due_on,
        lines=tuple(finance.InvoiceLine(line.description, cents_of(line.amount)) for line in record.lines),
        total_cents=cents_of(record.total_amount),
        paid_cents=cents_of(record.paid_amount),
    )
