"""Invoices as rows of the portal."""

from __future__ import annotations

from mappings.gates import Context, invoice_gate
from mappings.portal.people import Row
from mappings.values import records_text
from schemas.canonical.finance import Invoice
from schemas.errors import RecordRejected
from schemas.streams import Stream


def invoice_row(invoice: Invoice, context: Context) -> Row | str:
    """Give the row, or the gate. Raises RecordRejected where the amounts of the lines are not the total."""
    gate = invoice_gate(invoice)
    if isinstance(gate, str):
        return gate
    if invoice.lines and sum(line.amount_cents for line in invoice.lines) != invoice.total_cents:
        raise RecordRejected("lines_do_not_add_up", "lines")
    facts = (invoice.number, invoice.description, invoice.status, invoice.invoiced_on, invoice.due_on)
    sums = (records_text(invoice.lines), invoice.total_cents, invoice.paid_cents)
    pupil = invoice.pupil_key if Stream.PUPILS in context.streams else None
    return (invoice.debtor_key, pupil, *facts, *sums)
