"""Days and their versions by month."""

from nem12.warehouse.migrations import release, run

revision = "2026_12d"
down_revision = "2026_12c"
branch_labels = depends_on = None


def upgrade() -> None:
    """Make both tables anew, with what they hold."""
    release("meter_days", "meter_day_versions")
    run("2026_12d")
