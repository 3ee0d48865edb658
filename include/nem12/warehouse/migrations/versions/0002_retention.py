"""Months that are dropped and NMIs that are purged, with a ledger that stays true."""

from nem12.warehouse.migrations import run

revision = "0002"
down_revision = "0001"
branch_labels = depends_on = None


def upgrade() -> None:
    """Add what is kept, and from when on."""
    run("0002_retention", "0002_remove", "0002_grants")
