"""What all tests share."""

from pathlib import Path

import pytest

CASES = Path(__file__).parent / "cases"
SHARED = Path(__file__).parents[2] / "shared"


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every test has a METER_HOME of its own, and no database from outside."""
    home = tmp_path / "home"
    monkeypatch.setenv("METER_HOME", str(home))
    for name in (
        "METER_DB_URI", "METER_LANDING", "METER_STAGING", "METER_ARCHIVE", "METER_COMMAND"
    ):  # fmt: skip
        monkeypatch.delenv(name, raising=False)
    return home


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The real files beside the project, which may not be part of it."""
    folder = SHARED / "corpus"
    if not folder.is_dir():
        pytest.skip(f"the real files are not here: {folder} is missing")
    return folder
