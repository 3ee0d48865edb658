"""The format as data: records, units, quality flags, methods and reason codes.

Lists that AEMO extends (methods, reason codes) only ever lead to warnings: an unknown number may be
newer than this file.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final

from nem12.mdff import meanings


@dataclass(frozen=True)
class Format:
    """A format, as the VersionHeader of a 100 record names it (S 2a).

    Attributes:
        name: The VersionHeader.
        indicators: Of its records but 100 and 900.
        whole: Of the record that stands for itself: a file may be cut before it.
        holds: What its records hold.
    """

    name: str
    indicators: frozenset[str]
    whole: str
    holds: str


NEM12: Final = Format("NEM12", frozenset({"200", "300", "400", "500"}), "200", "interval data")
NEM13: Final = Format("NEM13", frozenset({"250", "550"}), "250", "register reads")
FORMATS: Final = {each.name: each for each in (NEM12, NEM13)}

FIELDS_100: Final = ("RecordIndicator", "VersionHeader", "DateTime", "FromParticipant",
                     "ToParticipant")  # S 4.2  # fmt: skip
FIELDS_200: Final = (
    "RecordIndicator", "NMI", "NMIConfiguration", "RegisterID", "NMISuffix",
    "MDMDataStreamIdentifier", "MeterSerialNumber", "UOM", "IntervalLength",
    "NextScheduledReadDate",
)  # S 4.3  # fmt: skip
FIELDS_300_TAIL: Final = ("QualityMethod", "ReasonCode", "ReasonDescription", "UpdateDateTime",
                          "MSATSLoadDateTime")  # S 4.4, after the values  # fmt: skip
FIELDS_400: Final = ("RecordIndicator", "StartInterval", "EndInterval", "QualityMethod",
                     "ReasonCode", "ReasonDescription")  # S 4.5  # fmt: skip
FIELDS_500: Final = ("RecordIndicator", "TransCode", "RetServiceOrder", "ReadDateTime",
                     "IndexRead")  # S 4.6  # fmt: skip

FIELDS_250: Final = (
    "RecordIndicator", "NMI", "NMIConfiguration", "RegisterID", "NMISuffix",
    "MDMDataStreamIdentifier", "MeterSerialNumber", "DirectionIndicator",
    "PreviousRegisterRead", "PreviousRegisterReadDateTime", "PreviousQualityMethod",
    "PreviousReasonCode", "PreviousReasonDescription",
    "CurrentRegisterRead", "CurrentRegisterReadDateTime", "CurrentQualityMethod",
    "CurrentReasonCode", "CurrentReasonDescription",
    "Quantity", "UOM", "NextScheduledReadDate", "UpdateDateTime", "MSATSLoadDateTime",
)  # S 5.3  # fmt: skip
FIELDS_550: Final = ("RecordIndicator", "PreviousTransCode", "PreviousRetServiceOrder",
                     "CurrentTransCode", "CurrentRetServiceOrder")  # S 5.4  # fmt: skip

_FIELDS: Final = {
    "100": FIELDS_100,
    "200": FIELDS_200,
    "250": FIELDS_250,
    "400": FIELDS_400,
    "500": FIELDS_500,
    "550": FIELDS_550,
    "900": ("RecordIndicator",),
}

FREE_TEXT: Final = {
    "250": frozenset({12, 17}),
    "400": frozenset({5}),
}
"""Places, from 0, of the fields that may hold any text; in a 300 record they vary."""

MINUTES_A_DAY: Final = 1440
INTERVAL_LENGTHS: Final = (5, 15, 30)  # minutes, S 4.3
MAX_WHOLE_DIGITS: Final = 15  # before the decimal point, S appendix B
MAX_VALUE: Final = 400  # characters of a value; PostgreSQL's numeric ends at 16,383 decimals
MAX_DESCRIPTION: Final = 240  # characters of a ReasonDescription, S 4.4
MAX_SERIAL: Final = 12  # characters of a MeterSerialNumber, S 4.3
MAX_REGISTER_ID: Final = 10  # characters of a RegisterID, S 5.3
MAX_REGISTER_READ: Final = 15  # characters of a register read and of an IndexRead, S 5.3, 4.6
MAX_SERVICE_ORDER: Final = 15  # characters of a RetServiceOrder, S 4.6, 5.4
MAX_PARTICIPANT: Final = 10  # characters of FromParticipant and ToParticipant, S 4.2
NMI_LENGTH: Final = 10  # S 4.3, without the check digit
FIRST_YEAR: Final = 1990  # the market is younger than any earlier date
FIRST_STAMP_YEAR: Final = 1900  # an earlier stamp is what software writes for "no date": year 1
LAST_YEAR: Final = 2100  # bounds every date: later ones overflow in the programs that read them
DAYS_AHEAD: Final = 400  # an IntervalDate this far after the header is a slip, not a forecast

VALUE: Final = re.compile(r"(?:[0-9]++(?:\.[0-9]*+)?+|\.[0-9]++)", re.ASCII)
"""A value as S 3.3.6 and appendix B allow it: no sign, no exponent, no blanks."""


@dataclass(frozen=True)
class Unit:
    """A unit of measure (S appendix B).

    Attributes:
        delivered: Canonical spelling of the unit in the file.
        stored: The kilo unit that readings are kept in; the same for pf.
        exponent: delivered = 10 ** exponent x stored: -3 for Wh, 0 for kWh, 3 for MWh.
        decimals: Digits after the point that the format allows.
        power: Of a unit of energy, as stored: the unit of its power, as stored. Else empty.
    """

    delivered: str
    stored: str
    exponent: int
    decimals: int
    power: str = ""

    @property
    def adds_up(self) -> bool:
        """Whether a sum over time means anything: of energy it does, of power it does not."""
        return bool(self.power)


def _units() -> dict[str, Unit]:
    units = [Unit("pf", "pf", 0, 3)]
    for base in ("Wh", "VArh", "VAr", "W", "VAh", "VA", "V", "A"):
        kilo = f"k{base}"
        power = kilo.removesuffix("h") if base.endswith("h") else ""
        units += [Unit(base, kilo, -3, 1, power), Unit(kilo, kilo, 0, 4, power)]
        if base not in {"V", "A"}:
            units.append(Unit(f"M{base}", kilo, 3, 7, power))
    return {unit.delivered.upper(): unit for unit in units}


UNITS: Final = _units()
"""By upper-case spelling: UOM is expressly not case sensitive. `schema/facts.sql` says again which
add up."""

POWER_OF: Final = {unit.stored: unit.power for unit in UNITS.values() if unit.adds_up}
"""Units of energy as they are stored, each with that of its power."""

INDICATOR_LIKE: Final = re.compile(r"[0-9]{3}", re.ASCII)
"""What a record of the format begins with, and of extensions of it."""


@dataclass(frozen=True)
class Flag:
    """A quality flag, the letter that a QualityMethod begins with (S appendix C).

    Attributes:
        letter: As delivered.
        word: For people. `name` is the same for JSON and CSV.
        estimated: Whether readings of it are in a day's `estimated_share`: they were not measured.
        needs_method: It needs a method of two digits; any other takes none.
        needs_reason: It needs a ReasonCode.
        of_intervals: Whether an interval can have it; V means that 400 records give the qualities.
        ended: The first day of files that may no longer hold it.
    """

    letter: str
    word: str
    estimated: bool = False
    needs_method: bool = False
    needs_reason: bool = False
    of_intervals: bool = True
    ended: date | None = None

    @property
    def name(self) -> str:
        """`word` with underscores."""
        return self.word.replace(" ", "_")


FLAGS: Final = {
    flag.letter: flag
    for flag in (
        Flag("A", "actual"),
        Flag("E", "estimated", estimated=True, needs_method=True),
        Flag("S", "substituted", estimated=True, needs_method=True, needs_reason=True),
        Flag("F", "final substitute", estimated=True, needs_method=True, needs_reason=True),
        Flag("N", "no data", ended=date(2021, 10, 1)),  # S 2.2
        Flag("V", "varies within the day", of_intervals=False),
    )
}
"""By letter. Besides, `schema/facts.sql` says which are estimated, and `page.css` their colours."""

ACTUAL: Final = FLAGS["A"]
VARIES: Final = FLAGS["V"]

INTERVAL_FLAGS: Final = tuple(flag for flag in FLAGS.values() if flag.of_intervals)
"""Those that a reading can have, in the order in which they are listed."""

QUALITY: Final = re.compile(rf"[{''.join(FLAGS)}](?:[0-9]{{2}})?", re.ASCII)
QUALITY_LIKE: Final = re.compile(r"[A-Za-z][0-9]{0,2}", re.ASCII)


def letters(flags: Iterable[Flag]) -> str:
    """Flags as a sentence lists them: `E, F and S`."""
    *first, last = sorted(flag.letter for flag in flags)
    return f"{', '.join(first)} and {last}" if first else last


WITH_METHOD: Final = letters(flag for flag in FLAGS.values() if flag.needs_method)
WITHOUT_METHOD: Final = letters(flag for flag in FLAGS.values() if not flag.needs_method)
WITH_REASON: Final = letters(flag for flag in FLAGS.values() if flag.needs_reason)

METHODS: Final = frozenset(map(str, meanings.METHODS))
REASONS: Final = frozenset(meanings.REASONS)
REASONS_OBSOLETE: Final = frozenset(meanings.REASONS_OBSOLETE)

TRANS_CODES: Final = frozenset("ACGDENOSR")  # S appendix A
DIRECTIONS: Final = frozenset("EI")  # S 5.3: export from the grid, import into it

SUFFIX: Final = re.compile(r"[A-HJ-NP-Z][1-9A-HJ-NP-Z]", re.ASCII)
"""Of interval data. First character: direction and kind of energy; second: the meter. Neither uses
I or O."""

REGISTER_SUFFIX: Final = re.compile(r"[1-9][1-9A-HJ-NP-Z]", re.ASCII)
"""Of register reads. First character: 1 to 3 datastreams, 4 to 6 controlled loads, 7 to 9 as the
network defines; second: the meter. After table 2 of the NMI procedure."""


@dataclass(frozen=True)
class Stream:
    """What the first character of an NMISuffix says (National Metering Identifier procedure).

    Attributes:
        direction: As the market sees it. "export" leaves the grid: the site consumes it. "import"
            enters the grid: the site generates it. "net" is their difference; "" has none.
        quantity: "active", "reactive", "apparent", or "other".
        role: "master" is used for settlement; "average" and "check" repeat it.
    """

    direction: str
    quantity: str
    role: str


STREAMS: Final = {
    "A": Stream("import", "active", "average"),
    "B": Stream("import", "active", "master"),
    "C": Stream("import", "active", "check"),
    "D": Stream("export", "active", "average"),
    "E": Stream("export", "active", "master"),
    "F": Stream("export", "active", "check"),
    "G": Stream("", "other", "master"),  # power factor
    "H": Stream("", "other", "master"),  # Q-metering
    "J": Stream("import", "reactive", "average"),
    "K": Stream("import", "reactive", "master"),
    "L": Stream("import", "reactive", "check"),
    "M": Stream("", "other", "master"),  # par-metering
    "N": Stream("net", "active", "master"),
    "P": Stream("export", "reactive", "average"),
    "Q": Stream("export", "reactive", "master"),
    "R": Stream("export", "reactive", "check"),
    "S": Stream("", "apparent", "average"),
    "T": Stream("", "apparent", "master"),
    "U": Stream("", "apparent", "check"),
    "V": Stream("", "other", "master"),  # volts or amperes
    "W": Stream("", "other", "check"),  # par-metering
    "X": Stream("net", "reactive", "master"),
    "Y": Stream("", "other", "check"),  # Q-metering
    "Z": Stream("", "other", "check"),  # volts or amperes
}
"""By the first character of an NMISuffix. Older tables also have D and J for net."""


def settled(direction: str) -> str:
    """The first characters of suffixes whose energy in a direction counts, once, in a sum."""
    return "".join(
        letter
        for letter, stream in STREAMS.items()
        if stream.direction == direction and stream.role == "master"
    )


OUTSIDE_NEM: Final = (
    (
        re.compile(r"WAAA[0-9A-Z]{6}|80(?:0[1-9]|1[0-9]|2[01])[0-9]{6}", re.ASCII),
        "Western Australia",
        "two hours",
    ),
    (re.compile(r"250[0-9]{7}", re.ASCII), "the Northern Territory", "half an hour"),
)
"""NMIs that are allocated outside the market, where they are, and how far its clock (UTC+10) is
ahead of the local one. After the allocation list as jufemaiz/go-aemo gives it."""

NMI_LIKE: Final = re.compile(r"(?!NEM1[23]$)(?=[A-Z]*[0-9])[0-9A-Z]{1,11}", re.ASCII)
"""An NMI, too short ones and those with a wrong check digit too."""
SUFFIX_LIKE: Final = re.compile(r"[A-Z][0-9A-Z]", re.ASCII)
REGISTER_SUFFIX_LIKE: Final = re.compile(r"[0-9A-Z]{2}", re.ASCII)


def nmi_check_digit(nmi: str) -> str:
    """The check digit of a ten-character NMI (National Metering Identifier procedure, app. 2).

    Every second ASCII code, from the rightmost on, is doubled; the digits of all are added.
    """
    total = 0
    for place, character in enumerate(reversed(nmi)):
        code = ord(character) * (2 if place % 2 == 0 else 1)
        total += sum(map(int, str(code)))
    return str(-total % 10)


def field_name(indicator: str, place: int, intervals: int = 0) -> str:
    """AEMO's name of a field; empty if the record has no such field.

    Args:
        indicator: Of the record.
        place: Of the field, from 0.
        intervals: Values of a 300 record.
    """
    if indicator != "300":
        names = _FIELDS.get(indicator, ())
        return names[place] if place < len(names) else ""
    if place < 2:
        return ("RecordIndicator", "IntervalDate")[place]
    if place < 2 + intervals:
        return f"IntervalValue {place - 1}"
    behind = place - 2 - intervals
    return FIELDS_300_TAIL[behind] if behind < len(FIELDS_300_TAIL) else ""
