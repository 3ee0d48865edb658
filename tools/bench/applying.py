"""Applies a staged file to the tables."""

import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Final

from nem12.errors import MeterError
from nem12.stage import Staged
from tools.bench.measure import Measure, Timed, ratio
from tools.bench.place import Place
from tools.generate.bulk import Bulk

_DAY: Final = re.compile(rb"(?m)^(300,\d{8},)([\d.,]+,)(?=[A-Z])(.*?)2025(\d{10}),2025(\d{10})")


def first_load(readings: int) -> Bulk:
    """5-minute data of 92 days for each channel: about so many readings."""
    return Bulk(size=readings * 6, days=92)


def measures(place: Place) -> Iterator[Measure]:
    """First load against COPY and INSERT; two connections; a correction of every day."""
    bulk = first_load(place.sizes.applied)
    path = place.file("first", bulk)
    batches = place.staged(path)
    database = place.database()
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
        theirs = database.copy(ready, months_of(batches))
        _equal(database.digest(), expected)
        pairs.append((ours, theirs))
    yield ratio(
        "apply", "first load, one connection", "COPY of ready rows", pairs, least=0.75, aim=1
    )
    yield _inserts(place, [ours for ours, _ in pairs], ready)
    yield _correction(place, path, batches)
    other = place.staged(place.file("other", replace(bulk, seed=2)))
    yield _two_connections(place, [batches, other])


def _inserts(place: Place, firsts: list[Timed], ready: Path) -> Measure:
    """A tenth of the rows: the rate is the same, and it takes long enough."""
    database = place.database()
    pairs = [(ours, database.insert(ready, ours.rows // 10)) for ours in firsts]
    return ratio(
        "apply",
        "first load, one connection",
        "INSERT of 1,000 rows a statement, random id, unique (nmi, timestamp)",
        pairs,
        least=5,
        aim=8,
        note="not made in turn with it, of the first tenth of the rows",
    )


def _correction(place: Place, path: Path, batches: list[Staged]) -> Measure:
    database = place.database()
    corrections = place.staged(_corrected(path))
    pairs = []
    for _ in range(place.sizes.rounds):
        database.empty()
        first = database.apply(batches)
        before = database.digest()
        database.checkpoint()
        again = database.apply(corrections)
        found = database.digest()
        if found[0] != before[0] or found == before or again.rows != first.rows:
            raise MeterError("the correction did not replace every reading")
        pairs.append((again, first))
    return ratio(
        "apply", "correction of every day", "first load of the same days", pairs, least=0.5, aim=0.8
    )


def _corrected(path: Path) -> Path:
    """The same days with stamps of a year later, and every value another."""
    corrected = path.with_name("corrected.csv")
    text = _DAY.sub(_restamped, path.read_bytes())
    corrected.write_bytes(text.replace(b"100,NEM12,2025", b"100,NEM12,2026", 1))
    return corrected


def _restamped(day: re.Match[bytes]) -> bytes:
    values = day[2].replace(b",", b"1,")
    return b"".join((day[1], values, day[3], b"2026", day[4], b",2026", day[5]))


def _two_connections(place: Place, halves: list[list[Staged]]) -> Measure:
    database = place.database()
    pairs = []
    for _ in range(place.sizes.rounds):
        database.empty()
        one = database.apply([batch for half in halves for batch in half])
        expected = database.digest()
        database.empty()
        with ThreadPoolExecutor(len(halves)) as threads:
            begin = time.perf_counter()
            done = list(threads.map(database.apply, halves))
            seconds = time.perf_counter() - begin
        _equal(database.digest(), expected)
        pairs.append((Timed(sum(half.rows for half in done), seconds), replace(one, processor=0.0)))
    return ratio(
        "apply", "first load, two connections", "one connection", pairs, least=1.05, aim=1.3
    )


def months_of(batches: list[Staged]) -> list[str]:
    """First days of the months that the batches have readings of."""
    return sorted({month for batch in batches for month in batch.months})


def _equal(found: tuple[int, ...], expected: tuple[int, ...]) -> None:
    if found != expected:
        raise MeterError("the tables differ: what was measured is not the same work")
