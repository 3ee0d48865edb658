"""Records as bytes, and whole files of them."""

import io
from collections.abc import Iterable
from datetime import date, datetime
from typing import BinaryIO

from tools.generate.model import FROM_PARTICIPANT, TO_PARTICIPANT, Channel, Day, Quality, Values


def header_record(
    date_time: datetime,
    from_participant: str = FROM_PARTICIPANT,
    to_participant: str = TO_PARTICIPANT,
) -> bytes:
    """The 100 record with its line end."""
    return line("100", "NEM12", f"{date_time:%Y%m%d%H%M}", from_participant, to_participant)


def channel_record(channel: Channel) -> bytes:
    """The 200 record with its line end."""
    next_read = channel.next_scheduled_read_date
    identity = (channel.nmi, channel.nmi_configuration, channel.register_id, channel.nmi_suffix)
    meter = (
        channel.mdm_data_stream_identifier,
        channel.meter_serial_number,
        channel.uom,
        str(channel.interval_length),
    )
    return line("200", *identity, *meter, f"{next_read:%Y%m%d}" if next_read else "")


def day_records(day: Day) -> bytes:
    """The 300 record of a day with its 400 and 500 records, each with its line end."""
    return day_start(day.day) + values_text(day.values) + day_tail(day)


def end_record() -> bytes:
    """The 900 record with its line end."""
    return line("900")


def write(
    out: BinaryIO,
    date_time: datetime,
    blocks: Iterable[tuple[Channel, Iterable[Day]]],
    from_participant: str = FROM_PARTICIPANT,
    to_participant: str = TO_PARTICIPANT,
) -> int:
    """Write one complete file, record by record, and return its size in bytes.

    Args:
        out: Where to; only ever appended to, so memory stays constant.
        date_time: Header DateTime in NEM time; later than every stamp of the days.
        blocks: For each 200 record its channel and its days in ascending order.
        from_participant: FromParticipant.
        to_participant: ToParticipant.
    """
    size = out.write(header_record(date_time, from_participant, to_participant))
    for channel, channel_days in blocks:
        size += out.write(channel_record(channel))
        for day in channel_days:
            size += out.write(day_records(day))
    return size + out.write(end_record())


def file_bytes(date_time: datetime, blocks: Iterable[tuple[Channel, Iterable[Day]]]) -> bytes:
    """A whole file as bytes, for tests and samples."""
    out = io.BytesIO()
    write(out, date_time, blocks)
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
    msats_load_date_time = _seconds(day.msats_load_date_time) if day.msats_load_date_time else ""
    lines = [line(*_quality(day.quality), _seconds(day.update_date_time), msats_load_date_time)]
    lines += [
        line("400", str(event.start_interval), str(event.end_interval), *_quality(event.quality))
        for event in day.events
    ]
    for read in day.reads:
        stamp = _seconds(read.read_date_time)
        lines.append(line("500", read.trans_code, read.ret_service_order, stamp, read.index_read))
    return b"".join(lines)


def _quality(quality: Quality) -> tuple[str, str, str]:
    return quality.quality_method, quality.reason_code, quality.reason_description


def _seconds(moment: datetime) -> str:
    return f"{moment:%Y%m%d%H%M%S}"
