"""Whatever a NEM13 file holds: nothing is lost, nothing crashes, and cuts change nothing."""

import re
from collections import Counter
from decimal import Decimal, localcontext
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nem12.mdff import walk
from nem12.mdff.counts import Counts
from nem12.mdff.findings import Finding, Level
from nem12.mdff.limits import MAX_LINE_BYTES
from nem12.mdff.profiles import PROFILES
from nem12.mdff.register import RegisterRead
from nem12.mdff.replacement import Version, in_force
from nem12.shard import parts
from nem12.survey import MeterFile
from nem12.validate import Judged, validate_file
from tests.support.making import (
    HOSTILE_FIELDS,
    loose_nem13_files,
    mutated_nem13_files,
    nem13,
    nem13_files,
    register_read,
)
from tests.support.reading import Read, read, surveyed

NUMBER = re.compile(r"[0-9]+\.?[0-9]*|\.[0-9]+", re.ASCII)
BLANK = re.compile(rb"(?:[ \t,\x0b\x0c\x1a]|\xef\xbb\xbf)*")

profiles = st.sampled_from(sorted(PROFILES))
files = st.one_of(mutated_nem13_files(), loose_nem13_files(), st.sampled_from(nem13_files()))


def cut_every(folder: Path, data: bytes, size: int, profile: str) -> MeterFile:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("nem12.settings.SHARD_BYTES", size)
        return surveyed(folder, data, profile)


def judged(file: MeterFile) -> tuple[Judged, list[Finding]]:
    findings: list[Finding] = []
    return validate_file(file, findings.append), findings


def refused_lines(findings: list[Finding]) -> set[int]:
    return {
        line
        for finding in findings
        if finding.level is not Level.WARN
        for line in range(finding.first_line, finding.last_line + 1)
    }


def summed(counts: list[object]) -> Counts:
    total = Counts()
    for one in counts:
        assert isinstance(one, Counts)
        for name in (
            "records", "refused_records", "values", "refused_values", "refused_sum", "days",
            "reads", "refused_reads", "quantity", "refused_quantity", "transactions",
        ):  # fmt: skip
            setattr(total, name, getattr(total, name) + getattr(one, name))
        if one.first_day is not None and one.last_day is not None:
            total.accept(one.first_day, one.last_day, 0)
    return total


class Literal:
    """What a file holds, counted from its lines; shares no code with the reader."""

    def __init__(self, data: bytes) -> None:
        lines = re.split(rb"\r\n|\n|\r", data)
        self.records = {n for n, line in enumerate(lines, 1) if not BLANK.fullmatch(line)}
        self.reads = 0
        self.quantity = Decimal(0)
        for line in lines:
            bare = re.sub(rb"^(?:\xef\xbb\xbf|\x1a)+", b"", line).rstrip(b"\x1a")
            fields = [self._cleaned(field) for field in bare.decode("latin-1").split(",")]
            if fields[0] != "250":
                continue
            self.reads += 1
            quantity = fields[18] if len(fields) > 18 else ""
            if NUMBER.fullmatch(quantity) and len(quantity) <= 400:
                with localcontext(prec=1000):
                    self.quantity += Decimal(quantity)

    @staticmethod
    def _cleaned(field: str) -> str:
        field = field.strip(" \t")
        return field[1:-1].strip(" \t") if re.fullmatch(r'".*"', field, re.DOTALL) else field


def assert_balanced(data: bytes, file: MeterFile, given_back: Read) -> None:
    """What is read is accepted + refused: in records, reads, and in the exact sum."""
    literal = Literal(data)
    (counts,) = given_back.counts
    assert isinstance(counts, Counts)
    assert counts.records == len(literal.records)
    assert counts.refused_records == len(literal.records & refused_lines(given_back.findings))
    if file.format != "NEM13":
        return
    with localcontext(prec=1000):
        accepted = sum((Decimal(one.quantity) for one in given_back.reads), Decimal(0))
        assert counts.quantity == accepted + counts.refused_quantity == literal.quantity
    assert counts.reads == len(given_back.reads) + counts.refused_reads == literal.reads
    assert counts.transactions == sum(len(one.transactions) for one in given_back.reads)
    if file.refused:
        assert not given_back.reads


def assert_shown(given_back: Read) -> None:
    """A finding fits its table, and one field of its excerpt is marked where one is at fault."""
    for finding in given_back.findings:
        assert len(finding.nmi) <= 10
        assert len(finding.nmi_suffix) <= 2
        assert finding.excerpt.isprintable()
        assert [c for c in finding.excerpt if c in "►◄"] == ["►", "◄"] * bool(finding.field)
        assert (finding.day is None) == (finding.last_day is None)
    keys = [(one.level is Level.WARN, one.line, one.code) for one in given_back.findings]
    assert len(set(keys)) == len(keys), "the tables keep one of a code for each line"


@settings(max_examples=300)
@given(files, profiles)
def test_records_reads_and_sums_balance(tmp_path: Path, data: bytes, profile: str) -> None:
    file = surveyed(tmp_path, data, profile)
    given_back = read(file)
    assert_balanced(data, file, given_back)
    assert_shown(given_back)


@settings(max_examples=200)
@given(st.integers(0, 22), st.sampled_from(HOSTILE_FIELDS), profiles)
def test_any_field_may_hold_anything(
    tmp_path: Path, place: int, field: bytes, profile: str
) -> None:
    fields = register_read().encode().split(b",")
    fields[place] = field
    data = nem13("@").replace(b"@", b",".join(fields) + b"\r\n550,N,,N,")
    file = surveyed(tmp_path, data, profile)
    given_back = read(file)
    assert_balanced(data, file, given_back)
    assert_shown(given_back)


@settings(max_examples=200)
@given(files, st.integers(1, 600), profiles)
def test_parts_give_what_the_whole_gives(
    tmp_path: Path, data: bytes, size: int, profile: str
) -> None:
    whole, cut = surveyed(tmp_path, data, profile), cut_every(tmp_path, data, size, profile)
    from_whole, from_parts = read(whole), read(cut)
    assert from_parts.reads == from_whole.reads
    assert Counter(from_parts.findings) == Counter(from_whole.findings)
    assert summed(from_parts.counts) == summed(from_whole.counts)
    one, other = judged(whole), judged(cut)
    assert Counter(one[1]) == Counter(other[1])
    assert (one[0].outcome, one[0].tally) == (other[0].outcome, other[0].tally)


def test_a_file_is_cut_before_250_records_alone(tmp_path: Path) -> None:
    """Else the property above would only ever see whole files."""
    data = nem13_files()[0]
    cut = parts(cut_every(tmp_path, data, 1, "standard"))
    assert len(cut) == data.count(b"\n250,")
    assert all(data[part.start :].startswith(b"250,") for part in cut[1:])


@settings(max_examples=150)
@given(st.lists(st.one_of(files.map(bytes.splitlines)), max_size=2), profiles)
def test_a_refused_line_is_told_of_again_as_if_it_was_examined_anew(
    tmp_path: Path, several: list[list[bytes]], profile: str
) -> None:
    lines = [line for one in several for line in one]
    data = nem13().replace(b"900\r\n", b"\r\n".join([*lines, *lines, b"900\r\n"]))
    file = surveyed(tmp_path, data, profile)
    known = read(file)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(walk, "_MOST_KNOWN", 0)
        assert known == read(file)


DAYS = ["20240105", "20240106", "20240107", "20240108", "20240405"]
moments = st.builds(str.__add__, st.sampled_from(DAYS), st.sampled_from(["000001", "093000"]))
stamps = st.tuples(
    st.sampled_from(["20240408120000", "20240409120000", "", "19800101000000"]),
    st.sampled_from(["", "20240409010000"]),
)


def a_read(ends: tuple[str, str], stamps: tuple[str, str], register: str, quantity: str) -> str:
    previous, current = sorted(ends)
    return register_read(
        RegisterID=register,
        PreviousRegisterReadDateTime=previous,
        CurrentRegisterReadDateTime=current,
        UpdateDateTime=stamps[0],
        MSATSLoadDateTime=stamps[1],
        Quantity=quantity,
    )


reads = st.builds(
    a_read, st.tuples(moments, moments), stamps, st.sampled_from("12"), st.sampled_from("67")
)


def after_april(*records: str) -> bytes:
    return nem13(*records).replace(b"202403151030", b"202404101200", 1)


def overlap(one: RegisterRead, other: RegisterRead) -> bool:
    """As the specification of this project has it: by days, or the same period."""
    by_days = one.previous_day < other.current_day and other.previous_day < one.current_day
    return by_days or key(one) == key(other)


def key(one: RegisterRead) -> tuple[object, object]:
    return one.previous_register_read_date_time, one.current_register_read_date_time


def literally_in_force(versions: list[Version]) -> list[Version]:
    def replaces(newer: Version, older: Version) -> bool:
        if newer.read.register != older.read.register or not overlap(newer.read, older.read):
            return False
        if key(newer.read) == key(older.read):
            return newer.rank > older.rank
        return newer.stamps > older.stamps

    return [one for one in versions if not any(replaces(other, one) for other in versions)]


@settings(max_examples=200)
@given(st.lists(reads, max_size=9), st.randoms())
def test_in_force_is_as_the_rule_says_in_any_order(
    tmp_path: Path, records: list[str], chance: Random
) -> None:
    given_back = read(surveyed(tmp_path, after_april(*records)))
    versions = [Version(one, one.line % 3) for one in given_back.reads]
    want = sorted(one.read.line for one in literally_in_force(versions))
    chance.shuffle(versions)
    assert sorted(one.read.line for one in in_force(versions)) == want


def literally_repeated(accepted: list[RegisterRead]) -> list[tuple[int, str, str]]:
    """Line, level and code of what is to be said of reads in the order of the file."""
    kept: list[RegisterRead] = []
    said = []
    for one in accepted:
        before = [other for other in kept if other.register == one.register and overlap(one, other)]
        same = [other for other in before if key(other) == key(one) and other.stamps == one.stamps]
        if same:
            alike = Decimal(same[0].quantity) == Decimal(one.quantity)
            said.append((one.line, "WARN" if alike else "RECORD", "read-repeated"))
            if not alike:
                continue
        elif any(other.stamps != one.stamps for other in before):
            said.append((one.line, "WARN", "read-superseded"))
        elif before:
            said.append((one.line, "WARN", "read-overlap"))
        kept.append(one)
    return said


@settings(max_examples=300)
@given(st.lists(reads, max_size=9))
def test_repeated_and_overlapping_reads_are_told_as_the_rule_says(
    tmp_path: Path, records: list[str]
) -> None:
    file = surveyed(tmp_path, after_april(*records))
    result, findings = judged(file)
    want = literally_repeated(list(read(file).reads))
    codes = ("read-repeated", "read-superseded", "read-overlap")
    told = [(one.line, one.level.name, one.code) for one in findings if one.code in codes]
    assert sorted(told) == want
    assert result.refused_reads == sum(level == "RECORD" for _, level, _ in want)
    assert result.outcome == ("partial" if result.refused_reads else "loaded")


def test_more_550_records_than_are_held_refuse_their_read(tmp_path: Path) -> None:
    records = b"550,N,,N,".ljust(100_000, b",") + b"\r\n"
    many = MAX_LINE_BYTES // len(records) + 2
    data = nem13(register_read(), "@", register_read(NMI="2001985732")).replace(
        b"@\r\n", records * many
    )
    result, findings = judged(surveyed(tmp_path, data))
    refused = [one for one in findings if one.level is not Level.WARN]
    assert [(one.code, one.line) for one in refused] == [("too-many-transactions", many + 1)]
    assert (refused[0].first_line, refused[0].last_line) == (2, many + 2)
    assert (result.reads, result.refused_reads, result.refused_records) == (2, 1, many + 1)


def test_many_reads_of_a_register_are_judged_in_little_time_and_memory(tmp_path: Path) -> None:
    """Each overlaps all others: pair by pair it would take a hundred million steps."""
    data = after_april(
        *(
            a_read(("20240105000001", f"202404{1 + n % 9:02}{n // 9:06}"), ("20240408120000", ""),
                   "1", "6")
            for n in range(10_000)
            if n // 9 % 100 < 60
        )
    )  # fmt: skip
    result, _ = judged(surveyed(tmp_path, data))
    assert result.tally.counts[Level.WARN, "read-overlap"] == result.reads - 1
