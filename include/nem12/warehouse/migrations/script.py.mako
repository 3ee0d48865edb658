"""${message}."""

from nem12.warehouse.migrations import run

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = depends_on = None


def upgrade() -> None:
    """Go forward; there is no way back but a backup."""
    run()
