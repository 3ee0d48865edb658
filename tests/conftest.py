"""What all tests share."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

CASES = Path(__file__).parent / "cases"
SHARED = Path(__file__).parents[2] / "shared"

_CALLERS: Final = ("METER_", "AIRFLOW", "OPENLINEAGE_", "PG")
"""What the names of settings begin with that are an installation's, not a test's."""

OURS: Final = {
    "CI": "true: hypothesis tries the same examples in every run",
    "METER_BAD_DAYS": "1: run tests/soak/test_bad_days.py",
    "METER_CELERY": "1: tests/celery fails where its packages or Redis are missing, not skips",
    "METER_FUZZ_MINUTES": "run tests/soak/test_fuzz.py for so long",
    "METER_NEW_GOLDEN": "1: write the golden files anew: tests/cases/golden, tests/web/api_v1.json",
    "METER_S3": "1: tests/s3 fails where its packages are missing, not skips",
    "METER_SCREENSHOTS": "folder into which tests/e2e/test_page.py puts pictures of the page",
    "METER_SOAK_MINUTES": "run tests/soak/test_soak.py for so long",
    "METER_SOAK_SEED": "what the soak and the fuzz begin with (1 where it is not given)",
    "TEST_POSTGRES_BIN": "programs of another PostgreSQL; Debian's newest where it is not given",
}
"""What the suite itself reads from the environment, and what each does."""

# Here and not in a fixture: what sessions and processes that tests start inherit is gone too.
for _name in [name for name in os.environ if name.startswith(_CALLERS) and name not in OURS]:
    del os.environ[_name]


@pytest.fixture(autouse=True)
def own_environment() -> Iterator[None]:
    """What a command sets for its own process does not reach the next test."""
    before = dict(os.environ)
    yield
    if dict(os.environ) != before:
        os.environ.clear()
        os.environ.update(before)


@pytest.fixture(autouse=True)
def own_home(
    own_environment: None,  # noqa: ARG001 - set up before this one
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Path:
    """Every test has a METER_HOME of its own."""
    home = tmp_path / "home"
    monkeypatch.setenv("METER_HOME", str(home))
    return home


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The real files beside the project, which may not be part of it."""
    folder = SHARED / "corpus"
    if not folder.is_dir():
        pytest.skip(f"the real files are not here: {folder} is missing")
    return folder
