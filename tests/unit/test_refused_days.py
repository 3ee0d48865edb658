"""Of a file that is refused as a whole, which days it holds is known."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from nem12.load.plan import judged_as_whole
from nem12.mdff.findings import Finding, Level
from nem12.mdff.limits import REFUSED_SPANS
from nem12.mdff.refused import RefusedDays
from nem12.validate import validate_file
from tests.support.deliveries import NMI, Day, delivery
from tests.support.reading import surveyed

FIRST = date(2024, 3, 10)


def days(*offsets: int, suffix: str = "E1") -> list[Day]:
    return [Day(FIRST + timedelta(days=offset), suffix=suffix) for offset in offsets]


def spans(found: RefusedDays) -> list[tuple[str, int, int]]:
    return [
        (span.nmi_suffix, (span.day - FIRST).days, (span.last_day - FIRST).days)
        for span in found.spans()
    ]


WHOLE = delivery(*days(0, 1, 3), *days(2, suffix="E2"), *days(2))
FAULTY = delivery(*days(0), Day(FIRST + timedelta(days=1), value="x"), *days(2, suffix="E2"))


@pytest.mark.parametrize(
    ("data", "profile", "expected"),
    [
        (WHOLE.removesuffix(b"900\r\n"), "standard", [("E1", 0, 3), ("E2", 2, 2)]),
        (WHOLE.removesuffix(b"900\r\n"), "lenient", []),
        (WHOLE, "standard", []),
        # It broke off within a day: which one can still be read.
        (delivery(*days(0, 5))[:-200], "standard", [("E1", 0, 0), ("E1", 5, 5)]),
        (FAULTY, "standard", []),
        (FAULTY, "strict", [("E1", 0, 1), ("E2", 2, 2)]),
        (b"<html></html>\r\n", "standard", []),
        (WHOLE.removesuffix(b"900\r\n").replace(NMI.encode(), b"!"), "standard", []),
    ],
    ids=["cut", "tolerated", "whole", "within a day", "partial", "strict", "page", "no NMI"],
)
def test_the_days_of_a_refused_file_are_known_as_far_as_they_can_be_read(
    tmp_path: Path, data: bytes, profile: str, expected: list[tuple[str, int, int]]
) -> None:
    file = judged_as_whole(surveyed(tmp_path, data, profile))
    findings: list[Finding] = []
    judged = validate_file(file, findings.append)
    assert spans(judged.refused_days) == expected
    assert not expected or judged.outcome == "refused"


def test_spans_are_bounded_and_those_that_are_known_grow() -> None:
    found = RefusedDays()
    for number in range(REFUSED_SPANS + 5):
        at = FIRST + timedelta(days=2 * (number % 100))
        finding = Finding(Level.RECORD, "value", 1, "", nmi=f"{number // 100:010}", nmi_suffix="E1")
        found.take(finding.about(finding.nmi, "E1", at))
    assert len(list(found.spans())) == REFUSED_SPANS
    found.take(Finding(Level.RECORD, "value", 1, "").about(f"{0:010}", "E1", FIRST))
    last = FIRST + timedelta(days=199)
    found.take(Finding(Level.RECORD, "value", 1, "").about(f"{0:010}", "E1", last))
    grown = [span for span in found.spans() if span.nmi == f"{0:010}"]
    assert (len(grown), grown[-1].last_day) == (100, last)
