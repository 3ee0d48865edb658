"""Daily totals that are kept."""

from nem12.warehouse.migrations import run

revision = "0002"
down_revision = "0001"
branch_labels = depends_on = None


def upgrade() -> None:
    """Make the table."""
    run("0002_daily_totals", "0002_grants")
