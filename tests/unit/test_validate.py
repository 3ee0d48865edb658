"""The verdict on a whole file, as if it had been loaded."""

import tracemalloc
from pathlib import Path

import pytest

from nem12 import shard
from nem12.load.plan import judged_as_whole
from nem12.mdff.findings import Finding, Level, worst
from nem12.mdff.limits import WARNINGS_KEPT
from nem12.settings import MIB
from nem12.validate import Judged, validate_file
from tests.support.making import HALF_HOURS, channel, day, file, head
from tests.support.reading import surveyed

GOOD = (channel(), day(), day("20240311"))


def judged(folder: Path, data: bytes, profile: str = "standard") -> tuple[Judged, list[Finding]]:
    found: list[Finding] = []
    return validate_file(surveyed(folder, data, profile), found.append), found


@pytest.mark.parametrize("profile", ["standard", "strict", "lenient"])
def test_a_good_file_is_loaded_under_every_profile(tmp_path: Path, profile: str) -> None:
    result, found = judged(tmp_path, file(*GOOD), profile)
    assert (result.outcome, found) == ("loaded", [])
    assert (result.records, result.refused_records) == (5, 0)
    assert (result.values, result.refused_values, result.days) == (96, 0, 2)


@pytest.mark.parametrize(
    ("profile", "outcome"), [("standard", "partial"), ("lenient", "partial"), ("strict", "refused")]
)
@pytest.mark.parametrize(
    "faulty",
    [day("20240312", quality="X"), channel(suffix="I1"), "ABC,x"],
    ids=["bad-day", "bad-block", "unknown-record"],
)
def test_strict_refuses_the_whole_file_for_one_fault(
    tmp_path: Path, profile: str, outcome: str, faulty: str
) -> None:
    assert judged(tmp_path, file(*GOOD, faulty), profile)[0].outcome == outcome


@pytest.mark.parametrize("profile", ["standard", "strict", "lenient"])
def test_warnings_alone_refuse_nothing(tmp_path: Path, profile: str) -> None:
    result, found = judged(tmp_path, file(*GOOD, "", end="\n"), profile)
    assert {finding.level for finding in found} == {Level.WARN}
    assert result.outcome == "loaded"


@pytest.mark.parametrize("profile", ["standard", "strict"])
def test_a_file_that_is_cut_off_is_refused_with_all_it_holds(tmp_path: Path, profile: str) -> None:
    result, found = judged(tmp_path, file(*GOOD).removesuffix(b"900\r\n"), profile)
    assert [(finding.level.name, finding.code, finding.line) for finding in found] == [
        ("FILE", "no-end", 4)
    ]
    assert result.outcome == "refused"
    assert (result.records, result.refused_records) == (4, 4)
    assert (result.values, result.refused_values, result.days) == (96, 96, 0)


@pytest.mark.parametrize(
    ("data", "codes"),
    [
        (file(*GOOD).removesuffix(b"900\r\n"), ["no-end"]),
        (file(*GOOD).partition(b"\r\n")[2], ["no-header"]),
        (file(*GOOD) + file(channel(suffix="Q1"), day()), ["second-header"]),
        (file(*GOOD) + b"900\r\n", ["second-end"]),
    ],
    ids=["no-end", "no-header", "joined", "two-ends"],
)
def test_lenient_reads_what_portals_join_and_cut(
    tmp_path: Path, data: bytes, codes: list[str]
) -> None:
    assert judged(tmp_path, data, "standard")[0].outcome == "refused"
    result, found = judged(tmp_path, data, "lenient")
    assert [finding.code for finding in found] == codes
    assert (result.outcome, result.refused_records) == ("loaded", 0)
    assert result.records == len(data.splitlines())
    assert result.days == data.count(b"\r\n300,")


@pytest.mark.parametrize(
    "record",
    [
        day(quality="N"),
        day(quality="E"),
        day(quality="F51"),
        channel(nmi="640711") + "\r\n" + day(),
        channel(minutes=60) + "\r\n" + day(values=["1"] * 24),
    ],
    ids=["null-flag", "no-method", "no-reason", "short-nmi", "hourly"],
)
def test_lenient_warns_of_what_standard_refuses(tmp_path: Path, record: str) -> None:
    data = file(channel(), record)
    assert judged(tmp_path, data, "standard")[0].outcome == "refused"
    result, found = judged(tmp_path, data, "lenient")
    assert result.outcome == "loaded"
    assert result.days == 1
    assert {finding.level for finding in found} == {Level.WARN}


def test_a_refused_block_is_one_finding_that_covers_its_days(tmp_path: Path) -> None:
    bad = (channel(nmi="!"), day(), "", day(quality="X"), "400,1,10,?,,")
    result, found = judged(tmp_path, file(*GOOD, *bad, channel(suffix="Q1"), day()))
    refusals = [finding for finding in found if finding.level is not Level.WARN]
    assert [(f.level.name, f.code, f.line) for f in refusals] == [("BLOCK", "nmi", 5)]
    assert (refusals[0].first_line, refusals[0].last_line) == (5, 9)
    assert (result.records, result.refused_records) == (11, 4)


def test_a_fault_is_found_in_every_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nem12.settings.SHARD_BYTES", 1)
    block = (channel(), day(quality="X"))
    result, found = judged(tmp_path, file(*block * 5))
    assert len(shard.parts(result.file)) == 5
    assert [finding.line for finding in found] == [3, 5, 7, 9, 11]
    assert (result.records, result.refused_records) == (12, 5)
    assert result.values == result.refused_values == 5 * HALF_HOURS


def test_warnings_beyond_those_given_are_counted(tmp_path: Path) -> None:
    many = WARNINGS_KEPT + 20
    result, found = judged(tmp_path, file(channel(), day(), *[""] * many))
    assert len(found) == WARNINGS_KEPT
    assert result.tally.warnings() == {"blank-line": many}


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty"),
        (b"\r\n\r\n", "empty"),
        (b"<html></html>", "not-text"),
        (f"{head()}\r\n900\r\n900\r\n".encode(), "second-end"),
        (f"{head().replace('NEM12', 'NEM14')}\r\n900\r\n".encode(), "version"),
    ],
    ids=["no-bytes", "line-ends", "html", "two-ends", "nem14"],
)
def test_a_file_that_is_none_is_refused_and_its_records_balance(
    tmp_path: Path, data: bytes, code: str
) -> None:
    result, found = judged(tmp_path, data)
    most_severe = worst(found)
    assert most_severe is not None
    assert most_severe.code == code
    assert result.outcome == "refused"
    assert result.records == result.refused_records


def test_a_day_of_a_hundred_thousand_500_records_is_read_in_little_memory(tmp_path: Path) -> None:
    data = file(channel(), day()).replace(b"900\r\n", b"500,\r\n" * 100_000 + b"900\r\n")
    given = surveyed(tmp_path, data)
    tracemalloc.start()
    result = validate_file(given, lambda _: None)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 40 * MIB
    assert (result.records, result.days) == (100_004, 1)
    assert result.tally.counts[Level.WARN, "short-record"] == 100_000


def test_a_strict_file_of_errors_is_withheld_without_being_judged_to_its_end(
    tmp_path: Path,
) -> None:
    data = file(channel(), day()).replace(b"900\r\n", b"x\r\n" * 100_000 + b"900\r\n")
    given = surveyed(tmp_path, data, "strict")
    assert judged_as_whole(given).withheld
    assert validate_file(judged_as_whole(given), lambda _: None).refused_records == 100_004


def test_of_a_million_headers_only_those_are_kept_that_a_part_begins_under(
    tmp_path: Path,
) -> None:
    one = file(channel(), day())
    whole = surveyed(tmp_path, (head() + "\r\n").encode() * 10_000 + one * 10, "lenient")
    assert len(whole.headers) == 2
    assert whole.records == 10_020
