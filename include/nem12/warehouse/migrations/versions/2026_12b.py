"""Expected NMIs and ends of channels."""

from nem12.warehouse.migrations import run

revision = "2026_12b"
down_revision = "2026_12"
branch_labels = depends_on = None


def upgrade() -> None:
    """Make the tables."""
    run("2026_12b")
