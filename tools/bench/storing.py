"""Bytes on disk for each reading, indexes included."""

from collections.abc import Iterator

from tools.bench.applying import first_load
from tools.bench.measure import Measure
from tools.bench.place import Place
from tools.bench.sql import statement


def measures(place: Place) -> Iterator[Measure]:
    """After a first load, of 5-minute data."""
    database = place.database("stored")
    database.apply(place.staged(place.file("first", first_load(place.sizes.applied))))
    readings, table, history = map(int, database.row(statement("storage")))
    for name, size, least, aim in (
        ("meter_readings with its index", table, 130, 115),
        ("the history: every version of every day", history, 16, 10),
    ):
        yield Measure(
            "storage", name, "", size / readings, "B/reading", least, aim, lower_is_better=True
        )
