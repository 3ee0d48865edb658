"""Small NEM12 files for tests, and real-looking ones with something done to them."""

import functools
import io
import random
import re
from datetime import date

from hypothesis import strategies as st

from nem12.mdff import spec
from tools import generate

NMI = "6407112380"
CREATED = "202403151030"
UPDATED = "20240315063000"
HALF_HOURS = 48


def head(created: str = CREATED) -> str:
    return f"100,NEM12,{created},WATTMDP,LUMENRET"


def channel(nmi: str = NMI, suffix: str = "E1", uom: str = "kWh", minutes: int = 30) -> str:
    return f"200,{nmi},E1Q1,01,{suffix},N1,TX90417,{uom},{minutes},20240410"


def day(
    when: str = "20240310",
    values: list[str] | None = None,
    quality: str = "A",
    updated: str = UPDATED,
    loaded: str = "",
) -> str:
    """A 300 record; `quality` may go on with a reason and a description."""
    parts = [*quality.split(","), "", ""][:3]
    return ",".join(["300", when, *(values or ["1.5"] * HALF_HOURS), *parts, updated, loaded])


def file(*records: str, end: str = "\r\n") -> bytes:
    """A whole file: the records between a 100 and a 900 record."""
    return "".join(record + end for record in (head(), *records, "900")).encode()


READ = (
    "250", NMI, "11", "1", "11", "11", "TX90417", "E", "001234.5", "20240105093000", "A", "", "",
    "001300.0", "20240310101500", "A", "", "", "65.5", "kWh", "20240705", UPDATED, "",
)  # fmt: skip
"""A 250 record, field by field."""

_PLACES = {name: place for place, name in enumerate(spec.FIELDS_250)}


def register_read(**fields: str) -> str:
    """A 250 record, with other fields by AEMO's names."""
    record = [*READ]
    for name, value in fields.items():
        record[_PLACES[name]] = value
    return ",".join(record)


def nem13(*records: str, end: str = "\r\n") -> bytes:
    """A whole file: the records between a 100 and a 900 record."""
    lines = (head().replace("NEM12", "NEM13"), *records, "900")
    return "".join(line + end for line in lines).encode()


HOSTILE_FIELDS = [
    b"", b" ", b"-1.5", b"+1", b"1e3", b"NaN", b"inf", b"0x10", b"1_000", b".5", b"5.", b".", b"-",
    b" 1.0", b"1.0 ", b"\t1.0", b'"1.0"', b'"', b'""', b'" 1 "', b"\xef\xbc\x91", b"\xe9", b"\xff",
    b"9" * 15, b"9" * 16, b"0" * 30 + b"1", b"1." + b"0" * 14, b"9" * 60, b"0." + b"9" * 60,
    b"9" * 500, b"0" * 20_000, b"0." + b"0" * 20_000, b"A", b"a", b"V", b"v", b"E", b"E52", b"E99",
    b"F14", b"S14", b"A52", b"N", b"X", b"A1", b"V11", b"0", b"4", b"79", b"999", b"1000", b"7a",
    b"20240310", b"20241301", b"99991231", b"00010101", b"19891231", b"20240310000000",
    b"20240310000060", b"202403100000", b"19231025101010", b"18991231235959", b"21010101000000",
    b"-0.000", b"\x1a", b"8", b"20990101000000", b"00010101000000", b"\xc2\xa0", b"\x0b",
    b"\x1c", b"\xc2\x85", b"\xe2\x80\xa8", b"300", b"\xef\xbb\xbf", b"it's; --", "é".encode(),
    b"x" * 241, b"E1", b"Q1", b"kWh", b"KWH", b"Wh", b"05", b"15", b"30", b"1440", b"60",
]  # fmt: skip

HEADER_DATES = [
    b"000101010000", b"198912312359", b"199001010000", b"200506081149", b"202403100000",
    b"20240310", b"20240309000000", b"210012312359", b"210101010000", b"999912312359",
    b"2.02403E+11",
]  # fmt: skip

HOSTILE_LINES = [
    b"", b",,,,", b" ", b"100,NEM12,202403151030,A,B", b"200", b"200,", b"200,6407112380,E1,1,E1",
    b"200,6407112380,E1,1,E1,N1,M1,kWh,30,", b"200,6407112380,E1,1,E1,N1,M1,kWh,5,",
    b"200,64071123808,E1,1,E1,N1,M1,Wh,15,", b"200,NOT!,E1,1,E1,N1,M1,kWh,30,",
    b"200,6407112380,E1,1,B1,N1,M1,kWh,30,", b"250,6407112380", b"300", b"300,", b"300,20240310",
    b"300,20240310," + b"1," * 48 + b"A,,,20240311000000,", b"300,20240310," + b"1," * 48 + b"V",
    b"300,20240311," + b"1.5," * 48 + b"A,,,,", b"400", b"400,1,10,A,,", b"400,1,48,E52,,",
    b"400,1,24,F14,76,", b"400,25,48,A,79,Power outage", b"400,10,5,A,,", b"400,1,48,V,,",
    b"400,0,99999,A,,", b"400,1,1,A,,,x", b"500,S,,20240311000001,", b"500", b"500,Z,,x,", b"550,N",
    b"900", b"900,", b"900,x", b"999,what", b"1,2,3", b'"300","20240310"', b"\xef\xbb\xbf100,NEM12",
    b"300,20240310," + b"9" * 30 + b"," + b"1," * 47 + b"A,,,20240311000000,",
    b"610,20240310,W1234567,12.3", b"\xef\xbb\xbf610", b"\x1a", b"\x0c", b"\xef\xbb\xbf",
    b"\x1a100",
    b"\xef\xbb\xbf100,NEM12,202403161030,A,B", b"\xef\xbb\xbf900", b"900\x1a",
    b"\xef\xbb\xbf300,20240310," + b"1," * 48 + b"A,,,20240311000000,",
    b"200,6407112380,8,E1,1,E1,N1,M1,kWh,30,", b"200,NEM12,6407112380,E1,1,E1,N1,M1,kWh,30,",
    b"200,8001001006,E1,1,E1,N1,M1,kWh,30,00010101",
    b"300,20260310," + b"1," * 48 + b"A,,,20260311000000,",
    b"300,20240310," + b"1," * 48 + b"A,,,19231025101010,00010101000000",
]  # fmt: skip


@functools.cache
def whole_files() -> tuple[bytes, ...]:
    """Files as they come, small: of all interval lengths, channels and qualities."""
    made = []
    first, last = date(2024, 3, 8), date(2024, 3, 10)
    mix = generate.Mix(varied=40, estimated=10, substituted=10, final=10, read_by_hand=20)
    shapes = [(30, ("E1",), 3), (30, ("E1", "Q1"), 2), (15, ("B1", "E1"), 2), (5, ("E1",), 2)]
    for seed, (minutes, suffixes, count) in enumerate(shapes, 1):
        blocks = []
        for suffix in suffixes:
            uom = "kVArh" if suffix == "Q1" else "kWh"
            nmi, configuration = generate.nmi(seed), "".join(suffixes)
            one = generate.Channel(nmi, suffix, configuration, uom, minutes)
            days = generate.days(one, generate.household, first, count, seed=seed, mix=mix)
            blocks.append((one, days))
        made.append(generate.file_bytes(generate.created_after(last), blocks))
    out = io.BytesIO()
    bulk = generate.Bulk(4_000, interval_length=30, days=2, suffixes=("E1", "B1"))
    generate.write_bulk(out, bulk)
    made.append(out.getvalue())
    made.append(made[1] + made[0])  # two files in one, as portals join them
    return tuple(made)


ENDS = [b"\r\n", b"\n", b"\r", b"", b"\r\r\n", b"\n\r", b"\x1a"]


def _mutated(data: bytes, chance: random.Random) -> bytes:
    """One thing done to a file: to a byte, a line, or a field."""
    lines = data.splitlines(keepends=True)
    doing = chance.choice(("byte", "line", "line", "field", "field", "field", "field", "header"))
    if doing == "byte":
        flipped = bytearray(data)
        flipped[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        return bytes(flipped)
    if doing == "header":
        return re.sub(rb"(?<=100,NEM12,)[^,]*", chance.choice(HEADER_DATES), data)
    at = chance.randrange(len(lines))
    if doing == "line":
        _change_lines(lines, at, chance)
        return b"".join(lines)
    line = lines[at].rstrip(b"\r\n")
    fields = line.split(b",")
    _change_fields(fields, chance)
    lines[at] = b",".join(fields) + lines[at][len(line) :]
    return b"".join(lines)


def _change_lines(lines: list[bytes], at: int, chance: random.Random) -> None:
    doing = chance.randrange(5)
    if doing == 0:
        del lines[at]
    elif doing == 4:
        lines[at] = chance.choice((b"\xef\xbb\xbf", b"\x1a", b"\x1a\xef\xbb\xbf")) + lines[at]
    elif doing == 1:
        lines.insert(at, lines[chance.randrange(len(lines))])
    elif doing == 2:
        lines.insert(at, chance.choice(HOSTILE_LINES) + chance.choice(ENDS[:3]))
    else:
        lines[at] = lines[at].rstrip(b"\r\n") + chance.choice(ENDS)


def _change_fields(fields: list[bytes], chance: random.Random) -> None:
    # The first and last fields decide most: half of the time it is one of them.
    near = {0, 1, 2, *range(max(0, len(fields) - 6), len(fields))} & {*range(len(fields))}
    place = chance.choice(sorted(near)) if chance.random() < 0.5 else chance.randrange(len(fields))
    field = fields[place]
    doing = chance.randrange(8)
    if doing == 0:
        fields[place] = chance.choice(HOSTILE_FIELDS)
    elif doing == 1:
        del fields[place]
    elif doing == 2:
        fields.insert(place, field)
    elif doing == 3:
        fields.insert(place, chance.choice(HOSTILE_FIELDS))
    elif doing == 4:
        fields += [b""] * chance.randrange(1, 4)
    elif doing == 5:
        del fields[place + 1 :]
    elif doing == 6:
        fields[place] = chance.choice([b" %s", b"%s ", b'"%s"', b'"%s', b"-%s"]) % field
    else:
        fields[place] = (
            field[:1] + chance.choice([b"A", b"x", b"-", b".", b" ", b"\xc3"]) + field[1:]
        )


def _several(data: bytes, seeds: list[int]) -> bytes:
    for seed in seeds:
        data = _mutated(data, random.Random(seed)) if data else data  # noqa: S311
    return data


def mutated_files() -> st.SearchStrategy[bytes]:
    """Real-looking files in which one to six things are not as they should be."""
    seeds = st.lists(st.integers(0, 2**32), min_size=1, max_size=6)
    return st.builds(_several, st.sampled_from(whole_files()), seeds)


HOSTILE_READS = [
    b"250", b"250,", b"250,6407112380", b"550", b"550,N,,N,", b"550,X,,n,", b"550,N,,N,,x",
    b" 550,N",
    b"200,6407112380,E1,1,E1,N1,M1,kWh,30,", b"999,what", b"610,1", b"", b",,", b"900", b"900,x",
    b"100,NEM13,202403151030,A,B", b"100,NEM12,202403151030,A,B", b'"250","6407112380"', b"\x1a",
    b"\xef\xbb\xbf250,6407112380", b"250" + b"," * 22, b"250" + b"," * 17 + b",1,kWh,",
]  # fmt: skip


@functools.cache
def nem13_files() -> tuple[bytes, ...]:
    """NEM13 files as they come, small: with several registers, periods, stamps and qualities."""
    periods = [
        ("20231005093000", "20240105093000", "A"),
        ("20240105093000", "20240405000000", "E61"),
        ("20240105093000", "20240105093000", "A"),
        ("20240105000001", "20240310101500", "S62"),
    ]
    lines = []
    for nmi_suffix, register_id in (("11", "1"), ("41", "A3")):
        for number, (previous, current, quality) in enumerate(periods):
            lines += [
                register_read(
                    NMISuffix=nmi_suffix,
                    NMIConfiguration="1141",
                    RegisterID=register_id,
                    PreviousRegisterReadDateTime=previous,
                    CurrentRegisterReadDateTime=current,
                    CurrentQualityMethod=quality,
                    CurrentReasonCode="12" if quality[0] == "S" else "",
                    UpdateDateTime=f"202403{10 + number // 2:02}063000",
                ),
                "550,N,,S,SO1",
            ]
    return nem13(*lines), nem13(register_read(), "550,N,,N,"), nem13(*lines[:3], *lines[:2])


def mutated_nem13_files() -> st.SearchStrategy[bytes]:
    """NEM13 files in which one to six things are not as they should be."""
    seeds = st.lists(st.integers(0, 2**32), min_size=1, max_size=6)
    return st.builds(_several, st.sampled_from(nem13_files()), seeds)


def loose_nem13_files() -> st.SearchStrategy[bytes]:
    """Lines of NEM13 in any order, good and hostile ones, with any line ends."""
    good = nem13_files()[0].splitlines()
    line = st.sampled_from([*good, *HOSTILE_READS])
    ends = st.sampled_from([b"\r\n", b"\r\n", b"\n", b"\r"])
    body = st.lists(st.builds(bytes.__add__, line, ends), max_size=12).map(b"".join)
    begin = head().replace("NEM12", "NEM13").encode()
    return st.one_of(body, body.map(lambda inner: b"%s\r\n%s900\r\n" % (begin, inner)))


def loose_files() -> st.SearchStrategy[bytes]:
    """Lines in any order, good and hostile ones, with any line ends."""
    good = [line.rstrip(b"\r\n") for data in whole_files()[:2] for line in data.splitlines()]
    line = st.sampled_from([*good, *HOSTILE_LINES])
    ends = st.sampled_from([b"\r\n", b"\r\n", b"\n", b"\r"])
    body = st.lists(st.builds(bytes.__add__, line, ends), max_size=12).map(b"".join)
    return st.one_of(body, body.map(lambda inner: b"%s\r\n%s900\r\n" % (head().encode(), inner)))
