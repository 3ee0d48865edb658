"""Parse and stage, each run in a process of its own."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

from nem12.errors import MeterError, UsageError
from tools.bench import peers, reading
from tools.bench.measure import Measure, Timed, alone, ratio
from tools.bench.place import Place
from tools.generate.bulk import Bulk
from tools.generate.model import MOSTLY_VARIED


def measures(place: Place) -> Iterator[Measure]:
    """From file to synced staged files, against the peer's columns in memory."""
    try:
        against, missing = peers.reader_version(), ""
    except UsageError as error:
        against, missing = "", str(error)
    readings = place.sizes.parsed
    five = Bulk(size=readings * 6, first=date(2025, 1, 1), days=92)
    files = (
        ("5-minute file", five, 5, 8),
        ("30-minute file", replace(five, interval_length=30), 3, 5),
        ("5-minute file, 80 % V days", replace(five, mix=MOSTLY_VARIED), 4, 6),
    )
    for number, (name, bulk, least, aim) in enumerate(files):
        path = place.file(f"parse-{number}", bulk)
        if not against:
            runs = [_ours(place, path) for _ in range(place.sizes.rounds)]
            yield alone("parse", f"{name}, parse and stage", runs, note=missing)
            missing = ""
            continue
        pairs = [_pair(place, path) for _ in range(place.sizes.rounds)]
        yield ratio(
            "parse",
            f"{name}, parse and stage",
            f"{against} parse_to_columns",
            pairs,
            least=least,
            aim=aim,
            note=f"{pairs[0][0].rows:,} readings; ours with hash, checks and the synced file",
        )


def _ours(place: Place, path: Path) -> Timed:
    return reading.timed("ours", path, place.folder / "staged")


def _pair(place: Place, path: Path) -> tuple[Timed, Timed]:
    parsed = _ours(place, path)
    peer_parsed = reading.timed("peer", path, place.folder / "staged")
    if parsed.rows != peer_parsed.rows:
        raise MeterError(f"{parsed.rows} readings here, {peer_parsed.rows} there: other work")
    return parsed, peer_parsed
