"""From file to committed rows, with all that `parse_data --apply` does."""

import io
import json
import time
from argparse import Namespace
from collections.abc import Iterator
from contextlib import redirect_stdout
from pathlib import Path

from nem12.cli.load import parse_data
from nem12.errors import MeterError
from tools.bench.applying import first_load, months_of
from tools.bench.database import Database
from tools.bench.measure import Measure, Timed, ratio
from tools.bench.place import Place


def measures(place: Place) -> Iterator[Measure]:
    """The command against COPY of the same rows, and against itself when all is known."""
    database = place.database("filed")
    path = place.file("filed", first_load(place.sizes.applied))
    load(database, path)
    expected = database.digest()
    ready = database.ready_rows(place.folder / "filed.rows")
    months = months_of(place.staged(path))
    pairs, agains = [], []
    for _ in range(place.sizes.rounds):
        database.empty()
        theirs = database.copy(ready, months)
        database.empty()
        ours = load(database, path)
        again = load(database, path, outcome="duplicate")
        if database.digest() != expected:
            raise MeterError("the command and COPY did not give the same rows")
        # The command's work is that of several processes.
        pairs.append((ours, Timed(theirs.rows, theirs.seconds)))
        agains.append((again, ours))
    yield ratio(
        "file", "parse_data --apply, from file to rows", "COPY of ready rows", pairs,
        least=0.6, aim=1,
    )  # fmt: skip
    yield ratio("file", "the same file again", "its first load", agains, least=20, aim=100)


def load(database: Database, path: Path, outcome: str = "loaded") -> Timed:
    """Run the command in this process; its start, 0.5 s, would be most of a known file's time."""
    arguments = Namespace(
        file=[str(path)], output=None, apply=True, reprocess=False, profile="standard",
        format="json", dsn=database.loader,
    )  # fmt: skip
    said = io.StringIO()
    begin = time.perf_counter()
    with redirect_stdout(said):
        parse_data(arguments)
    seconds = time.perf_counter() - begin
    result = json.loads(said.getvalue())
    if result["outcome"] != outcome:
        raise MeterError(f"{path.name}: {result['outcome']}, not {outcome}")
    return Timed(result["readings"], seconds)
