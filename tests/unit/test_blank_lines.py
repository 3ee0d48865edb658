"""Blank lines are skipped, counted exactly and cheap, however many there are."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from nem12.mdff.findings import Finding, Level
from nem12.mdff.limits import WARNINGS_KEPT
from nem12.validate import validate_file
from tests.support.making import channel, day, file
from tests.support.reading import read, surveyed

GOOD = file(channel(), day())
BLANKS = [b"\n", b"\r", b"\r\n", b" \t\r\n", b",,,\r\n", b"\r\r\n", b"\xef\xbb\xbf\r\n"]
PLACES: Final[dict[str, Callable[[bytes], bytes]]] = {
    "alone": lambda blank: blank,
    "before": lambda blank: blank + GOOD,
    "after": lambda blank: GOOD + blank,
    "between": lambda blank: GOOD.replace(b"\r\n300,", b"\r\n%s300," % blank),
    "before the end": lambda blank: GOOD.replace(b"\r\n900", b"\r\n%s900" % blank),
}


@pytest.mark.parametrize("profile", ["standard", "lenient"])
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("blank", BLANKS, ids=repr)
def test_as_many_as_are_kept_or_many_more_are_told_alike(
    tmp_path: Path, blank: bytes, place: str, profile: str
) -> None:
    for times in (1, WARNINGS_KEPT // 2, WARNINGS_KEPT, WARNINGS_KEPT + 1, 3 * WARNINGS_KEPT):
        run = PLACES[place](blank * times)
        given = surveyed(tmp_path, run, profile)
        found: list[Finding] = []
        judged = validate_file(given, found.append)
        lines = {b"\r\r\n": 2}.get(blank, 1) * times
        code = "bom" if blank.startswith(b"\xef") else "blank-line"
        told = [finding for finding in found if finding.code == code]
        assert judged.tally.counts[Level.WARN, code] == lines
        assert len(told) == min(lines, WARNINGS_KEPT)
        assert [finding.line for finding in told] == sorted(finding.line for finding in told)
        assert judged.days == (place != "alone")
        assert read(given, fast=False) == read(given, fast=True)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("blank", BLANKS[:-1], ids=repr)
def test_a_megabyte_of_them_takes_a_second(tmp_path: Path, blank: bytes, place: str) -> None:
    data = PLACES[place](blank * (1024 * 1024 // len(blank)))
    begun = time.process_time()
    validate_file(surveyed(tmp_path, data), lambda _: None)
    # Told one by one they take 17 s on the machine where this takes 0.6.
    assert time.process_time() - begun < 4
