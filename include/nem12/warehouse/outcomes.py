"""What became of drops, written down for many at once: one by one costs 3 ms a drop."""

import os
from collections.abc import Sequence
from dataclasses import dataclass

from nem12.warehouse.connect import Connection, explained
from nem12.warehouse.sql import statement


@dataclass(frozen=True, slots=True)
class SettledDrop:
    """A drop that is done.

    Attributes:
        kept_at: URI of where it lies now; None if it is lost.
        members: Each of its files as name, id and outcome.
    """

    drop_id: int
    outcome: str
    sha256: str | None
    kept_at: str | None
    message: str = ""
    members: tuple[tuple[str, int, str], ...] = ()


def settle_drops(connection: Connection, claim: str, done: Sequence[SettledDrop]) -> None:
    """Mark these drops of a claim as done, with what became of their files."""
    members = [(drop.drop_id, *member) for drop in done for member in drop.members]
    with explained(), connection.transaction():
        connection.execute(
            statement("record_drop_files"),
            {
                "drop_ids": [drop_id for drop_id, _, _, _ in members],
                # A name may hold any bytes, the database only text.
                "members": [
                    os.fsencode(name).decode(errors="backslashreplace") for _, name, _, _ in members
                ],
                "file_ids": [file_id for _, _, file_id, _ in members],
                "outcomes": [outcome for _, _, _, outcome in members],
            },
        )
        connection.execute(
            statement("settle_drops"),
            {
                "claim": claim,
                "drop_ids": [drop.drop_id for drop in done],
                "outcomes": [drop.outcome for drop in done],
                "hashes": [drop.sha256 for drop in done],
                "places": [drop.kept_at for drop in done],
                "messages": [drop.message for drop in done],
            },
        )
