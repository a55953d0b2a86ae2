"""What is given out, taken back, paid or refused: stories of reports, tests, invoices and consent."""

from collections.abc import Mapping

from connector.simulator.dates import instant
from connector.simulator.pdf import pdf
from connector.simulator.telling import Story, Told, patch, role
from connector.simulator.world import World

NOBODY = "gua-999999"


def report_given_out(world: World, school: str) -> Told:
    """Publish the report that was kept back, as of this morning."""
    return patch(world, school, "reports", "report_unpublished", published=True, publish_from=instant(world.today))


def report_taken_back(world: World, school: str) -> Told:
    """Take the published report back."""
    return patch(world, school, "reports", "report_published", published=False)


def report_rewritten(world: World, school: str) -> Told:
    """Put another file in the place of the published report's, under the same document id."""
    report = role(world, school, "report_published")
    lines = ("Rapport", f"Verbeterde versie {world.schools[school].head}.")
    world.attach(school, "reports", report, pdf(lines), file_name="rapport-verbeterd.pdf")
    return [("reports", report)]


def invoice_paid(world: World, school: str) -> Told:
    """Let the rest of the partly paid invoice be paid."""
    total = world.records(school, "invoices")[role(world, school, "invoice_partly_paid")]["total_amount"]
    return patch(world, school, "invoices", "invoice_partly_paid", status="paid", paid_amount=total)


def invoice_debtor_unknown(world: World, school: str) -> Told:
    """Send the sent invoice to a guardian nobody knows."""
    return patch(world, school, "invoices", "invoice_sent", debtor_id=NOBODY)


def consent_withdrawn(world: World, school: str) -> Told:
    """Let the plain pupil's parents withdraw its name from the group list."""
    return patch(world, school, "privacy_preferences", "preference_allowed", is_allowed=False)


def test_becomes_final(world: World, school: str) -> Told:
    """Finish the test in progress."""
    level = [{"kind": "IV", "value": "III"}]
    return patch(world, school, "test_results", "test_in_progress", status="final", scale_score="98.5", levels=level)


STORIES: Mapping[str, Story] = {
    "report_given_out": report_given_out,
    "report_taken_back": report_taken_back,
    "report_rewritten": report_rewritten,
    "invoice_paid": invoice_paid,
    "invoice_debtor_unknown": invoice_debtor_unknown,
    "consent_withdrawn": consent_withdrawn,
    "test_becomes_final": test_becomes_final,
}
