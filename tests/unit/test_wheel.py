"""What is in the wheel."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from nem12.settings import CHECKOUT

MADE_OF = (
    "pyproject.toml", "setup.py", "README.md", "LICENSE", "NOTICE", "include", "dags", "samples",
)  # fmt: skip


@pytest.mark.slow
def test_a_wheel_holds_nothing_of_an_earlier_build(tmp_path: Path) -> None:
    checkout, wheels = tmp_path / "checkout", tmp_path / "wheels"
    for name in MADE_OF:
        source = CHECKOUT / name
        copied = shutil.copytree if source.is_dir() else shutil.copyfile
        checkout.mkdir(exist_ok=True)
        copied(source, checkout / name)
    stale = checkout / "build" / "lib" / "nem12" / "stale.py"
    stale.parent.mkdir(parents=True)
    stale.touch()
    wanted = ["wheel", "--no-deps", "-w", str(wheels), str(checkout)]
    command = [sys.executable, "-m", "pip", *wanted]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if "setuptools" in done.stderr and "No matching distribution found" in done.stderr:
        pytest.skip("no package index from which setuptools could be had")
    assert done.returncode == 0, done.stderr
    (wheel,) = wheels.iterdir()
    names = set(zipfile.ZipFile(wheel).namelist())
    assert "nem12/stage.py" in names
    assert "nem12/stale.py" not in names
