"""Faulty and odd NEM12 files, each with the verdict that shared/NEM12.md gives it.

`CASES` is the table: whole files with the level, code and line of the most severe finding in the
standard profile. `build(folder)` writes them as `<name>.csv` with a `verdicts.tsv` beside them:

    python make.py FOLDER

Every `what` begins with the section of NEM12.md that decides. `AMBIGUOUS` holds files for which
that page allows more than one reading, with the readings: a reader should give one of them.
"""

import sys
from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple, TypedDict, Unpack

NMI = "6407112380"
OTHER_NMI = "VKLM004719"
CREATED = "202403151030"
END = "900"


class Case(NamedTuple):
    """A file and what the most severe finding in it must be; line 0 and no code when OK."""

    name: str
    data: bytes
    level: str
    code: str
    line: int
    what: str


class Ambiguous(NamedTuple):
    """A file with the verdicts that can be defended, and the sentence about why."""

    name: str
    data: bytes
    readings: tuple[tuple[str, str, int], ...]
    why: str


class DayFields(TypedDict, total=False):
    """What `day` lets a case say about a 300."""

    when: str
    row: Sequence[str]
    quality: str
    reason: str
    text: str
    update: str
    msats: str


# Records


def head(
    version: str = "NEM12",
    created: str = CREATED,
    sender: str = "WATTMDP",
    receiver: str = "LUMENRET",
) -> str:
    return ",".join(("100", version, created, sender, receiver))


def channel(
    nmi: str = NMI,
    conf: str = "E1Q1",
    register: str = "01",
    suffix: str = "E1",
    stream: str = "N1",
    serial: str = "TX90417",
    uom: str = "kWh",
    length: str = "30",
    next_read: str = "20240410",
) -> str:
    fields = ("200", nmi, conf, register, suffix, stream, serial, uom, length, next_read)
    return ",".join(fields)


def values(count: int = 48, seed: int = 0) -> list[str]:
    return [f"{(seed + 7 * k) % 23}.{31 * k % 1000:03d}" for k in range(count)]


def put(*texts: str, at: int = 5) -> list[str]:
    """Good values of a half-hourly day, with these texts in place of some."""
    row = values()
    row[at : at + len(texts)] = texts
    return row


def day(
    when: str = "20240310",
    row: Sequence[str] | None = None,
    quality: str = "A",
    reason: str = "",
    text: str = "",
    update: str = "20240312081500",
    msats: str = "20240313093000",
) -> str:
    row = values() if row is None else row
    return ",".join(("300", when, *row, quality, reason, text, update, msats))


def event(
    first: int | str, last: int | str, quality: str = "A", reason: str = "", text: str = ""
) -> str:
    return ",".join(("400", str(first), str(last), quality, reason, text))


def read(
    code: str = "A", order: str = "", when: str = "20240310101500", index: str = "0012345"
) -> str:
    return ",".join(("500", code, order, when, index))


def cut(record: str, fields: int) -> str:
    """The record without its last fields and their commas."""
    return record.rsplit(",", fields)[0]


def digit(nmi: str, start: int = 0) -> str:
    """The check digit; a start of 1 doubles the wrong half, as one known reader does."""
    total = 0
    for k, character in enumerate(reversed(nmi)):
        code = ord(character) * (2 if k % 2 == start else 1)
        total += sum(map(int, str(code)))
    return str(-total % 10)


# Files


def file(*records: str, eol: str = "\r\n", encoding: str = "utf-8") -> bytes:
    return "".join(record + eol for record in records).encode(encoding)


HEAD, CHANNEL, DAY, NEXT = head(), channel(), day(), day("20240311", values(seed=3))
GOOD = (HEAD, CHANNEL, DAY, NEXT, END)  # lines 1 to 5


def under(first: str) -> bytes:
    return file(first, CHANNEL, DAY, NEXT, END)


def block(second: str) -> bytes:
    return file(HEAD, second, DAY, NEXT, END)


def in_block(**fields: str) -> bytes:
    return block(channel(**fields))


def days(*records: str) -> bytes:
    """Records from line 3 on, nothing but the end after them."""
    return file(HEAD, CHANNEL, *records, END)


def in_day(**fields: Unpack[DayFields]) -> bytes:
    return days(day(**fields), NEXT)


def events(*records: str, quality: str = "V", reason: str = "") -> bytes:
    """A day on line 3 with its 400 records from line 4 on, and a good day after it."""
    return days(day(quality=quality, reason=reason), *records, NEXT)


FIRST, SECOND = event(1, 24), event(25, 48, "S14", "1")


def halves(*, first: str = FIRST, second: str = SECOND) -> bytes:
    """A V day with a 400 for each half, on lines 4 and 5."""
    return events(first, second)


def reads(*records: str) -> bytes:
    return days(DAY, *records, NEXT)


def blocks(first: str, second: str, other: str = CHANNEL) -> bytes:
    return file(HEAD, CHANNEL, first, other, second, END)


def long_run(flags: Iterable[tuple[str, str]]) -> bytes:
    """One day for each (quality, reason) ending before the header date."""
    start = date(2023, 10, 1)
    found = []
    for k, (quality, reason) in enumerate(flags):
        when = f"{start + timedelta(k):%Y%m%d}"
        text = "told by phone" if reason == "0" else ""
        found.append(day(when, quality=quality, reason=reason, text=text))
    return days(*found)


def numbers(*ranges: tuple[int, int]) -> list[str]:
    return [str(n) for first, last in ranges for n in range(first, last + 1)]


UNITS = {
    7: ("MWh", "MVArh", "MVAr", "MW", "MVAh", "MVA"),
    4: ("kWh", "kVArh", "kVAr", "kW", "kVAh", "kVA", "kV", "kA"),
    3: ("pf",),
    1: ("Wh", "VArh", "VAr", "W", "VAh", "VA", "V", "A"),
}


def all_units(spell: Callable[[str], str]) -> bytes:
    """A channel for every unit, each with one value at its limit of decimals."""
    limits = [(unit, places) for places, units in UNITS.items() for unit in units]
    suffixes = ["E" + second for second in "123456789ABCDEFGHJKLMNPQRSTUVWXYZ"[: len(limits)]]
    records = [HEAD]
    for (unit, places), suffix in zip(limits, suffixes, strict=True):
        records.append(channel(conf="".join(suffixes), suffix=suffix, uom=spell(unit)))
        records.append(day(row=["2." + "7" * places, *["1.5"] * 47]))
    return file(*records, END)


def quoted(record: str) -> str:
    return ",".join(f'"{field}"' for field in record.split(","))


KNOWN_REASONS = numbers(
    (0, 3), (5, 15), (17, 18), (20, 29), (31, 45), (47, 48), (51, 55), (60, 62), (64, 65),
    (67, 69), (71, 81), (87, 87), (89, 89), (100, 109),
)  # fmt: skip
KNOWN_METHODS = numbers((11, 25), (51, 59), (61, 69), (71, 75))
OBSOLETE_REASONS = numbers(
    (4, 4), (16, 16), (19, 19), (30, 30), (46, 46), (49, 50), (58, 58), (70, 70), (82, 86),
    (88, 88), (90, 99),
)  # fmt: skip

V = day(quality="V")
NAMED = day(quality="S14", reason="1", text="Zähler geprüft")
OTHER = values(seed=11)
LATER = "20240314101010"
EARLIER = "20240311000000"
QUARTER = values(96)
FIVE = values(288)

# Each row: name, verdict, what, data

VALID = [
    ("base", "OK", "s5: two sites, three interval lengths, 400 and 500 records", file(
        HEAD,
        CHANNEL,
        DAY,
        day("20240311", quality="V"),
        FIRST,
        SECOND,
        read(),
        read("N", "SO-77"),
        channel(suffix="Q1", uom="kVArh", length="15"),
        day(row=QUARTER),
        channel(OTHER_NMI, "B1E1", suffix="B1", length="5", register="", stream=""),
        day(row=FIVE, quality="V"),
        event(1, 144, "F17", "24"),
        event(145, 288, "E52", "77"),
        END)),
    ("units-as-written", "OK", "s9: every unit at its decimals", all_units(str)),
    ("units-upper", "OK", "s9: units compare in any case", all_units(str.upper)),
    ("units-lower", "OK", "s9: units compare in any case", all_units(str.lower)),
    ("methods-known", "OK", "s7: every method of the list", long_run(
        [("S" + m, "1") for m in KNOWN_METHODS])),
    ("methods-any-pairing", "OK", "s7: E and F are not rejected by pairing", long_run(
        [(q + m, "1" if q == "F" else "") for q in "EF" for m in KNOWN_METHODS])),
    ("reasons-known", "OK", "s8: every current reason and 100 to 109", long_run(
        [("S14", r) for r in KNOWN_REASONS])),
    ("reason-three-digits", "OK", "s13: up to three digits", in_day(quality="S14", reason="007")),
    ("reason-with-e", "OK", "s7: E may have a reason, for information", in_day(
        quality="E56", reason="77")),
    ("value-forms", "OK", "s9: .5, 5., zeros before and after, fifteen digits", in_day(
        row=put(".5", "5.", "007.2500", "0", "0.0000", "000", ".0001", "9" * 15 + ".1234"))),
    ("width-leading-zeros", "OK", "s13: leading zeros are not significant", in_day(
        row=put("0123456789012345", "0" * 30 + "1.5", "0" * 40))),
    ("suffix-lower-case", "OK", "s3: the suffix compares in any case", in_block(suffix="e1")),
    ("configuration-lower-case", "OK", "s3: so does the configuration", in_block(conf="b1e1")),
    (
        "suffix-last-letters",
        "OK",
        "s10: second character Z, first character Z",
        file(
            HEAD,
            channel(conf="EZZ1", suffix="EZ"),
            DAY,
            channel(conf="EZZ1", suffix="Z1", uom="V", length="05"),
            day(row=["240.1"] * 288),
            END,
        ),
    ),
    ("interval-length-05", "OK", "s6: 05 is a valid number", file(
        HEAD, channel(length="05"), day(row=FIVE), END)),
    ("serial-twelve", "OK", "s13: only more than 12 characters", in_block(serial="ABCDEF123456")),
    ("200-optional-empty", "OK", "s6: register, stream, serial, next read may be empty", in_block(
        register="", stream="", serial="", next_read="")),
    ("date-leap-day", "OK", "s4: a real 29 February", days(day("20240229"))),
    ("date-1990", "OK", "s13: 1990 itself is not before 1990", days(day("19900101"))),
    ("date-of-header", "OK", "s13: the header date is not after itself", days(day("20240315"))),
    ("date-gap", "OK", "s6: gaps between days are allowed", days(day("20240101"), NEXT)),
    ("date-clock-change", "OK", "s4: 48 values on both change-over Sundays", days(
        day("20230402"), day("20231001"))),
    ("date-order-per-block", "OK", "s6: order counts within a block only", blocks(
        NEXT, day("20240309"))),
    ("update-at-header", "OK", "s13: not after the header", in_day(update=CREATED + "00")),
    ("msats-empty", "OK", "s6: MSATSLoadDateTime only when available", in_day(msats="")),
    ("null-flag-historic", "OK", "s13: N in a file made the minute before 1 Oct 2021", file(
        head(created="202109302359"),
        CHANNEL,
        day("20210928", ["0"] * 48, "N", update="20210929000000", msats=""),
        END,
    )),
    ("same-day-other-suffix", "OK", "s10: the suffix is part of the key", blocks(
        DAY, day(row=OTHER), channel(suffix="Q1"))),
    ("same-day-other-nmi", "OK", "s10: the NMI is part of the key", blocks(
        DAY, day(row=OTHER), channel(OTHER_NMI))),
    ("block-repeated-each-day", "OK", "s5: an unchanged 200 again is common", blocks(DAY, NEXT)),
    ("events-five-minutes", "OK", "s6: 288 intervals of five minutes", file(
        HEAD, channel(length="5"), day(row=FIVE, quality="V"), event(1, 1), event(2, 288, "E52"),
        END)),
    ("events-zero-padded", "OK", "s6: N(4) may have leading zeros", halves(
        first=event("0001", "0024"))),
    ("event-each-interval", "OK", "s7: 48 records of one interval", events(
        *[event(k, k, "A" if k % 2 else "F11", "" if k % 2 else "1") for k in range(1, 49)])),
    ("reads-all-codes", "OK", "s6: every TransCode, 500 repeated", reads(*map(read, "ACGDENOSR"))),
    ("text-utf8", "OK", "s3: UTF-8 in ReasonDescription", days(
        NAMED, day("20240311", quality="V"), event(1, 24), event(25, 48, "S14", "0", "è rotto"))),
    ("text-240", "OK", "s6: 240 characters, not bytes", in_day(
        quality="S14", reason="0", text="é" * 240)),
    ("text-apostrophe", "OK", "s13: only a quotation mark counts as one", in_day(
        quality="S14", reason="0", text="customer's \u201cdog\u201d")),
    ("text-other-separators", "OK", "s3: only CR and LF end a line", in_day(
        quality="S14", reason="0", text="a\u2028b\x85c\x0bd\x0ce\x1cf")),
]  # fmt: skip

TEXT = [
    ("empty-cr", "FILE empty 1", "s13: nothing but CR", b"\r\r\r"),
    ("empty-mixed", "FILE empty 1", "s13: nothing but line ends of all kinds", b"\r\n\n\r\r\n"),
    ("not-text-html", "FILE not-text 1", "s13: an HTML page of several lines, a blank one first",
     b"\r\n<html>\r\n<head><title>Sign in</title></head>\r\n<body>Please, log in</body>\r\n"),
    ("not-text-json", "FILE not-text 1", "s13: an error as JSON", b'{"error": "late", "n": 3}\n'),
    ("not-text-prose", "FILE not-text 1", "s13: a sentence", b"The report is not ready yet.\r\n"),
    ("utf16-le", "FILE encoding 1", "s3: UTF-16 with mark, little end first",
     b"\xff\xfe" + file(*GOOD, encoding="utf-16-le")),
    ("utf16-be", "FILE encoding 1", "s3: UTF-16 with mark, big end first",
     b"\xfe\xff" + file(*GOOD, encoding="utf-16-be")),
    ("latin1-participant", "FILE encoding 1", "s13: not UTF-8 outside free text", file(
        head(sender="ÉNERGIE"), *GOOD[1:], encoding="latin-1")),
    ("latin1-nmi", "FILE encoding 2", "s13: not UTF-8 in the NMI", file(
        HEAD, channel("640711238É"), *GOOD[2:], encoding="latin-1")),
    ("latin1-value", "FILE encoding 4", "s13: not UTF-8 in a value", file(
        *GOOD[:3], day("20240311", put("1½")), END, encoding="latin-1")),
    ("latin1-retailer-order", "FILE encoding 4", "s3: the fallback is for ReasonDescription only",
     file(*GOOD[:3], read(order="Ö17"), END, encoding="latin-1")),
    ("latin1-unknown-record", "FILE encoding 4", "s3: an unknown record has no free text", file(
        *GOOD[:3], "600,Größe", END, encoding="latin-1")),
    ("cp1252-300", "WARN encoding 3", "s13: Windows-1252 in ReasonDescription of a 300", file(
        HEAD, CHANNEL, NAMED, END, encoding="cp1252")),
    ("cp1252-300-five-minutes", "WARN encoding 3", "s13: field 293 of a five-minute day", file(
        HEAD, channel(length="5"), day(row=FIVE, quality="S14", reason="0", text="défaut"), END,
        encoding="cp1252")),
    ("cp1252-400", "WARN encoding 5", "s13: Windows-1252 in ReasonDescription of a 400", file(
        HEAD, CHANNEL, V, event(1, 24), event(25, 48, "S14", "0", "gelöscht"), END,
        encoding="cp1252")),
    ("cp1252-curly-quotes", "WARN encoding 3", "s13: curly quotes are no quotation marks", file(
        HEAD, CHANNEL, day(quality="S14", reason="0", text="\u201cdog\u201d \u20ac5"), END,
        encoding="cp1252")),
    ("nul-in-value", "FILE binary 3", "s13: NUL, on its line", in_day(row=put("1.\x005"))),
    ("nul-first-of-two", "FILE binary 2", "s13: the line of the first NUL", file(
        HEAD, channel(serial="A\0B"), day(row=put("\0")), END)),
    ("nul-in-text", "FILE binary 3", "s13: NUL in free text too", in_day(
        quality="S14", reason="0", text="a\0b")),
    ("nul-line-count-cr", "FILE binary 4", "s3: CR alone ends a line", file(
        *GOOD[:3], day("20240311", put("\0")), END, eol="\r")),
    ("bom", "WARN bom 1", "s13: a byte order mark", b"\xef\xbb\xbf" + file(*GOOD)),
    ("eol-cr", "WARN eol 1", "s3: CR only", file(*GOOD, eol="\r")),
    ("eol-lf-then-crlf", "WARN eol 1", "s3: the first line ends in LF, the others in CR LF",
     file(HEAD, eol="\n") + file(*GOOD[1:])),
    ("eol-mixed-line-count", "RECORD value 4", "s13: physical lines under mixed ends",
     file(HEAD, eol="\r") + file(CHANNEL, eol="\n") + file(DAY) + file(
         day("20240311", put("?")), END, eol="\r")),
    ("other-separators-line-count", "RECORD value 4", "s3: other separators start no line", days(
        day(quality="S14", reason="0", text="a\u2028b\x0cc"), day("20240311", put("?")))),
    ("no-final-newline", "WARN no-final-newline 5", "s3: nothing after 900", file(*GOOD)[:-2]),
    ("blank-first", "WARN blank-line 1", "s3: a blank line before the header", file("", *GOOD)),
    ("blank-last", "WARN blank-line 6", "s3: a blank line after the 900", file(*GOOD, "")),
    ("blank-of-blanks", "WARN blank-line 3", "s3: nothing is left of it when trimmed", days(
        "   ", DAY)),
    ("commas-inside", "WARN blank-line 4", "s13: a line of commas counts as blank", days(
        DAY, ",,,,", NEXT)),
    ("commas-after-end", "WARN blank-line 6", "s13: so it is no record after the 900", file(
        *GOOD, ",,,")),
    ("commas-keep-day-open", "WARN blank-line 4", "s13: a blank line closes no day", events(
        ",,", event(1, 24), event(25, 48, "E52"))),
    ("blank-line-count", "RECORD value 5", "s13: blank lines count as lines", days(
        DAY, "", day("20240311", put("?")))),
    ("commas-100", "WARN trailing-commas 1", "s3: empty fields beyond the 100", under(HEAD + ",,")),
    ("commas-200", "WARN trailing-commas 2", "s3: beyond the 200", block(CHANNEL + ",")),
    ("commas-300", "WARN trailing-commas 3", "s3: beyond the 300", days(DAY + ",,,")),
    ("commas-400", "WARN trailing-commas 5", "s3: beyond the 400", halves(
        second=event(25, 48, "E52") + ",")),
    ("commas-500", "WARN trailing-commas 4", "s3: beyond the 500", reads(read() + ",")),
    ("commas-900", "WARN trailing-commas 5", "s3: one comma after 900", file(*GOOD[:4], "900,")),
    ("short-400", "WARN short-record 5", "s13: 400 without its last comma", halves(
        second=cut(event(25, 48, "E52"), 1))),
    ("short-500", "WARN short-record 4", "s3: 500 without IndexRead and its comma", reads(
        cut(read(), 1))),
    ("spaces-100", "WARN spaces 1", "s3: blank before a field of the 100", under(
        head(version=" NEM12"))),
    ("spaces-indicator", "WARN spaces 3", "s3: blank before the indicator", days(" " + DAY)),
    ("spaces-200", "WARN spaces 2", "s3: blanks around the interval length", in_block(
        length=" 30 ")),
    ("spaces-400", "WARN spaces 4", "s3: blank in a 400", halves(first=event(" 1", 24))),
    ("spaces-500", "WARN spaces 4", "s3: blank in a 500", reads(read(code="A "))),
    ("spaces-900", "WARN spaces 5", "s3: blank after 900", file(*GOOD[:4], "900 ")),
    ("spaces-text", "WARN spaces 3", "s3: blank before a ReasonDescription", in_day(
        quality="S14", reason="0", text=" rain")),
    ("quote-all", "WARN quote 1", "s13: one pair is stripped from every field", file(
        *map(quoted, GOOD))),
    ("quote-value", "WARN quote 3", "s13: one pair around a value", in_day(row=put('"1.5"'))),
    ("quote-inside", "WARN quote 3", "s13: a mark inside a text", in_day(
        quality="S14", reason="0", text='the 4" pipe')),
    ("quote-twice", "RECORD value 3", "s13: only one pair is stripped", in_day(
        row=put('""1.5""'))),
    ("quote-open", "RECORD value 3", "s13: a lone mark is not stripped", in_day(row=put('"1.5'))),
    ("quote-nothing", "RECORD value-empty 3", "s13: a pair around nothing", in_day(row=put('""'))),
    ("quote-swallows-nothing", "RECORD value 4", "s3: a lone mark opens no field over lines", days(
        day(quality="S14", reason="0", text='"rain'), day("20240311", put("?")),
        day("20240312", quality="S14", reason="0", text='"rain'))),
]  # fmt: skip

STRUCTURE = [
    ("no-header-200", "FILE no-header 1", "s13: begins with a 200", file(*GOOD[1:])),
    ("no-header-900", "FILE no-header 1", "s13: a 900 alone", file(END)),
    ("no-header-250", "FILE no-header 1", "s13: 250 first: header before mixed", file(
        "250,6407112380,11", END)),
    ("no-header-unknown", "FILE no-header 1", "s13: an unknown record first", file("600,x", *GOOD)),
    ("no-header-blank-first", "FILE no-header 2", "s13: the first record is on line 2", file(
        "", *GOOD[1:])),
    ("no-header-no-end", "FILE no-header 1", "s13: neither 100 nor 900", file(*GOOD[1:4])),
    ("second-header-at-once", "FILE second-header 2", "s13: the 100 twice", file(HEAD, *GOOD)),
    ("second-header-late", "FILE second-header 5", "s13: joined, the first 900 left out", file(
        *GOOD[:4], *GOOD)),
    ("second-header-before-mixed", "FILE second-header 3", "s13: the first breach decides", file(
        HEAD, CHANNEL, HEAD, "250,1", END)),
    ("second-header-is-last", "FILE second-header 4", "s13: same line as no-end, table order", file(
        *GOOD[:3], HEAD)),
    ("mixed-250", "FILE mixed 5", "s13: a 250 in NEM12", file(*GOOD[:4], "250,6407112380,11", END)),
    ("mixed-550", "FILE mixed 4", "s13: a 550 in NEM12", file(*GOOD[:3], "550,N,,A,", END)),
    ("mixed-before-second-header", "FILE mixed 3", "s13: the first breach decides", file(
        HEAD, CHANNEL, "550,N,,A,", HEAD, END)),
    ("mixed-no-end", "FILE mixed 3", "s13: mixed comes before the missing end", file(
        HEAD, CHANNEL, "250,1", DAY)),
    ("no-end-header-only", "FILE no-end 1", "s13: a 100 alone", file(HEAD)),
    ("no-end-blank-lines", "FILE no-end 4", "s13: the last non-blank line", file(
        *GOOD[:4], "", "", "")),
    ("no-end-commas", "FILE no-end 4", "s13: a line of commas is blank", file(*GOOD[:4], ",,,")),
    ("no-end-90", "FILE no-end 5", "s13: cut inside the 900", file(*GOOD[:4], "90")[:-2]),
    ("second-end-then-more", "FILE second-end 6", "s13: the first record after 900 is a 900", file(
        *GOOD, END, CHANNEL, DAY)),
    ("second-end-after-blank", "FILE second-end 7", "s13: blank lines are no records", file(
        *GOOD, "", END)),
    ("after-end-then-900", "FILE after-end 6", "s13: the first record after 900 is a 200", file(
        *GOOD, CHANNEL, DAY, END)),
    ("after-end-100", "FILE after-end 6", "s13: a 100 after 900 is no second-header", file(
        *GOOD, HEAD)),
    ("after-end-unknown", "FILE after-end 6", "s13: nothing may follow", file(*GOOD, "600,x")),
    ("after-end-early-900", "FILE after-end 3", "s13: 900 right after 100, then data", file(
        HEAD, END, CHANNEL, DAY)),
    ("unknown-first", "RECORD unknown-record 2", "s13: between 100 and 200", file(
        HEAD, "600,x", *GOOD[1:])),
    ("unknown-in-block", "RECORD unknown-record 3", "s13: only that line is refused", days(
        "Total,12", DAY)),
    ("unknown-3000", "RECORD unknown-record 3", "s13: no record begins with 3000", days(
        DAY.replace("300", "3000", 1), NEXT)),
    ("unknown-complete-day", "RECORD unknown-record 6", "s13: the complete day stands", events(
        event(1, 24), event(25, 48, "E52"), "600")),
    ("unknown-closes-v", "RECORD v-without-400 3", "s13: closed without its 400s", events(
        "600", event(1, 24), event(25, 48, "E52"))),
    ("unknown-closes-half", "RECORD event-gap 3", "s13: closed when half covered", events(
        event(1, 24), "600", event(25, 48, "E52"))),
    ("orphan-300-first-of-two", "BLOCK orphan-300 2", "s13: before any 200", file(
        HEAD, DAY, CHANNEL, NEXT, END)),
    ("orphan-400-after-200", "RECORD orphan-400 3", "s13: no 300 before it in its block", days(
        event(1, 48), DAY)),
    ("orphan-400-after-500", "RECORD orphan-400 4", "s13: a 500 is no 300", days(
        read(), event(1, 48), DAY)),
    ("orphan-400-no-block", "RECORD orphan-400 2", "s13: not even a block", file(
        HEAD, event(1, 48), CHANNEL, DAY, END)),
    ("orphan-400-next-block", "RECORD orphan-400 5", "s13: not the day of the block before", file(
        HEAD, CHANNEL, DAY, CHANNEL, event(1, 48), NEXT, END)),
    ("orphan-400-gives-nothing", "RECORD v-without-400 3", "s13: nor does it complete it", file(
        HEAD, CHANNEL, V, CHANNEL, event(1, 48), NEXT, END)),
    ("refused-300-keeps-400", "RECORD v-without-400 3", "s13: they do not reach the day before",
     days(V, day("20240311", put("?")), event(1, 24), event(25, 48, "E52"))),
    ("refused-300-bad-400", "RECORD date 3", "s13: faults of its 400s follow", days(
        day("20240231", quality="V"), event(0, 99, "T"), NEXT)),
    ("refused-200-bad-300", "BLOCK nmi 2", "s13: it takes its 300s along", file(
        HEAD, channel("64071"), day("x", put("?")), event(0, 99), read("?"), END)),
    ("refused-200-second", "BLOCK uom 4", "s13: the block before it stands", blocks(
        DAY, NEXT, channel(uom="joule"))),
    ("no-data", "WARN no-data 2", "s5: 100 and 900", file(HEAD, END)),
    ("empty-block-then-200", "WARN empty-block 2", "s5: 200 followed by 200", file(
        HEAD, CHANNEL, CHANNEL, DAY, END)),
    ("empty-block-last", "WARN empty-block 4", "s5: 200 followed by 900", file(
        *GOOD[:3], CHANNEL, END)),
    ("empty-block-only-500", "WARN empty-block 2", "s13: an ignored 500 is no day", days(read())),
    ("order-500-after-200", "WARN order 5", "s13: 500 directly after the second 200", file(
        HEAD, CHANNEL, DAY, CHANNEL, read(), NEXT, END)),
    ("order-400-after-500", "WARN order 6", "s13: applied, so the day is complete", events(
        event(1, 24), read(), event(25, 48, "E52"))),
    ("too-many-100", "RECORD too-many-fields 1", "s13: any record", under(HEAD + ",x")),
    ("too-many-200", "RECORD too-many-fields 2", "s13: any record", block(CHANNEL + ",,x")),
    ("too-many-300", "RECORD too-many-fields 3", "s13: empty ones between do not help", days(
        DAY + ",,,1", NEXT)),
    ("too-many-400", "RECORD too-many-fields 5", "s13: any record", halves(
        second=event(25, 48, "E52") + ",x")),
    ("too-many-500", "RECORD too-many-fields 4", "s13: any record", reads(read() + ",x")),
    ("too-many-900", "RECORD too-many-fields 5", "s13: any record", file(*GOOD[:4], "900,end")),
]  # fmt: skip

HEADER = [
    ("version-nem13", "FILE mixed 2", "NEM13.md 10a: the version is right, the records are not",
     under(head(version="NEM13"))),
    ("version-nem14", "FILE version 1", "NEM13.md 9: neither", under(head(version="NEM14"))),
    ("version-empty", "FILE version 1", "s13: no version", under(head(version=""))),
    ("version-100-alone", "FILE version 1", "s13: no version, no date: table order", under("100")),
    ("header-date-missing", "FILE header-date 1", "s13: the 100 ends before it", under(
        "100,NEM12")),
    ("header-date-empty", "FILE header-date 1", "s13: empty is no date", under(head(created=""))),
    ("header-date-spreadsheet", "FILE header-date 1", "s13: saved by a spreadsheet", under(
        head(created="2.02403E+11"))),
    ("header-date-hour-24", "FILE header-date 1", "s4: midnight is 00:00 of the next day", under(
        head(created="202403142400"))),
    ("header-date-30-feb", "FILE header-date 1", "s4: no such day, 8 digits or not", under(
        head(created="20240230"))),
    ("header-date-10-digits", "FILE header-date 1", "s13: only 8 or 14 digits are forgiven", under(
        head(created="2024031510"))),
    ("header-date-second-60", "FILE header-date 1", "s13: 14 digits, but no time", under(
        head(created="20240315103060"))),
    ("header-date-arabic-digits", "FILE header-date 1", "s4: ASCII digits only", under(
        head(created="".join(chr(0x660 + int(c)) for c in CREATED)))),
    ("header-date-8", "WARN header-date 1", "s13: 8 digits", under(head(created="20240315"))),
    ("header-date-14", "WARN header-date 1", "s13: 14 digits", under(
        head(created="20240315103059"))),
    ("participant-from", "WARN participant 1", "s6: FromParticipant empty", under(
        head(sender=""))),
]  # fmt: skip

BLOCK = [
    ("nmi-empty", "BLOCK nmi 2", "s13: NMI missing", in_block(nmi="")),
    ("nmi-12", "BLOCK nmi 2", "s13: NMI of 12 characters", in_block(nmi=NMI + "00")),
    ("nmi-check-digit-wrong", "BLOCK nmi 2", "s13: the 11th is not the check digit", in_block(
        nmi=NMI + str((int(digit(NMI)) + 1) % 10))),
    ("nmi-check-digit-other-half", "BLOCK nmi 2", "s10: right only if the other half is doubled",
     in_block(nmi=NMI + digit(NMI, start=1))),
    ("nmi-check-digit-letter", "BLOCK nmi 2", "s13: the 11th is a letter", in_block(nmi=NMI + "A")),
    ("nmi-blank-inside", "BLOCK nmi 2", "s10: digits and letters only", in_block(
        nmi="64071 2380")),
    ("nmi-accent", "BLOCK nmi 2", "s10: capital letters of ASCII", in_block(nmi="640711238É")),
    ("nmi-arabic-digit", "BLOCK nmi 2", "s10: digits of ASCII", in_block(nmi="640711238\u0660")),
    ("nmi-ligature", "BLOCK nmi 2", "s10: nine characters, ten when in capitals", in_block(
        nmi="\ufb01AAVZZZZZ")),
    ("nmi-dotless-i", "BLOCK nmi 2", "s10: a letter that is ASCII only as a capital", in_block(
        nmi="\u0131AAAVZZZZZ")),
    ("suffix-long-s", "BLOCK suffix 2", "s3: everything specified is ASCII", in_block(
        suffix="\u017f1", conf="S1")),
    ("configuration-long-s", "BLOCK suffix-not-in-configuration 2", "s3: the same", in_block(
        suffix="S1", conf="\u017f1")),
    ("nmi-check-digit", "WARN nmi-check-digit 2", "s13: the 11th is the check digit", in_block(
        nmi=NMI + digit(NMI))),
    ("nmi-check-digit-letters", "WARN nmi-check-digit 2", "s10: the same with letters", in_block(
        nmi=OTHER_NMI + digit(OTHER_NMI))),
    ("nmi-case", "WARN nmi-case 2", "s13: lower case", in_block(nmi=OTHER_NMI.lower())),
    ("nmi-case-check-digit", "WARN nmi-case 2", "s3: upper case first, then the digit", in_block(
        nmi=OTHER_NMI.lower() + digit(OTHER_NMI))),
    ("nmi-letter-i", "WARN nmi-letters 2", "s10: the letter I", in_block(nmi="VI00471982")),
    ("nmi-letter-o-digit", "WARN nmi-letters 2", "s13: O and check digit: table order", in_block(
        nmi="VO00471982" + digit("VO00471982"))),
    ("suffix-empty", "BLOCK suffix 2", "s13: suffix missing", in_block(suffix="")),
    ("suffix-one", "BLOCK suffix 2", "s10: one character", in_block(suffix="E")),
    ("suffix-three", "BLOCK suffix 2", "s10: three characters", in_block(suffix="E11")),
    ("suffix-letter-o", "BLOCK suffix 2", "s10: second letter O", in_block(
        suffix="EO", conf="EO")),
    ("suffix-letter-i", "BLOCK suffix 2", "s10: second letter I", in_block(
        suffix="EI", conf="EI")),
    ("suffix-first-i", "BLOCK suffix 2", "s10: first letter I is not in the table", in_block(
        suffix="I1", conf="I1")),
    ("suffix-digits", "BLOCK suffix 2", "s6: 11 is of NEM13", in_block(suffix="11", conf="11")),
    ("configuration-across-pairs", "BLOCK suffix-not-in-configuration 2", "s6: pairs, no substring",
     in_block(conf="QE1K")),
    ("configuration-other", "BLOCK suffix-not-in-configuration 2", "s10: E2 is not E1", in_block(
        conf="B1E2Q1")),
    ("configuration-odd-and-other", "BLOCK suffix-not-in-configuration 2", "s13: worse than odd",
     in_block(conf="B1K1Q")),
    ("configuration-odd", "WARN configuration 2", "s13: odd length", in_block(conf="E1B1Q")),
    ("uom-long", "BLOCK uom 2", "s9: not in the table", in_block(uom="kWhh")),
    ("uom-blank-inside", "BLOCK uom 2", "s9: not in the table", in_block(uom="k Wh")),
    ("interval-length-1", "BLOCK interval-length 2", "s6: 1 minute", in_block(length="1")),
    ("interval-length-point", "BLOCK interval-length 2", "s6: N(2), no point", in_block(
        length="30.0")),
    ("interval-length-sign", "BLOCK interval-length 2", "s6: N(2), no sign", in_block(
        length="+30")),
    ("interval-length-arabic", "BLOCK interval-length 2", "s4: ASCII digits only", in_block(
        length="\u0663\u0660")),
    ("too-few-200", "BLOCK too-few-fields 2", "s13: ends before IntervalLength, commas and all",
     block(cut(CHANNEL, 2))),
    ("too-few-200-suffix", "BLOCK too-few-fields 2", "s13: ends after the suffix", block(
        cut(CHANNEL, 5))),
    ("serial-13", "WARN serial 2", "s13: longer than 12", in_block(serial="ABCDEF1234567")),
    ("next-read-30-feb", "WARN next-read 2", "s4: no such day", in_block(next_read="20240230")),
    ("next-read-time", "WARN next-read 2", "s6: Date(8)", in_block(next_read="20240410000000")),
]  # fmt: skip

DAYS = [
    ("date-six-digits", "RECORD date 3", "s4: fixed length", in_day(when="240310")),
    ("date-not-leap", "RECORD date 3", "s4: 29 February 2023", in_day(when="20230229")),
    ("date-arabic-digits", "RECORD date 3", "s4: ASCII digits only", in_day(
        when="2024031\u0660")),
    ("date-1989", "RECORD date 3", "s13: before 1990", in_day(when="19891231")),
    ("date-9999", "RECORD date 3", "s13: overflows date arithmetic", in_day(when="99991231")),
    ("date-0000", "RECORD date 3", "s13: no year 0", in_day(when="00000101")),
    ("date-401-days", "RECORD date 3", "s13: more than 400 days after the header", days(
        day("20250420"))),
    ("date-400-days", "WARN date-future 3", "s13: 400 days are not more than 400", days(
        day("20250419"))),
    ("date-future", "WARN date-future 3", "s13: the day after the header", days(day("20240316"))),
    ("date-order", "WARN date-order 4", "s13: 11, 9 and 10 March", days(
        NEXT, day("20240309"), day("20240310"))),
    ("value-count-47", "RECORD value-count 3", "s13: one too few", in_day(row=values(47))),
    ("value-count-none", "RECORD value-count 3", "s13: none included", in_day(row=[])),
    ("value-count-date-alone", "RECORD value-count 3", "s13: nothing after the date", days(
        "300,20240310", NEXT)),
    ("value-count-47-end", "RECORD value-count 3", "s13: 47 and the end of the record", days(
        cut(day(row=values(47)), 5), NEXT)),
    ("value-count-49-end", "RECORD value-count 3", "s13: 49 and the end of the record", days(
        cut(day(row=values(49)), 5), NEXT)),
    ("value-count-96-of-48", "RECORD value-count 3", "s6: 15 minutes under 30", in_day(
        row=QUARTER)),
    ("value-count-48-of-288", "RECORD value-count 3", "s6: 30 minutes under 5", file(
        HEAD, channel(length="5"), DAY, END)),
    ("value-count-100-of-96", "RECORD value-count 3", "s4: no long day in autumn", file(
        HEAD, channel(length="15"), day("20230402", values(100)), END)),
    ("too-few-300", "RECORD too-few-fields 3", "s13: N values and the end", days(
        cut(DAY, 5), NEXT)),
    ("short-300-update", "WARN short-record 3", "s13: both stamps missing with their commas", days(
        cut(DAY, 2))),
    ("short-300-reason", "RECORD reason-missing 3", "s13: the flag needs a reason", days(
        cut(day(quality="S14"), 4), NEXT)),
    ("value-empty", "RECORD value-empty 3", "s3: an empty value", in_day(row=put(""))),
    ("value-empty-last", "RECORD value-empty 3", "s3: the last value", in_day(row=put("", at=47))),
    ("value-empty-all", "RECORD value-empty 3", "s13: N fields, none filled", in_day(
        row=[""] * 48)),
    ("value-negative", "RECORD value-negative 3", "s9: never below nothing", in_day(
        row=put("-.5"))),
    ("value-point", "RECORD value 3", "s9: a point alone", in_day(row=put("."))),
    ("value-two-points", "RECORD value 3", "s9: two points", in_day(row=put("1.2.3"))),
    ("value-blank-inside", "RECORD value 3", "s9: a blank inside", in_day(row=put("1 000"))),
    ("value-exponent", "RECORD value 3", "s9: an exponent", in_day(row=put("1.5E0"))),
    ("value-superscript", "RECORD value 3", "s9: ASCII digits only", in_day(row=put("2\u00b2"))),
    ("value-full-width", "RECORD value 3", "s9: ASCII digits only", in_day(
        row=put("\uff11.\uff15"))),
    ("value-spreadsheet", "RECORD value 3", "s9: no number", in_day(row=put("#REF!"))),
    ("value-infinity", "RECORD value 3", "s9: no number", in_day(row=put("Infinity"))),
    ("value-width-16", "RECORD value-width 3", "s13: 16 digits before the point", in_day(
        row=put("1234567890123456"))),
    ("value-width-zeros-behind", "RECORD value-width 3", "s13: zeros behind are significant",
     in_day(row=put("01" + "0" * 15 + "."))),
    ("decimals-mwh", "WARN decimals 3", "s9: 8 in MWh", file(
        HEAD, channel(uom="MWh"), day(row=put("0.12345678")), END)),
    ("decimals-kva", "WARN decimals 3", "s9: 5 in kVA", file(
        HEAD, channel(uom="KVA"), day(row=put("0.12345")), END)),
    ("decimals-pf", "WARN decimals 3", "s9: 4 in pf", file(
        HEAD, channel(uom="PF"), day(row=put("0.9876")), END)),
    ("decimals-wh", "WARN decimals 3", "s9: 2 in Wh", file(
        HEAD, channel(uom="wh"), day(row=["5"] * 47 + ["1.25"]), END)),
    ("decimals-padded", "WARN decimals 3", "s9: 14 after the point are never rejected", in_day(
        row=put("0.31400000000000"))),
    ("value-and-quality-letters", "RECORD value 3", "s13: at place N+3 the quality", in_day(
        row=put("x"), quality="T")),
    ("value-and-quality-empty", "RECORD value 3", "s13: the record ends at N+7", in_day(
        row=put("x", at=0), quality="")),
    ("quality-three-digits", "RECORD quality 3", "s7: two digits", in_day(
        quality="S145", reason="1")),
    ("quality-letter-in-method", "RECORD quality 3", "s7: two digits", in_day(
        quality="S1A", reason="1")),
    ("quality-lower-method", "RECORD quality 3", "s3: flags are kept exact", in_day(
        quality="s14", reason="1")),
    ("method-missing-e", "RECORD method-missing 3", "s7: E needs a method", in_day(quality="E")),
    ("method-missing-f", "RECORD method-missing 3", "s7: F needs a method", in_day(
        quality="F", reason="1")),
    ("method-unknown-00", "WARN method-unknown 3", "s7: not in the list", in_day(quality="E00")),
    ("method-unknown-26", "WARN method-unknown 3", "s7: the list grows", in_day(
        quality="S26", reason="1")),
    ("method-unknown-60", "WARN method-unknown 3", "s7: between the groups", in_day(
        quality="F60", reason="1")),
    ("reason-letters", "RECORD reason 3", "s13: no digits", in_day(quality="S14", reason="ABC")),
    ("reason-four-digits", "RECORD reason 3", "s13: four digits", in_day(reason="1000")),
    ("reason-point", "RECORD reason 3", "s13: a point", in_day(reason="1.0")),
    ("reason-sign", "RECORD reason 3", "s13: a sign", in_day(quality="S14", reason="-1")),
    ("reason-arabic-digit", "RECORD reason 3", "s13: ASCII digits only", in_day(
        quality="S14", reason="\u0661")),
    ("reason-missing-f", "RECORD reason-missing 3", "s7: F needs a reason", in_day(quality="F14")),
    *[
        (f"reason-obsolete-{r}", "WARN reason-obsolete 3", "s8: only for historical data", in_day(
            quality="S14", reason=r)) for r in OBSOLETE_REASONS
    ],
    *[
        (f"reason-unknown-{r}", "WARN reason-unknown 3", "s8: in no list", in_day(
            quality="S14", reason=r)) for r in ("56", "57", "59", "63", "66", "110", "200")
    ],
    ("reason-text-241", "WARN reason-text 3", "s13: longer than 240", in_day(
        quality="S14", reason="1", text="x" * 241)),
    ("reason-text-e", "WARN reason-text 3", "s13: 0 without text under E too", in_day(
        quality="E52", reason="0")),
    ("reason-with-v", "WARN reason-with-v 3", "s7: empty for V", days(
        day(quality="V", reason="1"), event(1, 24), event(25, 48, "E52"))),
    ("null-flag", "RECORD null-flag 3", "s13: N in a new file", in_day(quality="N")),
    ("null-flag-first-day", "RECORD null-flag 3", "s13: N at 00:00 of 1 Oct 2021", file(
        head(created="202110010000"), CHANNEL,
        day("20210928", quality="N", update="20210929000000", msats=""), END)),
    ("update-8", "RECORD update 3", "s13: only 12 digits are forgiven", in_day(update="20240312")),
    ("update-15", "RECORD update 3", "s12: 15 digits are a misprint", in_day(
        update="202403120000001")),
    ("update-30-feb", "RECORD update 3", "s4: no such day", in_day(update="20240230081500")),
    ("update-hour-24", "RECORD update 3", "s4: midnight is 00:00 of the next day", in_day(
        update="20240312240000")),
    ("update-12-no-date", "RECORD update 3", "s13: 12 digits, but no time", in_day(
        update="202403122561")),
    ("update-12", "WARN update 3", "s13: 12 digits", in_day(update="202403120815")),
    ("update-missing", "WARN update-missing 3", "s13: empty", in_day(update="")),
    ("update-future-minute", "WARN update-future 3", "s15: the minute after the header", in_day(
        update="20240315103100")),
    ("update-future-a-day", "WARN update-future 3", "s13: exactly a day", in_day(
        update="20240316103000")),
    ("update-future-over-a-day", "RECORD update-future 3", "s15: a day and a minute", in_day(
        update="20240316103100")),
    ("msats-30-feb", "WARN msats 3", "s13: no such day", in_day(msats="20240230081500")),
    ("method-not-needed", "WARN method-not-needed 3", "s7: A needs none", in_day(quality="A52")),
]  # fmt: skip

EVENTS = [
    ("v-without-400-last", "RECORD v-without-400 4", "s13: on the 300, before the 900", days(
        DAY, day("20240311", quality="V"))),
    ("v-without-400-but-500", "RECORD v-without-400 3", "s13: a 500 is no 400", events(read())),
    ("event-gap-begin", "RECORD event-gap 4", "s13: the first must start at 1", events(
        event(2, 24), event(25, 48, "E52"))),
    ("event-gap-middle", "RECORD event-gap 6", "s13: on the record after the gap", events(
        event(1, 10), event(11, 20, "E52"), event(22, 48))),
    ("event-gap-end", "RECORD event-gap 3", "s13: at the end, on the 300", events(
        event(1, 24), event(25, 47, "E52"))),
    ("event-gap-single", "RECORD event-gap 3", "s13: one record for half the day", events(
        event(1, 24))),
    ("event-overlap", "RECORD event-overlap 6", "s13: on the second of the two", events(
        event(1, 10), event(11, 20, "E52"), event(20, 48))),
    ("event-overlap-inside", "RECORD event-overlap 5", "s13: one inside the other", events(
        event(1, 48), event(10, 20, "E52"))),
    ("event-overlap-before-gap", "RECORD event-overlap 5", "s13: the first that does not fit",
     events(event(1, 20), event(20, 30, "E52"), event(35, 48))),
    ("event-gap-before-overlap", "RECORD event-gap 5", "s13: the first that does not fit", events(
        event(1, 20), event(22, 30, "E52"), event(30, 48))),
    ("event-order-first", "RECORD event-order 6", "s13: descending is looked for before gaps",
     events(event(1, 20), event(30, 40, "E52"), event(21, 29), event(41, 48, "E52"))),
    ("event-order-reversed", "RECORD event-order 5", "s13: although the first starts at 25", events(
        event(25, 48), event(1, 24, "E52"))),
    ("event-range-over", "RECORD event-range 5", "s6: 49 of 48", events(
        event(1, 24), event(25, 49, "E52"))),
    ("event-range-288", "RECORD event-range 4", "s6: N of the block, not 288", events(
        event(1, 288, "E52"))),
    ("event-range-five-minutes", "RECORD event-range 5", "s6: 289 of 288", file(
        HEAD, channel(length="5"), day(row=FIVE, quality="V"), event(1, 48), event(49, 289, "E52"),
        END)),
    ("event-range-words", "RECORD event-range 4", "s6: numbers only", events(event("one", "all"))),
    ("event-range-point", "RECORD event-range 4", "s6: N(4), no point", events(
        event("1.0", "48.0"))),
    ("event-range-sign", "RECORD event-range 4", "s6: N(4), no sign", events(event("+1", 48))),
    ("event-range-under-a", "RECORD event-range 4", "s6: under A as well", events(
        event(0, 20, "E52"), quality="A")),
    ("event-v", "RECORD event-v 5", "s7: V on the 300 only", halves(second=event(25, 48, "V"))),
    ("event-quality-empty", "RECORD quality 5", "s13: no flag", halves(second=event(25, 48, ""))),
    ("event-quality-t", "RECORD quality 5", "s13: no such flag", halves(
        second=event(25, 48, "T14", "1"))),
    ("event-quality-lower", "RECORD quality 4", "s3: flags are kept exact", halves(
        first=event(1, 24, "a"))),
    ("event-method-missing", "RECORD method-missing 5", "s7: S needs a method", halves(
        second=event(25, 48, "S", "1"))),
    ("event-reason", "RECORD reason 5", "s13: not digits", halves(
        second=event(25, 48, "S14", "x"))),
    ("event-reason-missing", "RECORD reason-missing 5", "s7: S needs a reason", halves(
        second=event(25, 48, "S14"))),
    ("event-reason-missing-short", "RECORD reason-missing 5", "s13: short, and F needs a reason",
     halves(second=cut(event(25, 48, "F14"), 2))),
    ("event-reason-obsolete", "WARN reason-obsolete 5", "s8: on the 400", halves(
        second=event(25, 48, "S14", "99"))),
    ("event-reason-unknown", "WARN reason-unknown 5", "s8: on the 400", halves(
        second=event(25, 48, "S14", "63"))),
    ("event-reason-text", "WARN reason-text 5", "s13: 0 without text", halves(
        second=event(25, 48, "S14", "0"))),
    ("event-reason-text-241", "WARN reason-text 5", "s13: longer than 240", halves(
        second=event(25, 48, "S14", "1", "x" * 241))),
    ("event-method-unknown", "WARN method-unknown 5", "s7: on the 400", halves(
        second=event(25, 48, "E76"))),
    ("event-method-not-needed", "WARN method-not-needed 4", "s7: on the 400", halves(
        first=event(1, 24, "A14"))),
    ("event-single", "WARN event-single 4", "s13: one 400 for the whole day", events(
        event(1, 48, "E52"))),
    ("event-with-a", "WARN event-with-a 3", "s13: uncovered intervals keep the A", events(
        event(5, 20, "E52"), event(40, 41, "S14", "1"), quality="A")),
    ("event-with-a-whole", "WARN event-with-a 3", "s13: event-single is for V only", events(
        event(1, 48, "E52"), quality="A")),
    ("event-with-e", "WARN event-with-a 3", "s13: the same code for E", events(
        event(1, 24), quality="E52")),
    ("event-with-f", "WARN event-with-a 3", "s13: the same code for F", events(
        event(1, 24), quality="F14", reason="1")),
    ("event-with-s", "WARN event-with-a 3", "s13: the same code for S", events(
        event(1, 24), quality="S14", reason="1")),
    ("event-overlap-under-a", "RECORD event-overlap 5", "s13: only gaps are filled by the A",
     events(event(1, 24, "E52"), event(24, 48, "E53"), quality="A")),
    ("event-order-under-a", "RECORD event-order 5", "s13: descending under A too", events(
        event(25, 48, "E52"), event(1, 24, "E53"), quality="A")),
    ("event-second-day", "RECORD event-gap 7", "s13: each day has its own coverage", days(
        V, event(1, 24), event(25, 48, "E52"), day("20240311", quality="V"), event(25, 48))),
    ("trans-code", "WARN trans-code 4", "s6: X is not in the list", reads(read("X"))),
    ("trans-code-lower", "WARN trans-code 4", "s3: TransCode is kept exact", reads(read("a"))),
    ("trans-code-empty", "WARN trans-code 4", "s6: mandatory", reads(read(""))),
    ("read-date-30-feb", "WARN read-date 5", "s4: no such day, in the second 500", reads(
        read(), read(when="20240230101500"))),
]  # fmt: skip
REPEATS = [
    ("repeat-same", "WARN date-repeated 4", "s13: same content, same block", days(DAY, DAY)),
    ("repeat-same-other-block", "WARN date-repeated 5", "s13: same content, other block", blocks(
        DAY, DAY)),
    ("repeat-zeros", "WARN date-repeated 4", "s9: 1.0 and 1.00 are the same value", days(
        day(row=put("1.0", "5", "0.5")), day(row=put("1.00", "5.", ".5")))),
    ("repeat-with-events", "WARN date-repeated 6", "s13: same content with its 400s", days(
        V, event(1, 24), event(25, 48, "E52"), V, event(1, 24), event(25, 48, "E52"))),
    ("repeat-other-values", "RECORD date-repeated 4", "s13: same stamps, other values", days(
        DAY, day(row=OTHER))),
    ("repeat-one-value", "RECORD date-repeated 4", "s13: one value is enough", days(
        day(row=put("1.0", at=47)), day(row=put("1.0001", at=47)))),
    ("repeat-other-block", "RECORD date-repeated 5", "s13: same stamps in another block", blocks(
        DAY, day(row=OTHER))),
    ("repeat-other-meter", "RECORD date-repeated 5", "s10: serial and register are no key", blocks(
        DAY, day(row=OTHER), channel(serial="NEW1", register="02"))),
    ("repeat-other-length", "RECORD date-repeated 5", "s11: other length, same stamps", blocks(
        DAY, day(row=QUARTER), channel(length="15"))),
    ("repeat-lower-suffix", "RECORD date-repeated 5", "s3: e1 is E1", blocks(
        DAY, day(row=OTHER), channel(suffix="e1"))),
    ("repeat-lower-nmi", "RECORD date-repeated 5", "s3: the same NMI in lower case", file(
        HEAD, channel(OTHER_NMI), DAY, channel(OTHER_NMI.lower()), day(row=OTHER), END)),
    ("repeat-check-digit", "RECORD date-repeated 5", "s13: stored without its check digit", blocks(
        DAY, day(row=OTHER), channel(NMI + digit(NMI)))),
    ("repeat-no-stamps", "RECORD date-repeated 4", "s13: the same stamps, both empty", days(
        day(update="", msats=""), day(row=OTHER, update="", msats=""))),
    ("repeat-apart", "RECORD date-repeated 7", "s13: with another channel between", file(
        HEAD, CHANNEL, DAY, channel(suffix="Q1"), DAY, CHANNEL, day(row=OTHER), END)),
    ("repeat-later-update", "WARN date-superseded 4", "s13: a newer stamp", days(
        DAY, day(row=OTHER, update=LATER))),
    ("repeat-earlier-update", "WARN date-superseded 4", "s13: an older stamp", days(
        DAY, day(row=OTHER, update=EARLIER))),
    ("repeat-other-msats", "WARN date-superseded 4", "s13: another MSATS stamp only", days(
        DAY, day(row=OTHER, msats=LATER))),
    ("repeat-no-msats", "WARN date-superseded 4", "s11: empty is the lowest stamp", days(
        DAY, day(row=OTHER, msats=""))),
    ("repeat-no-update", "WARN date-superseded 4", "s13: before update-missing on the line", days(
        DAY, day(row=OTHER, update=""))),
    ("repeat-length-later", "WARN date-superseded 5", "s11: other length, newer stamp", blocks(
        DAY, day(row=FIVE, update=LATER), channel(length="5"))),
    ("repeat-thrice-same", "RECORD date-repeated 5", "s13: the third has other values", days(
        DAY, DAY, day(row=OTHER))),
    ("repeat-thrice-second", "RECORD date-repeated 4", "s13: the second has other values", days(
        DAY, day(row=OTHER), DAY)),
    ("repeat-thrice-stamps", "WARN date-superseded 4", "s13: three stamps", days(
        DAY, day(row=OTHER, update=LATER), day(row=values(seed=5), update=EARLIER))),
    ("repeat-thrice-first-stamp", "RECORD date-repeated 5", "s13: the stamps of the first", days(
        DAY, day(row=OTHER, update=LATER), day(row=values(seed=5)))),
    ("repeat-thrice-back", "WARN date-superseded 4", "s13: the third is the first again", days(
        DAY, day(row=OTHER, update=LATER), DAY)),
    ("repeat-descending", "WARN date-order 5", "s13: date-order before date-repeated", days(
        DAY, NEXT, DAY)),
    ("repeat-descending-stamp", "WARN date-order 5", "s13: date-order before date-superseded", days(
        DAY, NEXT, day(row=OTHER, update=LATER))),
    ("repeat-descending-values", "RECORD date-repeated 5", "s13: RECORD before WARN", days(
        DAY, NEXT, day(row=OTHER))),
]  # fmt: skip

RANKING = [
    ("rank-file-last", "FILE no-end 4", "s13: FILE on line 4 before BLOCK on line 2", file(
        HEAD, channel("1"), day(row=put("?")), NEXT)),
    ("rank-block-late", "BLOCK interval-length 4", "s13: BLOCK on 4 before RECORD on 3", blocks(
        day(row=put("?")), NEXT, channel(length="60"))),
    ("rank-record-late", "RECORD value-negative 4", "s13: RECORD on line 4 before WARN on 1", file(
        head(receiver=""), channel(nmi="VI00471982"), DAY, day("20240311", put("-1")), END)),
    ("rank-record-lowest", "RECORD update 3", "s13: the lowest line before table order", days(
        day(update="x"), day("20240399"))),
    ("rank-warn-lowest", "WARN msats 3", "s13: the lowest line before table order", file(
        HEAD, CHANNEL, day(msats="x"), NEXT, "900,")),
    ("rank-block-lowest", "BLOCK interval-length 2", "s13: the lowest line, then table order", file(
        HEAD, channel(length="7"), DAY, channel(nmi=""), NEXT, END)),
    ("rank-version-header-date", "FILE version 1", "s13: version before header-date", under(
        head(version="NEM14", created="x"))),
    ("rank-header-date-second-header", "FILE header-date 1", "s13: the lowest line", file(
        head(created="x"), *GOOD)),
    ("rank-nmi", "BLOCK nmi 2", "s13: nmi before suffix", in_block(
        nmi="1", suffix="O1", uom="x", length="x")),
    ("rank-suffix", "BLOCK suffix 2", "s13: suffix before its configuration", in_block(
        suffix="O1", uom="x", length="x")),
    ("rank-configuration", "BLOCK suffix-not-in-configuration 2", "s13: before uom", in_block(
        suffix="B1", uom="x", length="x")),
    ("rank-uom", "BLOCK uom 2", "s13: uom before interval-length", in_block(uom="x", length="x")),
    ("rank-date", "RECORD date 3", "s13: date before value-count", in_day(
        when="20241301", row=values(47))),
    ("rank-date-value", "RECORD date 3", "s13: date before value", in_day(
        when="x", row=put("?"), quality="T")),
    ("rank-value", "RECORD value 3", "s13: value, though not the first in the line", in_day(
        row=put("-1", "", "9" * 16, "?"))),
    ("rank-value-empty", "RECORD value-empty 3", "s13: before value-negative", in_day(
        row=put("9" * 16, "-1", ""))),
    ("rank-value-negative", "RECORD value-negative 3", "s13: before value-width", in_day(
        row=put("9" * 16, "-1"))),
    ("rank-value-width", "RECORD value-width 3", "s13: before quality", in_day(
        row=put("9" * 16), quality="T")),
    ("rank-quality", "RECORD quality 3", "s13: quality before update", in_day(
        quality="T", update="x")),
    ("rank-method-missing", "RECORD method-missing 3", "s13: before reason-missing", in_day(
        quality="S")),
    ("rank-reason", "RECORD reason 3", "s13: reason before update", in_day(
        quality="S14", reason="x", update="x")),
    ("rank-reason-missing", "RECORD reason-missing 3", "s13: before update", in_day(
        quality="F14", update="x")),
    ("rank-null-flag", "RECORD null-flag 3", "s13: before update", in_day(
        quality="N", update="x")),
    ("rank-update-v", "RECORD update 3", "s13: before v-without-400", in_day(
        quality="V", update="x")),
    ("rank-bom", "WARN bom 1", "s13: bom before eol", b"\xef\xbb\xbf" + file(*GOOD, eol="\n")),
    ("rank-eol", "WARN eol 1", "s13: eol before spaces", file(
        head(sender=" WATTMDP"), *GOOD[1:], eol="\n")),
    ("rank-no-final-newline", "WARN no-final-newline 5", "s13: before trailing-commas", file(
        *GOOD[:4], "900,,")[:-2]),
    ("rank-trailing-commas", "WARN trailing-commas 3", "s13: before spaces", days(
        day(row=put(" 1.5")) + ",")),
    ("rank-short-record", "WARN short-record 3", "s13: before spaces", days(
        cut(day(row=put(" 1.5")), 1))),
    ("rank-spaces", "WARN spaces 3", "s13: spaces before quote", in_day(row=put(' 2', '"1.5"'))),
    ("rank-quote", "WARN quote 3", "s13: quote before encoding", file(
        HEAD, CHANNEL, day(quality="S14", reason="0", text='"Gerät"'), END, encoding="cp1252")),
    ("rank-encoding", "WARN encoding 3", "s13: encoding before reason-unknown", file(
        HEAD, CHANNEL, day(quality="S14", reason="999", text="Gerät"), END, encoding="cp1252")),
    ("rank-header-date-warn", "WARN header-date 1", "s13: before participant", under(
        head(created="20240315", sender=""))),
    ("rank-nmi-case", "WARN nmi-case 2", "s13: nmi-case before nmi-letters", in_block(
        nmi="vo00471982")),
    ("rank-configuration-warn", "WARN configuration 2", "s13: before serial", in_block(
        conf="", serial="X" * 13, next_read="x")),
    ("rank-serial", "WARN serial 2", "s13: serial before next-read", in_block(
        serial="X" * 13, next_read="x")),
    ("rank-date-future", "WARN date-future 3", "s13: before decimals", days(
        day("20240316", put("0.00001")))),
    ("rank-decimals", "WARN decimals 3", "s13: before method-not-needed", in_day(
        row=put("0.00001"), quality="A14")),
    ("rank-method-unknown", "WARN method-unknown 3", "s13: before reason-unknown", in_day(
        quality="S99", reason="999")),
    ("rank-reason-obsolete", "WARN reason-obsolete 3", "s13: before update-missing", in_day(
        quality="S14", reason="4", update="")),
    ("rank-reason-text", "WARN reason-text 3", "s13: before update", in_day(
        quality="S14", reason="0", update="202403120815")),
    ("rank-update-missing", "WARN update-missing 3", "s13: before msats", in_day(
        update="", msats="x")),
    ("rank-trans-code", "WARN trans-code 4", "s13: before read-date", reads(read("X", when="x"))),
    ("rank-order", "WARN order 5", "s13: order before event-single", events(
        read(), event(1, 48, "E52"))),
]  # fmt: skip


def _case(name: str, verdict: str, what: str, data: bytes) -> Case:
    if verdict == "OK":
        return Case(name, data, "OK", "", 0, what)
    level, code, line = verdict.split()
    return Case(name, data, level, code, int(line), what)


CASES = [
    _case(*row)
    for rows in (VALID, TEXT, STRUCTURE, HEADER, BLOCK, DAYS, EVENTS, REPEATS, RANKING)
    for row in rows
]


def _ambiguous(name: str, readings: str, why: str, data: bytes) -> Ambiguous:
    found = [_case(name, reading, why, data) for reading in readings.split(" or ")]
    return Ambiguous(name, data, tuple((c.level, c.code, c.line) for c in found), why)


# Each row: name, readings, why there are several, data

AMBIGUOUS = [
    _ambiguous(*row)
    for row in [
        ("update-and-too-many", "RECORD update 3 or RECORD too-many-fields 3",
         "a field too many shifts those behind it: is their fault one of its own?",
         days(day(update="x") + ",x")),
        ("utf16-without-mark", "FILE encoding 1 or FILE binary 1",
         "s13 names UTF-16 under encoding, but without a mark its bytes are UTF-8 with NULs", file(
            *GOOD, encoding="utf-16-le")),
        ("bom-only", "FILE empty 1 or FILE not-text 1",
         "a byte order mark is neither a line end nor a record", b"\xef\xbb\xbf"),
        ("blanks-only", "FILE empty 1 or FILE not-text 1",
         "more than line ends, yet every line is blank", b"  \r\n \r\n"),
        ("commas-only", "FILE empty 1 or FILE not-text 1",
         "more than line ends, yet every line counts as blank", b",,,\r\n,\r\n"),
        ("column-headings", "FILE no-header 1 or FILE not-text 1",
         "a text whose lines may or may not be called records",
         b"NMI,Suffix,Date,Period01\r\n6407112380,E1,20240310,1.5\r\n"),
        ("version-lower-case", "OK or FILE version 1",
         "s3: values compare in any case except enumerated ones; is NEM12 an enumeration?", under(
            head(version="nem12"))),
        ("short-100", "WARN short-record 1 or WARN participant 1",
         "short-record is described for a 300; do the missing fields of a 100 count as short?",
         under(cut(HEAD, 2))),
        ("participant-11", "OK or WARN participant 1",
         "s6 has V(10), s13 does not say what the code covers", under(head(sender="A" * 11))),
        ("mixed-after-end", "FILE after-end 6 or FILE mixed 6",
         "the rule on 250 and the rule on the first record after the 900 both apply", file(
            *GOOD, "250,6407112380,11")),
        ("nul-after-end", "FILE after-end 6 or FILE binary 6",
         "a line of NULs may or may not be a record", file(*GOOD) + b"\0\0\0"),
        ("eol-changes", "WARN eol 1 or WARN eol 3",
         "the line of eol is not said when only later lines differ",
         file(*GOOD[:2]) + file(*GOOD[2:], eol="\n")),
        ("cp1252-undefined-byte", "WARN encoding 3 or FILE encoding 3",
         "byte 81 is no Windows-1252 character", in_day(
            quality="S14", reason="0", text="a@b").replace(b"a@b", b"a\x81b")),
        ("tab-around", "WARN spaces 3 or RECORD value 3",
         "is a tab a blank?", in_day(row=put("1.5\t"))),
        ("bare-200", "BLOCK nmi 2 or BLOCK too-few-fields 2",
         "is a field beyond the end of the record missing (nmi) or the record too short?", block(
            "200")),
        ("bare-300", "RECORD date 3 or RECORD value-count 3 or RECORD too-few-fields 3",
         "the same question for a 300", days("300", NEXT)),
        ("bare-400", "RECORD event-range 4 or RECORD too-few-fields 4",
         "the same question for a 400", events("400")),
        ("event-without-quality", "RECORD too-few-fields 5 or RECORD quality 5",
         "the same question for a 400 that ends before its flag", halves(
            second=cut(event(25, 48), 3))),
        ("interval-length-030", "OK or BLOCK interval-length 2",
         "a valid number, but longer than N(2)", in_block(length="030")),
        ("500-before-200", "WARN order 2 or RECORD unknown-record 2",
         "order is described for a 500 directly after a 200 only", file(HEAD, read(), *GOOD[1:])),
        ("value-minus-zero", "RECORD value 3 or RECORD value-negative 3",
         "a sign is refused, but the value is not negative", in_day(row=put("-0.0"))),
        ("value-like-quality", "RECORD value 3 or RECORD value-count 3",
         "field N+3 is a quality method, but not the first one", in_day(row=put("A"))),
        ("quality-digits", "RECORD quality 3 or RECORD value-count 3",
         "two digits in place of the flag: a bad flag or one value more?", in_day(quality="14")),
        ("quality-v-with-method", "WARN method-not-needed 3 or RECORD quality 3",
         "s7: V has no method; s13 does not say which code", days(
            day(quality="V14"), event(1, 24), event(25, 48, "E52"))),
        ("reason-letters-with-v", "RECORD reason 3 or WARN reason-with-v 3",
         "is a reason that must be empty looked at?", days(
            day(quality="V", reason="ABC"), event(1, 24), event(25, 48, "E52"))),
        ("reason-79-without-400", "OK or RECORD v-without-400 3",
         "s7 makes 400 records mandatory, s13 has no code for it", in_day(reason="79")),
        ("msats-12", "OK or WARN msats 3",
         "12 digits are forgiven in UpdateDateTime; nothing is said here", in_day(
            msats="202403130930")),
        ("null-flag-400", "RECORD null-flag 5 or RECORD quality 5",
         "null-flag is not in the row on 400 records, and N has no place in them", halves(
            second=event(25, 48, "N"))),
        ("event-same-start", "RECORD event-overlap 5 or RECORD event-order 5",
         "s7: ascending, s13: a descending one; equal starts are neither", events(
            event(1, 24), event(1, 48, "E52"))),
        ("event-overlap-and-end", "RECORD event-overlap 5 or RECORD event-gap 3",
         "is the end looked at when an overlap was found?", events(
            event(1, 20), event(20, 40, "E52"))),
        ("event-range-and-quality", "RECORD event-range 4 or RECORD quality 4",
         "quality stands in two rows of the table, before and after event-range", events(
            event(0, 48, "T"))),
        ("read-date-empty", "OK or WARN read-date 4",
         "s6: M/R/N; an empty one may be right", reads(read(when=""))),
        ("repeat-other-quality", "WARN date-repeated 4 or RECORD date-repeated 4",
         "same stamps and values, other quality: neither same content nor other values", days(
            DAY, day(quality="E52"))),
        ("repeat-other-unit", "WARN date-repeated 5 or RECORD date-repeated 5",
         "same stamps and numbers in another unit", blocks(DAY, DAY, channel(uom="MWh"))),
        ("repeat-same-values-later", "WARN date-repeated 4 or WARN date-superseded 4",
         "another stamp, but the content may be called the same", days(DAY, day(update=LATER))),
    ]
]  # fmt: skip


def build(folder: Path | str) -> None:
    """Write every case of `CASES` and `verdicts.tsv` into the folder; it is made if missing."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    rows = ["id\tlevel\tcode\tline\twhat"]
    for case in CASES:
        (folder / f"{case.name}.csv").write_bytes(case.data)
        rows.append("\t".join(map(str, (case.name, case.level, case.code, case.line, case.what))))
    text = "\n".join(rows) + "\n"
    (folder / "verdicts.tsv").write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    build(sys.argv[1])
