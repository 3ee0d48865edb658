"""Acts of users, and notes about refusals."""

from nem12.warehouse.migrations import run

revision = "2026_12"
down_revision = "2026_11"
branch_labels = depends_on = None


def upgrade() -> None:
    """Make the tables."""
    run("2026_12")
