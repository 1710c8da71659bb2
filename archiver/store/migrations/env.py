"""Alembic's environment: runs on the connection that `archiver.store.migrate` hands over."""

from __future__ import annotations

from alembic import context

from archiver.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,  # on SQLite too, since the engine begins its transactions itself
    render_as_batch=True,  # SQLite alters a table by copying it
)
with context.begin_transaction():
    context.run_migrations()
