"""The portal database's history, as alembic revisions."""
