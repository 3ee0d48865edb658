"""The feed of changes, and its consumers."""

from nem12.warehouse.migrations import run

revision = "2026_12c"
down_revision = "2026_12b"
branch_labels = depends_on = None


def upgrade() -> None:
    """Make the tables."""
    run("2026_12c")
