"""Months that are dropped and NMIs that are purged, with a ledger that stays true."""

from nem12.warehouse.migrations import run

revision = "0003"
down_revision = "0002"
branch_labels = depends_on = None


def upgrade() -> None:
    """Add what is kept, and from when on."""
    run("0003_retention", "0003_remove", "0003_grants")
