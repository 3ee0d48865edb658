"""Which version of a day is in force: the same one however the deliveries come."""

import hashlib
import itertools
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nem12.operate.verify import differences
from nem12.settings import MIB
from nem12.shard import Shard, pack, parts
from nem12.survey import MeterFile
from nem12.warehouse import ledger
from nem12.warehouse.connect import Connection
from tests.support.deliveries import (
    CREATED,
    Day,
    delivery,
    load,
    load_shards,
    surveyed,
)
from tests.support.digest import tables
from tests.support.servers import Warehouse

FIRST = date(2024, 3, 31)  # the last of a month, and of a week

OLD_STAMP = "19230402080000"
stamps = st.sampled_from(["", "20240402080000", "20240402080001", "20240403080000", OLD_STAMP])
days = st.builds(
    Day,
    day=st.sampled_from([FIRST, FIRST + timedelta(days=1)]),
    value=st.sampled_from(["1", "1.0", "2", "0.461"]),
    suffix=st.sampled_from(["E1", "E2"]),
    minutes=st.sampled_from([30, 30, 15, 5]),
    uom=st.sampled_from(["kWh", "kWh", "Wh"]),
    serial=st.sampled_from(["OLD", "NEW"]),
    quality=st.sampled_from(["A", "E52"]),
    updated=stamps,
    loaded=st.sampled_from(["", "", "20240402090000", "20240404000000"]),
)


TIMES = ["20240402080000", "20240402080001", "20240403100000", "20240501000000"]


@dataclass(frozen=True)
class Delivered:
    """A whole file of the model.

    Attributes:
        created: Empty where it has no 100 record.
        times: When it was delivered, once or several times.
    """

    created: str
    days: tuple[Day, ...]
    times: tuple[str, ...]

    @property
    def data(self) -> bytes:
        return delivery(*self.days, created=self.created)

    def at(self, folder: Path, name: str, time: str, cut: int = MIB) -> MeterFile:
        """One of its deliveries."""
        file = surveyed(folder, self.data, name, cut=cut, profile="lenient")
        return replace(file, delivered_at=instant(time))


def instant(time: str) -> datetime:
    """14 digits in NEM time."""
    return datetime.strptime(f"{time}+1000", "%Y%m%d%H%M%S%z")


deliveries = st.lists(
    st.builds(
        Delivered,
        created=st.sampled_from(["202404031000", "202404031001", "202404040000", "", ""]),
        days=st.lists(days, min_size=1, max_size=4).map(tuple),
        times=st.lists(st.sampled_from(TIMES), min_size=1, max_size=3).map(tuple),
    ),
    min_size=1,
    max_size=4,
    unique_by=lambda delivered: delivered.data,
)


def in_force(given: Sequence[Delivered]) -> dict[tuple[str, str], Day]:
    """The rule of the design, slowly: the highest version of each day of each channel."""
    best: dict[tuple[str, str], tuple[tuple[object, ...], Day]] = {}
    for delivered in given:
        header = delivered.created and f"{delivered.created}00"
        first = min(delivered.times)
        for number, day in enumerate(delivered.days):
            rank = (
                -3 if day.updated == OLD_STAMP else 0 if day.updated else -1 if header else -2,
                day.updated or header or first,
                day.loaded,
                header or first,
                hashlib.sha256(delivered.data).hexdigest(),
                -number,
            )
            key = (day.suffix, day.day.isoformat())
            if key not in best or rank > best[key][0]:
                best[key] = rank, day
    return {key: day for key, (_, day) in best.items()}


def readings(winners: dict[tuple[str, str], Day]) -> list[tuple[object, ...]]:
    """The rows that these days give: the minute of the day, not an instant of a time zone."""
    rows = [
        (
            suffix, day, minute, winner.minutes, winner.quality,
            Decimal(winner.value).scaleb(-3 if winner.uom == "Wh" else 0), winner.serial,
        )
        for (suffix, day), winner in winners.items()
        for minute in range(0, 1440, winner.minutes)
    ]  # fmt: skip
    return sorted(rows)


STORED = """
SELECT nmi_suffix, ("timestamp" + interval '10 hours')::date::text,
    (extract(epoch FROM "timestamp" + interval '10 hours')::bigint / 60 % 1440)::integer,
    interval_minutes, quality_method, consumption, meter_serial_number
FROM meter_reading_sources
ORDER BY 1, 2, 3
"""


def cuts(files: list[MeterFile], chance: random.Random) -> list[Shard]:
    """All parts of the files, shuffled and put together by chance."""
    pieces = [part for file in files for part in parts(file)]
    chance.shuffle(pieces)
    shards: list[Shard] = []
    while pieces:
        size = chance.randint(1, len(pieces))
        # A shard holds a part once, of whichever delivery.
        chosen = {(piece.file.sha256, piece.start): piece for piece in pieces[:size]}
        shards.append(Shard(tuple(chosen.values())))
        del pieces[:size]
    return shards


@given(given=deliveries, chance=st.randoms(use_true_random=False))
@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_any_order_and_any_cut_end_in_the_same_tables(
    warehouse: Warehouse, loader: Connection, given: list[Delivered], chance: random.Random
) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        expected = readings(in_force(given))
        found = []
        for load_all in (together, one_by_one, in_parts):
            warehouse.empty()
            load_all(loader, folder, given, chance)
            times = warehouse.rows("SELECT file_id, delivered_at FROM meter_files ORDER BY 1")
            found.append((tables(loader), times))
            assert warehouse.rows(STORED) == expected
        assert all(other == found[0] for other in found)
        assert [words for words, difference in differences(loader) if difference] == []


def together(
    loader: Connection, folder: Path, given: list[Delivered], chance: random.Random
) -> None:
    """The files in one batch, each as it was delivered first or later; then the other times."""
    files = [d.at(folder, f"{n}.csv", chance.choice(d.times)) for n, d in enumerate(given)]
    load_shards(loader, folder / "staged", pack(files))
    note(loader, [(file, d) for file, d in zip(files, given, strict=True)], chance)


def one_by_one(
    loader: Connection, folder: Path, given: list[Delivered], chance: random.Random
) -> None:
    """Each delivery as it comes; what is known already is only noted."""
    every = [(number, time) for number, d in enumerate(given) for time in d.times]
    chance.shuffle(every)
    known: set[int] = set()
    for number, time in every:
        file = given[number].at(folder, f"{number}.csv", time)
        if number in known:
            ledger.note_deliveries(loader, [(file.file_id, file.delivered_at)])
        else:
            load_shards(loader, folder / "staged", [Shard(tuple(parts(file)))])
            known.add(number)


def in_parts(
    loader: Connection, folder: Path, given: list[Delivered], chance: random.Random
) -> None:
    """Runs that load the same files at once, in parts."""
    files = [
        (d.at(folder, f"{number}.csv", time, cut=1), d)
        for number, d in enumerate(given)
        for time in chance.sample(d.times, chance.randint(1, len(d.times)))
    ]
    load_shards(loader, folder / "staged", cuts([file for file, _ in files], chance))
    note(loader, files, chance)


def note(
    loader: Connection, files: list[tuple[MeterFile, Delivered]], chance: random.Random
) -> None:
    """The other times at which they were delivered."""
    times = [(file.file_id, instant(time)) for file, d in files for time in d.times]
    chance.shuffle(times)
    for one in times:
        ledger.note_deliveries(loader, [one])


def in_any_order(
    warehouse: Warehouse, loader: Connection, folder: Path, *versions: bytes
) -> list[tuple[object, ...]]:
    """Load versions in every order; the rows, which are the same each time."""
    found = []
    for order in itertools.permutations(versions):
        warehouse.empty()
        for number, version in enumerate(order):
            load(loader, folder / str(number), version)
        query = "SELECT interval_minutes, consumption FROM meter_readings ORDER BY timestamp"
        found.append((warehouse.rows(query), tables(loader)))
        assert [words for words, difference in differences(loader) if difference] == []
    assert all(other == found[0] for other in found)
    return found[0][0]


OLD = Day(value="1", updated="20240312080000")
NEW = replace(OLD, value="2", updated="20240313080000")


def test_a_correction_counts_also_when_it_comes_first(
    warehouse: Warehouse, loader: Connection, tmp_path: Path
) -> None:
    rows = in_any_order(warehouse, loader, tmp_path, delivery(OLD), delivery(NEW))
    assert rows == [(30, 2)] * 48


def test_a_later_stamp_of_msats_counts_for_equal_updates(
    warehouse: Warehouse, loader: Connection, tmp_path: Path
) -> None:
    marked = replace(OLD, value="3", loaded="20240312080000")
    later = replace(OLD, value="4", loaded="20240312080001")
    rows = in_any_order(
        warehouse, loader, tmp_path, delivery(OLD), delivery(marked), delivery(later)
    )
    assert rows == [(30, 4)] * 48


def test_a_missing_update_never_beats_a_real_one(
    warehouse: Warehouse, loader: Connection, tmp_path: Path
) -> None:
    exported = delivery(replace(OLD, value="9", updated=""), created="202406010000")
    rows = in_any_order(warehouse, loader, tmp_path, delivery(OLD), exported)
    assert rows == [(30, 1)] * 48
    ranks = "SELECT DISTINCT update_rank FROM meter_day_versions ORDER BY 1"
    assert warehouse.rows(ranks) == [(0,), (1,)]


def with_a_hash(kind: str, than: bytes, created: str) -> tuple[int, bytes]:
    """A delivery of another value whose hash is lower or higher; its value too."""
    for value in itertools.count(2):
        made = delivery(replace(OLD, value=str(value)), created=created)
        hashes = [hashlib.sha256(data).hexdigest() for data in (made, than)]
        if (hashes[0] < hashes[1]) == (kind == "lower"):
            return value, made
    raise AssertionError


@pytest.mark.parametrize("kind", ["lower", "higher"])
def test_the_later_file_counts_for_equal_stamps(
    warehouse: Warehouse, loader: Connection, tmp_path: Path, kind: str
) -> None:
    first = delivery(OLD)
    value, again = with_a_hash(kind, first, "202403151031")
    assert in_any_order(warehouse, loader, tmp_path, first, again) == [(30, value)] * 48


@pytest.mark.parametrize("kind", ["lower", "higher"])
def test_the_higher_hash_counts_for_files_of_one_minute(
    warehouse: Warehouse, loader: Connection, tmp_path: Path, kind: str
) -> None:
    first = delivery(OLD)
    value, again = with_a_hash(kind, first, CREATED)
    counts = value if kind == "higher" else 1
    assert in_any_order(warehouse, loader, tmp_path, first, again) == [(30, counts)] * 48


@pytest.mark.parametrize(
    "other",
    [replace(OLD, value="5"), replace(OLD, uom="Wh"), replace(OLD, minutes=15)],
    ids=["value", "unit", "length"],
)
def test_a_contradiction_of_two_files_is_seen(
    warehouse: Warehouse, loader: Connection, tmp_path: Path, other: Day
) -> None:
    load(loader, tmp_path, delivery(OLD), delivery(other))
    assert warehouse.one("SELECT lines FROM meter_conflicts") == [3, 3]


def test_equal_numbers_are_no_contradiction(
    warehouse: Warehouse, loader: Connection, tmp_path: Path
) -> None:
    load(loader, tmp_path, delivery(OLD), delivery(replace(OLD, value="1.0")))
    assert warehouse.one("SELECT count(*) FROM meter_conflicts") == 0


def test_a_day_is_replaced_as_a_whole_when_its_length_changes(
    warehouse: Warehouse, loader: Connection, tmp_path: Path
) -> None:
    finer = replace(OLD, value="0.5", minutes=5, updated="20240313080000")
    back = replace(OLD, value="7", updated="20240314080000")
    assert (
        in_any_order(warehouse, loader, tmp_path, delivery(OLD), delivery(finer))
        == [(5, Decimal("0.5"))] * 288
    )
    rows = in_any_order(warehouse, loader, tmp_path, delivery(OLD), delivery(finer), delivery(back))
    assert rows == [(30, 7)] * 48


def test_another_meter_of_the_same_channel_replaces(
    warehouse: Warehouse, loader: Connection, tmp_path: Path
) -> None:
    changed = replace(NEW, serial="NEWMETER")
    rows = in_any_order(warehouse, loader, tmp_path, delivery(OLD), delivery(changed))
    assert rows == [(30, 2)] * 48
    assert warehouse.one("SELECT meter_serial_number FROM meter_days") == "NEWMETER"


def test_a_suffix_left_out_is_not_deleted(
    warehouse: Warehouse, loader: Connection, tmp_path: Path
) -> None:
    load(loader, tmp_path / "a", delivery(OLD, replace(OLD, suffix="E2")))
    load(loader, tmp_path / "b", delivery(NEW))
    assert warehouse.rows(
        "SELECT nmi_suffix, sum(consumption) FROM meter_readings GROUP BY 1 ORDER BY 1"
    ) == [("E1", 96), ("E2", 48)]


def test_every_version_is_kept_as_delivered(
    warehouse: Warehouse, loader: Connection, tmp_path: Path
) -> None:
    load(loader, tmp_path / "a", delivery(NEW))
    load(loader, tmp_path / "b", delivery(replace(OLD, value="461.50", uom="Wh")))
    query = (
        "SELECT uom_exponent, interval_values[48]::text FROM meter_day_versions"
        " ORDER BY update_date_time"
    )
    assert warehouse.rows(query) == [(-3, "461.50"), (0, "2")]


def test_the_readings_of_an_earlier_instant_can_be_asked_for(
    warehouse: Warehouse, loader: Connection, tmp_path: Path
) -> None:
    load(loader, tmp_path, delivery(OLD), delivery(replace(NEW, minutes=5)))
    query = (
        "SELECT interval_minutes, consumption, count(*), min(timestamp), max(timestamp)"
        " FROM meter_readings_as_at('2024-03-12 12:00+10') GROUP BY 1, 2"
    )
    ((minutes, value, count, first, last),) = warehouse.rows(query)
    assert (minutes, value, count) == (30, 1, 48)
    assert str(first) == "2024-03-09 14:00:00+00:00"
    assert str(last) == "2024-03-10 13:30:00+00:00"
    assert warehouse.one("SELECT count(*) FROM meter_readings_as_at('2024-01-01')") == 0


def test_what_is_asked_of_an_earlier_instant_is_all_that_is_read(loader: Connection) -> None:
    """As if the query stood in place of the function: a year of all meters takes minutes."""
    loader.execute("SELECT meter_ensure_months('{2024-03-01}')")
    plan = loader.execute("EXPLAIN SELECT * FROM meter_readings_as_at(now()) WHERE nmi = '1'")
    lines = [line for (line,) in plan.fetchall()]
    assert not [line for line in lines if "Function Scan on meter_readings_as_at" in line]
    assert [line for line in lines if "Index Cond: ((nmi)::text = '1'::text)" in line]
