"""Keep keyed hashes of homes, and until when the class list of a guardian's own pupil is shown."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import UTCDateTime

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this revision. The hashes come with the next pull; until then a family's secret counts for all of it."""
    for table in ("pupils", "guardians"):
        op.add_column(table, sa.Column("home_digest", sa.Text(), nullable=True))
        op.add_column(table, sa.Column("home_suffix_digest", sa.Text(), nullable=True))
    op.add_column("guardian_access", sa.Column("class_until", UTCDateTime(), nullable=True))
    _fill_class_until()


def _fill_class_until() -> None:
    """Who left stays in the grace without a further change of the record: the day is filled in here."""
    last, until = sa.column("enrolled_until", sa.Date()), sa.column("class_until", UTCDateTime())
    pupils = sa.table("pupils", sa.column("school_id"), sa.column("id"), last)
    access = sa.table("guardian_access", sa.column("school_id"), sa.column("pupil_id"), until)
    query = sa.select(last).select_from(pupils).where(last.is_not(None)).distinct()
    days = op.get_bind().execute(query).scalars().all()
    for day in (day for day in days if day.year < 9000):  # noqa: PLR2004  the end of the calendar is no end
        of_day = sa.select(sa.literal(1)).where(
            pupils.c.school_id == access.c.school_id, pupils.c.id == access.c.pupil_id, last == day
        )
        ends = datetime.combine(day + timedelta(days=1), time(), ZoneInfo("Europe/Amsterdam")).astimezone(UTC)
        op.execute(access.update().where(sa.exists(of_day)).values(class_until=ends))


def downgrade() -> None:
    """Go back to the revision before."""
    op.drop_column("guardian_access", "class_until")
    for table in ("guardians", "pupils"):
        op.drop_column(table, "home_suffix_digest")
        op.drop_column(table, "home_digest")
