"""Invoices in the reference dialect."""

from __future__ import annotations

from typing import Literal

from schemas.sources.reference.parts import Wire
from schemas.sources.scalars import Day, End, Key, Money, Text


class InvoiceLine(Wire):
    """A line of an invoice."""

    description: Text
    amount: Money


class Invoice(Wire):
    """An invoice to one debtor, sent or still a concept."""

    id: Key
    debtor_id: Key | None
    pupil_id: Key | None
    number: Text
    description: Text
    status: Literal["concept", "sent", "partly_paid", "paid", "cancelled"]
    invoiced_on: Day
    due_on: End | None
    lines: tuple[InvoiceLine, ...]
    total_amount: Money
    paid_amount: Money
