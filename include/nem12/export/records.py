"""Days as records of NEM12 (S 4): what was delivered, in the order and form of the format."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from nem12.export.days import ExportedDay
from nem12.mdff.day import event_text, quality_fields

END: Final = "900\r\n"


def header_record(created: datetime, from_participant: str, to_participant: str) -> str:
    """The 100 record.

    Args:
        created: In NEM time.
        from_participant: MDP or whoever makes the file; ten characters at most.
        to_participant: The same of its receiver.
    """
    return f"100,NEM12,{created:%Y%m%d%H%M},{from_participant},{to_participant}\r\n"


class Records:
    """Makes the records of days; a 200 record stands again where anything in it has changed."""

    def __init__(self) -> None:
        self._block = ""

    def of(self, day: ExportedDay) -> Iterator[str]:
        """The records of a day: 200 where it is needed, 300, and 400 where qualities vary."""
        block = _record_200(day)
        if block != self._block:
            self._block = block
            yield block
        yield _record_300(day)
        for event in day.events():
            yield f"{event_text(event)}\r\n"


def _record(*fields: str) -> str:
    return ",".join(fields) + "\r\n"


def _record_200(day: ExportedDay) -> str:
    return _record(
        "200",
        day.nmi,
        day.nmi_configuration,
        day.register_id,
        day.nmi_suffix,
        day.mdm_data_stream,
        day.meter_serial_number,
        day.unit.delivered,
        str(day.interval_minutes),
        day.next_scheduled_read_date,
    )


def _record_300(day: ExportedDay) -> str:
    return _record(
        "300",
        f"{day.day:%Y%m%d}",
        day.interval_values,
        *quality_fields(day.quality),
        day.update_date_time or "",
        day.msats_load_date_time or "",
    )
