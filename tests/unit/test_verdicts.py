"""Every kind of faulty file gets its level, code and line."""

from pathlib import Path

import pytest

from tests.cases.faults.make import AMBIGUOUS, CASES, Ambiguous, Case
from tests.conftest import CASES as FOLDER
from tests.support.reading import read, surveyed, verdict

BAD_INPUTS = FOLDER / "bad_inputs"
ROWS = [
    row.split("\t")
    for row in (BAD_INPUTS / "verdicts.tsv").read_text(encoding="utf-8").splitlines()[1:]
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row[0]}-{row[2]}")
def test_bad_input_gets_its_verdict(tmp_path: Path, row: list[str]) -> None:
    name, level, code, line, what = row
    data = (BAD_INPUTS / f"{name}.csv").read_bytes()
    assert verdict(tmp_path, data) == (level, code, int(line)), what


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_fault_made_from_the_specification_gets_its_verdict(tmp_path: Path, case: Case) -> None:
    assert verdict(tmp_path, case.data) == (case.level, case.code, case.line), case.what


@pytest.mark.parametrize("case", AMBIGUOUS, ids=lambda case: case.name)
def test_ambiguous_fault_gets_one_of_the_defensible_verdicts(
    tmp_path: Path, case: Ambiguous
) -> None:
    assert verdict(tmp_path, case.data) in case.readings, case.why


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_careful_way_says_what_the_fast_way_says(tmp_path: Path, case: Case) -> None:
    file = surveyed(tmp_path, case.data)
    assert read(file, fast=False) == read(file, fast=True)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_record_is_accepted_or_covered_by_a_refusal(tmp_path: Path, case: Case) -> None:
    file = surveyed(tmp_path, case.data)
    given = read(file)
    refused = {
        line
        for finding in given.findings
        if finding.level.name != "WARN"
        for line in range(finding.first_line, finding.last_line + 1)
    }
    accepted = {line for day in given.days for line in range(day.line, day.last_line + 1)}
    assert not refused & {day.line for day in given.days}
    days_read = {
        number
        for number, line in enumerate(case.data.splitlines(), 1)
        if line.split(b",")[0].strip(b' "') == b"300"
    }
    assert days_read <= refused | accepted
