"""The lenient profile: portal exports as they come."""

from pathlib import Path

import pytest

from nem12.mdff.findings import Finding
from nem12.shard import parts
from nem12.validate import Judged, validate_file
from tests.support.making import channel, day, file, head
from tests.support.reading import read, surveyed

DAY_1, DAY_2 = day("20240310"), day("20240311")
OTHER = "NEM1201009"


def judged(folder: Path, data: bytes) -> tuple[Judged, list[tuple[str, str, int]]]:
    findings: list[Finding] = []
    result = validate_file(surveyed(folder, data, "lenient"), findings.append)
    said = [(f.level.name, f.code, f.line) for f in sorted(findings, key=lambda f: f.rank)]
    return result, said


def lines(*records: str) -> bytes:
    return "".join(f"{record}\r\n" for record in records).encode()


def test_records_without_100_and_900_are_read(tmp_path: Path) -> None:
    result, said = judged(tmp_path, lines(channel(), DAY_1, DAY_2))
    assert (result.outcome, result.days) == ("loaded", 2)
    assert said == [("WARN", "no-header", 1), ("WARN", "no-end", 3)]


def test_joined_files_are_read_each_by_its_own_header(tmp_path: Path) -> None:
    first = file(channel(), DAY_1)
    second = file(channel(OTHER), DAY_2).replace(b"202403151030", b"202403161030")
    result, said = judged(tmp_path, first + second)
    assert (result.outcome, result.days) == ("loaded", 2)
    assert ("WARN", "second-header", 5) in said
    days = read(surveyed(tmp_path, first + second, "lenient")).days
    assert [f"{one.header.date_time:%d}" for one in days] == ["15", "16"]


def test_the_days_behind_a_first_header_with_two_faults_are_read_too(tmp_path: Path) -> None:
    faulty = "100,NEM12,000101010000,A,B,too many"
    data = lines(faulty, channel(), DAY_1, "900") + file(channel(OTHER), DAY_2)
    result, said = judged(tmp_path, data)
    assert (result.outcome, result.days) == ("partial", 2)
    assert said[0] == ("RECORD", "too-many-fields", 1)


def test_a_second_header_without_an_end_before_it_begins_another_file(tmp_path: Path) -> None:
    data = lines(head(), channel(), DAY_1, head(), channel(OTHER), DAY_2, "900")
    result, said = judged(tmp_path, data)
    assert (result.outcome, result.days) == ("loaded", 2)
    assert said == [("WARN", "second-header", 4)]


def test_records_behind_the_end_are_read(tmp_path: Path) -> None:
    data = file(channel(), DAY_1) + lines(channel(OTHER), DAY_2, "900")
    result, said = judged(tmp_path, data)
    assert (result.outcome, result.days) == ("loaded", 2)
    assert said == [("WARN", "after-end", 5)]


def test_a_day_behind_the_end_without_a_200_is_refused(tmp_path: Path) -> None:
    result, said = judged(tmp_path, file(channel(), DAY_1) + lines(DAY_2))
    assert (result.outcome, result.days) == ("partial", 1)
    assert ("BLOCK", "orphan-300", 5) in said


@pytest.mark.parametrize(
    ("record", "code"),
    [
        (channel("12345"), "nmi"),
        (channel().replace(",30,", ",60,"), "interval-length"),
        (channel().replace(",30,", ",1,"), "interval-length"),
    ],
    ids=["short NMI", "hours", "minutes"],
)
def test_slips_of_portals_in_a_200_are_only_warned_of(
    tmp_path: Path, record: str, code: str
) -> None:
    intervals = {"60": 24, "1": 1440}.get(record.split(",")[8], 48)
    one_day = day("20240310", ["1.5"] * intervals)
    result, said = judged(tmp_path, file(record, one_day))
    assert (result.outcome, result.days) == ("loaded", 1)
    assert said == [("WARN", code, 2)]


@pytest.mark.parametrize(
    ("quality", "code"),
    [("N", "null-flag"), ("S,32", "method-missing"), ("F14", "reason-missing")],
)
def test_slips_of_portals_in_a_quality_are_only_warned_of(
    tmp_path: Path, quality: str, code: str
) -> None:
    result, said = judged(tmp_path, file(channel(), day(quality=quality)))
    assert (result.outcome, result.days) == ("loaded", 1)
    assert said == [("WARN", code, 3)]


@pytest.mark.parametrize(
    ("data", "level", "code"),
    [
        (b"<html><body>no</body></html>\r\n", "FILE", "not-text"),
        (b"\r\n\r\n", "FILE", "empty"),
        (b"100,NEM14,202403151030,A,B\r\n900\r\n", "FILE", "version"),
        (file(channel("12345 789!"), DAY_1), "BLOCK", "nmi"),
        (file(channel().replace(",30,", ",7,"), DAY_1), "BLOCK", "interval-length"),
        (file(channel(), day(values=["-1"] * 48)), "RECORD", "value-negative"),
    ],
    ids=["page", "nothing", "NEM14", "no NMI", "7 minutes", "negative"],
)
def test_what_is_no_meter_data_is_refused_all_the_same(
    tmp_path: Path, data: bytes, level: str, code: str
) -> None:
    _, said = judged(tmp_path, data)
    assert said[0][:2] == (level, code)


def test_a_date_without_a_header_is_bounded(tmp_path: Path) -> None:
    _, said = judged(tmp_path, lines(channel(), day("99991231")))
    assert said[0] == ("RECORD", "date", 2)


@pytest.mark.timeout(60)
@pytest.mark.parametrize("end", [b"\r\n", b"\r"])
def test_thousands_of_small_files_are_read_from_one(tmp_path: Path, end: bytes) -> None:
    one = lines(head(), channel().replace(",30,", ",1440,"), day(values=["1.5"]), "900")
    whole = surveyed(tmp_path, (one * 5000).replace(b"\r\n", end), "lenient")
    assert (whole.lines, whole.records) == (20_000, 10_000)
    assert whole.warnings["second-header"] == 4999


def test_joined_files_cut_anywhere_give_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = file(channel(), DAY_1, channel(OTHER), DAY_2)
    other = one.replace(b"202403151030", b"202403161030").replace(b"1.5", b"2.5")
    data = one + b"\r\n" + other + one
    whole = surveyed(tmp_path, data, "lenient")
    assert len(parts(whole)) == 1
    monkeypatch.setattr("nem12.survey.part_bytes", lambda _: 1)
    cut = surveyed(tmp_path, data, "lenient")
    assert len(parts(cut)) == 6
    assert read(cut).days == read(whole).days
    assert read(cut).findings == read(whole).findings
