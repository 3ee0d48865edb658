"""Records as bytes, and whole files of them."""

import io
from collections.abc import Iterable
from datetime import date, datetime
from typing import BinaryIO

from tools.generate.model import RECEIVER, SENDER, Channel, Day, Quality, Values


def header_record(created: datetime, sender: str = SENDER, receiver: str = RECEIVER) -> bytes:
    """The 100 record with its line end."""
    return line("100", "NEM12", f"{created:%Y%m%d%H%M}", sender, receiver)


def channel_record(channel: Channel) -> bytes:
    """The 200 record with its line end."""
    next_read = f"{channel.next_read:%Y%m%d}" if channel.next_read else ""
    identity = (channel.nmi, channel.configuration, channel.register, channel.suffix)
    meter = (channel.stream, channel.serial, channel.uom, str(channel.interval_minutes))
    return line("200", *identity, *meter, next_read)


def day_records(day: Day) -> bytes:
    """The 300 record of a day with its 400 and 500 records, each with its line end."""
    return day_start(day.day) + values_text(day.values) + day_tail(day)


def end_record() -> bytes:
    """The 900 record with its line end."""
    return line("900")


def write(
    out: BinaryIO,
    created: datetime,
    blocks: Iterable[tuple[Channel, Iterable[Day]]],
    sender: str = SENDER,
    receiver: str = RECEIVER,
) -> int:
    """Write one complete file, record by record, and return its size in bytes.

    Args:
        out: Where to; only ever appended to, so memory stays constant.
        created: Header DateTime in NEM time; later than every stamp of the days.
        blocks: For each 200 record its channel and its days in ascending order.
        sender: FromParticipant.
        receiver: ToParticipant.
    """
    size = out.write(header_record(created, sender, receiver))
    for channel, channel_days in blocks:
        size += out.write(channel_record(channel))
        for day in channel_days:
            size += out.write(day_records(day))
    return size + out.write(end_record())


def file_bytes(created: datetime, blocks: Iterable[tuple[Channel, Iterable[Day]]]) -> bytes:
    """A whole file as bytes, for tests and samples."""
    out = io.BytesIO()
    write(out, created, blocks)
    return out.getvalue()


def line(*fields: str) -> bytes:
    """One record of these fields, with its line end."""
    return (",".join(fields) + "\r\n").encode("ascii")


def day_start(day: date) -> bytes:
    """A 300 record up to its first value."""
    return f"300,{day:%Y%m%d},".encode("ascii")


def values_text(values: Values) -> bytes:
    """Each value with three decimals and a comma after it."""
    return b"".join(b"%d.%03d," % divmod(value, 1000) for value in values)


def day_tail(day: Day) -> bytes:
    """A 300 record from its QualityMethod on, and the 400 and 500 records after it."""
    loaded = _seconds(day.loaded) if day.loaded else ""
    lines = [line(*_quality(day.quality), _seconds(day.updated), loaded)]
    lines += [
        line("400", str(event.start), str(event.end), *_quality(event.quality))
        for event in day.events
    ]
    for read in day.reads:
        stamp = _seconds(read.read_at)
        lines.append(line("500", read.trans_code, read.service_order, stamp, read.index_read))
    return b"".join(lines)


def _quality(quality: Quality) -> tuple[str, str, str]:
    return quality.method, quality.reason, quality.description


def _seconds(moment: datetime) -> str:
    return f"{moment:%Y%m%d%H%M%S}"
