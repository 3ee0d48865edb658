"""The other fields of the 200 records."""

from nem12.warehouse.migrations import run

revision = "2026_12e"
down_revision = "2026_12d"
branch_labels = depends_on = None


def upgrade() -> None:
    """Make the table, and what leads to it."""
    run("2026_12e")
