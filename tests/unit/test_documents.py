"""The documents are true: links and anchors lead somewhere, tests exist, tables are the code's."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from nem12.mdff.findings import EXPLAIN, Level
from nem12.mdff.remedies import REMEDIES
from tools.generate.codes import codes

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")
TEST = re.compile(r"`(tests/[\w/.]+)`")
FUNCTION = re.compile(r"`(tests/[\w/.]+)::(\w+)`")
NAME = re.compile(r"[a-z]+_[a-z_]+|redrive")
MIGRATIONS = "migrations/sql/*.sql"
HEADING = re.compile(r"^#+ +(.+?) *$", re.MULTILINE)


def anchors(document: Path) -> set[str]:
    """The anchors that a Markdown page gives its headings: lower case, hyphens for spaces."""
    headings = HEADING.findall(FENCE.sub("", document.read_text(encoding="utf-8")))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_relative_link_leads_to_a_file_and_a_heading(document: Path) -> None:
    broken = []
    for link in LINK.findall(FENCE.sub("", document.read_text(encoding="utf-8"))):
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = document.parent / name if name else document
        known = target.exists() and (not anchor or anchor in anchors(target))
        if not known:
            broken.append(link)
    assert not broken


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_test_that_a_document_names_exists(document: Path) -> None:
    named = TEST.findall(document.read_text(encoding="utf-8"))
    assert [name for name in named if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_test_that_a_document_names_by_its_function_exists(document: Path) -> None:
    named = FUNCTION.findall(document.read_text(encoding="utf-8"))
    assert [
        f"{path}::{name}"
        for path, name in named
        if not (ROOT / path).exists() or f"def {name}(" not in (ROOT / path).read_text("utf-8")
    ] == []


def test_each_point_of_security_names_the_test_that_shows_it() -> None:
    """Each row of its tables about rights ends with the test that shows it."""
    text = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    points = [row for row in rows if not row.rstrip("| ").endswith((" test", "is trusted"))]
    assert len(points) > 25
    assert [row for row in points if not (TEST.search(row) or FUNCTION.search(row))] == []


def test_each_promise_names_a_test() -> None:
    text = (ROOT / "docs" / "promises.md").read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line.startswith("| ")][1:]
    assert rows
    assert [row for row in rows if not TEST.search(row)] == []


def test_every_setting_is_in_the_table_of_settings() -> None:
    code = (ROOT / "include" / "nem12" / "settings.py").read_text(encoding="utf-8")
    table = (ROOT / "docs" / "deploying.md").read_text(encoding="utf-8")
    used = set(re.findall(r"METER_[A-Z_]*[A-Z]\b", code)) | {"METER_DB_URI"}
    assert used <= set(re.findall(r"METER_[A-Z_]+", table.partition("## Settings")[2]))


def test_the_tables_of_codes_are_made_of_the_code() -> None:
    text = (ROOT / "docs" / "format.md").read_text(encoding="utf-8")
    assert codes() in text, "run: python3 manage.py generate codes docs/format.md"


def test_remedies_are_of_codes_that_refuse() -> None:
    refusing = {code for level, known in EXPLAIN.items() if level < Level.WARN for code in known}
    assert set(REMEDIES) <= refusing


def test_the_diagrams_name_statements_and_tables_that_exist() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    warehouse = ROOT / "include" / "nem12" / "warehouse"
    statements = re.findall(
        r"^-- name: (\w+)", (warehouse / "sql/drops.sql").read_text(), re.MULTILINE
    )
    named = {name for label in re.findall(r" --> \w+: (.+)", text) for name in NAME.findall(label)}
    assert named - {"not_before"} <= set(statements)
    revisions = "\n".join(path.read_text() for path in warehouse.glob(MIGRATIONS))
    tables = set(re.findall(r"^CREATE (?:UNLOGGED )?TABLE (\w+)", revisions, re.MULTILINE))
    assert set(re.findall(r"\bmeter_[a-z_]+", text)) <= tables | {"meter_db"}
