"""What the documents say about the tests is true."""

import re
from pathlib import Path

import nem12
from tests.conftest import OURS

TESTS = Path(__file__).parents[1]
PACKAGE = Path(nem12.__file__).parent
ROW = re.compile(r"^\| `([\w./]+(?:\.py|/))` \| (.+) \|$", re.MULTILINE)
BY_MODULE = ("", "mdff", "containers", "storage", "load", "tell", "operate")
"""Rooms whose modules have a row each; the others have one as a whole."""
READ = re.compile(
    r'environ(?:\.get\(|\[)"(CI|METER_\w+|TEST_\w+)"|"(\w+)" not in os\.environ',
)


def test_the_readme_says_which_test_is_of_which_module() -> None:
    table = (TESTS / "README.md").read_text().partition("| module | tests |")[2]
    rows = dict(ROW.findall(table))
    modules = {
        str(path.relative_to(PACKAGE))
        for room in BY_MODULE
        for path in (PACKAGE / room).glob("*.py")
        if path.name != "__init__.py"
    }
    rooms = {f"{path.parent.name}/" for path in PACKAGE.glob("*/__init__.py")}
    outside = {"../../tools/", "../../manage.py"}
    assert set(rows) == modules | (rooms - {f"{room}/" for room in BY_MODULE}) | outside
    named = {name for tests in rows.values() for name in re.findall(r"`([\w/]+\.py)`", tests)}
    assert [name for name in sorted(named) if not (TESTS / name).is_file()] == []


def test_what_the_suite_reads_from_the_environment_stands_in_one_table() -> None:
    read = {
        first or second
        for path in TESTS.rglob("*.py")
        for first, second in READ.findall(path.read_text())
    }
    assert read - {"METER_HOME"} == set(OURS)
