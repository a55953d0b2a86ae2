"""Create the hidings, and fill them from the register as it is. Their triggers are made by the door, with the views."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import UTCDateTime

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

NOW = {"sqlite": "strftime('%Y-%m-%d %H:%M:%f000', 'now')", "postgresql": "statement_timestamp()"}
FILL = """
INSERT INTO hidings (school_id, module, hidden_from, hidden_until)
SELECT school_id, module, embargo_from, embargo_until FROM embargoes
UNION ALL
SELECT school_id, module, {now}, opens_at FROM modules WHERE opens_at IS NULL OR opens_at > {now}
UNION ALL
SELECT school_id, module, closes_at, NULL FROM modules WHERE closes_at IS NOT NULL
UNION ALL
SELECT school_id, module, {now}, NULL FROM modules AS m
WHERE NOT EXISTS (SELECT 1 FROM reveals AS r WHERE r.school_id = m.school_id AND r.module = m.module)
"""


def upgrade() -> None:
    """Go to this revision."""
    op.create_table(
        "hidings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("school_id", sa.Text(), nullable=False),
        sa.Column("module", sa.Text(), nullable=False),
        sa.Column("hidden_from", UTCDateTime(), nullable=False),
        sa.Column("hidden_until", UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hidings")),
    )
    op.create_index(op.f("ix_hidings_school_id_module"), "hidings", ["school_id", "module"])
    op.execute(sa.text(FILL.format(now=NOW[op.get_bind().dialect.name]).replace(":", chr(92) + ":")))
