"""Findings have an order of severity, and counting them needs bounded memory."""

import itertools
from datetime import UTC, date, datetime

import pytest

from nem12.mdff.findings import EXPLAIN, Finding, Level, Tally, in_force, verdict, worst
from nem12.mdff.limits import WARNINGS_KEPT

LATER = date(2024, 3, 12)


def finding(level: Level, code: str, line: int) -> Finding:
    return Finding(level, code, line, "")


ASCENDING = [
    finding(Level.FILE, "version", 9),
    finding(Level.BLOCK, "orphan-300", 2),
    finding(Level.BLOCK, "nmi", 3),
    finding(Level.RECORD, "value-count", 1),
    finding(Level.RECORD, "value", 4),
    finding(Level.RECORD, "event-v", 4),
    finding(Level.WARN, "bom", 1),
    finding(Level.WARN, "eol", 1),
    finding(Level.WARN, "bom", 2),
]


def test_severity_is_by_level_then_line_then_the_order_of_the_codes() -> None:
    others = [*ASCENDING[4:], *ASCENDING[:4]]
    assert sorted(others, key=lambda each: each.rank) == ASCENDING


@pytest.mark.parametrize("two", [*itertools.combinations(ASCENDING, 2)])
def test_the_worst_does_not_depend_on_the_order(two: tuple[Finding, Finding]) -> None:
    assert worst(two) == worst(reversed(two)) == two[0]


def test_nothing_found_is_no_finding() -> None:
    assert worst([]) is None


@pytest.mark.parametrize(
    ("level", "days", "outcome"),
    [
        (None, 1, "loaded"),
        (None, 0, "loaded"),
        (Level.WARN, 1, "loaded"),
        (Level.WARN, 0, "loaded"),
        (Level.RECORD, 1, "partial"),
        (Level.RECORD, 0, "refused"),
        (Level.BLOCK, 1, "partial"),
        (Level.BLOCK, 0, "refused"),
        (Level.FILE, 0, "refused"),
    ],
)
def test_outcome_by_the_most_severe_level_and_the_accepted_days(
    level: Level | None, days: int, outcome: str
) -> None:
    assert verdict(level, days) == outcome


def test_every_code_is_explained_in_a_sentence() -> None:
    for codes in EXPLAIN.values():
        for code, sentence in codes.items():
            assert sentence[0].isupper() or sentence[0].isdigit(), code
            assert sentence.endswith("."), code


def test_warnings_are_counted_exactly_but_only_the_first_of_each_code_are_kept() -> None:
    tally = Tally()
    many = WARNINGS_KEPT + 50
    kept = [tally.keep(finding(Level.WARN, "spaces", line)) for line in range(1, many + 1)]
    assert kept == [True] * WARNINGS_KEPT + [False] * 50
    assert tally.keep(finding(Level.WARN, "quote", 1))
    assert tally.warnings() == {"spaces": many, "quote": 1}


def test_every_refusal_is_kept() -> None:
    tally = Tally()
    assert all(
        tally.keep(finding(Level.RECORD, "value", line)) for line in range(2 * WARNINGS_KEPT)
    )
    assert tally.warnings() == {}


def test_parts_merge_to_the_tally_of_the_whole() -> None:
    whole, merged = Tally(), Tally()
    for each in ASCENDING:
        whole.keep(each)
    for part in (ASCENDING[5:], [], ASCENDING[:5]):
        tally = Tally()
        for each in part:
            tally.keep(each)
        merged.merge(tally)
    assert merged == whole
    assert merged.worst == ASCENDING[0]


@pytest.mark.parametrize(
    ("known", "said"),
    [
        ({"days_in_force": 0}, "No version of this day is in force."),
        ({"level": "WARN"}, ""),
        ({"nmi_suffix": None, "nmi": None}, ""),
        ({"day": None, "last_day": None}, ""),
        ({"last_day": LATER, "days_in_force": 0}, "None of these days has a version in force."),
        (
            {"last_day": LATER, "days_in_force": 1, "in_force_files": ["a\n.csv"]}
            | {"files_in_force": 1},
            r"1 of these days has a version in force, from a\x0a.csv.",
        ),
        (
            {"last_day": LATER, "days_in_force": 3, "in_force_files": ["a", "b"]},
            "3 of these days have a version in force, from a and b.",
        ),
        (
            {"last_day": LATER, "days_in_force": 9, "in_force_files": ["a", "b"]}
            | {"files_in_force": 7},
            "9 of these days have a version in force, from a, b and 5 more.",
        ),
        (
            {"in_force_file": "a\n.csv"},
            r"The version of 2024-03-15 07:00 is in force, from a\x0a.csv line 3.",
        ),
    ],
)  # fmt: skip
def test_what_is_in_force_of_a_refused_day_is_said(known: dict[str, object], said: str) -> None:
    row = {
        "level": "RECORD", "nmi": "6407112380", "nmi_suffix": "E1", "day": date(2024, 3, 10),
        "last_day": date(2024, 3, 10), "days_in_force": 1, "in_force_file": "a.csv",
        "in_force_files": None, "files_in_force": 2, "in_force_line": 3,
        "in_force_at": datetime(2024, 3, 14, 21, 0, tzinfo=UTC),
    }  # fmt: skip
    assert in_force(row | known) == said
