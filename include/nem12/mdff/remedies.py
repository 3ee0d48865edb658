"""What to do about a refusal, in one sentence for each code."""

from typing import Final

from nem12.mdff.findings import EXPLAIN, Level

_DELIVER_AGAIN: Final = "Ask the sender to correct the record and to deliver the day again."

REMEDIES: Final = {
    "empty": "Fetch the file again: the transfer may have failed.",
    "no-header": "Ask for the whole file; the lenient profile reads it as it is.",
    "version": "Ask for the NEM12 or NEM13 file.",
    "header-date": "Take the original if a spreadsheet saved this one; the lenient profile reads it"
    " as a file without a date.",
    "second-header": "Ask for separate files; the lenient profile reads joined ones.",
    "mixed": "Ask for NEM12 and NEM13 data in separate files.",
    "no-end": "Fetch the file again: it was cut off. The lenient profile reads exports that never"
    " have a 900 record.",
    "second-end": "Ask for separate files; the lenient profile reads joined ones.",
    "after-end": "Ask for separate files; the lenient profile reads joined ones.",
    "encoding": "Ask for the file in UTF-8.",
    "binary": "Fetch the file again: it is damaged, or in UTF-16, which the format does not allow.",
    "foreign": "Ask for the NEM12 file; the message says what this file is.",
    "not-text": "Ask for the NEM12 file.",
    "too-many-months": "Check the dates; ask for the data in several files if they are right.",
    "unreadable": "Fetch the archive again, or ask for it undamaged and without a password.",
    "nmi": "Check the NMI with the sender; the lenient profile accepts a shorter one.",
    "nmi-check-digit": "Ask for files without the check digit; the lenient profile reads this one.",
    "suffix": "Ask the sender to correct the NMISuffix.",
    "suffix-not-in-configuration": "Ask the sender which of the two fields is right.",
    "uom": "Ask the sender to correct the unit.",
    "interval-length": "Ask for 5, 15 or 30 minutes; the lenient profile accepts each length that"
    " divides a day.",
    "too-few-fields": "Ask the sender for the record with all of its fields.",
    "too-many-fields": "Ask the sender for the record as the format has it.",
    "orphan-300": "Ask for the whole file: the 200 record of these days is missing.",
    "register": "Ask the sender for the RegisterID; the lenient profile accepts the read.",
    "direction": "Ask the sender for the DirectionIndicator; the lenient profile accepts the read.",
    "read": "Ask the sender to correct the read; the lenient profile keeps it as it is.",
    "read-order": "Ask the sender which of the two reads is the earlier one.",
    "previous-estimate": "Ask the sender for the actual or substituted read; the lenient profile"
    " accepts the estimate.",
    "orphan-550": "Ask for the whole file: the 250 record before it is missing.",
    "too-many-transactions": "Check the file with the sender: a day or read has a few of them.",
    "read-repeated": "Ask the sender which content is right: a delivery with a later"
    " UpdateDateTime replaces both.",
    "orphan-400": "Ask for the whole file: the 300 record before it is missing.",
    "value-count": "Ask for the whole day; also a day on which clocks change has 24 hours.",
    "value-negative": "Ask for two channels, one for each direction.",
    "quality": "Ask the sender to correct the QualityMethod.",
    "method-missing": "Ask the sender for the method; the lenient profile accepts the day.",
    "reason-missing": "Ask the sender for the ReasonCode; the lenient profile accepts the day.",
    "null-flag": "Ask for the day with a quality; the lenient profile accepts N.",
    "unknown-record": "Ask for a file without it; the lenient profile passes over records that"
    " extend the format.",
    "date-repeated": "Ask the sender which values are right: a delivery with a later"
    " UpdateDateTime replaces both.",
}


def remedy(code: str) -> str:
    """What to do about a refusal with this code."""
    return REMEDIES.get(code, _DELIVER_AGAIN)


def explanation(level: Level, code: str) -> str:
    """What a code means and, if it refuses something, what to do; empty for an unknown code."""
    meaning = EXPLAIN[level].get(code, "")
    return meaning if level is Level.WARN or not meaning else f"{meaning} {remedy(code)}"
