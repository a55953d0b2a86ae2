"""The table of views, in the order in which they can be created. Written by hand; the texts lie beside it."""

from __future__ import annotations

INNER_VIEWS: tuple[str, ...] = ("secret_homes",)
"""What the views of the contract ask, made before them; no portal reads these."""

VIEWS: tuple[str, ...] = (
    "portal_modules",
    "portal_access",
    "portal_pupils",
    "portal_guardians",
    "portal_guardianships",
    "portal_emergency_contacts",
    "portal_locations",
    "portal_absences",
    "portal_medical_items",
    "portal_invoices",
    "portal_calendar_items",
    "portal_news_items",
    "portal_employees",
    "portal_group_memberships",
    "portal_groups",
    "portal_group_employees",
    "portal_group_list",
    "portal_privacy_preferences",
    "portal_lessons",
    "portal_support_plans",
    "portal_reports",
    "portal_documents",
    "portal_method_test_results",
    "portal_notes",
    "portal_test_results",
    "portal_changes",
    "portal_corrections",
    "portal_correction_moves",
)

NOW = {"sqlite": "strftime('%Y-%m-%d %H:%M:%f999', 'now')", "postgresql": "statement_timestamp()"}
"""How each database says "this moment" in the form in which it keeps instants.

SQLite's clock ticks in milliseconds. It is read as the end of that millisecond, so what is closed this very moment is
closed for whoever looks next.
"""
