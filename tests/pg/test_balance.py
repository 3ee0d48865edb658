"""What was read is what was accepted and what was refused: in records, values, days and sums."""

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal, localcontext
from pathlib import Path

import pytest

from nem12.mdff import spec
from nem12.mdff.findings import Finding, Level
from nem12.shard import pack
from nem12.stage import stage_shard
from nem12.survey import MeterFile
from nem12.validate import Judged, validate_file
from nem12.warehouse.connect import Connection
from tests.cases.faults.make import CASES
from tests.support.deliveries import load_shards, one_block_shards, put, surveyed
from tests.support.servers import Warehouse
from tools import generate

QUALITY = re.compile("[A-Z]([0-9A-Z][0-9A-Za-z]*)?")  # or what was meant as one
LETTERS = re.compile("[A-Za-z][0-9]*")  # the same, where the record ends as behind a quality
NUMBER = re.compile(r"[0-9]+(\.[0-9]*)?|\.[0-9]+")
MANY = generate.Mix(varied=20, estimated=20, substituted=20, final=10, read_by_hand=20)


def generated() -> bytes:
    """A month of a solar home and of a business, with all kinds of days."""
    first = date(2024, 2, 15)
    home = [
        generate.Channel("4103035613", suffix, "E1B1", interval_length=5) for suffix in ("E1", "B1")
    ]
    shop = generate.Channel("6305000001", uom="Wh", interval_length=15)
    return generate.file_bytes(
        generate.created_after(date(2024, 3, 14)),
        [
            (home[0], generate.days(home[0], generate.solar_home_e1, first, 29, mix=MANY)),
            (home[1], generate.days(home[1], generate.solar_home_b1, first, 29, mix=MANY)),
            (shop, generate.days(shop, generate.business_e1, first, 29, mix=MANY)),
        ],
    )


def records_300(data: bytes) -> Iterator[tuple[int, list[str]]]:
    """Line and values of each 300 record, read without the product's reader."""
    text = data.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace")
    for number, line in enumerate(re.split("\r\n|\r|\n", text), 1):
        fields = []
        for field in line.split(","):
            trimmed = field.strip(" \t")
            if len(trimmed) > 1 and trimmed[0] == trimmed[-1] == '"':
                trimmed = trimmed[1:-1].strip(" \t")
            fields.append(trimmed)
        if fields[0] == "300":
            rest = fields[2:]
            ends = (
                place
                for place, field in enumerate(rest)
                if QUALITY.fullmatch(field) or (LETTERS.fullmatch(field) and len(rest) - place <= 5)
            )
            yield number, rest[: next(ends, None)]


def independent_sum(data: bytes) -> Decimal:
    """Exact sum of all days whose values all parse."""
    total = Decimal(0)
    with localcontext(prec=1000):
        for _, values in records_300(data):
            if all(NUMBER.fullmatch(value) for value in values):
                total += sum(map(Decimal, values))
    return total


Deliveries = dict[str, tuple[MeterFile, bytes]]
"""Files and their content by SHA-256."""


@pytest.fixture
def loaded(loader: Connection, tmp_path: Path) -> Deliveries:
    """All files of the table of faults, and a generated one; they are in the warehouse."""
    data = {"generated": generated()} | {case.name: case.data for case in CASES}
    files = {name: (surveyed(tmp_path, text, f"{name}.csv"), text) for name, text in data.items()}
    # Some cases have the same bytes under several names.
    deliveries = {file.sha256: (file, text) for file, text in files.values()}
    for shard in pack(file for file, _ in deliveries.values()):
        put(loader, stage_shard(shard, tmp_path))
    return deliveries


def judge(file: MeterFile) -> tuple[Judged, list[Finding]]:
    findings: list[Finding] = []
    return validate_file(file, findings.append), findings


def test_the_ledger_says_what_validate_says(warehouse: Warehouse, loaded: Deliveries) -> None:
    query = (
        "SELECT sha256, status, records, refused_records, readings, refused_readings, days,"
        " warnings FROM meter_files"
    )
    stored = {str(sha256): rest for sha256, *rest in warehouse.rows(query)}
    refusals = warehouse.rows(
        "SELECT sha256, level, code, line, message, first_line, last_line"
        " FROM meter_refusals JOIN meter_files USING (file_id)"
    )
    assert set(stored) == set(loaded)
    for sha256, (file, _) in loaded.items():
        if file.format == spec.NEM13.name:
            continue  # validate reads it, loading refuses it: there are no tables for it yet
        judged, findings = judge(file)
        assert stored[sha256] == [
            judged.outcome, judged.records, judged.refused_records, judged.values,
            judged.refused_values, judged.days, judged.tally.warnings(),
        ], file.name  # fmt: skip
        assert sorted(row[1:] for row in refusals if row[0] == sha256) == sorted(
            {
                (f.level.name, f.code, f.line, f.message, f.first_line, f.last_line)
                for f in findings
                if f.level is not Level.WARN
            }
        ), file.name


def test_sums_balance_exactly(warehouse: Warehouse, loaded: Deliveries) -> None:
    query = (
        "SELECT sha256, refused_sum + coalesce((SELECT sum(meter_array_sum(v.interval_values))"
        " FROM meter_day_versions v WHERE v.file_id = f.file_id), 0) FROM meter_files f"
    )
    for sha256, total in warehouse.rows(query):
        file, data = loaded[str(sha256)]
        if file.format != spec.NEM13.name:
            assert total == independent_sum(data), file.name


def test_every_refused_day_is_covered_by_one(warehouse: Warehouse, loaded: Deliveries) -> None:
    accepted = set(
        warehouse.rows(
            "SELECT sha256, line FROM meter_day_versions JOIN meter_files USING (file_id)"
        )
    )
    covered = warehouse.rows(
        "SELECT sha256, level, first_line, last_line"
        " FROM meter_refusals JOIN meter_files USING (file_id)"
    )
    for sha256, (file, data) in loaded.items():
        spans = [
            range(1, file.lines + 1) if level == "FILE" else range(int(first), int(last) + 1)
            for of, level, first, last in covered
            if of == sha256 and isinstance(first, int) and isinstance(last, int)
        ]
        for line, _ in records_300(data):
            refused = any(line in span for span in spans)
            assert refused != ((sha256, line) in accepted), f"{file.name}:{line}"


def test_a_file_in_one_block_shards_has_the_same_counts(
    warehouse: Warehouse, loader: Connection, tmp_path: Path
) -> None:
    data = generated()
    query = "SELECT to_jsonb(f) - ARRAY['seen_at', 'settled_at', 'delivered_at'] FROM meter_files f"
    load_shards(loader, tmp_path, pack([surveyed(tmp_path, data)]))
    whole = warehouse.one(query)
    warehouse.empty()
    load_shards(loader, tmp_path, one_block_shards([surveyed(tmp_path, data, cut=1)])[::-1])
    assert warehouse.one(query) == whole


def test_warnings_are_counted_exactly_beyond_those_that_are_kept(
    warehouse: Warehouse, loader: Connection, tmp_path: Path
) -> None:
    lines = ["100,NEM12,202403151030,WATTMDP,LUMENRET", "200,4103035613,E1,01,E1,N1,1,kWh,30,"]
    day = date(2023, 1, 1).toordinal()
    values = ",".join(["1"] * 48)
    lines += [
        f"300,{date.fromordinal(day + n):%Y%m%d},{values},A,,,," for n in range(230)
    ]  # no UpdateDateTime
    data = "\r\n".join([*lines, "900", ""]).encode()
    load_shards(loader, tmp_path, pack([surveyed(tmp_path, data)]))
    assert warehouse.one("SELECT warnings FROM meter_files") == {"update-missing": 230}
    assert warehouse.one("SELECT count(*) FROM meter_warnings") == 100


def test_a_file_is_settled_only_with_its_last_part(
    warehouse: Warehouse, loader: Connection, tmp_path: Path
) -> None:
    shards = one_block_shards([surveyed(tmp_path, generated(), cut=1)])
    for number, shard in enumerate(shards, 1):
        load_shards(loader, tmp_path, [shard])
        status = "loaded" if number == len(shards) else "loading"
        assert warehouse.one("SELECT status FROM meter_files") == status
