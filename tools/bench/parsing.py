"""Parse and stage in one process."""

import gc
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from nem12.errors import MeterError, UsageError
from tools.bench import peers
from tools.bench.measure import Measure, Timed, alone, ratio
from tools.bench.place import Place
from tools.generate.bulk import Bulk
from tools.generate.model import MOSTLY_VARIED


def measures(place: Place) -> Iterator[Measure]:
    """From file to synced staged files, against the peer's columns in memory."""
    try:
        parse_to_columns = peers.reader().parse_to_columns
    except UsageError as error:
        parse_to_columns, missing = None, str(error)
    readings = place.sizes.parsed
    five = Bulk(size=readings * 6, first=date(2025, 1, 1), days=92)
    files = (
        ("5-minute file", five, 4, 6),
        ("30-minute file", replace(five, interval_length=30), 3, 5),
        ("5-minute file, 80 % V days", replace(five, mix=MOSTLY_VARIED), 3, 5),
    )
    for number, (name, bulk, least, aim) in enumerate(files):
        path = place.file(f"parse-{number}", bulk)
        if parse_to_columns is None:
            runs = [_ours(place, path) for _ in range(place.sizes.rounds)]
            yield alone("parse", f"{name}, parse and stage", runs, note=missing)
            missing = ""
            continue
        pairs = [_pair(place, path, parse_to_columns) for _ in range(place.sizes.rounds)]
        yield ratio(
            "parse",
            f"{name}, parse and stage",
            f"{peers.reader_version()} parse_to_columns",
            pairs,
            least=least,
            aim=aim,
            note=f"{pairs[0][0].rows:,} readings; ours with hash, checks and the synced file",
        )


def _ours(place: Place, path: Path) -> Timed:
    return _timed(lambda: sum(batch.readings for batch in place.staged(path)))


def _pair(place: Place, path: Path, parse_to_columns: Callable[[Path], Any]) -> tuple[Timed, Timed]:
    parsed = _ours(place, path)
    peer_parsed = _timed(lambda: len(parse_to_columns(path)["Value"]))
    if parsed.rows != peer_parsed.rows:
        raise MeterError(f"{parsed.rows} readings here, {peer_parsed.rows} there: other work")
    return parsed, peer_parsed


def _timed(work: Callable[[], int]) -> Timed:
    gc.collect()
    begin, used = time.perf_counter(), time.process_time()
    rows = work()
    seconds, processor = time.perf_counter() - begin, time.process_time() - used
    return Timed(rows, seconds, processor)
