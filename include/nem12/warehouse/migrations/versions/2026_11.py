"""Readings, day versions, ledger: the tables of the first release."""

from nem12.warehouse.migrations import run

revision = "2026_11"
down_revision = branch_labels = depends_on = None


def upgrade() -> None:
    """Make the tables."""
    run("2026_11")
