"""A backfill loads again what was made on a NEM day, and nothing else."""

import gzip
import zipfile
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from nem12.errors import TerminalError, UsageError
from nem12.load.backfill import claim_day
from nem12.mdff.header import Header
from nem12.operate.verify import differences
from nem12.unpack import headers
from tests.support.deliveries import Day, delivery
from tests.support.digest import tables
from tests.support.loading import Run
from tests.support.servers import Warehouse, only_embedded

pytestmark = only_embedded

DATA = ("meter_readings", "meter_days", "meter_day_versions", "meter_refusals", "meter_files")


def made(at: str, number: int = 0, value: str = "1.5") -> bytes:
    """A file made at that minute, with a day of a channel of its own."""
    return delivery(Day(nmi=f"41030{number:05}", value=value), created=at)


def found(run: Run, day: date, *patterns: str, profile: str | None = None) -> list[str]:
    """Names of the deliveries that a backfill of the day claims, without hashes."""
    claim, count = claim_day(run.connection, run.home, day, list(patterns or ("*",)), profile)
    run.load(claim, reprocess=True)
    rows = run.connection.execute(
        "SELECT uri, profile FROM meter_drops WHERE claim = %s ORDER BY uri", (claim,)
    ).fetchall()
    run.connection.commit()
    run.settle(claim)
    assert len(rows) == count
    return [Path(uri).name.rpartition("-")[2] for uri, _ in rows]


@pytest.mark.parametrize(
    ("at", "day"),
    [
        ("202405010000", date(2024, 5, 1)),
        ("202405012359", date(2024, 5, 1)),
        ("202404302359", date(2024, 4, 30)),
        ("202402290000", date(2024, 2, 29)),
        # Sundays on which the clocks of Sydney change, between 2 and 3 at night, twice or never.
        ("202404070230", date(2024, 4, 7)),
        ("202410060230", date(2024, 10, 6)),
        ("202412312359", date(2024, 12, 31)),
    ],
)
def test_a_file_belongs_to_the_nem_day_it_was_made_on(run: Run, at: str, day: date) -> None:
    run.drop("file.csv", made(at))
    run.run()
    assert found(run, day - timedelta(days=1)) == []
    assert found(run, day + timedelta(days=1)) == []
    assert found(run, day) == ["file.csv"]


def test_a_file_that_waits_belongs_to_its_day_alone(run: Run) -> None:
    run.drop("file.csv", made("202405020000"))
    assert found(run, date(2024, 5, 1)) == []
    assert found(run, date(2024, 5, 3)) == []
    assert found(run, date(2024, 5, 2)) == ["file.csv"]


def test_a_week_backfilled_in_any_order_gives_the_same_tables(run: Run) -> None:
    week = [date(2024, 4, 29) + timedelta(days=n) for n in range(7)]
    for number, day in enumerate(week):
        stamp = f"{day:%Y%m%d}081500"
        days = [Day(date(2024, 3, 10), value=str(number), updated=stamp)]
        days += [Day(date(2024, 3, 11 + number), minutes=5, updated=stamp)]
        run.drop(f"{day:%Y%m%d}.csv", delivery(*days, created=f"{day:%Y%m%d}2359"))
        run.run()
    before = tables(run.connection)
    assert [found(run, day) for day in reversed(week)] == [
        [f"{day:%Y%m%d}.csv"] for day in reversed(week)
    ]
    after = tables(run.connection)
    run.connection.commit()
    assert [table for table in DATA if before[table] != after[table]] == []
    assert [words for words, difference in differences(run.connection) if difference] == []
    assert found(run, week[0]) == [f"{week[0]:%Y%m%d}.csv"], "and again"


def test_it_takes_refused_files_and_files_that_still_wait(run: Run) -> None:
    run.drop("refused.csv", made("202405011200").removesuffix(b"900\r\n"))
    run.run()
    run.drop("waits.csv", made("202405011300", 1))
    run.drop("packed.csv.gz", gzip.compress(made("202405011400", 2)))
    run.drop("other.csv", made("202405021300", 3))
    assert found(run, date(2024, 5, 1)) == ["packed.csv.gz", "waits.csv", "refused.csv"]


@pytest.mark.parametrize("error", [TerminalError("may not be read"), OSError(5, "broken disk")])
def test_a_waiting_file_that_cannot_be_read_holds_up_no_other(
    run: Run, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    run.drop("a.csv", made("202405011200"))
    run.drop("b.csv", made("202405011200", 1))

    def read(path: Path, *rest: Any) -> Iterator[Header]:
        if path.name == "a.csv":
            raise error
        yield from headers(path, *rest)

    monkeypatch.setattr("nem12.load.backfill.headers", read)
    assert found(run, date(2024, 5, 1)) == ["b.csv"]


def test_an_archive_belongs_to_the_day_of_each_of_its_files(run: Run) -> None:
    path = run.home.landing / "two.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.csv", made("202405011200"))
        archive.writestr("b.csv", made("202405021200", 1))
    assert found(run, date(2024, 5, 2)) == ["two.zip"], "while it waits"
    assert found(run, date(2024, 5, 1)) == ["two.zip"], "and when it is archived"
    assert found(run, date(2024, 5, 3)) == []


def test_files_are_judged_as_they_were_judged_last(warehouse: Warehouse, run: Run) -> None:
    run.drop("portal.csv", made("202405011200", value="1").replace(b",A,", b",N,"), "lenient")
    run.run()
    profile = "SELECT profile, status FROM meter_files"
    assert warehouse.rows(profile) == [("lenient", "loaded")]
    assert found(run, date(2024, 5, 1)) == ["portal.csv"]
    assert warehouse.rows(profile) == [("lenient", "loaded")]
    found(run, date(2024, 5, 1), profile="strict")
    assert warehouse.rows(profile) == [("strict", "refused")]
    assert found(run, date(2024, 5, 1)) == ["portal.csv"]
    assert warehouse.rows(profile) == [("strict", "refused")]


@pytest.mark.parametrize("still", ["true", ""], ids=["still", "not any more"])
def test_a_file_that_stays_where_it_landed_is_taken_once(
    run: Run, monkeypatch: pytest.MonkeyPatch, still: str
) -> None:
    monkeypatch.setenv("METER_KEEP_LANDING", "true")
    run.drop("file.csv", made("202405011200"))
    run.run()
    monkeypatch.setenv("METER_KEEP_LANDING", still)
    assert found(run, date(2024, 5, 1)) == ["file.csv"]


def test_patterns_are_for_delivered_names(run: Run) -> None:
    for number, name in enumerate(("a.csv", "b.csv", "b.txt")):
        run.drop(name, made("202405011200", number))
    run.run()
    assert found(run, date(2024, 5, 1), "b.*") == ["b.csv", "b.txt"]


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("strict/*", ["landed.csv", "waits.csv"]),
        ("strict/l*", ["landed.csv"]),
        ("lenient/*", []),
        ("archive/*", ["house.csv", "landed.csv"]),
        ("archive/*-house.csv", ["house.csv"]),
        ("archive/1999/01/*", []),
        ("rejected/*", ["cut.csv"]),
        ("*/cut.csv", []),
        ("*.csv", ["cut.csv", "house.csv", "landed.csv", "waits.csv", "waits2.csv"]),
    ],
)
def test_a_pattern_with_a_slash_names_a_folder(run: Run, pattern: str, names: list[str]) -> None:
    """The same name in another folder is not loaded again."""
    run.drop("house.csv", made("202405011200"))
    run.drop("landed.csv", made("202405011200", 1), "strict")
    run.drop("cut.csv", made("202405011200", 2).removesuffix(b"900\r\n"))
    run.run("*", "strict/*")
    run.drop("waits.csv", made("202405011200", 3), "strict")
    run.drop("waits2.csv", made("202405011200", 4))
    assert sorted(found(run, date(2024, 5, 1), pattern)) == names


@pytest.mark.parametrize("pattern", ["../*", "/etc/*", "."])
def test_a_pattern_that_is_none_is_wrong_usage(run: Run, pattern: str) -> None:
    with pytest.raises(UsageError):
        claim_day(run.connection, run.home, date(2024, 5, 1), [pattern], None)


def test_what_an_other_run_works_on_is_left_to_it(run: Run) -> None:
    run.drop("file.csv", made("202405011200"))
    run.run()
    first, count = claim_day(run.connection, run.home, date(2024, 5, 1), ["*"], None)
    assert count == 1
    assert claim_day(run.connection, run.home, date(2024, 5, 1), ["*"], None)[1] == 0
    run.load(first, reprocess=True)
    assert run.settle(first).files == {"loaded": 1}
