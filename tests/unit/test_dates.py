"""Every date of a file is bounded, and a header that cannot be right is not believed."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nem12.mdff.day import Day
from nem12.mdff.findings import Finding
from nem12.mdff.profiles import PROFILES
from nem12.mdff.stamps import NEM_TIME
from nem12.shard import parts
from nem12.validate import Judged, validate_file
from tests.support.making import CREATED, channel, day, file, head
from tests.support.reading import in_force, read, surveyed
from tests.unit.test_shard import cut_every

Said = list[tuple[str, str, int]]


def judged(folder: Path, data: bytes, profile: str = "standard") -> tuple[Judged, Said]:
    findings: list[Finding] = []
    result = validate_file(surveyed(folder, data, profile), findings.append)
    said = [(f.level.name, f.code, f.line) for f in sorted(findings, key=lambda f: f.rank)]
    return result, said


def days_of(folder: Path, data: bytes, profile: str = "standard") -> list[Day]:
    return read(surveyed(folder, data, profile)).days


def lines(*records: str) -> bytes:
    return "".join(f"{record}\r\n" for record in records).encode()


def headed(created: str, *records: str) -> bytes:
    """A whole file under a header of that DateTime."""
    return lines(head(created), channel(), *records, "900")


IMPOSSIBLE = ["000101010000", "19891231", "198912312359", "210101010000", "99991231235959"]


@pytest.mark.parametrize("profile", ["standard", "strict"])
@pytest.mark.parametrize("created", IMPOSSIBLE)
def test_a_header_out_of_all_time_refuses_the_file(
    tmp_path: Path, created: str, profile: str
) -> None:
    result, said = judged(tmp_path, headed(created, day()), profile)
    assert (result.outcome, said) == ("refused", [("FILE", "header-date", 1)])


@pytest.mark.parametrize("created", IMPOSSIBLE)
def test_lenient_reads_it_as_a_file_without_a_header_date(tmp_path: Path, created: str) -> None:
    data = headed(created, day("20310310"), day("20310311", updated=""))
    result, said = judged(tmp_path, data, "lenient")
    assert (result.outcome, result.days) == ("loaded", 2)
    assert said == [("WARN", "header-date", 1), ("WARN", "update-missing", 4)]
    (first, second) = days_of(tmp_path, data, "lenient")
    assert (first.stamps.rank, second.stamps.rank) == (0, 2)
    assert (first.header.known, first.header.from_participant) == (False, "WATTMDP")


@pytest.mark.parametrize("profile", sorted(PROFILES))
@pytest.mark.parametrize("created", ["200506081149", "spring", "2.02406E+11", "202413011200"])
def test_a_header_date_that_is_none_refuses_the_file_in_every_profile(
    tmp_path: Path, created: str, profile: str
) -> None:
    result, said = judged(tmp_path, headed(created, day("20050601", updated="")), profile)
    refused = created != "200506081149"
    assert result.outcome == ("refused" if refused else "loaded")
    assert (("FILE", "header-date", 1) in said) == refused


@pytest.mark.parametrize("created", ["199001010000", "210012312359"])
def test_the_bounds_are_possible_headers(tmp_path: Path, created: str) -> None:
    data = headed(created, day(f"{created[:8]}", updated=""))
    assert judged(tmp_path, data)[1] == [("WARN", "update-missing", 3)]


@pytest.mark.parametrize("profile", ["standard", "lenient"])
@pytest.mark.parametrize(
    ("updated", "rank", "kept"),
    [
        ("", 1, False),
        ("00010101000000", 1, False),
        ("000101010000", 1, False),
        ("18991231235959", 1, False),
        ("19000101000000", 3, True),
        ("190001010000", 3, True),
        ("19231025101010", 3, True),
        ("19891231235959", 3, True),
        ("19900101000000", 0, True),
        ("199001010000", 0, True),
    ],
)
def test_an_update_of_before_the_market_is_ranked(
    tmp_path: Path, updated: str, rank: int, kept: bool, profile: str
) -> None:
    data = headed(CREATED, day(updated=updated))
    (one,) = days_of(tmp_path, data, profile)
    stamp = updated.ljust(14, "0") if kept else f"{CREATED}00"
    assert one.stamps == (stamp, rank, "")
    codes = {code for _, code, _ in judged(tmp_path, data, profile)[1]}
    assert ("update-missing" in codes) == (rank > 0)
    assert ("update" in codes) == (len(updated) == 12)
    assert codes <= {"update-missing", "update"}


@pytest.mark.parametrize("updated", ["00000000000000", "00011301000000", "20240231000000", "0001"])
def test_an_update_that_is_no_date_refuses_the_day(tmp_path: Path, updated: str) -> None:
    assert judged(tmp_path, headed(CREATED, day(updated=updated)))[1] == [("RECORD", "update", 3)]


def test_versions_of_a_day_rank_by_the_kind_of_their_stamp(tmp_path: Path) -> None:
    """The day's own stamp, then the header's, then none, then one of before the market."""
    ascending = [
        headed(CREATED, day(values=["1"] * 48, updated="19891231235959")),
        headed("000101010000", day(values=["2"] * 48, updated="")),
        headed(CREATED, day(values=["3"] * 48, updated="00010101000000")),
        headed(CREATED, day(values=["4"] * 48, updated="19900101000000")),
    ]
    for low in range(len(ascending)):
        for high in range(low + 1, len(ascending)):
            for order in ((low, high), (high, low)):
                both = [one for n in order for one in days_of(tmp_path, ascending[n], "lenient")]
                (wins,) = in_force(both)
                assert wins.values[0] == f"{high + 1}"


@pytest.mark.parametrize(
    ("loaded", "stored"),
    [
        ("00010101000000", ""),
        ("18991231235959", ""),
        ("21010101000000", ""),
        ("99991231235959", ""),
        ("210101010000", ""),
        ("19000101000000", "19000101000000"),
        ("21001231235959", "21001231235959"),
    ],
)
def test_a_load_date_out_of_all_time_is_stored_as_empty(
    tmp_path: Path, loaded: str, stored: str
) -> None:
    data = headed(CREATED, day(loaded=loaded))
    (one,) = days_of(tmp_path, data)
    assert one.stamps.msats_load_date_time == stored
    assert judged(tmp_path, data)[1] == ([] if stored else [("WARN", "msats", 3)])


@pytest.mark.parametrize(
    ("given", "warned"),
    [
        ("00010101", True),
        ("18991231", True),
        ("19000101", False),
        ("21001231", False),
        ("21010101", True),
        ("99991231", True),
    ],
)
def test_a_next_read_out_of_all_time_is_warned_of(tmp_path: Path, given: str, warned: bool) -> None:
    data = file(channel().replace("20240410", given), day())
    assert judged(tmp_path, data)[1] == [("WARN", "next-read", 2)] * warned


@pytest.mark.parametrize(
    ("created", "updated", "level"),
    [
        ("202403151030", "20240315103059", "OK"),
        ("202403151030", "202403151030", "OK"),
        ("202403151030", "20240315103100", "WARN"),
        ("202403151030", "20240316103059", "WARN"),
        ("202403151030", "20240316103100", "RECORD"),
        ("20240315103000", "20240315103000", "OK"),
        ("20240315103000", "20240315103001", "WARN"),
        ("20240315103000", "20240316103001", "RECORD"),
        ("20240315", "20240315235959", "OK"),
        ("20240315", "20240316235959", "WARN"),
        ("20240315", "20240317000000", "RECORD"),
    ],
)
def test_an_update_is_after_the_header_by_what_the_header_tells(
    tmp_path: Path, created: str, updated: str, level: str
) -> None:
    """A header of 12 digits names a minute, one of 8 a day."""
    _, said = judged(tmp_path, headed(created, day("20240310", updated=updated)))
    found = next((name for name, code, _ in said if code == "update-future"), "OK")
    assert found == level


@pytest.mark.parametrize("profile", ["standard", "lenient"])
@pytest.mark.parametrize(
    ("record", "code"),
    [
        (day("21010101"), "date"),
        (day("99991231"), "date"),
        (day(updated="21010101000000"), "update-future"),
        (day(updated="99991231235959"), "update-future"),
        (day("21010101", updated=""), "date"),
    ],
)
@pytest.mark.parametrize("created", [CREATED, "210012312359"])
def test_what_is_after_2100_is_refused_under_any_header(
    tmp_path: Path, record: str, code: str, created: str, profile: str
) -> None:
    _, said = judged(tmp_path, headed(created, record), profile)
    assert said[0] == ("RECORD", code, 3)
    assert "header-date" not in {code for _, code, _ in said}


def test_what_is_after_2100_is_refused_without_a_header(tmp_path: Path) -> None:
    late = [day("21010101"), day(updated="21010101000000"), day(updated="99991231235959")]
    _, said = judged(tmp_path, lines(channel(), *late), "lenient")
    assert [each for each in said if each[0] == "RECORD"] == [
        ("RECORD", "date", 2),
        ("RECORD", "update-future", 3),
        ("RECORD", "update-future", 4),
    ]


STALE = "200506081149"
PERIOD_START = "202401010000"
CONTRADICTIONS = [
    (STALE, day("20240310"), "IntervalDate 20240310 of line 3 is more than 400 days"),
    (STALE, day("20240310", updated=""), "IntervalDate 20240310 of line 3 is more than 400 days"),
    (PERIOD_START, day("20240310"), "UpdateDateTime 20240315063000 of line 3 is more than a day"),
    (PERIOD_START, day("20250205", updated=""), "IntervalDate 20250205 of line 3"),
]


@pytest.mark.parametrize(("created", "record", "what"), CONTRADICTIONS)
def test_lenient_does_not_believe_a_header_that_a_day_contradicts(
    tmp_path: Path, created: str, record: str, what: str
) -> None:
    data = headed(created, record)
    assert judged(tmp_path, data)[1][0][0] == "RECORD"
    found = surveyed(tmp_path, data, "lenient")
    assert [(f.code, f.line, f.field) for f in found.findings] == [("header-date", 1, 3)]
    assert what in found.findings[0].message
    result, said = judged(tmp_path, data, "lenient")
    assert (result.outcome, result.days) == ("loaded", 1)
    missing = [("WARN", "update-missing", 3)] if record.endswith(",,") else []
    assert said == [("WARN", "header-date", 1), *missing]


def test_the_header_of_a_day_that_contradicts_it_stays_its_stamp_and_third_key(
    tmp_path: Path,
) -> None:
    data = headed(STALE, day("20240310", updated=""))
    (one,) = days_of(tmp_path, data, "lenient")
    assert one.stamps == (f"{STALE}00", 1, "")
    assert (one.header.stamp, one.header.known) == (f"{STALE}00", True)


def test_a_day_that_does_not_contradict_the_header_is_judged_by_it(tmp_path: Path) -> None:
    """Each record for itself: the first one here is 60 days ahead, and 400 are possible."""
    data = headed("202401010000", day("20240301", updated=""), day("20240310"))
    assert judged(tmp_path, data, "lenient")[1] == [
        ("WARN", "header-date", 1),
        ("WARN", "date-future", 3),
        ("WARN", "update-missing", 3),
    ]


@pytest.mark.parametrize("end", ["\r\n", "\r"])
@pytest.mark.parametrize(
    "record",
    [
        day("20250419"),  # 400 days
        day(updated="20240316103059"),  # a day
        day(loaded="20250101000000"),
        day(values=["20250101000000"] + ["1"] * 47),
        day(values=["1"] * 47 + ["20250101000000"]),
        day(quality="A,0,20250101000000"),
        day(quality="A,0,Data after 20250101000000"),
        f"{day('20260310', updated='20260311000000')}20260311000000,x",
        day("20259999"),
        day(updated="20259999000000"),
        "500,S,,20250310000001,1",
        "999,20250101,20250101000000,",
    ],
)
def test_what_only_looks_like_a_contradiction_is_none(
    tmp_path: Path, record: str, end: str
) -> None:
    data = headed(CREATED, day(), record).replace(b"\r\n", end.encode())
    assert {f.code for f in surveyed(tmp_path, data, "lenient").findings} <= {"eol"}


CONTRADICTING = day("20240310", updated="20240701000000")


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
@pytest.mark.parametrize(
    "record",
    [
        CONTRADICTING,
        f"\ufeff{CONTRADICTING}",
        f"  {CONTRADICTING}",
        f"{CONTRADICTING},,,",
        f"{CONTRADICTING} , ,",
        CONTRADICTING.removesuffix(","),
        CONTRADICTING.replace(",", " , "),
        '"' + CONTRADICTING.replace(",", '","') + '"',
        f"{CONTRADICTING}20240702000000",
        f"{CONTRADICTING}before long",
    ],
    ids=[
        "plain", "marked", "indented", "trailing", "trailing-blanks", "short", "blanks", "quoted",
        "loaded", "odd-loaded",
    ],
)  # fmt: skip
def test_a_contradiction_is_seen_in_any_form(tmp_path: Path, record: str, end: str) -> None:
    data = end.join((head(), channel(), day(), record, "900", "")).encode()
    result, said = judged(tmp_path, data, "lenient")
    assert said.count(("WARN", "header-date", 1)) == 1
    assert (result.outcome, result.days) == ("loaded", 2)


def test_a_header_is_warned_of_once_however_many_shards_see_it(tmp_path: Path) -> None:
    blocks = [r for n in range(6) for r in (channel(f"64071123{n:02}"), day("20240310"))]
    data = lines(head(STALE), *blocks, "900")
    cut = cut_every(tmp_path, data, 1, "lenient")
    assert len(parts(cut)) == 6
    findings: list[Finding] = []
    result = validate_file(cut, findings.append)
    assert (result.outcome, result.days) == ("loaded", 6)
    assert [(f.code, f.line) for f in findings] == [("header-date", 1)]
    assert result.tally.warnings() == {"header-date": 1}


def test_each_header_of_a_joined_file_is_judged_by_its_own_days(tmp_path: Path) -> None:
    wrong, right = headed(STALE, day("20240310")), headed(CREATED, day("20240311"))
    for data, where in [(wrong + right, [1]), (right + wrong, [5]), (wrong + wrong, [1, 5])]:
        found = surveyed(tmp_path, data, "lenient").findings
        assert [f.line for f in found if f.code == "header-date"] == where


BOUNDS = [
    "00010101000000", "18991231235959", "19000101000000", "19891231235959", "19900101000000",
    "20050608114900", "20240315103000", "20991231000000", "21001231235959", "21010101000000",
    "99991231235959", "",
]  # fmt: skip
bounds = st.sampled_from(BOUNDS)


@given(bounds, bounds, bounds, bounds, st.sampled_from(sorted(PROFILES)))
def test_no_date_that_is_accepted_fails_a_reader(
    tmp_path: Path, created: str, when: str, updated: str, loaded: str, profile: str
) -> None:
    """In any time zone, and with a few years' room on either side."""
    data = headed(created[:12], day(when[:8], updated=updated, loaded=loaded))
    for one in days_of(tmp_path, data, profile):
        midnight = datetime(one.day.year, one.day.month, one.day.day, tzinfo=NEM_TIME)
        stamps = [
            digits
            for digits in (one.stamps.update_date_time, one.stamps.msats_load_date_time)
            if digits
        ]
        instants = [datetime.strptime(f"{each}+1000", "%Y%m%d%H%M%S%z") for each in stamps]
        for instant in (midnight, one.header.date_time.replace(tzinfo=NEM_TIME), *instants):
            assert instant.astimezone(UTC).year + 1 >= 1900
            assert (instant + timedelta(days=400)).astimezone(UTC).year <= 2102
