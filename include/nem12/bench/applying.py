"""A staged file into the tables."""

from collections.abc import Iterator

from nem12.bench.measure import Measure, ratio
from nem12.bench.place import Place
from nem12.errors import MeterError
from nem12.generate.bulk import Bulk


def first_load(readings: int) -> Bulk:
    """5-minute data of 92 days for each channel: about so many readings."""
    return Bulk(size=readings * 6, days=92)


def measures(place: Place) -> Iterator[Measure]:
    """First load against COPY of the same rows, ready-made."""
    database = place.database()
    batches = place.staged(place.file("first", first_load(place.sizes.applied)))
    months = sorted({month for batch in batches for month in batch.months})
    database.empty()
    database.apply(batches)
    expected = database.digest()
    ready = database.ready_rows(place.folder / "first.rows")
    pairs = []
    for _ in range(place.sizes.rounds):
        database.empty()
        ours = database.apply(batches)
        _equal(database.digest(), expected)
        database.empty()
        theirs = database.copy(ready, months)
        _equal(database.digest(), expected)
        pairs.append((ours, theirs))
    yield ratio(
        "apply", "first load, one connection", "COPY of ready rows", pairs, least=0.75, aim=1
    )


def _equal(found: tuple[int, ...], expected: tuple[int, ...]) -> None:
    if found != expected:
        raise MeterError("the tables differ: what was measured is not the same work")
