"""Real files give what an independent reading of the specification gives."""

import hashlib
import json
from decimal import Decimal
from pathlib import Path

from nem12.mdff.findings import Finding, worst
from nem12.validate import validate_file
from tests.support.reading import read, surveyed, totals


def test_each_real_file_gives_its_days_sums_qualities_and_verdict(
    corpus: Path, tmp_path: Path
) -> None:
    expected = json.loads((corpus / "expected.json").read_text())["files"]
    seen = set()
    for path in sorted(corpus.glob("*_*")):
        data = path.read_bytes()
        sha256 = hashlib.sha256(data).hexdigest()
        want = expected[sha256]
        seen.add(sha256)
        file = surveyed(tmp_path, data)
        if file.format == "NEM13":
            continue  # test_nem13.py has what they give
        findings: list[Finding] = []
        judged = validate_file(file, findings.append)
        assert judged.outcome == want["verdict"], path.name
        if "worst" in want:
            found = worst(findings)
            assert found is not None
            assert [found.line, found.level.name, found.code] == want["worst"], path.name
        if judged.outcome == "refused":
            continue
        given = totals(read(file).days)
        assert (given.days, given.readings) == (want["days"], want["readings"]), path.name
        assert given.quality == want["quality"], path.name
        channels = {name: (n, Decimal(total)) for name, (n, total) in want["channels"].items()}
        assert given.channels == channels, path.name
    assert seen == set(expected)


def test_real_files_give_the_same_by_the_careful_way(corpus: Path, tmp_path: Path) -> None:
    for path in sorted(corpus.glob("*_*")):
        file = surveyed(tmp_path, path.read_bytes())
        assert read(file, fast=False) == read(file, fast=True), path.name
