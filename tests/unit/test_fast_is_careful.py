"""Whatever a file holds: both ways of reading agree, nothing is lost, nothing crashes."""

import re
from decimal import Decimal, localcontext
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nem12.mdff import spec
from nem12.mdff.counts import Counts
from nem12.mdff.findings import Level
from nem12.mdff.profiles import PROFILES
from nem12.survey import MeterFile
from tests.support.making import (
    HALF_HOURS,
    HOSTILE_FIELDS,
    channel,
    day,
    file,
    loose_files,
    mutated_files,
)
from tests.support.reading import Read, read, surveyed

VALUE = re.compile(r"[0-9]+\.?[0-9]*|\.[0-9]+", re.ASCII)
QUALITY = re.compile(r"[AEFSVN]([0-9][0-9])?", re.ASCII)


class Literal:
    """What a file holds, counted from its lines; shares no code with the reader."""

    def __init__(self, data: bytes) -> None:
        self.lines = re.split(rb"\r\n|\n|\r", data)
        self.records = {
            number for number, line in enumerate(self.lines, 1) if self._is_record(line)
        }
        self.values = 0
        self.sum = Decimal(0)
        self.clear = True  # whether there is but one way to tell which fields are values
        intervals = 0
        for line in self.lines:
            # UTF-8 or not makes no difference to numbers.
            fields = [self._cleaned(field) for field in self._bare(line).split(",")]
            if fields[0] == "200":
                length = re.fullmatch("[0-9]{1,4}", fields[8]) if len(fields) > 8 else None
                intervals = 1440 // (int(length[0]) or 9999) if length else 0
            if fields[0] == "300":
                self._add(fields[2:], intervals)

    @staticmethod
    def _is_record(line: bytes) -> bool:
        return re.fullmatch(rb"(?:[ \t,\x0b\x0c\x1a]|\xef\xbb\xbf)*", line) is None

    def _bare(self, line: bytes) -> str:
        """Without byte order marks and Ctrl-Zs around it."""
        line = re.sub(rb"^(?:\xef\xbb\xbf|\x1a)+", b"", line)
        return (line.rstrip(b"\x1a") if line == self.lines[-1] else line).decode("latin-1")

    @staticmethod
    def _cleaned(field: str) -> str:
        field = field.strip(" \t")
        return field[1:-1].strip(" \t") if re.fullmatch(r'".*"', field, re.DOTALL) else field

    def _add(self, fields: list[str], intervals: int) -> None:
        """The values are what stands between the date and the quality method."""
        values = fields[:intervals]
        self.clear &= (
            len(fields) > intervals
            and QUALITY.fullmatch(fields[intervals]) is not None
            and not any(QUALITY.fullmatch(value) for value in values)
        )
        self.values += len(values)
        if all(VALUE.fullmatch(value) and len(value) <= 400 for value in values):
            with localcontext(prec=5000):
                self.sum += sum((Decimal(value) for value in values), Decimal(0))


def refused_lines(given_back: Read) -> set[int]:
    return {
        line
        for finding in given_back.findings
        if finding.level is not Level.WARN
        for line in range(finding.first_line, finding.last_line + 1)
    }


def assert_balanced(data: bytes, meter_file: MeterFile, given_back: Read) -> None:
    """What is read is accepted + refused: in records, in values, and in the exact sum."""
    literal = Literal(data)
    (counts,) = given_back.counts
    assert isinstance(counts, Counts)
    assert counts.records == len(literal.records)
    assert counts.refused_records == len(literal.records & refused_lines(given_back))
    accepted = [value for one in given_back.days for value in one.values.split(",")]
    assert counts.values == len(accepted) + counts.refused_values
    # The lenient profile takes a file that begins with a 550 record for NEM13, whose 300s are none.
    if literal.clear and meter_file.format != spec.NEM13.name:
        with localcontext(prec=5000):
            total = counts.refused_sum + sum(map(Decimal, accepted), Decimal(0))
        assert (counts.values, total) == (literal.values, literal.sum)
    assert counts.days == len(given_back.days)
    if meter_file.refused:
        assert not given_back.days


def assert_shown(given_back: Read) -> None:
    """A finding fits its table, and one field of its excerpt is marked where one is at fault."""
    for finding in given_back.findings:
        assert len(finding.nmi) <= 10
        assert len(finding.nmi_suffix) <= 2
        assert (finding.nmi + finding.nmi_suffix).isascii()
        assert finding.excerpt.isprintable()
        assert [c for c in finding.excerpt if c in "►◄"] == ["►", "◄"] * bool(finding.field)
        assert (finding.day is None) == (finding.last_day is None)


def assert_agreed(folder: Path, data: bytes, profile: str) -> None:
    meter_file = surveyed(folder, data, profile)
    fast = read(meter_file, fast=True)
    assert read(meter_file, fast=False) == fast
    assert_balanced(data, meter_file, fast)
    assert_shown(fast)


profiles = st.sampled_from(sorted(PROFILES))


@settings(max_examples=400)
@given(mutated_files(), profiles)
def test_both_ways_agree_and_balance_on_damaged_files(
    tmp_path: Path, data: bytes, profile: str
) -> None:
    assert_agreed(tmp_path, data, profile)


@settings(max_examples=300)
@given(loose_files(), profiles)
@example(b"", "standard")
@example(b"\r", "standard")
@example(b"\r\xef", "lenient")
@example(b"\n\xbf\xef\xbb\xbf \xbb\xef\xbb\xbf", "lenient")
def test_both_ways_agree_and_balance_on_lines_in_any_order(
    tmp_path: Path, data: bytes, profile: str
) -> None:
    assert_agreed(tmp_path, data, profile)


@settings(max_examples=200)
@given(st.binary(max_size=300), profiles)
def test_both_ways_agree_and_balance_on_random_bytes(
    tmp_path: Path, data: bytes, profile: str
) -> None:
    assert_agreed(tmp_path, data, profile)
    assert_agreed(tmp_path, b"100,NEM12,202403151030,A,B\r\n" + data + b"\r\n900\r\n", profile)


values = st.one_of(
    st.decimals(0, 10**15, places=4, allow_nan=False).map(lambda number: f"{number:f}"),
    st.from_regex(r"[0-9]{0,18}\.?[0-9]{0,6}", fullmatch=True),
    st.sampled_from(["-1", "1e3", "NaN", "", "٣", "1.5", " 1.5", "0" * 40]),
)


@given(st.lists(values, min_size=HALF_HOURS, max_size=HALF_HOURS))
def test_both_ways_agree_and_balance_on_any_values(tmp_path: Path, row: list[str]) -> None:
    assert_agreed(tmp_path, file(channel(), day(values=row)), "standard")


@given(
    st.one_of(values, st.sampled_from(HOSTILE_FIELDS).map(lambda field: field.decode("latin-1"))),
    st.sampled_from(["kWh", "Wh", "MWh", "pf"]),
)
@example("9" * 15, "kWh")
@example("9" * 16, "kWh")
@example("0" * 15 + "1", "kWh")
@example("1.5555", "kWh")
@example("1.55555", "kWh")
def test_both_ways_agree_and_balance_on_one_odd_value(tmp_path: Path, value: str, uom: str) -> None:
    row = ["1.5"] * HALF_HOURS
    row[7] = value
    assert_agreed(tmp_path, file(channel(uom=uom), day(values=row)), "standard")


numbers = st.one_of(st.integers(0, 50).map(str), st.sampled_from(["", "01", "0048", "00048", "-1"]))


@given(st.lists(st.tuples(numbers, numbers), max_size=4), st.sampled_from("AV"))
@example([("0", "48")], "V")
@example([("1", "49")], "V")
@example([("1", "24"), ("25", "48")], "V")
def test_both_ways_agree_and_balance_on_any_events(
    tmp_path: Path, spans: list[tuple[str, str]], flag: str
) -> None:
    events = [f"400,{start},{end},E52,," for start, end in spans]
    assert_agreed(tmp_path, file(channel(), day(quality=flag), *events), "standard")


free_texts = st.text(st.characters(blacklist_characters="\r\n", codec="utf-8"), max_size=250)


@given(free_texts, free_texts)
def test_both_ways_agree_and_balance_on_any_free_text(
    tmp_path: Path, description: str, explanation: str
) -> None:
    event = f"400,1,48,F51,0,{explanation}"
    data = file(channel(), day(quality=f"A,0,{description}"), day("20240311", quality="V"), event)
    assert_agreed(tmp_path, data, "standard")


def test_plain_days_do_take_the_fast_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else all of the above would compare the careful way with itself."""
    meter_file = surveyed(tmp_path, file(channel(), day(), "500,S,,20240311000001,"))
    monkeypatch.setattr("nem12.mdff.reader.check_300", lambda *_: None)
    assert len(read(meter_file, fast=True).days) == 1
    assert len(read(meter_file, fast=False).days) == 0


@pytest.mark.parametrize(
    ("record", "values", "total"),
    [
        (day(values=["1.5"] * 49), 49, "73.5"),
        (day(values=["1.5"] * 47), 47, "70.5"),
        (day(quality="X"), 48, "72"),
        (day(quality=""), 48, "72"),
        (day(when="S14"), 48, "72"),
        (day(when="S14,20240310"), 49, "20240382"),
        (day(values=["-1.5"] * 48), 48, "0"),
        ("300,20240310,1.5,1.5", 2, "3"),
        ("300,20240310", 0, "0"),
        ("300", 0, "0"),
    ],
    ids=[
        "one-too-many", "one-too-few", "bad-quality", "no-quality", "bad-date", "field-inserted",
        "negative", "cut-off", "date-only", "indicator-only",
    ],
)  # fmt: skip
def test_values_of_a_refused_day_are_counted_as_they_stand(
    tmp_path: Path, record: str, values: int, total: str
) -> None:
    meter_file = surveyed(tmp_path, file(channel(), record))
    assert read(meter_file).counts == [Counts(4, 1, values, values, Decimal(total))]


NINES = "9" * 30 + "." + "9" * 20


def test_refused_sums_are_exact_however_long(tmp_path: Path) -> None:
    days = [day(f"202403{n:02}", [NINES] * HALF_HOURS) for n in range(1, 11)]
    (counts,) = read(surveyed(tmp_path, file(channel(), *days))).counts
    assert isinstance(counts, Counts)
    with localcontext(prec=100):
        assert counts.refused_sum == Decimal(NINES) * HALF_HOURS * 10


def test_refused_sums_of_a_block_are_exact_however_long(tmp_path: Path) -> None:
    data = file(channel(nmi="!"), *(day(f"202403{n:02}", [NINES] * HALF_HOURS) for n in (1, 2)))
    (counts,) = read(surveyed(tmp_path, data)).counts
    assert isinstance(counts, Counts)
    with localcontext(prec=100):
        assert counts.refused_sum == Decimal(NINES) * HALF_HOURS * 2


def test_a_number_too_long_to_store_is_refused_and_adds_nothing(tmp_path: Path) -> None:
    row = ["1.5"] * HALF_HOURS
    row[3] = "0." + "0" * 17_000
    given_back = read(surveyed(tmp_path, file(channel(), day(values=row))))
    assert [(f.level, f.code) for f in given_back.findings] == [(Level.RECORD, "value")]
    (counts,) = given_back.counts
    assert isinstance(counts, Counts)
    assert counts.refused_sum == 0


LONG = 1_000_000


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "line",
    [
        "300,20240310," + "1" * LONG,
        "300,20240310," + "1," * (LONG // 2),
        "300,20240310," + "1.5," * 48 + "A" * LONG,
        "300,20240310," + "1.5," * 48 + "A,0," + "x" * LONG,
        "300,20240310," + "1.5," * 48 + "A,0," + "x," * (LONG // 2),
        "300,20240310," + "A," * (LONG // 2),
        "300,20240310," + "." * LONG,
        "300,20240310," + '"' * LONG,
        "300,20240310," + " " * LONG + "1",
        "400,1,48," + "A" * LONG,
        "400," + "1" * LONG + ",48,A,,",
        "200,6407112380," + "E1" * (LONG // 2) + ",01,E1,N1,M1,kWh,30,",
        "500,S," + "x" * LONG + ",20240311000001,",
        " " * LONG + "300",
        '"' * LONG,
        "999," * (LONG // 4),
    ],
    ids=lambda line: f"{line[:16]}…{line[-6:]}",
)
def test_work_on_a_hostile_line_is_linear(tmp_path: Path, line: str) -> None:
    """A million characters are read in far less than a second, or, in squares, for days."""
    meter_file = surveyed(tmp_path, file(channel(), day(), line, day("20240311")))
    fast = read(meter_file, fast=True)
    assert read(meter_file, fast=False) == fast
    assert fast.counts[0].records >= 5  # type: ignore[attr-defined]
