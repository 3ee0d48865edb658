"""The same day of a channel more than once in one file."""

import errno
from contextlib import closing
from pathlib import Path

import pytest

from nem12.errors import sentence
from nem12.mdff.findings import Finding, Level
from nem12.mdff.repeats import SeenDays, day_key
from nem12.validate import Judged, validate_file
from tests.support.making import HALF_HOURS, UPDATED, channel, day, file
from tests.support.reading import read, surveyed

LATER = "20240315070000"


def judged(folder: Path, *records: str, profile: str = "standard") -> tuple[Judged, list[Finding]]:
    found: list[Finding] = []
    result = validate_file(surveyed(folder, file(*records), profile), found.append)
    return result, [finding for finding in found if finding.code.startswith("date-")]


def said(found: list[Finding]) -> list[tuple[str, str, int]]:
    return [(finding.level.name, finding.code, finding.line) for finding in found]


def of(value: str, updated: str = UPDATED, loaded: str = "") -> str:
    """The day with this value in every interval."""
    return day(values=[value] * HALF_HOURS, updated=updated, loaded=loaded)


def test_same_content_is_only_warned_of(tmp_path: Path) -> None:
    result, found = judged(tmp_path, channel(), of("1.5"), of("1.5"))
    assert said(found) == [("WARN", "date-repeated", 4)]
    assert (result.outcome, result.days) == ("loaded", 2)


@pytest.mark.parametrize("alike", ["1.50", "1.5000", "01.5", "0001.5"])
def test_equal_numbers_are_the_same_content(tmp_path: Path, alike: str) -> None:
    _, found = judged(tmp_path, channel(), of("1.5"), of(alike))
    assert said(found) == [("WARN", "date-repeated", 4)]


@pytest.mark.parametrize(
    ("one", "other"), [("1.0", "1"), ("1", "1."), (".5", "0.5"), ("0", "000.0")]
)
def test_equal_numbers_without_point_or_zero_are_the_same_content(
    tmp_path: Path, one: str, other: str
) -> None:
    _, found = judged(tmp_path, channel(), of(one), of(other))
    assert said(found) == [("WARN", "date-repeated", 4)]


@pytest.mark.parametrize("other", ["1.05", "15", "0.15", "10.5"])
def test_other_values_with_the_same_stamps_are_refused_and_the_first_stays(
    tmp_path: Path, other: str
) -> None:
    result, found = judged(tmp_path, channel(), of("1.5"), of(other))
    assert said(found) == [("RECORD", "date-repeated", 4)]
    assert "line 3" in found[0].message
    assert (result.outcome, result.days) == ("partial", 1)
    assert (result.records, result.refused_records) == (5, 1)
    assert (result.values, result.refused_values) == (96, 48)


def test_a_refused_repetition_takes_its_400_and_500_records_along(tmp_path: Path) -> None:
    result, (found,) = judged(
        tmp_path,
        channel(),
        of("1.5"),
        day(values=["2"] * HALF_HOURS, quality="V"),
        "400,1,10,A,,",
        "400,11,48,E52,,",
        "500,S,,20240311000001,",
    )
    assert (found.first_line, found.last_line) == (4, 7)
    assert (result.records, result.refused_records) == (8, 4)


@pytest.mark.parametrize("stamps", [(LATER, ""), (UPDATED, LATER), ("", "")])
def test_another_stamp_is_a_version_of_its_own(tmp_path: Path, stamps: tuple[str, str]) -> None:
    result, found = judged(tmp_path, channel(), of("1.5"), of("2.5", *stamps))
    assert said(found) == [("WARN", "date-superseded", 4)]
    assert (result.outcome, result.days) == ("loaded", 2)


def test_each_of_three_deliveries_is_compared_with_that_of_its_stamps(tmp_path: Path) -> None:
    early, late = [of("1"), of("1.0"), of("2")], [of(n, LATER) for n in ("2", "2.0", "3", "3")]
    lines = [early[0], *late, *early[1:]]
    result, found = judged(tmp_path, channel(), *lines)
    assert said(found) == [
        ("WARN", "date-superseded", 4),
        ("WARN", "date-repeated", 5),
        ("RECORD", "date-repeated", 6),
        ("RECORD", "date-repeated", 7),
        ("WARN", "date-repeated", 8),
        ("RECORD", "date-repeated", 9),
    ]
    assert result.days == 4


def test_a_repetition_is_found_in_another_block(tmp_path: Path) -> None:
    other = channel().replace("TX90417", "TX90418")
    _, found = judged(tmp_path, channel(), of("1"), channel(suffix="Q1"), of("2"), other, of("3"))
    assert said(found) == [("RECORD", "date-repeated", 7)]


def test_other_channels_and_days_are_no_repetitions(tmp_path: Path) -> None:
    _, found = judged(
        tmp_path,
        *(channel(), of("1"), day("20240311")),
        *(channel(suffix="Q1"), of("2")),
        *(channel("2001985732"), of("3")),
    )
    assert found == []


@pytest.mark.parametrize(
    "other",
    [
        [day(quality="E52")],
        [day(quality="V"), "400,1,10,A,,", "400,11,48,E52,,"],
        [day(), "400,5,6,E52,,"],
    ],
    ids=["flag", "events", "event-under-a"],
)
def test_another_quality_is_other_content(tmp_path: Path, other: list[str]) -> None:
    _, found = judged(tmp_path, channel(), day(), *other)
    assert said(found) == [("RECORD", "date-repeated", 4)]


def test_another_reason_alone_is_the_same_content(tmp_path: Path) -> None:
    lines = [day(quality="F51,13"), day(quality="F51,14,words")]
    _, found = judged(tmp_path, channel(), *lines)
    assert said(found) == [("WARN", "date-repeated", 4)]


@pytest.mark.parametrize(
    "other",
    [
        [channel(uom="Wh"), of("1")],
        [channel(minutes=15), day(values=["1"] * 96)],
    ],
    ids=["unit", "interval-length"],
)
def test_another_unit_or_interval_length_is_other_content(tmp_path: Path, other: list[str]) -> None:
    _, found = judged(tmp_path, channel(), of("1"), *other)
    assert said(found) == [("RECORD", "date-repeated", 5)]


def test_refused_days_repeat_nothing(tmp_path: Path) -> None:
    _, found = judged(tmp_path, channel(), of("-1"), of("2"), of("x"))
    assert found == []


def test_days_beyond_what_is_noted_at_once_are_compared_too(tmp_path: Path) -> None:
    """A thousand days are noted in memory before they are written down."""
    many = [channel(f"64071{n:05}") + "\r\n" + day() for n in range(1_100)]
    _, found = judged(
        tmp_path, *many, channel("6407100000"), of("2"), channel("6407101099"), of("2")
    )
    assert said(found) == [("RECORD", "date-repeated", line) for line in (2203, 2205)]


def test_days_that_come_once_are_not_compared(tmp_path: Path) -> None:
    many = [channel(f"64071{n:05}") + "\r\n" + day() for n in range(1_100)]
    with closing(SeenDays()) as seen:
        for one in read(surveyed(tmp_path, file(*many, *many[7:8]))).days:
            seen.note(day_key(one))
        assert seen.repeated() == {("6407100007", "E1", "2024-03-10")}


def test_a_full_disk_under_the_noted_days_is_said_like_any_other() -> None:
    with closing(SeenDays()) as seen:
        # SQLite's own limit, which it takes for a full disk.
        seen._database.execute("PRAGMA max_page_count = 3")
        for number in range(999):
            seen.note((f"{number:010}", "E1", "2024-03-10"))
        with pytest.raises(OSError, match="full") as raised:
            seen.note(("9999999999", "E1", "2024-03-10"))
    assert raised.value.errno == errno.ENOSPC
    assert sentence(raised.value).endswith(": make room on the disk")


def test_strict_refuses_a_file_for_a_repetition_alone(tmp_path: Path) -> None:
    result, found = judged(tmp_path, channel(), of("1"), of("2"), profile="strict")
    assert found[0].level is Level.RECORD
    assert result.outcome == "refused"
