"""What grows with the table, and what with the change: the same questions twice in one run.

The table grows day after day, as history does; the questions are asked when a tenth of the days is
there, and when all are. A day holds one reading, so that the days are what costs.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Final

import psycopg

from nem12 import settings
from nem12.analysis.totals import Span, channel_totals
from nem12.daily_totals.totals import CHANGES_A_TRANSACTION, DailyTotals
from nem12.errors import MeterError
from nem12.local import embedded
from nem12.operate.verify import differences
from nem12.settings import MIB
from nem12.shard import pack
from nem12.stage import Staged, stage_shard
from nem12.unpack import meter_files
from nem12.warehouse import ledger
from nem12.warehouse.connect import Connection, connect
from nem12.warehouse.feed import follow, highest
from tools.bench.database import Database
from tools.bench.measure import Measure, Timed, ratio
from tools.bench.place import Place
from tools.bench.sql import statement
from tools.generate.bulk import Bulk

FIRST: Final = date(2024, 1, 1)
DAYS: Final = 200
"""Of each channel, in seven months."""

EARLY_DAYS: Final = DAYS // 10

ROUNDS: Final = 3
"""Times that each question is asked, after a time that does not count."""

NMI: Final = f"7{1:09}"
"""One of the channels."""

_TEMPLATE_NMI: Final = "6001000001"
_TEMPLATE_DAY: Final = date(2023, 12, 1)


@dataclass(frozen=True)
class Table:
    """The table at one size.

    Attributes:
        channels: That have every day.
        days: Of each channel.
    """

    database: Database
    channels: int
    days: int

    @property
    def last(self) -> date:
        """The last day."""
        return FIRST + timedelta(days=self.days - 1)

    @property
    def values(self) -> dict[str, object]:
        """What the statements ask for."""
        return {
            "nmi": NMI,
            "first": self.last - timedelta(days=EARLY_DAYS),
            "last": self.last,
            "next_month": FIRST.replace(month=2),
        }

    def asked(self, role: str, work: Callable[[Connection], int]) -> list[Timed]:
        """Time what changes nothing, or is taken back; the first run warms the caches."""
        uri = self.database.server.uri(role, self.database.name)
        with connect(uri, application="nem12 bench") as connection:
            return [_timed(connection, work) for _ in range(1 + ROUNDS)][1:]

    def one(self, role: str, name: str) -> list[Timed]:
        """Time a statement of `sql/days.sql`; its rows are what it returns."""

        def work(connection: Connection) -> int:
            row = connection.execute(statement(name), self.values).fetchone()
            return int(row[0]) if row else 0

        return self.asked(role, work)


def _timed(connection: Connection, work: Callable[[Connection], int]) -> Timed:
    begin = time.perf_counter()
    with connection.transaction(force_rollback=True):
        rows = work(connection)
    return Timed(max(1, rows), time.perf_counter() - begin)


Question = Callable[[Table], list[Timed]]

QUESTIONS: Final[dict[str, Question]] = {
    "readings of an NMI as at an instant": lambda table: table.one(
        settings.READER_ROLE, "ask_as_at"
    ),
    "days of a channel": lambda table: table.one(settings.READER_ROLE, "ask_channel"),
    "a day of all channels": lambda table: table.one(settings.READER_ROLE, "ask_day"),
    "contradictions of an NMI": lambda table: table.one(settings.READER_ROLE, "ask_conflicts"),
    "totals of an NMI": lambda table: table.asked(settings.READER_ROLE, _totals),
    "status": lambda table: table.asked(settings.READER_ROLE, _status),
    "a file is withdrawn": lambda table: table.one(settings.LOADER_ROLE, "ask_withdrawal"),
    "an NMI is purged": lambda table: table.one(settings.OWNER_ROLE, "ask_purge"),
    "a month is removed": lambda table: table.one(settings.OWNER_ROLE, "ask_removal"),
}
"""Each gives its runs; a rate counts the rows or days that were asked for or changed."""


def measures(place: Place) -> Iterator[Measure]:
    """The rate of each question at the full size against that at a tenth of it."""
    channels = max(1, place.sizes.channel_days // DAYS)
    database = place.database("days")
    load_template(database, place.folder)
    fill(database, channels, 0, EARLY_DAYS)
    early = _answers(place, Table(database, channels, EARLY_DAYS))
    fill(database, channels, EARLY_DAYS, DAYS)
    late = _answers(place, Table(database, channels, DAYS))
    for name, runs in late.items():
        yield ratio(
            "days", f"{name}, {channels * DAYS:,} channel-days", "a tenth of them",
            zip(runs, early[name], strict=True), least=0.5, aim=0.9,
            note=f"{1000 * min(run.seconds for run in runs):.3g} ms", rate_unit="rows/s",
        )  # fmt: skip
    yield _totals_refreshed(place, Table(database, channels, DAYS))
    yield from _verified(Table(database, channels, DAYS))


def _answers(place: Place, table: Table) -> dict[str, list[Timed]]:
    answers = {name: question(table) for name, question in QUESTIONS.items()}
    return {**answers, "a small file is loaded": _loaded(place, table)}


def _totals(connection: Connection) -> int:
    span = Span(NMI, FIRST, FIRST + timedelta(days=EARLY_DAYS - 1))
    return len(list(channel_totals(connection, span)))


def _status(connection: Connection) -> int:
    ledger.status(connection)
    return 1


def _loaded(place: Place, table: Table) -> list[Timed]:
    """Batches of a day each, of meters that the table has not: they stay."""
    runs = []
    for number in range(ROUNDS):
        day = table.last - timedelta(days=number)
        bulk = Bulk(size=MIB, first=day, days=1, sites=100, seed=number)
        path = place.file(f"days-{table.days}-{number}", bulk)
        runs.append(table.database.apply(place.staged(path)))
    return runs


def _totals_refreshed(place: Place, table: Table) -> Measure:
    """After a correction of a hundredth of all days, against the first run, which reads all."""
    with connect(table.database.loader, application="nem12 bench") as connection:
        first = _follow(connection)
        nmis = [f"7{channel:09}" for channel in range(1, table.channels + 1)]
        days = [table.last - timedelta(days=number) for number in range(DAYS // 100)]
        table.database.apply(_staged(place.folder, "correction", nmis, days))
        again = _follow(connection)
    changed = len(nmis) * len(days)
    if again.rows != changed:
        raise MeterError(f"{again.rows} totals were made anew for {changed} days that changed")
    return Measure(
        "days", f"totals after a load of {changed:,} channel-days", "all days",
        100 * again.seconds / first.seconds, "% of the time", least=2, aim=1,
        ours=again.seconds, theirs=first.seconds, rate_unit="s", lower_is_better=True,
    )  # fmt: skip


def _follow(connection: Connection) -> Timed:
    """One run of the consumer that keeps the totals."""
    totals = DailyTotals()
    begin = time.perf_counter()
    until = highest(connection, totals)
    if not follow(connection, totals, until, CHANGES_A_TRANSACTION):
        raise MeterError("a transaction of another session holds up the changes")
    return Timed(totals.taken.channel_days, time.perf_counter() - begin)


def _verified(table: Table) -> Iterator[Measure]:
    """The whole by its purpose: what it costs for each day, and the room that it takes."""
    days = table.channels * table.days
    with connect(table.database.server.uri(settings.READER_ROLE, table.database.name)) as reader:
        before = _temporary(reader)
        begin = time.perf_counter()
        with closing(differences(reader)) as checks:
            broken = [words for words, difference in checks if difference]
        seconds = time.perf_counter() - begin
    if broken:
        raise MeterError(f"the copied days are not as loaded ones: {', '.join(broken)}")
    with connect(table.database.server.uri(settings.READER_ROLE, table.database.name)) as reader:
        written = _temporary(reader) - before
    yield Measure(
        "days", f"verify of {days:,} channel-days", "", 1e6 * seconds / days, "us a day", None, None
    )
    yield Measure(
        "days", "temporary files that verify writes", "", written / days, "B a day", None, None
    )


def _temporary(connection: Connection) -> int:
    with connection.transaction():
        row = connection.execute(statement("temporary")).fetchone()
    return int(row[0]) if row else 0


def load_template(database: Database, folder: Path) -> None:
    """Load one day, which is copied by `fill`."""
    applied = database.apply(_staged(folder, "template", [_TEMPLATE_NMI], [_TEMPLATE_DAY]))
    if applied.rows != 1:
        raise MeterError("the day that is to be copied was not loaded")


def _staged(folder: Path, name: str, nmis: list[str], days: list[date]) -> list[Staged]:
    """A file of these days, each with one reading: the lenient profile takes such intervals."""
    created = f"{max(days) + timedelta(days=1):%Y%m%d}"
    lines = [f"100,NEM12,{created}0000,MDP1,RETAILER"]
    for nmi in nmis:
        lines.append(f"200,{nmi},E1,1,E1,N1,METER1,kWh,1440,")
        lines += [f"300,{day:%Y%m%d},12.345,A,,,{created}000000," for day in sorted(days)]
    path = folder / f"{name}.csv"
    path.write_text("\n".join([*lines, "900", ""]), encoding="ascii")
    staged = folder / "staged"
    staged.mkdir(exist_ok=True)
    files = meter_files(path, path.name, "lenient", folder / "expanded")
    return [stage_shard(shard, staged) for shard in pack(files)]


def fill(database: Database, channels: int, begin: int, end: int) -> None:
    """Copy what `load_template` has loaded to channels, and to days counted from `FIRST`."""
    values = {
        "first": FIRST + timedelta(days=begin),
        "last": FIRST + timedelta(days=end - 1),
        "channels": channels,
        "name": "template.csv",
    }
    owner = database.server.uri(settings.OWNER_ROLE, database.name)
    with connect(owner, application="nem12 bench") as connection, connection.transaction():
        for name in (
            "months", "copied_files", "copied_versions", "copied_days", "copied_readings",
        ):  # fmt: skip
            connection.execute(statement(name), values)
    superuser = database.server.uri(embedded.SUPERUSER, database.name)
    with psycopg.connect(superuser, autocommit=True) as connection:
        # What autovacuum has done by the time that somebody asks.
        connection.execute("VACUUM (ANALYZE)")
        connection.execute("CHECKPOINT")
