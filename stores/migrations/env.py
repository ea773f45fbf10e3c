"""Alembic's entry: runs the migrations on the connection that `stores.postgres.migrate` hands over."""

from alembic import context

from stores.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
