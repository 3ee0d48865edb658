"""The 500 and 550 records: why a meter was visited, and for which order (S 4.6, 5.4)."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from nem12.mdff import spec, wording
from nem12.mdff.exact import plain_number
from nem12.mdff.record import Record
from nem12.mdff.stamps import parse_datetime, year_fault


@dataclass(frozen=True, slots=True)
class Transaction:
    """A 500 record, or one half of a 550 record: a visit to a meter.

    Attributes:
        line: Of the record.
        part: `day` of a 500 record; `previous` or `current`: which read of its 250 record a half
            of a 550 record is about.
        trans_code: TransCode, as delivered.
        ret_service_order: RetServiceOrder; empty if there is none.
        read_date_time: When the meter was read, in NEM time (naive); None if unknown.
            Of a 500 record not always on the day of its 300 record.
        index_read: The register as the dial shows it, without multiplier: text. Empty where it is
            not known.
    """

    line: int
    part: str
    trans_code: str
    ret_service_order: str
    read_date_time: datetime | None
    index_read: str

    @property
    def index_value(self) -> Decimal | None:
        """`index_read` as a number; None if it is not one."""
        return plain_number(self.index_read)


def check_500(record: Record) -> Transaction | None:
    """Examine a 500 record; its transaction where nothing refuses it."""
    if not record.check_length(2, len(spec.FIELDS_500)):
        return None
    _check_codes(record, 1)
    _check_orders(record, 2)
    read_date_time = _read_date_time(record, 3)
    _check_index_read(record, 4)
    fields = record.at(1), record.at(2), read_date_time, record.at(4)
    return Transaction(record.line, "day", *fields)


def check_550(record: Record) -> tuple[tuple[str, str], tuple[str, str]] | None:
    """Examine a 550 record.

    Returns:
        TransCode and RetServiceOrder of the previous and of the current read, where nothing
        refuses the record.
    """
    if not record.check_length(2, len(spec.FIELDS_550)):
        return None
    _check_codes(record, 1, 3)
    _check_orders(record, 2, 4)
    return (record.at(1), record.at(2)), (record.at(3), record.at(4))


def _check_codes(record: Record, *places: int) -> None:
    wrong = [place for place in places if record.at(place) not in spec.TRANS_CODES]
    if wrong:
        allowed = ", ".join(sorted(spec.TRANS_CODES))
        fields = (f"{record.name(place)} '{wording.shown(record.at(place))}'" for place in wrong)
        verb = "is" if len(wrong) == 1 else "are"
        message = f"{' and '.join(fields)} {verb} unknown; allowed are {allowed}"
        record.warn("trans-code", message, place=wrong[0])


def _check_orders(record: Record, *places: int) -> None:
    for place in places:
        if len(record.at(place)) > spec.MAX_SERVICE_ORDER:
            message = f"{record.name(place)} '{wording.shown(record.at(place))}' is longer than"
            message += f" {spec.MAX_SERVICE_ORDER} characters"
            record.warn("service-order", message, place=place)
            return


def _read_date_time(record: Record, place: int) -> datetime | None:
    """A ReadDateTime that can be stored."""
    delivered = record.at(place)
    if not delivered:
        return None
    read = parse_datetime(delivered) if len(delivered) == 14 else None
    fault = "is not a valid date and time"
    if read is not None:
        # An earlier one is what software writes for "no date", and drivers cannot hold it.
        fault = year_fault(read.year, spec.FIRST_STAMP_YEAR) or ""
    if fault:
        message = f"{record.name(place)} '{wording.shown(delivered)}' {fault}"
        record.warn("read-date", f"{message}; ignored" if read else message, place=place)
        return None
    return read


def _check_index_read(record: Record, place: int) -> None:
    delivered = record.at(place)
    if not delivered:
        return
    fault = ""
    if not spec.VALUE.fullmatch(delivered):
        fault = "is not a plain decimal number"
    elif len(delivered) > spec.MAX_REGISTER_READ:
        fault = f"is longer than {spec.MAX_REGISTER_READ} characters"
    if fault:
        message = f"{record.name(place)} '{wording.shown(delivered)}' {fault}"
        record.warn("index-read", message, place=place)
