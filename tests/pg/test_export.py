"""What goes out is what came in: exact, whole, and the same when it comes in again."""

import csv
import json
import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from nem12 import settings
from nem12.shard import pack
from nem12.warehouse.connect import Connection
from tests.support.commands import Command
from tests.support.deliveries import NMI, Day, delivery, load, load_shards, surveyed
from tests.support.servers import Warehouse, only_embedded

pytestmark = only_embedded

OTHER = "6203998818"
DELIVERED = delivery(
    Day(values=("0.10", "12", "1.2340", *["0"] * 45)),
    Day(date(2024, 3, 11), quality="V", updated="",
        events=("400,1,12,S14,32,", "400,13,48,F56,0,Fuse: \"blown\"; =1+1",)),
    Day(date(2024, 3, 12), quality="A", loaded="20240313000000",
        events=("400,1,20,A,79,", "400,21,48,E52,,",)),
    Day(suffix="Q1", uom="VArh", value="100.5"),
    Day(suffix="E2", uom="MWh", value="0.0000010", minutes=5, serial="NEW"),
    Day(date(2024, 4, 1), nmi=OTHER, minutes=15, uom="kW", reason="61"),
)  # fmt: skip
"""Units, lengths, qualities that vary, stamps that are missing, a description to be quoted."""

IN_FORCE = """
SELECT v.nmi, v.nmi_suffix, v.day, v.interval_minutes, v.uom, v.uom_exponent, v.register_id,
    v.meter_serial_number, v.interval_values::text, v.quality_method, v.reason_code,
    v.reason_description, v.event_start_intervals, v.event_quality_methods, v.event_reason_codes,
    v.event_reason_descriptions, v.msats_load_date_time,
    CASE WHEN v.update_rank IN (0, 3) THEN v.update_date_time END, v.next_scheduled_read_date,
    r.nmi_configuration, r.mdm_data_stream
FROM meter_days d JOIN meter_day_versions v USING (nmi, nmi_suffix, day, file_id, line)
CROSS JOIN LATERAL (SELECT * FROM meter_200s r WHERE r.record_id = v.record_id LIMIT 1) AS r
ORDER BY 1, 2, 3
"""
READINGS = """
SELECT nmi, nmi_suffix, "timestamp", interval_minutes, consumption, uom, quality_method
FROM meter_readings ORDER BY 1, 2, 3
"""

Export = Callable[..., dict[str, Any]]


@pytest.fixture
def export(warehouse: Warehouse, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Export:
    """Exports as the reader into `tmp_path / "out"`; the summary."""
    command = Command(warehouse.uri(settings.READER_ROLE), capsys)

    def run(*arguments: str, output: Path = tmp_path / "out", status: int = 0) -> dict[str, Any]:
        given = ("export", "--output", str(output), "--summary", "json", *arguments)
        ended, printed, said = command(*given)
        assert ended == status, said
        summary: dict[str, Any] = json.loads(printed)
        return summary

    return run


def read(summary: dict[str, Any]) -> bytes:
    """The files that were written, one behind the other."""
    return b"".join(Path(file["file"]).read_bytes() for file in summary["files"])


def csv_rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def test_nem12_that_goes_out_and_in_again_gives_the_same_days(
    warehouse: Warehouse, loader: Connection, export: Export, tmp_path: Path
) -> None:
    load(loader, tmp_path / "staged", DELIVERED)
    before = warehouse.rows(IN_FORCE)
    summary = export()
    assert (summary["days"], summary["readings"]) == (6, 48 * 4 + 288 + 96)
    assert summary["sums"] == {"kWh": "157.6220", "kVArh": "4.8240"}
    (file,) = summary["files"]
    exported = Path(file["file"]).read_bytes()
    assert re.fullmatch(r"NEM12#[0-9]{18}#EXPORT#RECIPIENT\.csv", Path(file["file"]).name)
    assert exported.count(b"\n200,") == 4
    warehouse.empty()
    load(loader, tmp_path / "staged", exported)
    assert warehouse.rows(IN_FORCE) == before
    again = read(export(output=tmp_path / "again"))
    assert again.partition(b"\n")[2] == exported.partition(b"\n")[2]


def test_every_reading_is_a_line_of_csv_and_every_month_of_a_channel_one_of_the_summary(
    warehouse: Warehouse, loader: Connection, export: Export, tmp_path: Path
) -> None:
    load(loader, tmp_path / "staged", DELIVERED)
    readings, months = (Path(file["file"]) for file in export("--format", "csv")["files"])
    rows = csv_rows(readings)
    found = [
        (
            row["nmi"], row["nmi_suffix"], row["interval_start_utc"], int(row["interval_minutes"]),
            Decimal(row["consumption"]), row["uom"], row["quality_method"],
        )
        for row in rows
    ]  # fmt: skip
    assert found == [
        (nmi, suffix, f"{start:%Y-%m-%dT%H:%M:%SZ}", *others)
        for nmi, suffix, start, *others in warehouse.rows(READINGS)
    ]
    assert rows[0]["interval_start"] == "2024-03-10T00:00:00+10:00"
    assert {row["reason_description"] for row in rows} == {"", 'Fuse: "blown"; =1+1'}
    assert {row["file"] for row in rows} == {"0.csv"}
    summary = {(row["nmi_suffix"], row["month"]): row for row in csv_rows(months)}
    assert summary["E1", "2024-03"]["days"] == "3"
    assert summary["E1", "2024-03"]["estimated_share"] == "0.5278"
    assert summary["Q1", "2024-03"]["total"] == "4.8240"
    assert summary["E1", "2024-04"]["total"] == ""


def test_parquet_holds_the_same_readings_for_every_engine(
    warehouse: Warehouse, loader: Connection, export: Export, tmp_path: Path
) -> None:
    duckdb = pytest.importorskip("duckdb", reason="requirements-dev.txt names it")
    polars = pytest.importorskip("polars", reason="requirements-dev.txt names it")
    load(loader, tmp_path / "staged", DELIVERED)
    summary = export("--format", "parquet")
    assert [Path(file["file"]).parent.name for file in summary["files"]] == [
        "month=2024-03",
        "month=2024-04",
    ]
    columns = "nmi, nmi_suffix, interval_start, interval_minutes, consumption, uom, quality_method"
    files = str(tmp_path / "out" / "*" / "*.parquet")
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    found = connection.execute(
        f"SELECT {columns.replace('interval_start', 'interval_start::varchar', 1)}"
        f" FROM read_parquet('{files}', hive_partitioning = true) ORDER BY 1, 2, 3"
    ).fetchall()
    wanted = warehouse.rows(READINGS)
    assert found == [
        (nmi, suffix, f"{start:%Y-%m-%d %H:%M:%S}+00", *others)
        for nmi, suffix, start, *others in wanted
    ]
    by_polars = polars.scan_parquet(files).group_by("uom").agg(polars.col("consumption").sum())
    sums: dict[str, Decimal] = {}
    for *_, consumption, uom, _ in wanted:
        sums[str(uom)] = sums.get(str(uom), Decimal(0)) + Decimal(str(consumption))
    assert dict(by_polars.collect().iter_rows()) == sums


def test_a_value_that_decimal_cannot_hold_stops_parquet_and_names_file_and_line(
    loader: Connection, warehouse: Warehouse, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("pyarrow", reason="requirements-dev.txt names it")
    load(loader, tmp_path / "staged", delivery(Day(value="0.123456789012345")))
    command = Command(warehouse.uri(settings.READER_ROLE), capsys)
    out = tmp_path / "out"
    status, _, said = command("export", "--format", "parquet", "--output", str(out))
    assert status == 2
    assert "0.csv line 3: IntervalValue 1 of 4103035613 E1 2024-03-10 does not fit" in said
    assert not out.exists()


def test_only_what_is_asked_for_is_exported_and_what_is_not_there_is_said(
    loader: Connection, warehouse: Warehouse, export: Export, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    load(loader, tmp_path / "staged", DELIVERED)
    named = tmp_path / "nmis.csv"
    named.write_text(f"NMI,name\n{OTHER},home\n")
    assert export("--nmi-file", str(named))["days"] == 1
    one = tmp_path / "one"
    summary = export("--nmi", NMI, "--from", "2024-03-11", "--to", "2024-03", "--zip", output=one)
    assert (summary["first_day"], summary["last_day"]) == ("2024-03-11", "2024-03-12")
    assert [path.suffix for path in one.iterdir()] == [".zip"]
    missing = tmp_path / "missing"
    assert export("--nmi", NMI, "--nmi", "1111111111", output=missing, status=1)["days"] == 5
    command = Command(warehouse.uri(settings.READER_ROLE), capsys)
    nothing = tmp_path / "nothing"
    for form in ("nem12", "csv", "parquet"):
        given = ("--format", form, "--nmi", "1111111111", "--output", str(nothing))
        status, _, said = command("export", *given)
        assert status == 2
        assert "nothing was written" in said
        assert not nothing.exists()


def test_what_was_in_force_at_an_instant_is_exported_as_it_was_then(
    loader: Connection, export: Export, tmp_path: Path
) -> None:
    load(loader, tmp_path / "staged", delivery(Day(value="1")))
    then = read(export(output=tmp_path / "then"))
    load(loader, tmp_path / "staged", delivery(Day(value="2", updated="20240314000000")))
    assert b",2,2," in read(export(output=tmp_path / "now"))
    as_at = read(export("--as-at", "2024-03-13", output=tmp_path / "as_at"))
    assert as_at.partition(b"\n")[2] == then.partition(b"\n")[2]


def test_the_real_files_come_out_as_they_went_in(
    warehouse: Warehouse,
    loader: Connection,
    corpus: Path,
    export: Export,
    tmp_path: Path,
) -> None:
    files = [
        surveyed(tmp_path / "files", path.read_bytes(), path.name)
        for path in sorted(corpus.glob("*_*"))
    ]
    load_shards(loader, tmp_path / "staged", pack(files))
    before = warehouse.rows(IN_FORCE)
    exported = [Path(file["file"]) for file in export()["files"]]
    warehouse.empty()
    # Flag N was in the format until 2021: the header of today's file is younger than that.
    again = [
        surveyed(tmp_path / "files", path.read_bytes(), path.name, profile="lenient")
        for path in exported
    ]
    load_shards(loader, tmp_path / "staged", pack(again))
    assert warehouse.rows(IN_FORCE) == before
