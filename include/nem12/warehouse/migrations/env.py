"""Runs the migrations; `nem12.warehouse.migrate` says against which database."""

from typing import cast

from alembic import context
from sqlalchemy import create_engine, pool

from nem12.warehouse.connect import Connection, connect
from nem12.warehouse.migrate import lock

uri = context.config.attributes["uri"]
engine = create_engine(
    "postgresql+psycopg://", creator=lambda: connect(uri, any_schema=True), poolclass=pool.NullPool
)
with engine.connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        lock(cast("Connection", connection.connection.driver_connection))
        context.run_migrations()
