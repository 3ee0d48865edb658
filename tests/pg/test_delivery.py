"""The time of delivery orders what carries no date; contradictions are seen where people look."""

import os
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from nem12.operate.verify import differences
from nem12.tell.alert import alerts_of_claim
from nem12.tell.report import contradiction
from nem12.warehouse import ledger
from nem12.warehouse.connect import Connection
from tests.support.deliveries import NMI, Day, delivery, load, staged
from tests.support.loading import Run
from tests.support.servers import Warehouse, only_embedded

pytestmark = only_embedded

OLD = Day(value="1", updated="20240312080000")
DATELESS = replace(OLD, updated="")
FIRST, SECOND = (delivery(replace(DATELESS, value=value), created="") for value in ("1", "2"))
JUNE, JULY = (int(datetime(2024, month, 6, 1, 2, 3, tzinfo=UTC).timestamp()) for month in (6, 7))
VALUES = "SELECT DISTINCT consumption FROM meter_readings"
DELIVERED = "SELECT extract(epoch FROM delivered_at)::bigint FROM meter_files ORDER BY name"


def drop(run: Run, name: str, data: bytes, at: int) -> None:
    path = run.drop(name, data, "lenient")
    os.utime(path, (at + 0.7, at + 0.7))


@pytest.mark.parametrize("times", [(JUNE, JULY), (JULY, JUNE)], ids=["in order", "against it"])
def test_of_files_without_a_date_the_one_delivered_last_counts(
    warehouse: Warehouse, run: Run, times: tuple[int, int]
) -> None:
    for name, data, at in zip(("a.csv", "b.csv"), (FIRST, SECOND), times, strict=True):
        drop(run, name, data, at)
        run.run()
    assert warehouse.one(VALUES) == (2 if times == (JUNE, JULY) else 1)
    assert warehouse.rows(DELIVERED) == [(at,) for at in times]
    source = (
        "SELECT DISTINCT extract(epoch FROM update_date_time)::bigint FROM meter_reading_sources"
    )
    assert warehouse.one(source) == JULY


def test_a_copy_that_was_delivered_earlier_decides_again(warehouse: Warehouse, run: Run) -> None:
    drop(run, "a.csv", FIRST, JULY)
    drop(run, "b.csv", SECOND, JUNE)
    run.run()
    assert warehouse.one(VALUES) == 1
    drop(run, "copy.csv", FIRST, JUNE - 1)
    settled = run.run()
    assert settled.files == {"duplicate": 1}
    assert settled.decided_again == 1
    assert warehouse.one(VALUES) == 2
    drop(run, "later.csv", SECOND, JULY)
    assert run.run().decided_again == 0
    assert [words for words, difference in differences(run.connection) if difference] == []


def test_to_move_or_load_a_file_again_does_not_change_when_it_was_delivered(
    warehouse: Warehouse, run: Run
) -> None:
    drop(run, "a.csv", FIRST, JUNE)
    run.run()
    for kept in run.home.archive.rglob("*.csv"):
        os.utime(kept)
    assert run.run("archive/*", reprocess=True).files == {"loaded": 1}
    assert warehouse.rows(DELIVERED) == [(JUNE,)]
    # To take it out is to forget it.
    ledger.withdraw(run.connection, int(str(warehouse.one("SELECT file_id FROM meter_files"))))
    drop(run, "a.csv", FIRST, JULY)
    run.run()
    assert warehouse.rows(DELIVERED) == [(JULY,)]


def test_what_psql_applies_is_delivered_now(
    warehouse: Warehouse, loader: Connection, tmp_path: Path
) -> None:
    batch = staged(tmp_path, FIRST, profile="lenient")
    begin = int(datetime.now(UTC).timestamp())
    done = warehouse.psql("-v", "ON_ERROR_STOP=1", "-1", "-f", batch.path)
    assert (done.returncode, done.stderr) == (0, "")
    assert begin <= int(str(warehouse.one(DELIVERED))) <= datetime.now(UTC).timestamp()
    loader.rollback()


@pytest.mark.parametrize(
    ("deliveries", "by"),
    [
        pytest.param((delivery(OLD), delivery(replace(OLD, value="5"))), "hash", id="value"),
        pytest.param((delivery(OLD), delivery(replace(OLD, quality="E52"))), "hash", id="quality"),
        pytest.param((FIRST, SECOND), "time of delivery", id="no date"),
        pytest.param((FIRST, delivery(DATELESS)), None, id="one has a header"),
        pytest.param(
            (delivery(OLD, created=""), delivery(replace(OLD, value="5"))),
            "time of delivery",
            id="same stamp, one without header",
        ),
        pytest.param((delivery(OLD), delivery(replace(OLD, value="1.0"))), None, id="equal"),
        pytest.param(
            (delivery(OLD), delivery(replace(OLD, value="5"), created="202404010000")),
            None,
            id="newer header",
        ),
        pytest.param(
            (delivery(OLD), delivery(replace(OLD, value="5", loaded="20240312080001"))),
            None,
            id="later load",
        ),
        pytest.param(
            (
                delivery(OLD),
                delivery(replace(OLD, value="5")),
                delivery(replace(OLD, value="7", updated="20240313080000")),
            ),
            None,
            id="both superseded",
        ),
    ],
)
def test_a_day_is_contradicted_where_no_date_tells_which_delivery_is_newer(
    warehouse: Warehouse, run: Run, deliveries: tuple[bytes, ...], by: str | None
) -> None:
    for number, data in enumerate(deliveries):
        drop(run, f"{number}.csv", data, JUNE + number)
        settled = run.run()
    told = list(alerts_of_claim(run.connection, run.claims[-1], "", "", str))
    counted = ledger.status(run.connection)["contradictions"]
    days, in_all = ledger.contradictions(run.connection, 5)
    assert [words for words, difference in differences(run.connection) if difference] == []
    if by is None:
        assert (days, counted, settled.contradictions, told) == ([], 0, 0, [])
        assert warehouse.rows("SELECT * FROM meter_conflicts") == []
        return
    (day,) = days
    assert (counted, settled.contradictions, in_all) == (1, 1, 1)
    assert day.decided_by == by
    said = contradiction(day)
    assert said.startswith(f"{NMI} E1 on 2024-03-10: ")
    assert said.endswith(f"; the {by} decided")
    assert settled.problems == [f"1 day contradicted, the first is {said}"]
    (alert,) = told
    assert alert.kind == "contradicted"
    assert said in alert.text
    conflicts = (
        "SELECT file_ids[1] = d.file_id, cardinality(lines) FROM meter_conflicts"
        " JOIN meter_days d USING (nmi, nmi_suffix, day)"
    )
    assert warehouse.rows(conflicts) == [(True, 2)]
    # A duplicate brings nothing new to tell.
    drop(run, "again.csv", deliveries[0], JULY)
    assert run.run().contradictions == 0


def test_a_contradiction_goes_with_the_delivery_that_made_it(
    warehouse: Warehouse, loader: Connection, tmp_path: Path
) -> None:
    load(loader, tmp_path, delivery(OLD))
    load(loader, tmp_path, delivery(replace(OLD, value="5")))
    assert warehouse.one("SELECT contradicted FROM meter_days") is True
    for file_id in warehouse.rows("SELECT file_id FROM meter_days"):
        ledger.withdraw(loader, int(str(file_id[0])))
    assert warehouse.one("SELECT contradicted FROM meter_days") is False


def test_a_refused_repetition_contradicts_nothing(
    warehouse: Warehouse, loader: Connection, tmp_path: Path
) -> None:
    twice = delivery(OLD, Day(date(2024, 3, 11)), replace(OLD, value="5"))
    load(loader, tmp_path, delivery(OLD))
    load(loader, tmp_path, twice)
    assert warehouse.one("SELECT refused_records FROM meter_files WHERE days = 2") == 1
    assert warehouse.rows("SELECT * FROM meter_conflicts") == []
    assert [words for words, difference in differences(loader) if difference] == []


def test_a_file_of_which_no_day_is_accepted_is_refused(warehouse: Warehouse, run: Run) -> None:
    bad = Day(value="x")
    run.drop("none.csv", delivery(bad))
    run.drop("some.csv", delivery(bad, OLD))
    assert run.run().files == {"refused": 1, "partial": 1}
    (none,) = warehouse.rows(
        "SELECT outcome, kept_at LIKE '%/rejected/%' FROM meter_drops WHERE uri LIKE '%none%'"
    )
    assert none == ("refused", True)
