"""How speed holds as the table grows the way data arrives: all channels, day after day."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path
from statistics import median
from typing import Final

from nem12.errors import MeterError
from tools.bench import curve
from tools.bench.applying import months_of
from tools.bench.measure import Measure, Timed, ratio
from tools.bench.place import Place
from tools.generate.bulk import Bulk

_FIRST: Final = date(2025, 1, 1)


@dataclass(frozen=True)
class Step:
    """One day of all channels.

    Attributes:
        readings: In the table afterwards.
        ours: Readings a second.
        copy: Readings a second.
    """

    readings: int
    ours: float
    copy: float


def measures(place: Place) -> Iterator[Measure]:
    """Two tables grow in turn, ours by `apply`, the other by COPY of the same rows."""
    pairs = list(_grow(place))
    total = 0
    steps = []
    for ours, theirs in pairs:
        total += ours.rows
        steps.append(Step(total, round(ours.rate), round(theirs.rate)))
    place.keep("growth.json", json.dumps([asdict(step) for step in steps]).encode())
    place.keep("growth.svg", curve.drawn(steps).encode())
    size = f"{total / 1e6:.1f} M"
    note = "curve in growth.svg and growth.json"
    yield ratio(
        "growth", f"day after day to {size} readings", "COPY into a table of the same size",
        pairs, least=0.8, aim=1, note=note,
    )  # fmt: skip
    # Over a tenth of the way: one day alone may meet a checkpoint.
    window = max(1, len(pairs) // 10)
    first, last = pairs[:window], pairs[-window:]
    yield ratio(
        "growth", f"rate at {size} readings", f"at {steps[window - 1].readings / 1e6:.1f} M",
        [(_middle(last), _middle(first))], least=0.6, aim=0.9,
    )  # fmt: skip
    yield ratio(
        "growth", f"COPY's own rate at {size} readings", "at the beginning",
        [(_middle([copy for _, copy in last]), _middle([copy for _, copy in first]))],
        least=0, aim=0, note="for comparison",
    )  # fmt: skip


def _middle(timed: list[Timed] | list[tuple[Timed, Timed]]) -> Timed:
    runs = [one if isinstance(one, Timed) else one[0] for one in timed]
    return Timed(
        round(median(run.rows for run in runs)), median(run.seconds for run in runs),
        median(run.processor for run in runs),
    )  # fmt: skip


def _grow(place: Place) -> Iterator[tuple[Timed, Timed]]:
    sizes = place.sizes
    ours, copied = place.database("grown"), place.database("copied")
    for offset in range(sizes.days):
        day = _FIRST + timedelta(days=offset)
        bulk = Bulk(size=sizes.channels * 10_000, first=day, days=1, sites=sizes.channels)
        path = place.file(f"day-{day}", bulk)
        batches = place.staged(path)
        # The order in which a day's rows come from anywhere: channel after channel.
        applied = ours.apply(batches)
        ready = ours.ready_rows(place.folder / "day.rows", day)
        sent = copied.copy(ready, months_of(batches))
        if applied.rows != sent.rows:
            raise MeterError(f"{day}: {applied.rows} readings here, {sent.rows} there")
        _remove(path, *(Path(batch.path) for batch in batches))
        yield applied, sent
    if ours.digest() != copied.digest():
        raise MeterError("the two tables differ")


def _remove(*paths: Path) -> None:
    for path in paths:
        path.unlink()
