"""The 250 record of NEM13: one period of one register, with a read at either end (S 5.3)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final, NamedTuple

from nem12.mdff import spec, text, wording
from nem12.mdff.exact import plain_number, value_fault
from nem12.mdff.findings import Finding, Level
from nem12.mdff.header import Header
from nem12.mdff.identity import (
    check_configuration,
    check_next_read,
    check_nmi,
    check_serial,
    check_uom,
)
from nem12.mdff.quality import Quality, check_quality
from nem12.mdff.record import Record
from nem12.mdff.stamps import date_fault, parse_datetime
from nem12.mdff.transactions import Transaction
from nem12.mdff.versions import Stamps, check_stamps

_LEAST: Final = 20
"""Fields of a 250 record that is read: up to its UOM."""

_REGISTER_ID, _SUFFIX, _DIRECTION, _PREVIOUS, _CURRENT, _QUANTITY, _UOM, _NEXT, _UPDATE = (
    3, 4, 7, 8, 13, 18, 19, 20, 21,
)  # fmt: skip
"""Places, from 0; the five fields of a read begin at `_PREVIOUS` and at `_CURRENT`."""


_FLAGS: Final = frozenset(flag.letter for flag in spec.INTERVAL_FLAGS)
"""Of a read: nothing varies in it."""


class Register(NamedTuple):
    """A register; versions of a read replace each other within it.

    Attributes:
        nmi: In capital letters, without check digit.
        nmi_suffix: In capital letters.
        register_id: In capital letters. Text: `01` is not `1`.
    """

    nmi: str
    nmi_suffix: str
    register_id: str


@dataclass(slots=True)
class RegisterRead:
    """A 250 record with its 550 records: one period of one register.

    Attributes:
        register: Whose.
        line: Of the 250 record.
        header: Of the file, or of the part of a joined file, that delivers it.
        last_line: Of its last 550 record.
        records: How many of both kinds.
        nmi_configuration: All suffixes of the site, as delivered.
        mdm_data_stream_identifier: As delivered.
        direction_indicator: `E` from the grid, `I` into it.
        previous_register_read: The earlier read as the dial shows it, without multiplier: text.
        previous_register_read_date_time: When it was read, in NEM time (naive).
        current_register_read: The later read.
        current_register_read_date_time: In NEM time; of an estimate it may be ahead.
        quantity: As delivered: between the two reads, or at the current one where the unit does
            not add up. A plain decimal number.
        uom: The unit of the quantity.
        next_scheduled_read_date: None if it is empty or ignored.
        transactions: Both halves of its 550 records, in the order of the file.
    """

    register: Register
    line: int
    header: Header
    last_line: int
    nmi_configuration: str
    mdm_data_stream_identifier: str
    meter_serial_number: str
    direction_indicator: str
    previous_register_read: str
    previous_register_read_date_time: datetime
    previous_quality: Quality
    current_register_read: str
    current_register_read_date_time: datetime
    current_quality: Quality
    quantity: str
    uom: spec.Unit
    next_scheduled_read_date: date | None
    stamps: Stamps
    records: int = 1
    transactions: Sequence[Transaction] = ()

    @property
    def previous_day(self) -> date:
        """NEM day of the previous read."""
        return self.previous_register_read_date_time.date()

    @property
    def current_day(self) -> date:
        """NEM day of the current read."""
        return self.current_register_read_date_time.date()

    @property
    def previous_register_value(self) -> Decimal | None:
        """The previous read as a number, if it is one that can be stored, else None."""
        return plain_number(self.previous_register_read)

    @property
    def current_register_value(self) -> Decimal | None:
        """The current read as a number, if it is one that can be stored, else None."""
        return plain_number(self.current_register_read)

    @property
    def stored_quantity(self) -> Decimal:
        """The quantity in the kilo unit `uom.stored`, exact."""
        sign, digits, exponent = Decimal(self.quantity).as_tuple()
        # Not `scaleb`, which rounds to 28 digits.
        return Decimal((sign, digits, int(exponent) + self.uom.exponent))

    @property
    def is_final(self) -> bool:
        """Whether neither read will be replaced: both are actual or final substitutes."""
        return self.previous_quality.is_final and self.current_quality.is_final

    def both_halves(
        self, line: int, codes_and_orders: tuple[tuple[str, str], tuple[str, str]]
    ) -> tuple[Transaction, Transaction]:
        """A 550 record of this read as one transaction for each of its ends.

        Args:
            line: Of the 550 record.
            codes_and_orders: TransCode and RetServiceOrder of the previous and current read.
        """
        previous, current = codes_and_orders
        return (
            Transaction(
                line,
                "previous",
                *previous,
                self.previous_register_read_date_time,
                self.previous_register_read,
            ),
            Transaction(
                line,
                "current",
                *current,
                self.current_register_read_date_time,
                self.current_register_read,
            ),
        )


def check_250(record: Record, header: Header) -> RegisterRead | None:
    """Examine a 250 record; its read where nothing refuses it.

    What is wrong with both ends of the period is one finding, about the previous one.
    """
    if not record.check_length(_LEAST, len(spec.FIELDS_250)):
        return None
    register = _register(record)
    meter_serial_number = _serial(record)
    direction_indicator = _direction(record)
    uom = check_uom(record, _UOM, Level.RECORD)
    _check_reads(record)
    previous_at = _date_time(record, _PREVIOUS + 1, header)
    current_at = _date_time(record, _CURRENT + 1, header, ahead=record.at(_CURRENT + 2)[:1] == "E")
    if previous_at is not None and current_at is not None and current_at < previous_at:
        message = f"{record.name(_CURRENT + 1)} '{record.at(_CURRENT + 1)}' is before"
        message += f" {record.name(_PREVIOUS + 1)} '{record.at(_PREVIOUS + 1)}'"
        record.refuse("read-order", message, place=_CURRENT + 1)
    _check_quantity(record, uom)
    previous_quality = check_quality(record, _PREVIOUS + 2, header, _FLAGS)
    _check_previous_estimate(record, previous_quality)
    current_quality = check_quality(record, _CURRENT + 2, header, _FLAGS)
    stamps = check_stamps(record, _UPDATE, header, header)
    next_read = check_next_read(record, _NEXT)
    record.findings = one_a_code(record.findings)
    if record.refused or register is None or uom is None or stamps is None:
        return None
    if previous_at is None or current_at is None:
        return None
    if previous_quality is None or current_quality is None:
        return None
    return RegisterRead(
        register=register,
        line=record.line,
        header=header,
        last_line=record.line,
        nmi_configuration=record.at(2),
        mdm_data_stream_identifier=record.at(5),
        meter_serial_number=meter_serial_number,
        direction_indicator=direction_indicator,
        previous_register_read=record.at(_PREVIOUS),
        previous_register_read_date_time=previous_at,
        previous_quality=previous_quality,
        current_register_read=record.at(_CURRENT),
        current_register_read_date_time=current_at,
        current_quality=current_quality,
        quantity=record.at(_QUANTITY),
        uom=uom,
        next_scheduled_read_date=next_read,
        stamps=stamps,
    )


def one_a_code(findings: list[Finding]) -> list[Finding]:
    """The first finding of each code: a fault at both ends of a period is one."""
    first: dict[tuple[Level, str], Finding] = {}
    for finding in findings:
        first.setdefault((finding.level, finding.code), finding)
    return list(first.values())


def quantity_of(record: Record) -> Decimal | None:
    """The Quantity of a 250 record as delivered, whatever else is wrong with the record."""
    return plain_number(record.at(_QUANTITY))


def days_of(record: Record) -> tuple[date, date] | None:
    """First and last day of a 250 record as far as they can be read."""
    moments = (_moment(record.at(place)) for place in (_PREVIOUS + 1, _CURRENT + 1))
    days = sorted(moment.date() for moment in moments if moment is not None)
    return (days[0], days[-1]) if days else None


def _register(record: Record) -> Register | None:
    nmi = check_nmi(record, Level.RECORD)
    nmi_suffix = _suffix(record)
    delivered = record.at(_REGISTER_ID)
    if not delivered:
        message = "RegisterID is empty"
        record.refuse_unless_tolerated("register", message, place=_REGISTER_ID)
    elif len(delivered) > spec.MAX_REGISTER_ID:
        message = f"RegisterID '{wording.shown(delivered)}' is longer than"
        message += f" {spec.MAX_REGISTER_ID} characters"
        record.warn("register", message, place=_REGISTER_ID)
    if nmi is None or nmi_suffix is None:
        return None
    return Register(nmi, nmi_suffix, text.capitals(delivered))


def _suffix(record: Record) -> str | None:
    delivered, nmi_suffix = record.at(_SUFFIX), text.capitals(record.at(_SUFFIX))
    if spec.SUFFIX.fullmatch(nmi_suffix):
        message = f"NMISuffix '{delivered}' is one of interval data, not of register reads"
        record.refuse_unless_tolerated("suffix", message, place=_SUFFIX)
    elif not spec.REGISTER_SUFFIX.fullmatch(nmi_suffix):
        message = f"NMISuffix '{wording.shown(delivered)}' is not a suffix of register reads,"
        message += " such as 11"
        record.refuse("suffix", message, place=_SUFFIX)
        return None
    check_configuration(record, nmi_suffix, Level.RECORD)
    return nmi_suffix


def _serial(record: Record) -> str:
    meter_serial_number = check_serial(record)
    if not meter_serial_number:
        record.warn("serial", "MeterSerialNumber is empty", place=6)
    return meter_serial_number


def _direction(record: Record) -> str:
    delivered = record.at(_DIRECTION)
    if delivered not in spec.DIRECTIONS:
        message = f"DirectionIndicator '{wording.shown(delivered)}' is neither E (from the grid)"
        message += " nor I (into the grid)"
        record.refuse_unless_tolerated("direction", message, place=_DIRECTION)
    return delivered


def _check_reads(record: Record) -> None:
    """The two reads as the dial shows them."""
    for place in (_PREVIOUS, _CURRENT):
        delivered, name = record.at(place), record.name(place)
        if not delivered:
            record.refuse_unless_tolerated("read", f"{name} is empty", place=place)
        elif not spec.VALUE.fullmatch(delivered):
            message = f"{name} '{wording.shown(delivered)}' is not a plain decimal number"
            record.refuse_unless_tolerated("read", message, place=place)
        elif len(delivered) > spec.MAX_REGISTER_READ:
            message = f"{name} '{wording.shown(delivered)}' is longer than"
            message += f" {spec.MAX_REGISTER_READ} characters"
            record.warn("read-width", message, place=place)


def _moment(delivered: str) -> datetime | None:
    """A read DateTime of 14 digits, or of 12 with seconds 00; None if it is no date and time."""
    return parse_datetime(delivered) if len(delivered) in (12, 14) else None


def _date_time(
    record: Record, place: int, header: Header, *, ahead: bool = False
) -> datetime | None:
    """Examine when a read was taken.

    Args:
        record: Receives the findings.
        place: Of the DateTime.
        header: Of the file.
        ahead: It may be after the file was made: the current read of an estimate.
    """
    delivered, name = record.at(place), record.name(place)
    moment = _moment(delivered)
    fault: str | None = "is not a valid date and time (CCYYMMDDhhmmss)"
    if moment is not None:
        fault = date_fault(moment.date(), header.date_time if header.known else None)
    if moment is None or fault:
        record.refuse("date", f"{name} '{wording.shown(delivered)}' {fault}", place=place)
        return None
    if len(delivered) != 14:
        message = f"{name} '{delivered}' has 12 digits instead of 14"
        record.warn("read-date", message, place=place)
    if header.known and not ahead and moment.date() > header.date_time.date():
        message = f"{name} {delivered} is after the file's own date"
        record.warn("date-future", message, place=place)
    return moment


def _check_quantity(record: Record, uom: spec.Unit | None) -> None:
    delivered = record.at(_QUANTITY)
    fault = value_fault(delivered, uom)
    if fault is not None:
        code, what = fault
        level = Level.WARN if code == "decimals" else Level.RECORD
        record.refuse(code, f"Quantity {what}", level, place=_QUANTITY)
    reads = [plain_number(record.at(place)) for place in (_PREVIOUS, _CURRENT)]
    quantity = plain_number(delivered)
    if quantity is None or None in reads or uom is None or not uom.adds_up:
        return
    if (reads[0] == reads[1]) != (quantity == 0):
        message = f"Quantity {wording.shown(delivered)} where the two reads"
        message += " are equal" if reads[0] == reads[1] else " differ"
        record.warn("quantity-mismatch", message, place=_QUANTITY)


def _check_previous_estimate(record: Record, quality: Quality | None) -> None:
    if quality is not None and quality.quality_method[0] == "E":
        message = f"PreviousQualityMethod {quality.quality_method}: an earlier read is"
        message += " no forward estimate"
        record.refuse_unless_tolerated("previous-estimate", message, place=_PREVIOUS + 2)
