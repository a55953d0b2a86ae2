"""Invoices. Amounts are whole euro cents."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple


class InvoiceLine(NamedTuple):
    """One line of an invoice."""

    description: str
    amount_cents: int


class Invoice(NamedTuple):
    """An invoice (factuur) to one debtor. `status` is concept, sent, partly_paid, paid or cancelled."""

    key: str
    debtor_key: str | None
    pupil_key: str | None
    number: str
    description: str
    status: str
    invoiced_on: date
    due_on: date | None
    lines: tuple[InvoiceLine, ...]
    total_cents: int
    paid_cents: int
