"""Each finding says whose data it is about and shows the field at fault, code by code."""

import io
import re
import shutil
import zipfile
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Final, TypedDict

import pytest

from nem12.mdff import spec
from nem12.mdff.findings import EXPLAIN, Finding, Level
from nem12.mdff.wording import EXCERPT
from nem12.unpack import meter_files
from nem12.validate import validate_file
from tests.support.making import (
    HALF_HOURS,
    NMI,
    UPDATED,
    channel,
    day,
    file,
    head,
    nem13,
    register_read,
)

DAY: Final = date(2024, 3, 10)
NEXT: Final = date(2024, 3, 11)
FIELDS: Final = re.compile(
    "|".join(
        {
            *spec.FIELDS_100,
            *spec.FIELDS_200,
            *spec.FIELDS_250,
            *spec.FIELDS_300_TAIL,
            *spec.FIELDS_400,
            *spec.FIELDS_500,
            *spec.FIELDS_550,
        }
        | {"IntervalDate", "IntervalValue [0-9]+", "field [0-9]+", "one field too many"}
    )
)
"""How a message names a field: as AEMO does, or by its number where AEMO has none."""


@dataclass(frozen=True)
class Shown:
    """What is to be seen of a finding.

    Attributes:
        level: Of the finding.
        code: Of the finding.
        data: A file that has it.
        excerpt: A part of the excerpt; all of it where it is empty.
        field: Number of the field at fault.
        nmi: Empty where it cannot be read.
        suffix: Empty where it cannot be read.
        first: The first day; None where there is none.
        last: The last day; the first one if it is not given.
        profile: To judge the file by.
        name: Of the file.
    """

    level: str
    code: str
    data: bytes
    excerpt: str = ""
    field: int = 0
    nmi: str = NMI
    suffix: str = "E1"
    first: date | None = DAY
    last: date | None = None
    profile: str = "standard"
    name: str = "a.csv"


def put(*given: str, at: int = 0) -> list[str]:
    """The values of a day with these among them."""
    values = ["1.5"] * HALF_HOURS
    values[at : at + len(given)] = given
    return values


def in_day(**fields: object) -> bytes:
    return file(channel(), day(**fields))  # type: ignore[arg-type]


def tail(*fields: str) -> bytes:
    """A day with these fields behind its values."""
    return file(channel(), ",".join(["300", "20240310", *["1.5"] * HALF_HOURS, *fields]))


def in_block(record: str) -> bytes:
    return file(record, day(), day("20240311"))


def of_block(*fields: str) -> bytes:
    """The same of a 200 record of these fields."""
    return in_block(",".join(("200", *fields)))


def events(*records: str, quality: str = "V") -> bytes:
    return file(channel(), day(quality=quality), *records)


def whole(*lines: str, end: str = "\r\n") -> bytes:
    return "".join(line + end for line in lines).encode()


def zipped(**members: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return made.getvalue()


def many_months() -> bytes:
    days = (date(1990, 1, 1) + timedelta(days=31 * number) for number in range(620))
    return file(channel(), *(day(f"{when:%Y%m%d}") for when in days))


FULL = (head(), channel(), day(), "900")
VALUES = ",".join(["1.5"] * HALF_HOURS)


class Days(TypedDict, total=False):
    """The days that a finding is about, where that is not DAY."""

    first: date | None
    last: date | None


class About(Days, total=False):
    """The days, and whose they are, where that is not the site."""

    nmi: str
    suffix: str


NO_DAY: Final[Days] = {"first": None}
NOBODY: Final[About] = {"nmi": "", "suffix": "", "first": None}
BLOCK: Final[Days] = {"last": NEXT}
SITE = ("6407112380", "E1Q1", "01", "E1", "N1", "TX90417", "kWh", "30", "20240410")


def site(**changed: str) -> bytes:
    """A 200 record with another value in one of its fields, and two days."""
    names = dict(zip(spec.FIELDS_200[1:], SITE, strict=True)) | changed
    return of_block(*names.values())


FILE_LEVEL = [
    Shown("FILE", "empty", b"\r\n\r\n", **NOBODY),
    Shown("FILE", "no-header", whole(*FULL[1:]), "200,6407112380,E1Q1", **NOBODY),
    Shown("FILE", "version", whole(head().replace("NEM12", "NEM14"), "900"), "100,►NEM14◄,2024", 2,
          **NOBODY),
    Shown("FILE", "header-date", whole(head("2.02E+11"), *FULL[1:]), "NEM12,►2.02E+11◄,WATT", 3,
          **NOBODY),
    Shown("FILE", "header-date", whole(head("000101010000"), *FULL[1:]), "►000101010000◄", 3,
          **NOBODY),
    Shown("FILE", "second-header", whole(*FULL[:3], head("202403151031")),
          "100,NEM12,202403151031,WATTMDP,LUMENRET", **NOBODY),
    Shown("FILE", "mixed", whole(*FULL[:3], "250,6407112380,11", "900"), "250,6407112380,11",
          **NOBODY),
    Shown("FILE", "no-end", whole(*FULL[:3]), "300,20240310,1.5,1.5,", **NOBODY),
    Shown("FILE", "second-end", whole(*FULL, "900"), "900", **NOBODY),
    Shown("FILE", "after-end", whole(*FULL, day("20240311")), "300,20240311,1.5", **NOBODY),
    Shown("FILE", "encoding", whole(*FULL).replace(b"TX90417", b"TX\xe990"), ",N1,►TXé90◄,kWh,", 7,
          **NOBODY),
    Shown("FILE", "binary", whole(*FULL).replace(b"TX90417", b"TX\x0090"), r",N1,►TX\x0090◄,kWh,",
          7, **NOBODY),
    Shown("FILE", "foreign", b"NMI,Suffix,Date,Period01\r\n6407112380,E1,20240310,1.5\r\n",
          "NMI,Suffix,Date,Period01", **NOBODY),
    Shown("FILE", "foreign", b"<!DOCTYPE html>\n<html></html>\n", "<!DOCTYPE html>", **NOBODY),
    Shown("FILE", "not-text", b"The report is not ready yet.\r\n", "The report is not", **NOBODY),
    Shown("FILE", "too-many-months", many_months(), "100,NEM12,202403151030", **NOBODY),
    Shown("FILE", "unreadable", zipped(**{"a.zip": zipped(b=b"1")}), name="a.zip", **NOBODY),
]  # fmt: skip

BLOCK_LEVEL = [
    Shown("BLOCK", "nmi", site(NMI="640711238"), "200,►640711238◄,E1Q1,01", 2, nmi="640711238",
          **BLOCK),
    Shown("BLOCK", "nmi", site(NMI="6407!12380"), "200,►6407!12380◄,E1Q1,01", 2, nmi="", **BLOCK),
    Shown("BLOCK", "nmi", site(NMI="64071123809"), "200,►64071123809◄,E1Q1,01", 2, **BLOCK),
    Shown("BLOCK", "nmi", of_block("NEM12", *SITE), "200,►NEM12◄,6407112380,E1Q1,01", 2, **BLOCK),
    Shown("BLOCK", "nmi-check-digit", of_block(SITE[0], spec.nmi_check_digit(SITE[0]), *SITE[1:]),
          f"200,6407112380,►{spec.nmi_check_digit(SITE[0])}◄,E1Q1", 3, **BLOCK),
    Shown("BLOCK", "suffix", site(NMISuffix="E0"), "E1Q1,01,►E0◄,N1", 5, suffix="E0", **BLOCK),
    Shown("BLOCK", "suffix", site(NMISuffix="import"), "01,►import◄,N1", 5, suffix="", **BLOCK),
    Shown("BLOCK", "suffix-not-in-configuration", site(NMISuffix="B1"), "E1Q1,01,►B1◄,N1", 5,
          suffix="B1", **BLOCK),
    Shown("BLOCK", "uom", site(UOM="MJ"), "TX90417,►MJ◄,30,", 8, **BLOCK),
    Shown("BLOCK", "interval-length", site(IntervalLength="10"), "kWh,►10◄,2024", 9, **BLOCK),
    Shown("BLOCK", "too-few-fields", of_block(*SITE[:5]), ",01,E1,N1►◄", 7, **BLOCK),
    Shown("BLOCK", "orphan-300", file(day(), day("20240311")), "300,20240310,1.5,1.5", 0, nmi="",
          suffix="", **BLOCK),
]  # fmt: skip

DAY_LEVEL = [
    Shown("RECORD", "date", in_day(when="2024-03-10"), "300,►2024-03-10◄,1.5,", 2, first=None),
    Shown("RECORD", "date", in_day(when="20990101"), "300,►20990101◄,1.5,", 2,
          first=date(2099, 1, 1)),
    Shown("RECORD", "value-count", in_day(values=["2.5", *["1.5"] * 45, "3.5"]),
          f"300,20240310,2.5,1.5,… 47 values …,1.5,3.5,►A◄,,,{UPDATED},", 50),
    Shown("RECORD", "value-count", in_day(values=["1.5"] * 50), "… 50 values …,1.5,1.5,►A◄,,,", 53),
    Shown("RECORD", "value-count", file(channel(), "300,20240310,1,2,3,4"), "310,1,2,3,4►◄", 7),
    Shown("RECORD", "value-count", file(channel(), "300,20240310"), "300,20240310►◄", 3),
    Shown("RECORD", "value", in_day(values=put("1", "2", "abc", at=39)), ",1,2,►abc◄,1.5", 44),
    Shown("RECORD", "value", in_day(values=put("►1◄", at=39)), r",1.5,►\x25ba1\x25c4◄,1.5", 42),
    Shown("RECORD", "value-empty", in_day(values=put("1", "", "2", at=20)), ",1,►◄,2,", 24),
    Shown("RECORD", "value-negative", in_day(values=put("-1", at=47)), ",1.5,►-1◄,A,,,2024", 50),
    Shown("RECORD", "value-width", in_day(values=put("9" * 16)), f"►{'9' * 16}◄", 3),
    Shown("RECORD", "quality", in_day(quality="T"), f",1.5,►T◄,,,{UPDATED}", 51),
    Shown("RECORD", "method-missing", in_day(quality="S"), f",1.5,►S◄,,,{UPDATED}", 51),
    Shown("RECORD", "reason", in_day(quality="S14,x1"), f",1.5,S14,►x1◄,,{UPDATED}", 52),
    Shown("RECORD", "reason-missing", in_day(quality="F14"), f",1.5,F14,►◄,,{UPDATED}", 52),
    Shown("RECORD", "null-flag", in_day(quality="N"), ",1.5,►N◄,,,", 51),
    Shown("RECORD", "update", in_day(updated="20240315256101"), ",A,,,►20240315256101◄,", 54),
    Shown("RECORD", "update-future", in_day(updated="20280315000000"), ",A,,,►20280315", 54),
    Shown("RECORD", "too-few-fields", events("400,1,48"), "400,1,48►◄", 4),
    Shown("RECORD", "too-many-fields", tail("A", "", "", UPDATED, "", "", "7"), f"{UPDATED},,,►7◄",
          57),
    Shown("RECORD", "unknown-record", file(channel(), day(), "610,1"), "610,1", 0, **NO_DAY),
    Shown("RECORD", "orphan-400", file(channel(), "400,1,48,A,,", day()), "400,1,48,A,,", **NO_DAY),
    Shown("RECORD", "date-repeated", file(channel(), day(), day(values=["2"] * HALF_HOURS)),
          "300,►20240310◄,…", 2),
    Shown("RECORD", "v-without-400", events(), f",1.5,►V◄,,,{UPDATED}", 51),
    Shown("RECORD", "event-gap", events("400,1,20,A,,", "400,22,48,E52,,"), "400,►22◄,48,E52,,", 2),
    Shown("RECORD", "event-gap", events("400,1,47,A,,"), "300,20240310,1.5,1.5"),
    Shown("RECORD", "event-overlap", events("400,1,20,A,,", "400,20,48,E52,,"), "400,►20◄,48", 2),
    Shown("RECORD", "event-order", events("400,21,48,A,,", "400,1,20,E52,,"), "400,►1◄,20", 2),
    Shown("RECORD", "event-range", events("400,0,48,A,,"), "400,►0◄,48,A,,", 2),
    Shown("RECORD", "event-range", events("400,1,49,A,,"), "400,1,►49◄,A,,", 3),
    Shown("RECORD", "event-range", events("400,30,20,A,,"), "400,30,►20◄,A,,", 3),
    Shown("RECORD", "event-v", events("400,1,48,V,,"), "400,1,48,►V◄,,", 4),
    # Of a 400 record the same fields are at fault as of a 300 record.
    Shown("RECORD", "quality", events("400,1,48,T,,"), "400,1,48,►T◄,,", 4),
    Shown("RECORD", "reason-missing", events("400,1,48,F14,,"), "400,1,48,F14,►◄,", 5),
]  # fmt: skip

FORM = [
    Shown("WARN", "bom", b"\xef\xbb\xbf" + whole(*FULL), "100,NEM12", **NOBODY),
    Shown("WARN", "eol", whole(*FULL, end="\n"), "100,NEM12,202403151030", **NOBODY),
    Shown("WARN", "no-final-newline", whole(*FULL).rstrip(), "900", **NOBODY),
    Shown("WARN", "blank-line", file(channel(), "", day()), **NOBODY),
    Shown("WARN", "trailing-commas", file(channel(), day() + ",,"), f"{UPDATED},,►◄,", 56),
    Shown("WARN", "trailing-commas", whole(*FULL[:3], "900,,,"), "900,►◄,,", 2, **NOBODY),
    Shown("WARN", "short-record", tail("A", "", "", UPDATED), f"A,,,{UPDATED}►◄", 55),
    Shown("WARN", "spaces", in_day(values=put(" 2.5", at=30)), ",1.5,► 2.5◄,1.5", 33),
    Shown("WARN", "quote", in_day(quality='F14,0,a "dog'), ',F14,0,►a "dog◄,', 53),
    Shown("WARN", "encoding", in_day(quality="F14,0,a@b").replace(b"a@b", b"a\xe9b"),
          ",F14,0,►aéb◄,", 53),
    Shown("WARN", "no-header", whole(*FULL[1:]), "200,6407112380", profile="lenient", **NOBODY),
    Shown("WARN", "second-header", whole(*FULL, *FULL), "100,NEM12", profile="lenient", **NOBODY),
    Shown("WARN", "no-end", whole(*FULL[:3])[:-20], "300,20240310,1.5,1.5,1.5 … .5,1.5,1.5,",
          profile="lenient", **NOBODY),
    Shown("WARN", "no-end", whole(*FULL[:3])[:-20], "1.5,1.5,A", profile="lenient", **NOBODY),
    Shown("WARN", "second-end", whole(*FULL, "900"), "900", profile="lenient", **NOBODY),
    Shown("WARN", "after-end", whole(*FULL) + b"\x1a", r"\x1a", **NOBODY),
    Shown("WARN", "unknown-record", file(channel(), day(), "610,1"), "610,1", profile="lenient",
          **NO_DAY),
    Shown("WARN", "header-date", whole(head("20240315"), *FULL[1:]), "NEM12,►20240315◄,W", 3,
          **NOBODY),
    Shown("WARN", "participant", whole("100,NEM12,202403151030,WATTMDP,", *FULL[1:]), "MDP,►◄", 5,
          **NOBODY),
    Shown("WARN", "participant", whole("100,NEM12,202403151030,WATTMDP4567,LUMENRET", *FULL[1:]),
          "►WATTMDP4567◄,LUM", 4, **NOBODY),
    Shown("WARN", "no-data", whole(head(), "900"), "900", **NOBODY),
    Shown("WARN", "order", file(channel(), "500,A,,20240310101500,1", day()), "500,A,,2024",
          **NO_DAY),
    Shown("WARN", "order", events("400,1,20,A,,", "500,A,,,", "400,21,48,E52,,"), "400,21,48,"),
]  # fmt: skip

WARNED_200 = [
    Shown("WARN", "empty-block", file(channel()), "200,6407112380,E1Q1", **NO_DAY),
    Shown("WARN", "nmi-case", site(NMI="vklm004719"), "200,►vklm004719◄,", 2, nmi="VKLM004719",
          **NO_DAY),
    Shown("WARN", "nmi-letters", site(NMI="640711238O"), "200,►640711238O◄,", 2, nmi="640711238O",
          **NO_DAY),
    Shown("WARN", "nmi-check-digit", site(NMI=SITE[0] + spec.nmi_check_digit(SITE[0])),
          f"200,►{SITE[0]}{spec.nmi_check_digit(SITE[0])}◄,", 2, **NO_DAY),
    Shown("WARN", "nmi-check-digit",
          of_block(SITE[0], spec.nmi_check_digit(SITE[0]), *SITE[1:]),
          f"200,6407112380,►{spec.nmi_check_digit(SITE[0])}◄,E1Q1", 3, profile="lenient", **NO_DAY),
    Shown("WARN", "outside-nem", site(NMI="8001000000"), "200,►8001000000◄,", 2, nmi="8001000000",
          **NO_DAY),
    Shown("WARN", "nmi", site(NMI="640711"), "200,►640711◄,", 2, nmi="640711", profile="lenient",
          **NO_DAY),
    Shown("WARN", "interval-length", file(channel(minutes=60), day(values=["1"] * 24)),
          "kWh,►60◄,2024", 9, profile="lenient", **NO_DAY),
    Shown("WARN", "configuration", site(NMIConfiguration=""), "12380,►◄,01,E1", 3, **NO_DAY),
    Shown("WARN", "serial", site(MeterSerialNumber="1234567890123"), "N1,►1234567890123◄,kWh", 7,
          **NO_DAY),
    Shown("WARN", "next-read", site(NextScheduledReadDate="soon"), ",kWh,30,►soon◄", 10, **NO_DAY),
]  # fmt: skip

WARNED_DAYS = [
    Shown("WARN", "date-order", file(channel(), day("20240311"), day()), "300,►20240310◄,1.5", 2),
    Shown("WARN", "date-repeated", file(channel(), day(), day()), "300,►20240310◄,…", 2),
    Shown("WARN", "date-superseded", file(channel(), day(), day(updated="20240315070000")),
          "300,►20240310◄,…", 2),
    Shown("WARN", "date-future", in_day(when="20240316"), "300,►20240316◄,1.5", 2,
          first=date(2024, 3, 16)),
    Shown("WARN", "decimals", in_day(values=put("1.23456", at=24)), ",1.5,►1.23456◄,1.5", 27),
    Shown("WARN", "method-missing", in_day(quality="E"), ",1.5,►E◄,,,", 51, profile="lenient"),
    Shown("WARN", "method-unknown", in_day(quality="E99"), ",1.5,►E99◄,,,", 51),
    Shown("WARN", "method-not-needed", in_day(quality="A14"), ",1.5,►A14◄,,,", 51),
    Shown("WARN", "reason-missing", in_day(quality="F14"), ",F14,►◄,,", 52, profile="lenient"),
    Shown("WARN", "reason-unknown", in_day(quality="F14,999"), ",F14,►999◄,,", 52),
    Shown("WARN", "reason-obsolete", in_day(quality="F14,4"), ",F14,►4◄,,", 52),
    Shown("WARN", "reason-text", in_day(quality="F14,0"), ",F14,0,►◄,", 53),
    Shown("WARN", "reason-text", in_day(quality=f"F14,0,{'x' * 241}"), f",►{'x' * 40}…◄,2024", 53),
    Shown("WARN", "reason-with-v", events("400,1,48,A,,", quality="V,79"), ",V,►79◄,,", 52),
    Shown("WARN", "null-flag", in_day(quality="N"), ",1.5,►N◄,,,", 51, profile="lenient"),
    Shown("WARN", "update", in_day(updated="202403150630"), ",A,,,►202403150630◄,", 54),
    Shown("WARN", "update-missing", in_day(updated=""), ",A,,,►◄,", 54),
    Shown("WARN", "update-missing", in_day(updated="00010101000000"), ",A,,,►00010101000000◄,", 54),
    Shown("WARN", "update-future", in_day(updated="20240315200000"), ",A,,,►20240315200000◄,", 54),
    Shown("WARN", "msats", in_day(loaded="never"), f",{UPDATED},►never◄", 55),
    Shown("WARN", "event-single", events("400,1,48,A,,"), "400,1,48,A,,"),
    Shown("WARN", "event-with-a", events("400,1,20,E52,,", quality="A"), ",1.5,►A◄,,,", 51),
    Shown("WARN", "trans-code", file(channel(), day(), "500,Z,,20240310101500,1"), "500,►Z◄,,", 2),
    Shown("WARN", "read-date", file(channel(), day(), "500,A,,never,1"), "500,A,,►never◄,1", 4),
]  # fmt: skip

READ_FROM: Final = date(2024, 1, 5)


class OfRead(TypedDict, total=False):
    """Whose the finding is, and of which days."""

    nmi: str
    suffix: str
    first: date | None
    last: date | None


OF_READ: Final = OfRead(suffix="11", first=READ_FROM, last=DAY)


def in_read(*after: str, **fields: str) -> bytes:
    return nem13(register_read(**fields), *after)


def in_read_of(code: str, part: str, field: int, level: str = "RECORD", **fields: str) -> Shown:
    """A finding about a field of a 250 record."""
    return Shown(level, code, in_read(**fields), part, field, **OF_READ)


LONG_READ: Final = "0" * 16 + "1"
SAME: Final = register_read()
OTHER: Final = register_read(Quantity="66")

REGISTER_READS: Final = [
    Shown("RECORD", "nmi", in_read(NMI="NMI!"), "250,►NMI!◄,", 2, "", "11", READ_FROM, DAY),
    Shown("RECORD", "suffix", in_read(NMISuffix="0I"), ",1,►0I◄,", 5, NMI, "0I", READ_FROM, DAY),
    in_read_of("suffix-not-in-configuration", ",1,►11◄,", 5, NMIConfiguration="41"),
    in_read_of("register", ",11,►◄,11,", 4, RegisterID=""),
    in_read_of("direction", ",►B◄,001234.5", 8, DirectionIndicator="B"),
    in_read_of("uom", ",65.5,►joule◄,", 20, UOM="joule"),
    in_read_of("read", ",►12O◄,", 9, PreviousRegisterRead="12O"),
    Shown("RECORD", "read-order", in_read(CurrentRegisterReadDateTime="20240104101500"),
          ",►20240104101500◄,", 15, suffix="11", first=date(2024, 1, 4), last=READ_FROM),
    in_read_of("previous-estimate", ",►E61◄,", 11, PreviousQualityMethod="E61"),
    Shown("RECORD", "orphan-550", nem13("550,N,,N,", SAME), "550,N,,N,", nmi="", suffix="",
          first=None),
    Shown("RECORD", "too-many-transactions", in_read("550,N,,N," + "," * 600_000,
          "550,N,,N," + "," * 600_000), "550,N,,N,", **OF_READ),
    Shown("RECORD", "read-repeated", nem13(SAME, OTHER), f"250,{NMI},…,11", **OF_READ),
    Shown("WARN", "suffix", in_read(NMISuffix="E1", NMIConfiguration="E1"), ",1,►E1◄,", 5,
          first=READ_FROM, last=DAY, profile="lenient"),
    in_read_of("register", ",11,►12345678901◄,", 4, "WARN", RegisterID="12345678901"),
    Shown("WARN", "direction", in_read(DirectionIndicator=""), ",►◄,001234.5", 8,
          profile="lenient", **OF_READ),
    Shown("WARN", "read", in_read(CurrentRegisterRead=""), ",►◄,20240310101500", 14,
          profile="lenient", **OF_READ),
    in_read_of("read-width", f",►{LONG_READ}◄,", 9, "WARN", PreviousRegisterRead=LONG_READ),
    in_read_of("read-date", ",►202401050930◄,", 10, "WARN",
               PreviousRegisterReadDateTime="202401050930"),
    Shown("WARN", "previous-estimate", in_read(PreviousQualityMethod="E61"), ",►E61◄,", 11,
          profile="lenient", **OF_READ),
    Shown("WARN", "read-repeated", nem13(SAME, SAME), f"250,{NMI},…,11", **OF_READ),
    Shown("WARN", "read-superseded", nem13(SAME, register_read(UpdateDateTime="20240315070000")),
          f"250,{NMI},…,11", **OF_READ),
    Shown("WARN", "read-overlap", nem13(
        SAME, register_read(CurrentRegisterReadDateTime="20240309101500")), f"250,{NMI},…,11",
        suffix="11", first=READ_FROM, last=date(2024, 3, 9)),
    in_read_of("quantity-mismatch", ",►0◄,kWh", 19, "WARN", Quantity="0"),
    Shown("WARN", "service-order", in_read("550,N,,S,1234567890123456"),
          "550,N,,S,►1234567890123456◄", 5, **OF_READ),
    Shown("WARN", "index-read", file(channel(), day(), "500,A,,20240310101500,1x"),
          "101500,►1x◄", 5),
]  # fmt: skip

ALL: Final = [
    *FILE_LEVEL,
    *BLOCK_LEVEL,
    *DAY_LEVEL,
    *FORM,
    *WARNED_200,
    *WARNED_DAYS,
    *REGISTER_READS,
]


def found_in(folder: Path, shown: Shown) -> list[Finding]:
    """All findings of the files that a delivery holds."""
    path = folder / shown.name
    path.write_bytes(shown.data)
    found: list[Finding] = []
    for each in meter_files(path, shown.name, shown.profile, folder / "scratch"):
        validate_file(each, found.append)
    shutil.rmtree(folder / "scratch", ignore_errors=True)
    return found


@pytest.mark.parametrize("shown", ALL, ids=lambda shown: f"{shown.level}-{shown.code}")
def test_a_finding_names_its_day_and_shows_its_field(tmp_path: Path, shown: Shown) -> None:
    found = [
        each
        for each in found_in(tmp_path, shown)
        if (each.level.name, each.code) == (shown.level, shown.code)
    ]
    assert found, "the file does not have it"
    one = found[0]
    assert shown.excerpt in one.excerpt
    assert bool(shown.excerpt) == bool(one.excerpt)
    assert (one.field, "►" in one.excerpt) == (shown.field, bool(shown.field))
    assert (one.nmi, one.nmi_suffix, one.day) == (shown.nmi, shown.suffix, shown.first)
    assert one.last_day == (shown.last or shown.first)
    if shown.field:
        assert FIELDS.search(one.message), one.message


def test_every_code_is_shown() -> None:
    codes = {(level.name, code) for level in Level for code in EXPLAIN[level]}
    assert codes == {(shown.level, shown.code) for shown in ALL}


@pytest.mark.parametrize("shown", ALL, ids=lambda shown: f"{shown.level}-{shown.code}")
def test_a_code_is_given_once_a_line_and_an_excerpt_is_short(tmp_path: Path, shown: Shown) -> None:
    found = found_in(tmp_path, shown)
    keys = [(each.level is Level.WARN, each.line, each.code) for each in found]
    assert len(set(keys)) == len(keys), "the tables keep one of a code for each line"
    assert all(len(each.excerpt) <= EXCERPT + 10 for each in found)
