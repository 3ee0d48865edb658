"""Readings, day versions, ledger, and the step that applies a batch."""

from nem12.warehouse.migrations import run

revision = "0001"
down_revision = branch_labels = depends_on = None


def upgrade() -> None:
    """Make everything."""
    run("0001_tables", "0001_settle", "0001_apply", "0001_operate", "0001_views", "0001_grants")
