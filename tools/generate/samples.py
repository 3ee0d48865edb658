"""The committed sample set: small files, each with something of its own to show."""

import gzip
import io
import zipfile
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Final

from tools.generate.chance import seeded
from tools.generate.curves import (
    business_e1,
    business_q1,
    household,
    solar_home_b1,
    solar_home_e1,
)
from tools.generate.days import created_after, days, manual_read, nmi
from tools.generate.model import (
    ACTUAL,
    ESTIMATED,
    EXPLAINED,
    FINAL,
    FROM_PARTICIPANT,
    MOSTLY_ACTUAL,
    OUTAGE,
    SUBSTITUTED,
    TO_PARTICIPANT,
    VARIED,
    Channel,
    Curve,
    Event,
    Quality,
)
from tools.generate.records import end_record, file_bytes, line

# The Sunday of this week ends daylight saving: a day with 48 half hours like any other.
_MONDAY: Final = date(2025, 3, 31)
_HOME: Final = Channel(nmi(1), meter_serial_number="210038461")
_STAMP_OF_MEMBERS: Final = (2025, 4, 8, 6, 30, 0)  # in archives: a fixed one, for fixed bytes


def sample_files() -> dict[str, bytes]:
    """The committed sample set: file name to content."""
    return {
        "accumulation_nem13.csv": _accumulation(),
        "business_15min.csv": _business(),
        "faulty_records.csv": _faulty_records(),
        "household_30min.csv": _household(),
        "household_correction.csv": _household_correction(),
        "month_30min.csv.gz": _gzipped(_month()),
        "solar_home_5min.csv": _solar_home(),
        "substitutions.csv": _substitutions(),
        "truncated.csv": _truncated(),
        "two_sites.zip": _zipped({
            "site_a.csv": _single_site(11, household, 30),
            "site_b.csv": _single_site(12, business_e1, 15),
        }),
    }  # fmt: skip


def write_samples(folder: Path) -> list[Path]:
    """Write the sample set into a folder, made if missing; returns the files."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, content in sample_files().items():
        path = folder / name
        path.write_bytes(content)
        paths.append(path)
    return paths


def _week(*channels: tuple[Channel, Curve], count: int = 7, seed: int) -> bytes:
    """A file with the same days of each channel, all of them actual."""
    blocks = [(channel, days(channel, curve, _MONDAY, count, seed=seed))
              for channel, curve in channels]  # fmt: skip
    return file_bytes(created_after(_MONDAY + timedelta(days=count - 1)), blocks)


def _household() -> bytes:
    """A week of which Wednesday and Thursday wait for better data."""
    week = list(days(_HOME, household, _MONDAY, 7, seed=1))
    for place in (2, 3):
        rough = tuple(value * 9 // 10 for value in week[place].values)
        week[place] = replace(week[place], values=rough, quality=SUBSTITUTED)
    return file_bytes(created_after(week[-1].day), [(_HOME, week)])


def _household_correction() -> bytes:
    """The two substituted days of `_household` again, actual and with their own values."""
    late = 12
    found = list(days(_HOME, household, _MONDAY + timedelta(days=2), 2, seed=1, lag_days=late))
    return file_bytes(created_after(found[-1].day, late), [(_HOME, found)])


def _solar_home() -> bytes:
    used = Channel(nmi(2), "E1", "E1B1", "kWh", 5, "SMA7204418", "01", "N1")
    sent = replace(used, nmi_suffix="B1", register_id="02")
    return _week((used, solar_home_e1), (sent, solar_home_b1), count=3, seed=2)


def _business() -> bytes:
    active = Channel(nmi(3), "E1", "E1Q1", "kWh", 15, "EDMI60115527", "01", "N1")
    reactive = replace(
        active, nmi_suffix="Q1", uom="kVArh", register_id="02", mdm_data_stream_identifier="Q1"
    )
    return _week((active, business_e1), (reactive, business_q1), seed=3)


def _substitutions() -> bytes:
    """Ten days with every kind of quality, two of them read by hand."""
    channel = Channel(
        nmi(4), meter_serial_number="210067093", next_scheduled_read_date=date(2025, 7, 1)
    )
    made = list(days(channel, household, _MONDAY, 10, seed=4))
    outage = (Event(1, 27, ACTUAL), Event(28, 31, OUTAGE), Event(32, 48, ACTUAL))
    dark = tuple(0 if 28 <= place <= 31 else value for place, value in enumerate(made[5].values, 1))
    chance = seeded(4)
    made[1] = replace(made[1], quality=ESTIMATED)
    made[2] = replace(made[2], quality=SUBSTITUTED)
    made[3] = replace(made[3], quality=FINAL)
    made[4] = replace(made[4], quality=VARIED, events=_turns(48, ESTIMATED, ACTUAL, SUBSTITUTED))
    made[5] = replace(made[5], quality=VARIED, events=outage, values=dark)
    made[6] = replace(made[6], quality=EXPLAINED, reads=(manual_read(made[6].day, chance),))
    made[7] = replace(made[7], quality=VARIED, events=_turns(48, ACTUAL, FINAL, ACTUAL, ESTIMATED))
    made[9] = replace(made[9], reads=(manual_read(made[9].day, chance),))
    return file_bytes(created_after(made[-1].day), [(channel, made)])


def _turns(intervals: int, *qualities: Quality) -> tuple[Event, ...]:
    """400 records of equal length over a whole day, in the given order."""
    length = intervals // len(qualities)
    return tuple(
        Event(place * length + 1, (place + 1) * length, quality)
        for place, quality in enumerate(qualities)
    )


def _month() -> bytes:
    channel = Channel(nmi(5), meter_serial_number="210091250")
    first = date(2025, 3, 1)
    month = days(channel, household, first, 31, seed=5, mix=MOSTLY_ACTUAL)
    return file_bytes(created_after(date(2025, 3, 31)), [(channel, month)])


def _single_site(number: int, curve: Curve, interval_length: int) -> bytes:
    channel = Channel(
        nmi(number), interval_length=interval_length, meter_serial_number=f"{210_100_000 + number}"
    )
    return _week((channel, curve), seed=number)


def _faulty_records() -> bytes:
    """A good week, then Wednesday loses a value and Friday's first one becomes negative."""
    channel = Channel(nmi(6), meter_serial_number="210055518")
    lines = _week((channel, household), seed=6).split(b"\r\n")
    short, negative = 4, 6  # places in the file: 100, 200, then Monday to Sunday
    fields = lines[short].split(b",")
    lines[short] = b",".join(fields[:20] + fields[21:])
    lines[negative] = lines[negative].replace(b"0404,", b"0404,-", 1)
    return b"\r\n".join(lines)


def _truncated() -> bytes:
    """A good week that stops in the middle of Saturday, as a broken transfer does."""
    channel = Channel(nmi(7), meter_serial_number="210071164")
    content = _week((channel, household), seed=7)
    return content[: content.index(b"300,20250405") + 150]


def _accumulation() -> bytes:
    """NEM13: quarterly reads of a dial, which are not interval data."""
    before = ("20241219101500", "A", "", "")
    after = ("20250320094200", "A", "", "")
    lines = [line("100", "NEM13", "202503210630", FROM_PARTICIPANT, TO_PARTICIPANT)]
    for number, previous, current in ((8, 41207, 42466), (9, 7730, 8912)):
        meter = (nmi(number), "11", "1", "11", "", f"{880_400 + number}", "E")
        reads = (f"{previous:06d}", *before, f"{current:06d}", *after)
        last = (str(current - previous), "kWh", "20250619", "20250320180000", "20250321021500")
        lines += [line("250", *meter, *reads, *last), line("550", "N", "", "N", "")]
    return b"".join([*lines, end_record()])


def _zipped(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in members.items():
            member = zipfile.ZipInfo(name, _STAMP_OF_MEMBERS)
            member.create_system = 3  # else Windows would write another byte here
            member.external_attr = 0o644 << 16
            archive.writestr(member, content, zipfile.ZIP_DEFLATED, 9)
    return out.getvalue()


def _gzipped(content: bytes) -> bytes:
    out = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=out, mtime=0) as packed:
        packed.write(content)
    return out.getvalue()
