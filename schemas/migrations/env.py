"""Alembic's entry: runs revisions on the connection it was handed; it never opens one itself."""

from __future__ import annotations

from alembic import context

from schemas.tables.catalogue import METADATA

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=METADATA,
    render_as_batch=connection.dialect.name == "sqlite",
    compare_type=True,
    transactional_ddl=True,
)
context.run_migrations()
