"""VACUUM FULL and REINDEX beside loads: these wait, or try again, and the tables are the same."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import date
from pathlib import Path
from threading import Event

import psycopg
import pytest
from psycopg import errors

from nem12.errors import TransientError
from nem12.operate.verify import differences
from nem12.stage import Staged
from nem12.warehouse.connect import Connection, connect
from tests.support.deliveries import Day, delivery, put, staged
from tests.support.digest import tables
from tests.support.servers import Warehouse, only_embedded

pytestmark = only_embedded

KINDS = ("VACUUM FULL", "REINDEX TABLE", "REINDEX TABLE CONCURRENTLY")
OURS = (
    "SELECT relname::text FROM pg_class WHERE relkind IN ('r', 'p')"
    " AND relnamespace = 'public'::regnamespace ORDER BY relname"
)
LOADERS = 3
TRIES = 20
"""More than a task has: here something is always being rewritten."""


def versions(number: int) -> bytes:
    """A few days that other deliveries bring too, one with a value that is refused."""
    days = [
        Day(
            date(2024, 1 + number % 3, 1 + n),
            value="x" if n == number % 9 else str(number),
            updated=f"20240{4 + number % 5}01080000",
        )
        for n in range(8)
    ]
    return delivery(*days, created=f"2024100110{number:02}")


def upkeep(warehouse: Warehouse, kind: str, loaded: Event) -> int:
    """Every table of ours, again and again until all is loaded; how often all had their turn."""
    rounds = 0
    with psycopg.connect(warehouse.owner, autocommit=True) as owner:
        while not (rounds and loaded.is_set()):
            for (table,) in owner.execute(OURS).fetchall():
                with suppress(errors.DeadlockDetected, errors.LockNotAvailable):
                    owner.execute(f"{kind} {table}".encode())
            rounds += 1
    return rounds


def load_all(warehouse: Warehouse, batches: Sequence[Staged]) -> int:
    """As a task does: what may help when it is tried again is tried again; how often it was."""
    again = 0
    for batch in batches:
        for _ in range(TRIES):
            with suppress(TransientError), connect(warehouse.loader) as connection:
                put(connection, batch)
                break
            again += 1
        else:
            pytest.fail("a batch was not applied")
    return again


@pytest.mark.parametrize("kind", KINDS)
def test_loads_end_as_they_do_alone(
    warehouse: Warehouse, loader: Connection, tmp_path: Path, kind: str
) -> None:
    batches = [staged(tmp_path / str(n), versions(n)) for n in range(24)]
    loaded = Event()
    with ThreadPoolExecutor(LOADERS + 1) as pool:
        keeping = pool.submit(upkeep, warehouse, kind, loaded)
        shares = [batches[n::LOADERS] for n in range(LOADERS)]
        try:
            again = sum(pool.map(load_all, [warehouse] * LOADERS, shares))
        finally:
            loaded.set()
        rounds = keeping.result()
    assert rounds > 0, f"tried again {again} times"
    assert [words for words, difference in differences(loader) if difference] == []
    beside = tables(loader)
    loader.commit()
    warehouse.empty()
    for batch in batches:
        put(loader, batch)
    assert tables(loader) == beside
