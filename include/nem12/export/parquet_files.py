"""Days as Parquet, a file for each month: exact, typed and small. Needs the extra `parquet`."""

from array import array
from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from nem12.errors import TerminalError, UsageError
from nem12.export.content import Content
from nem12.export.csv_files import consumption
from nem12.export.days import ExportedDay
from nem12.mdff import spec

try:
    import pyarrow as pa  # type: ignore[import-untyped]
    import pyarrow.compute as pc  # type: ignore[import-untyped]
    import pyarrow.parquet as pq  # type: ignore[import-untyped]
except ModuleNotFoundError:  # pragma: no cover - the tests have it
    pa = None

PRECISION: Final = 38
SCALE: Final = 14
"""Of `decimal`: the widest that engines share, with the most decimals that portals deliver."""

ROWS: Final = 500_000
"""Of a row group: readers take one at a time, and it is made in some 150 MB of memory."""

_EPOCH: Final = date(1970, 1, 1)
_NEM_MINUTES: Final = 10 * 60
_MICROSECONDS: Final = 60_000_000  # of a minute
_DAYS_REMEMBERED: Final = 64  # those of a month, in two interval lengths


def require() -> None:
    """Say what is missing before anything is read.

    Raises:
        UsageError: pyarrow is not installed.
    """
    if pa is None:
        raise UsageError("Parquet needs pyarrow: pip install 'nem12-airflow[parquet]'")


def schema() -> Any:
    """The columns of a file; docs/exporting.md says what each is."""
    fields: dict[str, Any] = {
        "nmi": pa.string(),
        "nmi_suffix": pa.string(),
        "day": pa.date32(),
        "interval_start": pa.timestamp("us", tz="UTC"),
        "interval_minutes": pa.int16(),
        "consumption": pa.decimal128(PRECISION, SCALE),
        "uom": pa.string(),
        "quality_method": pa.string(),
        "reason_code": pa.int16(),
        "file": pa.string(),
        "line": pa.int64(),
    }
    return pa.schema(list(fields.items()))


def write_parquet(path: Path, days: Iterable[ExportedDay]) -> Content:
    """Write all readings of days to one file.

    Raises:
        TerminalError: A value does not fit `decimal(38,14)`.
    """
    content = Content()
    with pq.ParquetWriter(
        path,
        schema(),
        compression="zstd",
        use_dictionary=[name for name in schema().names if name != "interval_start"],
        column_encoding={"interval_start": "DELTA_BINARY_PACKED"},
    ) as out:
        for group in _groups(days):
            for day in group:
                content.add_day(day.nmi, day.nmi_suffix, day.day, day.unit, day.interval_values)
            out.write_table(_table(group), row_group_size=2 * ROWS)
    return content


def read_parquet(path: Path) -> Content:
    """What such a file holds: readings and exact sums."""
    content = Content()
    with pq.ParquetFile(path) as file:
        for number in range(file.num_row_groups):
            table = file.read_row_group(number, columns=["uom", "consumption"])
            # Wider: the sum of a column of the widest values would not fit its own type.
            wide = table["consumption"].cast(pa.decimal256(2 * PRECISION, SCALE))
            sums = pa.table({"uom": table["uom"], "value": wide}).group_by("uom")
            for row in sums.aggregate([("value", "sum"), ("value", "count")]).to_pylist():
                content.add_readings(row["uom"], row["value_count"], row["value_sum"])
    return content


def _groups(days: Iterable[ExportedDay]) -> Iterator[list[ExportedDay]]:
    group: list[ExportedDay] = []
    rows = 0
    for day in days:
        group.append(day)
        rows += day.intervals
        if rows >= ROWS:
            yield group
            group, rows = [], 0
    if group:
        yield group


def _table(days: list[ExportedDay]) -> Any:
    lengths = [day.intervals for day in days]
    starts = b"".join(_starts(day.day, day.interval_minutes) for day in days)
    spans = [span for day in days for span in day.spans()]
    span_lengths = [span.end_interval - span.start_interval + 1 for span in spans]
    types = {field.name: field.type for field in schema()}

    def of_days(name: str) -> Any:
        return _repeated([getattr(day, name) for day in days], lengths, types[name])

    def of_spans(name: str) -> Any:
        values = [getattr(span.quality, name) for span in spans]
        return _repeated(values, span_lengths, types[name])

    columns = {
        "interval_start": pa.Array.from_buffers(
            types["interval_start"], sum(lengths), [None, pa.py_buffer(starts)]
        ),
        "consumption": _decimals(days),
        "quality_method": of_spans("quality_method"),
        "reason_code": of_spans("reason_code"),
    }
    arrays = [columns[name] if name in columns else of_days(name) for name in types]
    return pa.Table.from_arrays(arrays, schema=schema())


def _repeated(values: list[Any], lengths: list[int], of: Any) -> Any:
    """Each value as often as its length says, repeated by Arrow itself."""
    ends = array("i", lengths)
    for place in range(1, len(ends)):
        ends[place] += ends[place - 1]
    runs = pa.RunEndEncodedArray.from_arrays(pa.array(ends, pa.int32()), pa.array(values, of))
    return pc.run_end_decode(runs)


@lru_cache(maxsize=_DAYS_REMEMBERED)
def _starts(day: date, interval_minutes: int) -> bytes:
    """When each interval begins, as microseconds of 8 bytes since 1970 in UTC."""
    midnight = (day - _EPOCH).days * spec.MINUTES_A_DAY - _NEM_MINUTES
    minutes = range(midnight, midnight + spec.MINUTES_A_DAY, interval_minutes)
    return array("q", (minute * _MICROSECONDS for minute in minutes)).tobytes()


def _decimals(days: list[ExportedDay]) -> Any:
    texts = [
        ",".join(consumption(day)) if day.uom_exponent else day.interval_values for day in days
    ]
    values = pc.split_pattern(pa.array(texts), ",").flatten()
    try:
        return values.cast(pa.decimal128(PRECISION, SCALE))
    except pa.ArrowInvalid:
        raise TerminalError(_what_does_not_fit(days)) from None


def _what_does_not_fit(days: list[ExportedDay]) -> str:
    """Which value is too wide, or has too many decimals."""
    for day in days:
        for number, value in enumerate(consumption(day), 1):
            _, digits, exponent = Decimal(value).as_tuple()
            decimals = -int(exponent)
            if decimals > SCALE or len(digits) - decimals > PRECISION - SCALE:
                return (
                    f"{day.file} line {day.line}: IntervalValue {number} of {day.nmi}"
                    f" {day.nmi_suffix} {day.day} does not fit decimal({PRECISION},{SCALE}):"
                    " leave this NMI or day out, or export CSV or NEM12"
                )
    return "a value does not fit"
