"""What is said of the tests is true of them."""

import re
from pathlib import Path

import nem12
from tests.conftest import OURS

TESTS = Path(__file__).parents[1]
PACKAGE = Path(nem12.__file__).parent
ROW = re.compile(r"^\| `((?:mdff|load)/\w+\.py)` \| (.+) \|$", re.MULTILINE)
READ = re.compile(
    r'environ(?:\.get\(|\[)"(CI|METER_\w+|TEST_\w+)"|"(\w+)" not in os\.environ',
)


def test_the_readme_says_which_test_is_of_which_module() -> None:
    rows = dict(ROW.findall((TESTS / "README.md").read_text()))
    modules = {
        f"{room}/{path.name}"
        for room in ("mdff", "load")
        for path in (PACKAGE / room).glob("*.py")
        if path.name != "__init__.py"
    }
    assert set(rows) == modules
    named = {name for tests in rows.values() for name in re.findall(r"`(.+?)`", tests)}
    assert [name for name in sorted(named) if not (TESTS / name).is_file()] == []


def test_what_the_suite_reads_from_the_environment_stands_in_one_table() -> None:
    read = {
        first or second
        for path in TESTS.rglob("*.py")
        for first, second in READ.findall(path.read_text())
    }
    assert read - {"METER_HOME"} == set(OURS)
