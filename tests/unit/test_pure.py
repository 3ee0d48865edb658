"""The acts before the database know nothing of it, nor of Airflow."""

import subprocess
import sys
from pathlib import Path

import pytest

import nem12

ROOT = Path(nem12.__file__).parent
ACTS = ["drop", "ending", "errors", "parse", "settings", "shard", "stage", "unpack", "validate"]
PURE = ["nem12", *(f"nem12.{name}" for name in ACTS), "nem12.mdff"]
PURE += [f"nem12.mdff.{path.stem}" for path in sorted((ROOT / "mdff").glob("[a-z]*.py"))]

ABOVE = [
    "warehouse",
    "analysis",
    "coverage",
    "daily_totals",
    "doctor",
    "tell",
    "load",
    "operate",
    "airflow",
    "cli",
    "local",
    "web",
]

SCRIPT = """
import importlib, sys
for name in sys.argv[1:]:
    importlib.import_module(name)
print(*sorted({name.partition(".")[0] for name in sys.modules}))
print(*sorted(name for name in sys.modules if name.startswith("nem12.")))
"""


def loaded_by(*modules: str) -> tuple[set[str], set[str]]:
    """Top-level modules, and those of the package, after an import in a new interpreter."""
    command = [sys.executable, "-c", SCRIPT, *modules]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    everything, own = said.splitlines()
    return set(everything.split()), set(own.split())


def test_the_pure_part_loads_neither_airflow_nor_a_database_driver() -> None:
    everything, own = loaded_by(*PURE)
    assert {"nem12.mdff.fast", "nem12.stage"} <= own
    assert not everything & {"airflow", "psycopg", "psycopg2", "sqlalchemy", "alembic", "asyncpg"}


@pytest.mark.parametrize("package", ABOVE)
def test_the_pure_part_loads_no_package_that_stands_above_it(package: str) -> None:
    _, own = loaded_by(*PURE)
    assert not [name for name in own if name.split(".")[1] == package]


def test_the_format_itself_loads_none_of_the_acts() -> None:
    _, own = loaded_by(*(name for name in PURE if name.startswith("nem12.mdff.")))
    others = {name for name in own if not name.startswith("nem12.mdff")}
    assert others == set()


def test_the_pure_part_needs_the_standard_library_alone() -> None:
    everything, _ = loaded_by(*PURE)
    before, _ = loaded_by()
    assert everything - before - set(sys.stdlib_module_names) == {"nem12"}
