"""Quality flags, methods and reasons, the same in every record that has them (S 3.3.5, C to F)."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from nem12.mdff import spec, wording
from nem12.mdff.header import Header
from nem12.mdff.record import Record


@dataclass(frozen=True, slots=True)
class Quality:
    """QualityMethod, ReasonCode and ReasonDescription of a day or an event."""

    quality_method: str
    reason_code: int | None
    reason_description: str

    @property
    def varies(self) -> bool:
        """Whether 400 records give the qualities of the intervals."""
        return self.quality_method[0] == spec.VARIES.letter

    @property
    def is_final(self) -> bool:
        """Whether it is not to be replaced: actual, or a final substitute."""
        return self.quality_method[0] in _FINAL


_FINAL: Final = (spec.ACTUAL.letter, "F")


def check_quality(
    record: Record, place: int, header: Header, flags: Collection[str] = spec.FLAGS
) -> Quality | None:
    """Examine QualityMethod, ReasonCode and ReasonDescription of a record.

    Args:
        record: Receives the findings.
        place: Of the QualityMethod, from 0; the other two follow it.
        header: Tells which flags the format had when the file was made.
        flags: Those that such a record may have.
    """
    method, description = record.at(place), record.at(place + 2)
    if not spec.QUALITY.fullmatch(method) or method[0] not in flags:
        record.refuse("quality", _quality_fault(record, place, flags), place=place)
        return None
    _check_method(record, place, header)
    code = _check_reason(record, place)
    if code == 0 and not description:
        message = f"{record.name(place + 1)} 0 needs a {record.name(place + 2)}"
        record.warn("reason-text", message, place=place + 2)
    elif len(description) > spec.MAX_DESCRIPTION:
        message = f"{record.name(place + 2)} is longer than {spec.MAX_DESCRIPTION} characters"
        record.warn("reason-text", message, place=place + 2)
    return Quality(method, code, description)


def _quality_fault(record: Record, place: int, flags: Collection[str]) -> str:
    method, name = record.at(place), record.name(place)
    if not method:
        return f"{name} is empty"
    if method[0] in flags:
        what = f"is not a quality flag, for {spec.WITH_METHOD} with a method of two digits"
    else:
        what = f"is unknown; allowed quality flags are {', '.join(sorted(flags))}"
    return f"{name} '{wording.shown(method)}' {what}"


def _check_method(record: Record, place: int, header: Header) -> None:
    method, name = record.at(place), record.name(place)
    flag, number = spec.FLAGS[method[0]], method[1:]
    if flag.ended and header.known and header.date_time.date() >= flag.ended:
        ended = f"{flag.ended.day} {flag.ended:%B %Y}"
        message = f"{name} {method} in a file created on or after {ended}"
        record.refuse_unless_tolerated("null-flag", message, place=place)
    if flag.needs_method:
        if not number:
            message = f"{name} {method} needs a method of two digits"
            record.refuse_unless_tolerated("method-missing", message, place=place)
        elif number not in spec.METHODS:
            message = f"{name} {method}: its method is not in the known list"
            record.warn("method-unknown", message, place=place)
    elif number:
        message = f"{name} {method}: {flag.letter} takes no method"
        record.warn("method-not-needed", message, place=place)


def _check_reason(record: Record, quality_place: int) -> int | None:
    place = quality_place + 1
    method, reason, name = record.at(quality_place), record.at(place), record.name(place)
    if not reason:
        if spec.FLAGS[method[0]].needs_reason:
            message = f"{record.name(quality_place)} {method} needs a {name}"
            record.refuse_unless_tolerated("reason-missing", message, place=place)
        return None
    if not (reason.isascii() and reason.isdigit() and len(reason) <= 3):
        message = f"{name} '{wording.shown(reason)}' is not a number of up to three digits"
        record.refuse("reason", message, place=place)
        return None
    code = int(reason)
    if method[0] == spec.VARIES.letter:
        record.warn("reason-with-v", f"{name} {code} with quality V", place=place)
    if code in spec.REASONS_OBSOLETE:
        message = f"{name} {code} is for historical data only"
        record.warn("reason-obsolete", message, place=place)
    elif code not in spec.REASONS:
        record.warn("reason-unknown", f"{name} {code} is not in the known list", place=place)
    return code
