"""The folders of METER_HOME: who may look into them."""

import grp
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from nem12 import settings
from nem12.errors import UsageError


def home_in(root: Path) -> settings.FolderHome:
    return settings.Home.below(root).make()


@pytest.fixture(params=[0o000, 0o022, 0o077])
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def modes(root: Path) -> dict[str, int]:
    folders = (path for path in root.rglob("*") if path.is_dir())
    return {str(path.relative_to(root)): stat.S_IMODE(path.stat().st_mode) for path in folders}


@pytest.mark.usefixtures("umask")
def test_meter_data_are_for_their_owner_whatever_the_umask(tmp_path: Path) -> None:
    home_in(tmp_path / "home")
    assert stat.S_IMODE((tmp_path / "home").stat().st_mode) == 0o711
    assert set(modes(tmp_path / "home").values()) == {0o700}
    assert settings.umask() == 0o077


@pytest.mark.usefixtures("umask")
def test_a_group_may_read_and_send(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("METER_GROUP", grp.getgrgid(os.getgid()).gr_name)
    home_in(tmp_path)
    assert modes(tmp_path) == {
        "landing": 0o2770, "landing/strict": 0o2770, "landing/lenient": 0o2770,
        "staging": 0o2750, "archive": 0o2750, "rejected": 0o2750,
    }  # fmt: skip
    assert settings.umask() == 0o027


def test_a_folder_that_an_administrator_opened_stays_open(tmp_path: Path) -> None:
    (tmp_path / "landing").mkdir()
    (tmp_path / "landing").chmod(0o1777)
    home_in(tmp_path)
    assert modes(tmp_path)["landing"] == 0o1777


def test_an_unknown_group_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("METER_GROUP", "no-such-group")
    with pytest.raises(UsageError, match="no-such-group"):
        home_in(tmp_path)


@pytest.fixture
def installed(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs commands of a package that no checkout surrounds, without METER_HOME."""
    packages = tmp_path / "lib" / "python3" / "site-packages"
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(Path(settings.__file__).parent, packages / "nem12", ignore=ignore)
    env = {name: text for name, text in os.environ.items() if name != "METER_HOME"}

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=tmp_path,
            env=env | {"PYTHONPATH": str(packages), "PYTHONDONTWRITEBYTECODE": "1"},
            check=False,
            capture_output=True,
            text=True,
        )

    return run


@pytest.mark.parametrize("command", ["status", "redrive --all"])
def test_an_installed_package_asks_for_a_home_and_makes_no_folder(
    installed: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path, command: str
) -> None:
    before = sorted(tmp_path.rglob("*"))
    done = installed("-m", "nem12.cli", *command.split())
    assert (done.returncode, done.stdout) == (2, "")
    asks = "set METER_HOME to a folder that triggerer and workers share"
    assert done.stderr == f"nem12 {command.split()[0]}: {asks}\n"
    assert sorted(tmp_path.rglob("*")) == before


def test_an_installed_package_checks_files_without_a_home(
    installed: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    sample = settings.CHECKOUT / "samples" / "household_30min.csv"
    done = installed("-m", "nem12.cli", "validate", str(sample))
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize(("processors", "writers"), [(1, 2), (2, 2), (6, 6), (64, 8)])
def test_as_many_batches_are_applied_at_once_as_there_are_processors(
    monkeypatch: pytest.MonkeyPatch, processors: int, writers: int
) -> None:
    mine = set(range(processors))
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: mine, raising=False)
    assert (settings.writers(), settings.parallelism()) == (writers, 2 * writers)
