"""The parts of the page that need no server."""

import re
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import PurePath
from typing import Any, get_args
from urllib.parse import quote

import pytest

from nem12.cli import arguments
from nem12.coverage.channels import STANDINGS, Coverage, Query
from nem12.errors import UsageError
from nem12.exact_csv import csv_line
from nem12.load.kept import kept_below, pattern_of
from nem12.mdff import spec
from nem12.mdff.findings import Level
from nem12.mdff.stamps import NEM_TIME
from nem12.web import models
from nem12.web.answers import marked, quality, reason, static, subject_link, task_link
from nem12.web.calendar import days_in_list, heat_map
from nem12.web.paging import after, cursor, integer, page, word
from nem12.web.versions import difference

MAY = date(2024, 5, 1)


def task(run_id: str | None, map_index: int | None) -> dict[str, Any]:
    return {"run_id": run_id, "task_id": run_id and "load.apply", "map_index": map_index}


def test_a_part_of_a_file_links_to_the_task_instance_that_applied_it() -> None:
    assert task_link(task("manual__2024-05-01T00:00:00+00:00", 3)) == (
        "/dags/nem12_load/runs/manual__2024-05-01T00%3A00%3A00%2B00%3A00/tasks/load.apply/mapped/3"
    )
    assert task_link(task("nem12__ab", -1)) == "/dags/nem12_load/runs/nem12__ab/tasks/load.apply"
    assert task_link(task("a/../b", 0)) == (
        "/dags/nem12_load/runs/a%2F..%2Fb/tasks/load.apply/mapped/0"
    )


def test_what_no_task_applied_links_nowhere() -> None:
    assert task_link(task(None, None)) is None


@pytest.mark.parametrize(
    ("nmi", "nmi_suffix", "day", "path"),
    [
        ("4103035613", "E1", MAY, "4103035613/E1/2024-05-01"),
        ("4103035613", "E1", date(9999, 12, 31), "4103035613/E1"),
        ("4103035613", None, MAY, "4103035613"),
        (None, "E1", MAY, ""),
    ],
)
def test_a_finding_links_to_the_most_that_is_known_of_whose_it_is(
    nmi: str | None, nmi_suffix: str | None, day: date, path: str
) -> None:
    assert subject_link({"nmi": nmi, "nmi_suffix": nmi_suffix, "day": day}) == path


def test_the_field_at_fault_is_marked_and_all_text_escaped() -> None:
    found = {"field": 3, "excerpt": "300,<b>,►<i>◄,<u>"}
    assert marked(found) == "300,&lt;b&gt;,<mark>&lt;i&gt;</mark>,&lt;u&gt;"
    assert marked({"field": None, "excerpt": "<b>"}) == "&lt;b&gt;"


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1"])
def test_a_spreadsheet_runs_no_text_as_a_formula(cell: str) -> None:
    assert csv_line(cell).lstrip('"').startswith("'")


def test_numbers_stay_numbers_in_csv() -> None:
    assert csv_line("4103035613", -1, "a,b") == '4103035613,-1,"a,b"\r\n'


def test_missing_days_are_spans_from_the_first_expected_day_on() -> None:
    there = {MAY + timedelta(days=n): {"A": 48} for n in (2, 3, 6)}
    found = Coverage("4103035613", "E1", MAY, MAY + timedelta(days=7), there)
    spans = [(begin.day, end.day) for begin, end in found.missing]
    assert spans == [(1, 2), (5, 6), (8, 8)]
    assert (found.expected, found.missing_days) == (8, 5)


def test_a_refused_day_is_told_where_it_is_missing_by_its_newest_refusal() -> None:
    there = {MAY + timedelta(days=n): {"A": 48} for n in (0, 2)}
    block = {"day": MAY - timedelta(days=9), "last_day": MAY + timedelta(days=3), "line": 2}
    older = {"day": MAY + timedelta(days=1), "last_day": MAY + timedelta(days=1), "line": 5}
    late = {"day": MAY + timedelta(days=4), "last_day": MAY + timedelta(days=99), "line": 7}
    found = Coverage("4103035613", "E1", MAY, MAY + timedelta(days=5), there, [block, older, late])
    told = [(day.day, row["line"]) for day, row in found.refused]
    assert told == [(2, 2), (4, 2), (5, 7), (6, 7)]


def test_a_part_that_is_not_actual_is_told_by_intervals() -> None:
    days = {MAY: {"A": 24, "S": 24}, MAY + timedelta(days=1): {"E": 48}}
    found = Coverage("4103035613", "E1", MAY, MAY + timedelta(days=2), days)
    assert found.not_actual == 0.75
    assert next(found.strip(MAY - timedelta(days=2), found.last)) == ("mixed", MAY, MAY)
    assert [found.state(MAY + timedelta(days=n)) for n in (-1, 0, 1, 2)] == [
        "before",
        "mixed",
        "replaced",
        "missing",
    ]


def test_every_quality_flag_has_a_colour_and_no_other_has() -> None:
    classes = re.findall(r"(?m)^\.q-(.) ", static("page.css").decode())
    assert classes == [flag.letter for flag in spec.INTERVAL_FLAGS]


def test_the_json_routes_know_every_level() -> None:
    assert set(get_args(models.Level)) == set(Level.__members__)


def row(day: date, total: str, actual: int = 48) -> dict[str, Any]:
    value = Decimal(total)
    return {"day": day, "total_consumption": value, "average_consumption": value / 48,
            "readings": 48, "intervals": {"actual": actual}}  # fmt: skip


def test_a_year_shows_every_day_once_and_gaps_only_between_first_and_newest() -> None:
    days = [row(MAY, "1"), row(MAY + timedelta(days=2), "9", actual=47)]
    drawn = heat_map(2024, days, MAY, MAY + timedelta(days=2))
    assert len({(cell.x, cell.y) for cell in drawn.cells}) == len(drawn.cells) == 366
    kinds = {cell.day: cell.kind for cell in drawn.cells if cell.kind != "outside"}
    assert kinds[MAY + timedelta(days=1)] == "missing"
    assert kinds[MAY] < kinds[MAY + timedelta(days=2)]
    assert [cell.day for cell in drawn.cells if cell.replaced] == [MAY + timedelta(days=2)]
    assert drawn.missing == 1
    last = MAY + timedelta(days=2)
    first, gap, changed = [(MAY, days[0]), (MAY + timedelta(days=1), None), (last, days[1])]
    for asked, listed in {
        ("all", "day"): [first, gap, changed],
        ("all", "most"): [changed, first, gap],
        ("all", "least"): [first, changed, gap],
        ("missing", "day"): [gap],
        ("not-actual", "most"): [changed],
    }.items():
        assert days_in_list(days, drawn, *asked) == listed


@pytest.mark.parametrize(
    ("quality_method", "words"),
    [
        ("S14", "S14 substituted: like day, retrospective"),
        ("E99", "E99 estimated"),
        ("A", "A actual"),
        ("V", "V varies within the day"),
    ],
)
def test_a_quality_stands_in_words(quality_method: str, words: str) -> None:
    assert re.sub("<[^>]*>", "", quality(quality_method)) == words


def test_a_reason_stands_in_words() -> None:
    assert [reason(79), reason(4), reason(999)] == [
        "79, power outage alarm",
        "4, dangerous dog",
        "999",
    ]


def version(values: list[str], quality: str = "A", minutes: int = 30) -> dict[str, Any]:
    return {"interval_minutes": minutes, "uom": "kWh", "consumption": list(map(Decimal, values)),
            "qualities": [quality] * len(values)}  # fmt: skip


def test_changed_intervals_are_named_with_what_they_were() -> None:
    older, newer = version(["1"] * 48), version(["1"] * 47 + ["3"])
    found = difference(older, newer)
    (change,) = found.changes
    assert (change.start, change.end) == ("23:30", "24:00")
    assert (change.before, change.after) == (Decimal(1), Decimal(3))
    assert found.sum == 2


def test_a_changed_interval_length_is_told_as_such() -> None:
    found = difference(version(["6"] * 48), version(["1"] * 288, minutes=5))
    assert (found.comparable, found.changes, found.sum) == (False, [], Decimal(0))


HASH = "5a8ed3e16c41"


def kept(at: str | None) -> PurePath | None:
    return kept_below({"kept_at": at, "sha256": HASH + "0" * 52})


def test_a_kept_file_is_named_by_its_folder_whatever_lies_above() -> None:
    for below in (f"archive/2024/05/{HASH}-a.csv", f"rejected/{HASH}-a.csv"):
        assert str(kept(f"file:///mnt/{below}")) == below
    assert str(kept("file:///data/landing/2024/05/a.csv")) == "a.csv"
    assert kept(None) is None


def test_a_pattern_names_the_one_file_also_when_its_name_looks_like_a_pattern() -> None:
    below = kept(f"file:///r/rejected/{HASH}-%5Bx%5D*.csv")
    assert below is not None
    assert pattern_of(below) == f"rejected/{HASH}-[[]x][*].csv"
    odd = kept(f"file:///r/rejected/{HASH}-%FF.csv")
    assert odd is not None
    with pytest.raises(UsageError):
        pattern_of(odd)


def test_a_page_leads_on_only_where_there_is_more() -> None:
    rows: list[dict[str, Any]] = [{"line": 3, "code": "nmi"}, {"line": 4, "code": "nmi"}]
    assert page(rows, 2, ("line", "code")).next is None
    assert page(rows, 1, ("line", "code")).next == "3~nmi"


@pytest.mark.parametrize("text", ["1", "1~2~3", "x~y", f"{2**63}~a", "1~\0"])
def test_a_key_that_no_page_gave_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        after(text, (integer, word), (0, ""))


def test_a_cursor_goes_into_an_address_as_it_is() -> None:
    """Pasted by `curl`, a plus would arrive as a blank."""
    at = datetime(2026, 11, 26, 0, 2, 51, 846095, NEM_TIME)
    row = {"seen_at": at, "day": date(2026, 11, 26), "line": 5, "file_id": -7}
    text = cursor(row, tuple(row))
    assert quote(text, safe=":~") == text
    kinds = (datetime.fromisoformat, date.fromisoformat, int, int)
    assert after(text, kinds, ()) == tuple(row.values())


@pytest.mark.parametrize("asked", [{"sort": "size"}, {"standing": "gone"}])
def test_an_order_or_standing_that_is_not_known_is_refused(asked: dict[str, str]) -> None:
    with pytest.raises(UsageError, match="choose one of"):
        Query(MAY, MAY, **asked)  # type: ignore[arg-type]


def test_page_and_command_name_the_same_standings() -> None:
    assert get_args(models.Standing) == STANDINGS == arguments.STANDINGS
