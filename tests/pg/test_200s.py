"""The other fields of 200 records: stored once, and which meter a channel had when."""

from datetime import date, timedelta
from pathlib import Path

import psycopg
import pytest

from nem12.operate import retention
from nem12.warehouse.connect import Connection, connect
from tests.support.deliveries import NMI, Day, delivery, load, staged
from tests.support.servers import Warehouse

FIRST = date(2024, 3, 10)
BLOCK = f"200,{NMI},E1B1,01,E1,N1,{{serial}},kWh,30,{{read}}"


def blocks(*days: tuple[date, str, str]) -> bytes:
    """A file with a 200 record for each day: its serial number and next read."""
    text = delivery(*(Day(day) for day, _, _ in days)).decode()
    lines = iter(days)
    return "".join(
        BLOCK.format(serial=(one := next(lines))[1], read=one[2]) + "\r\n"
        if line.startswith("200,")
        else line
        for line in text.splitlines(keepends=True)
    ).encode()


def test_the_same_content_is_stored_once_and_the_next_read_with_each_day(
    warehouse: Warehouse, loader: Connection, tmp_path: Path
) -> None:
    second = FIRST + timedelta(1)
    load(loader, tmp_path, blocks((FIRST, "M1", "20240601"), (second, "M1", "20240901")))
    load(loader, tmp_path, blocks((second + timedelta(1), "M1", "")))
    assert warehouse.rows(
        "SELECT nmi, nmi_suffix, nmi_configuration, register_id, mdm_data_stream,"
        " meter_serial_number, uom, uom_exponent, interval_minutes FROM meter_200s"
    ) == [(NMI, "E1", "E1B1", "01", "N1", "M1", "kWh", 0, 30)]
    assert warehouse.rows(
        "SELECT next_scheduled_read_date FROM meter_day_versions JOIN meter_200s USING (record_id)"
        " ORDER BY day"
    ) == [(date(2024, 6, 1),), (date(2024, 9, 1),), (None,)]


def test_a_channel_has_a_stretch_for_each_meter(
    warehouse: Warehouse, loader: Connection, tmp_path: Path
) -> None:
    """Also where one comes back; a day that is missing, or another next read, ends none."""
    meters = {0: "M1", 1: "M1", 3: "M1", 4: "M2", 5: "M1"}
    days = [(FIRST + timedelta(n), serial, f"2024060{n}") for n, serial in meters.items()]
    load(loader, tmp_path, blocks(*days))
    query = (
        "SELECT first_day, last_day, days, meter_serial_number, nmi_configuration"
        " FROM meter_channels WHERE nmi = %s ORDER BY first_day"
    )
    assert warehouse.rows(query, NMI) == [
        (FIRST, FIRST + timedelta(3), 3, "M1", "E1B1"),
        (FIRST + timedelta(4), FIRST + timedelta(4), 1, "M2", "E1B1"),
        (FIRST + timedelta(5), FIRST + timedelta(5), 1, "M1", "E1B1"),
    ]


def test_batches_with_the_same_new_content_do_not_wait_for_each_other(
    warehouse: Warehouse, loader: Connection, tmp_path: Path
) -> None:
    first = staged(tmp_path, blocks((FIRST, "M1", "")))
    with loader.transaction():
        loader.execute("SELECT meter_ensure_months('{2024-03-01}')")
    with psycopg.connect(warehouse.loader) as running:
        running.execute(Path(first.path).read_bytes())
        loader.execute("SELECT set_config('lock_timeout', '5s', true)")
        assert load(loader, tmp_path, blocks((FIRST + timedelta(1), "M1", ""))) == 48
        loader.commit()
    assert warehouse.one("SELECT count(*) FROM meter_channels") == 1


@pytest.mark.parametrize("kept", [False, True], ids=["all", "until a day"])
def test_a_purge_forgets_the_200_records_that_no_day_needs(
    warehouse: Warehouse, loader: Connection, tmp_path: Path, *, kept: bool
) -> None:
    days = [(FIRST, "M1", ""), (FIRST + timedelta(1), "M2", "")]
    load(loader, tmp_path, blocks(*days))
    with connect(warehouse.owner) as owner:
        retention.purge(owner, NMI, days[1][0] if kept else None)
    serials = "SELECT meter_serial_number FROM meter_200s"
    assert warehouse.rows(serials) == ([("M2",)] if kept else [])


def test_a_file_that_psql_applies_stores_them_too(warehouse: Warehouse, tmp_path: Path) -> None:
    batch = staged(tmp_path, blocks((FIRST, "M'1", "")))
    for _ in range(2):
        with psycopg.connect(warehouse.loader) as session:
            session.execute(Path(batch.path).read_bytes())
    assert warehouse.one("SELECT meter_serial_number FROM meter_channels") == "M'1"
