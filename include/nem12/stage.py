"""A shard becomes a staged SQL batch file: plain SQL, readable, and applicable by psql.

There is one row for each day, so that the file is about as big as its source. Statements end at an
empty line; no literal contains a line end, so a streaming reader can cut the file there.

The first statement makes the months that the days lie in. These are known last, so the rest is
written beside and appended.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from shutil import copyfileobj
from tempfile import TemporaryFile
from typing import Any, BinaryIO, Final

from nem12 import storage
from nem12.mdff import wording
from nem12.mdff.channel import Channel
from nem12.mdff.day import Day
from nem12.mdff.events import spans
from nem12.mdff.findings import Finding, Level
from nem12.mdff.formats import Item
from nem12.mdff.header import Header
from nem12.mdff.quality import Quality
from nem12.mdff.refused import Span
from nem12.mdff.versions import Stamps
from nem12.memory import bounded_memory
from nem12.parse import Parsed, PartReader
from nem12.settings import MIB, READER_VERSION, STATEMENT_BYTES
from nem12.shard import Part, Shard
from nem12.storage import Place
from nem12.survey import MeterFile

_HEAD: Final = """\
-- NEM12 batch {batch}: {label}
-- Applies to a migrated database, as one transaction, as often as you like:
--     psql -v ON_ERROR_STOP=1 -1 -f {name} "$METER_DB_URI"
SET LOCAL client_encoding = 'UTF8';

SET TRANSACTION ISOLATION LEVEL READ COMMITTED READ WRITE;

SET LOCAL standard_conforming_strings = on;

SET LOCAL array_nulls = on;

SET LOCAL datestyle = 'ISO';

"""
BATCH: Final = "{batch}"
FINISH: Final = f"SELECT meter_apply_batch('{BATCH}') AS readings_put_in_force;\n"
"""The end of a staged file, by which `apply` knows that it is complete."""

_MONTHS: Final = """\
SELECT meter_ensure_months('{{{months}}}');

"""

_WITHDRAW: Final = """\
SELECT meter_withdraw_file({file_id}, for_reload => true);

"""
_BATCH: Final = """\
SELECT meter_begin_batch('{batch}', '{name}');

"""


_HOLD_HEAD: Final = """\
SELECT meter_hold_file(file_id, profile, reader_version) FROM (VALUES
"""
_HOLD_TAIL: Final = """
) AS planned (file_id, profile, reader_version);

"""

_TAKEN_OVER: Final = (
    "(file_id, parts, byte_start, byte_end) DO UPDATE SET batch_id = excluded.batch_id\n"
    "WHERE meter_batch_parts.batch_id <> excluded.batch_id"
)
"""For a part that a batch of another run has applied: this batch decides its days and settles its
file, since it has restored what the other run may have withdrawn."""


@dataclass
class Staged:
    """A staged batch file and its counts.

    Attributes:
        batch_id: Identity of the batch.
        path: Of the file, or its URI.
        days: Day versions.
        readings: In these days.
        refused_records: Records that were refused.
        months: First days of the months that have readings.
    """

    batch_id: str
    path: str
    days: int = 0
    readings: int = 0
    refused_records: int = 0
    months: list[str] = field(default_factory=list)


Watch = Callable[[PartReader], Iterator[Item]]
"""Passes everything on that a reader yields."""


def stage_shard(shard: Shard, folder: Place, watch: Watch = iter) -> Staged:
    """Parse a shard and write its batch file, completely or not at all.

    The name is the batch's identity: staging the same shard again writes the same file.

    Args:
        shard: What to parse.
        folder: Where the file goes.
        watch: Sees everything that is read of each part.

    Raises:
        TerminalError: A file has changed since it was planned, or takes too much memory.
    """
    target = folder / f"{shard.batch_id}.sql"
    staged = Staged(shard.batch_id, str(target))
    names = {"batch": shard.batch_id, "name": target.name}
    local = storage.local(target)
    with (
        bounded_memory(),
        storage.writing(target) as out,
        TemporaryFile(dir=local.parent if local else None) as body,
    ):
        _Batch(body, staged, watch).write(shard, names)
        head = _HEAD.format(label=wording.shown(shard.label, 200), **names)
        months = _MONTHS.format(months=",".join(staged.months))
        out.write(f"{head}{months}".encode())
        body.seek(0)
        copyfileobj(body, out, MIB)
    return staged


class _Statement:
    """Rows of values, written as statements of bounded size."""

    def __init__(self, out: BinaryIO, head: str, tail: str) -> None:
        self._out = out
        self._head = head.encode()
        self._tail = tail.encode()
        self._rows: list[bytes] = []
        self._size = 0

    def add(self, row: str) -> None:
        encoded = row.encode()
        if self._rows and self._size + len(encoded) > STATEMENT_BYTES:
            self.flush()
        self._rows.append(encoded)
        self._size += len(encoded) + 2

    def flush(self) -> None:
        if self._rows:
            self._out.write(self._head + b",\n".join(self._rows) + self._tail)
        self._rows, self._size = [], 0


class _Insert(_Statement):
    """Rows of one table; existing rows stay."""

    def __init__(
        self, out: BinaryIO, table: str, columns: str, conflict: str = "DO NOTHING"
    ) -> None:
        head = f"INSERT INTO {table} ({columns}) VALUES\n"
        super().__init__(out, head, f"\nON CONFLICT {conflict};\n\n")


class _Batch:
    def __init__(self, out: BinaryIO, staged: Staged, watch: Watch) -> None:
        self._out = out
        self._staged = staged
        self._watch = watch
        self._records = _Statement(out, _RECORDS_HEAD, _RECORDS_TAIL)
        self._record_ids: set[int] = set()
        self._days = _Insert(out, "meter_day_versions", _DAY_COLUMNS)
        self._refusals = _Insert(
            out,
            "meter_refusals",
            f"level, first_line, last_line, {_FINDING_COLUMNS}",
        )
        self._warnings = _Insert(out, "meter_warnings", _FINDING_COLUMNS)
        self._refused_days = _Insert(out, "meter_refused_days", _REFUSED_DAY_COLUMNS)
        self._parts = _Insert(out, "meter_batch_parts", _PART_COLUMNS, _TAKEN_OVER)
        self._months: set[date] = set()

    def write(self, shard: Shard, names: Mapping[str, str]) -> None:
        # One order everywhere: batches that share files then never wait for each other in a circle.
        parts = sorted(shard.parts, key=lambda part: (part.file.file_id, part.start))
        files = {part.file.sha256: part.file for part in parts}
        for file in files.values():
            if file.replaces:
                self._out.write(_WITHDRAW.format(file_id=file.file_id).encode())
        self._out.write(_BATCH.format(**names).encode())
        insert_files = _Insert(self._out, "meter_files", _FILE_COLUMNS)
        for file in files.values():
            insert_files.add(_file_row(file))
        insert_files.flush()
        self._hold_files(files.values())
        for part in parts:
            self._part(part)
        for insert in (
            self._records, self._days, self._refusals, self._warnings, self._refused_days,
            self._parts,
        ):  # fmt: skip
            insert.flush()
        self._staged.months = [month.isoformat() for month in sorted(self._months)]
        self._out.write(FINISH.replace(BATCH, self._staged.batch_id).encode())

    def _hold_files(self, files: Iterable[MeterFile]) -> None:
        """Check that the files are still as planned, and hold them until the batch ends."""
        hold = _Statement(self._out, _HOLD_HEAD, _HOLD_TAIL)
        for file in files:
            hold.add(f"({file.file_id},'{file.profile}','{READER_VERSION}')")
        hold.flush()

    def _part(self, part: Part) -> None:
        reader = PartReader(part)
        rows = _DayRows(part.file)
        channel: Channel | None = None
        for item in self._watch(reader):
            if isinstance(item, Day):
                self._days.add(rows.row(item))
                if item.channel is not channel:
                    channel = item.channel
                    self._record(channel)
                self._months.add(item.day.replace(day=1))
                self._staged.readings += item.channel.intervals
            elif isinstance(item, Finding):
                self._finding(part.file.file_id, item)
            else:
                # `shard.pack` refuses the files that have reads.
                raise NotImplementedError("there are no tables for register reads")
        parsed = reader.parsed
        for span in parsed.refused_days.spans():
            self._refused_days.add(_refused_days_row(part.file.file_id, span))
        self._parts.add(_part_row(self._staged.batch_id, parsed))
        self._staged.days += parsed.counts.days
        self._staged.refused_records += parsed.counts.refused_records

    def _record(self, channel: Channel) -> None:
        if channel.record_id not in self._record_ids:
            self._record_ids.add(channel.record_id)
            self._records.add(_record_row(channel))

    def _finding(self, file_id: int, finding: Finding) -> None:
        values = _finding_values(file_id, finding)
        if finding.level is Level.WARN:
            self._warnings.add(f"({values})")
        else:
            refuses = f"'{finding.level.name}',{finding.first_line},{finding.last_line}"
            self._refusals.add(f"({refuses},{values})")


_FINDING_COLUMNS: Final = (
    "file_id, line, code, nmi, nmi_suffix, day, last_day, field, message, excerpt"
)


def _finding_values(file_id: int, finding: Finding) -> str:
    whose = (finding.nmi, finding.nmi_suffix, finding.day, finding.last_day)
    named = ",".join(literal(str(part)) if part else "NULL" for part in whose)
    texts = f"{literal(finding.message)},{literal(finding.excerpt)}"
    return (
        f"{file_id},{finding.line},{literal(finding.code)},{named},"
        f"{finding.field or 'NULL'},{texts}"
    )


_REFUSED_DAY_COLUMNS: Final = "file_id, nmi, nmi_suffix, day, last_day"


def _refused_days_row(file_id: int, span: Span) -> str:
    channel = f"{literal(span.nmi)},{literal(span.nmi_suffix)}"
    return f"({file_id},{channel},'{span.day}','{span.last_day}')"


_CHANNEL_COLUMNS: Final = (
    "nmi, nmi_suffix, uom, uom_exponent, interval_minutes, register_id, meter_serial_number"
)
_RECORD_COLUMNS: Final = f"record_id, {_CHANNEL_COLUMNS}, nmi_configuration, mdm_data_stream"


_RECORDS_HEAD: Final = f"INSERT INTO meter_200s ({_RECORD_COLUMNS}) SELECT * FROM (VALUES\n"  # noqa: S608 - constants
_RECORDS_TAIL: Final = f"""
) AS delivered ({_RECORD_COLUMNS})
WHERE NOT EXISTS (SELECT FROM meter_200s r WHERE r.record_id = delivered.record_id);

"""
"""Batches that bring the same new content at once do not wait for each other: each inserts it."""


def _record_row(channel: Channel) -> str:
    return (
        f"({channel.record_id},{_channel_values(channel)},{literal(channel.nmi_configuration)},"
        f"{literal(channel.mdm_data_stream)})"
    )


def _channel_values(channel: Channel) -> str:
    unit = channel.uom
    return (
        f"{literal(channel.nmi)},{literal(channel.nmi_suffix)},'{unit.stored}',{unit.exponent},"
        f"{channel.interval_length},{literal(channel.register_id)},"
        f"{literal(channel.meter_serial_number)}"
    )


_STAMP_COLUMNS: Final = "update_date_time, update_rank, msats_load_date_time"


def _stamp_values(stamps: Stamps) -> str:
    return f"{_stamp(stamps.update_date_time)},{stamps.rank},{_stamp(stamps.msats_load_date_time)}"


def _stamp(digits: str) -> str:
    """14 digits in NEM time as a literal; NULL for none."""
    return f"'{digits[:8]}T{digits[8:]}+10'" if digits else "NULL"


_QUALITY_COLUMNS: Final = "quality_method, reason_code, reason_description"


def _quality_values(quality: Quality) -> str:
    return (
        f"{literal(quality.quality_method)},{number(quality.reason_code)},"
        f"{literal(quality.reason_description)}"
    )


_EVENT_COLUMNS: Final = (
    "event_start_intervals, event_quality_methods, event_reason_codes, event_reason_descriptions"
)


def _event_values(day: Day) -> str:
    events = spans(day)
    return ",".join(
        (
            array(str(event.start_interval) for event in events),
            array(event.quality.quality_method for event in events),
            array(number(event.quality.reason_code) for event in events),
            array(quoted(event.quality.reason_description) for event in events),
        )
    )


_DAY_COLUMNS: Final = (
    f"{_CHANNEL_COLUMNS}, record_id, next_scheduled_read_date, file_id, header_date_time, day, "
    f"line, last_line, records, "
    f"{_STAMP_COLUMNS}, {_QUALITY_COLUMNS}, {_EVENT_COLUMNS}, interval_values"
)


class _DayRows:
    """Renders the days of one file; what stays the same from row to row is rendered once."""

    def __init__(self, file: MeterFile) -> None:
        self._file_id = file.file_id
        self._header: Header | None = None
        self._header_text = ""
        self._channel: Channel | None = None
        self._channel_text = ""
        self._quality: Quality | None = None
        self._quality_text = ""

    def row(self, day: Day) -> str:
        """One row of VALUES, in the order of the day columns."""
        if day.header is not self._header:
            self._header = day.header
            created = day.header.date_time if day.header.known else None
            self._header_text = f"{self._file_id},{instant(created)}"
        if day.channel is not self._channel:
            self._channel = day.channel
            self._channel_text = (
                f"{_channel_values(day.channel)},{day.channel.record_id},"
                f"{_date(day.channel.next_scheduled_read_date)}"
            )
        if day.quality is not self._quality:
            self._quality, self._quality_text = day.quality, _quality_values(day.quality)
        events = _event_values(day) if day.events else "NULL,NULL,NULL,NULL"
        return (
            f"({self._channel_text},{self._header_text},'{day.day}',{day.line},{day.last_line},"
            f"{day.records},{_stamp_values(day.stamps)},{self._quality_text},{events},'{{{day.values}}}')"
        )


_FILE_COLUMNS: Final = (
    "file_id, sha256, name, size, profile, reader_version, header_date_time, from_participant, "
    "to_participant"
)


def _file_row(file: MeterFile) -> str:
    header = file.header
    return (
        f"({file.file_id},'{file.sha256}',{literal(file.name)},{file.size},'{file.profile}',"
        f"'{READER_VERSION}',{instant(header.date_time if header and header.known else None)},"
        f"{literal(header.from_participant if header else '')},"
        f"{literal(header.to_participant if header else '')})"
    )


_PART_COLUMNS: Final = (
    "file_id, byte_start, byte_end, part, parts, batch_id, first_line, last_line, records, "
    "refused_records, readings, refused_readings, refused_sum, days, first_day, last_day, warnings"
)


def _part_row(batch_id: str, parsed: Parsed) -> str:
    part, counts = parsed.part, parsed.counts
    warnings = ",".join(f'"{code}":{n}' for code, n in sorted(parsed.tally.warnings().items()))
    values: Iterable[Any] = (
        part.file.file_id, part.start, part.end, part.number, part.of, f"'{batch_id}'",
        part.first_line, part.last_line, counts.records, counts.refused_records, counts.values,
        counts.refused_values, f"{counts.refused_sum:f}", counts.days,
        _date(counts.first_day), _date(counts.last_day), f"'{{{warnings}}}'",
    )  # fmt: skip
    return f"({','.join(map(str, values))})"


def literal(value: str) -> str:
    """Text as an SQL literal; control characters are made visible.

    A line end inside a literal would break the rule that statements end at an empty line.
    """
    return "'" + _visible(value).replace("'", "''") + "'"


def quoted(value: str) -> str:
    """Text as an element of an array literal."""
    # First made visible: array literals have a meaning of their own for backslashes.
    return '"' + _visible(value).replace("\\", "\\\\").replace('"', '\\"') + '"'


def _visible(value: str) -> str:
    return value if value.isprintable() else wording.shown(value, len(value) * 8)


def array(elements: Iterable[str]) -> str:
    """Elements as an array literal; NULL stands for itself."""
    return literal("{" + ",".join(elements) + "}")


def number(value: int | None) -> str:
    """A number, or NULL."""
    return "NULL" if value is None else str(value)


def _date(value: date | None) -> str:
    return f"'{value}'" if value else "NULL"


def instant(value: datetime | None) -> str:
    """NEM time (UTC+10, no daylight saving) as a literal, or NULL."""
    return "NULL" if value is None else f"'{value.isoformat(' ', 'seconds')}+10'"
