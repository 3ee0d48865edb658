"""Records the outcomes of many drops at once: one by one costs 3 ms a drop."""

import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from nem12.states import Outcome
from nem12.warehouse.connect import Connection, explained
from nem12.warehouse.sql import statement

_KEY_BYTES: Final = 1000
"""Bytes of a member's name in the ledger: PostgreSQL indexes at most 2,704, names in archives have
up to 65,535."""


@dataclass(frozen=True, slots=True)
class SettledDrop:
    """A drop that can be settled.

    Attributes:
        kept_at: URI of its place; None if it is lost.
        members: Each of its files as name, id and outcome.
    """

    drop_id: int
    outcome: Outcome
    sha256: str | None
    kept_at: str | None
    message: str = ""
    members: tuple[tuple[str, int, Outcome], ...] = ()


def record_drops(connection: Connection, claim: str, done: Sequence[SettledDrop]) -> None:
    """Record the outcomes of these drops of a claim and where they will be kept.

    Call this before they are moved, so that a drop that was moved and not marked can be recognised.
    """
    members = [
        (drop.drop_id, name, file_id, outcome)
        for drop in done
        for name, (_, file_id, outcome) in zip(_names(drop), drop.members, strict=True)
    ]
    with explained(), connection.transaction():
        connection.execute(
            statement("record_drop_files"),
            {
                "claim": claim,
                "drop_ids": [drop_id for drop_id, _, _, _ in members],
                "members": [name for _, name, _, _ in members],
                "file_ids": [file_id for _, _, file_id, _ in members],
                "outcomes": [outcome for _, _, _, outcome in members],
            },
        )
        connection.execute(statement("record_drops"), _columns(claim, done))


def _names(drop: SettledDrop) -> Iterator[str]:
    """The names of a drop's files as its keys in the ledger: text, not too long, each once."""
    seen: dict[str, int] = {}
    for name, _, _ in drop.members:
        # A name may hold any bytes, the database only text.
        text = os.fsencode(name).decode(errors="backslashreplace")
        if len(text.encode()) > _KEY_BYTES:
            digest = hashlib.sha256(text.encode()).hexdigest()[:12]
            text = f"{text.encode()[: _KEY_BYTES // 2].decode(errors='ignore')}…{digest}"
        key = text
        while key in seen:
            # Go on from the last number: thousands may have the same name.
            seen[text] += 1
            key = f"{text} ({seen[text]})"
        seen[key] = 1
        yield key


def settle_drops(connection: Connection, claim: str, done: Sequence[SettledDrop]) -> None:
    """Mark these drops of a claim as settled; they were recorded before."""
    with explained(), connection.transaction():
        connection.execute(statement("settle_drops"), _columns(claim, done))


def _columns(claim: str, done: Sequence[SettledDrop]) -> dict[str, Any]:
    return {
        "claim": claim,
        "drop_ids": [drop.drop_id for drop in done],
        "outcomes": [drop.outcome for drop in done],
        "hashes": [drop.sha256 for drop in done],
        "places": [drop.kept_at for drop in done],
        "messages": [drop.message for drop in done],
    }
