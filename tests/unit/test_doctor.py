"""`doctor` looks at folders, secrets and settings of this machine, and changes none of them."""

import os
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

import pytest

from nem12 import settings
from nem12.cli import __main__ as command_line
from nem12.doctor import Check, Health, folders
from nem12.doctor.folders import folder_checks, secret_checks, setting_checks


def found(checks: Iterable[Check], subject: str) -> list[tuple[str, str]]:
    """Health and remedy of the checks of a subject."""
    return [(check.health, check.remedy) for check in checks if check.subject == subject]


@pytest.fixture
def home(own_home: Path) -> settings.FolderHome:
    return settings.Home.below(own_home).make()


def test_folders_as_the_first_load_makes_them_are_well(home: settings.FolderHome) -> None:
    checks = [check for check in folder_checks(home) if check.subject != "free space"]
    assert {check.health for check in checks} == {Health.OK}
    assert [check.subject for check in checks] == [*settings.PLACES, "file systems"]


@pytest.mark.parametrize(
    ("change", "health", "remedy"),
    [
        (lambda place: place.chmod(0o777), Health.FAULT, "chmod o-w"),
        (lambda place: place.chmod(0o1777), Health.WARNING, "chmod o="),
        (lambda place: place.chmod(0o755), Health.WARNING, "chmod o="),
        (lambda place: place.rmdir(), Health.WARNING, "the first load makes it"),
        (lambda place: (place.rmdir(), place.write_text("x")), Health.FAULT, "move the file away"),
    ],
    ids=["all may write", "all may add", "all may read", "missing", "a file"],
)
def test_a_folder_that_is_not_as_it_should_be_comes_with_what_to_do(
    home: settings.FolderHome, change: Callable[[Path], object], health: Health, remedy: str
) -> None:
    change(home.archive)
    ((seen, said),) = found(folder_checks(home), "archive")
    assert seen is health
    assert said.startswith(remedy)


def test_a_home_below_a_file_is_a_fault_of_the_path_not_of_rights(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    ((seen, said),) = found(folder_checks(settings.Home.below(tmp_path / "file")), "landing")
    assert seen is Health.FAULT
    assert said == "move the file away that is in its path, or correct METER_HOME"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may work in every folder")
def test_a_folder_that_this_user_may_not_write_to_is_a_fault(home: settings.FolderHome) -> None:
    home.landing.chmod(0o500)
    ((seen, said),) = found(folder_checks(home), "landing")
    assert (seen, said.startswith("give this user")) == (Health.FAULT, True)


def test_to_look_makes_nothing(own_home: Path) -> None:
    list(folder_checks(settings.Home.below(own_home)))
    list(secret_checks(settings.Home.below(own_home)))
    assert not own_home.exists()


class _Usage(NamedTuple):
    total: int
    used: int
    free: int


@pytest.mark.parametrize(
    ("free", "health"),
    [
        (folders.LEAST_FREE - 1, Health.FAULT),
        (folders.LEAST_FREE, Health.WARNING),
        (folders.LITTLE_FREE, Health.OK),
    ],
)
def test_little_room_is_said_before_it_ends(
    home: settings.FolderHome, monkeypatch: pytest.MonkeyPatch, free: int, health: Health
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: _Usage(0, 0, free))
    ((seen, _),) = found(folder_checks(home), "free space")
    assert seen is health


def test_folders_on_several_file_systems_are_copied_between(
    home: settings.FolderHome, tmp_path: Path
) -> None:
    other = Path("/dev/shm")  # noqa: S108 - a file system of its own on Linux
    if not other.is_dir() or other.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is no second file system here")
    apart = settings.FolderHome(home.root, home.landing, home.staging, other, home.rejected)
    ((seen, _),) = found(folder_checks(apart), "file systems")
    assert seen is Health.WARNING


def test_a_file_with_secrets_is_for_its_owner_alone(
    home: settings.FolderHome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "CHECKOUT", tmp_path / "elsewhere")
    passwords = tmp_path / "pgpass"
    passwords.write_text("x")
    monkeypatch.setenv("PGPASSFILE", str(passwords))
    passwords.chmod(0o640)
    assert found(secret_checks(home), "secrets") == [(Health.FAULT, f"chmod 600 {passwords}")]
    passwords.chmod(0o600)
    assert found(secret_checks(home), "secrets") == [(Health.OK, "")]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("METER_STANDSTILL_SECONDS", "soon"),
        ("METER_MEMORY_MB", "1GB"),
        ("METER_UPLOAD_MB", "1GB"),
        ("METER_NOTIFIERS", "{"),
        ("METER_SILENT_HOURS", "-1"),
    ],
)
def test_a_setting_that_cannot_be_read_is_a_fault(
    monkeypatch: pytest.MonkeyPatch, name: str, text: str
) -> None:
    assert {check.health for check in setting_checks()} == {Health.OK}
    monkeypatch.setenv(name, text)
    (check,) = setting_checks()
    assert (check.health, name in check.text) == (Health.FAULT, True)


def test_warnings_alone_end_with_0(own_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command_line.main(["doctor"]) == 0
    printed = capsys.readouterr().out
    assert "warning connection: there is no database in" in printed
    assert "\n0 faults, " in printed
    assert not own_home.exists()
