"""The entry point, run as a process in a checkout of its own with an environment of stand-ins."""

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

MANAGE = Path(__file__).parents[2] / "manage.py"

STAND_IN = f"""#!/bin/sh
echo "$*" >> "$CALLS"
case "$*" in
  *tools/__main__.py*) echo "home=$METER_HOME" "$METER_COMMAND"; exit 7 ;;
  "-m pip install"*) [ -z "$PIP_FAILS" ] || {{ echo "ERROR: no such host"; exit 1; }} ;;
  "-m pip --version") echo pip ;;
  "-c "*) echo "${{VERSION:-{sys.version_info[0]} {sys.version_info[1]}}}" ;;
esac
"""
"""In place of the environment's Python: notes what it is called with."""


class Checkout:
    """A copy of manage.py with lists of packages of its own."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.python = root / ".venv" / "bin" / "python"
        self.calls_file = root / "calls"
        shutil.copy(MANAGE, root)
        for name in ("requirements.txt", "requirements-dev.txt", "constraints.txt"):
            (root / name).write_text("")
        (root / "pyproject.toml").write_text("")

    def make_environment(self) -> None:
        self.python.parent.mkdir(parents=True)
        self.python.write_text(STAND_IN)
        self.python.chmod(0o755)

    def run(self, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
        self.calls_file.unlink(missing_ok=True)
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            check=False,
            cwd=self.root,
            env={"PATH": os.environ["PATH"], "CALLS": str(self.calls_file), **env},
            capture_output=True,
            text=True,
        )

    def pip_calls(self) -> list[str]:
        """The arguments of each pip install of the last run."""
        calls = self.calls_file.read_text().splitlines() if self.calls_file.exists() else []
        return [call.partition("--no-input ")[2] for call in calls if "pip install" in call]


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    made = Checkout(tmp_path)
    made.make_environment()
    return made


def test_packages_are_installed_once_and_then_the_command_runs_at_once(checkout: Checkout) -> None:
    first = checkout.run("status")
    assert first.returncode == 7
    assert checkout.pip_calls() == [
        "-c constraints.txt -r requirements.txt",
        "--no-deps -e .",
    ]
    second = checkout.run("query", "SELECT 1")
    assert second.returncode == 7
    assert second.stderr == ""
    assert checkout.calls_file.read_text() == f"{checkout.root}/tools/__main__.py query SELECT 1\n"


def test_each_step_of_an_installation_is_one_line_on_standard_error(checkout: Checkout) -> None:
    done = checkout.run("status")
    assert [line.split()[0] for line in done.stderr.splitlines()] == ["Installing", "Installing"]
    assert done.stdout.startswith("home=")


def test_the_suite_brings_its_tools_also_into_an_old_environment(checkout: Checkout) -> None:
    checkout.run("status")
    checkout.run("test")
    assert checkout.pip_calls()[0] == "-c constraints.txt -r requirements-dev.txt"
    for command in ("test", "status"):
        checkout.run(command)
        assert checkout.pip_calls() == []


@pytest.mark.parametrize("name", ["requirements.txt", "constraints.txt", "pyproject.toml"])
def test_a_changed_list_is_installed_at_the_next_use(checkout: Checkout, name: str) -> None:
    checkout.run("status")
    (checkout.root / name).write_text("# changed\n")
    checkout.run("status")
    assert checkout.pip_calls()
    checkout.run("status")
    assert not checkout.pip_calls()


def test_an_interrupted_installation_is_taken_up_again(checkout: Checkout) -> None:
    packages = checkout.root / ".venv" / "lib" / "python3.11" / "site-packages"
    for name in ("whole", "torn", "unrecorded"):
        (packages / f"{name}-1.dist-info").mkdir(parents=True)
    (packages / "whole.py").touch()
    (packages / "whole-1.dist-info" / "RECORD").write_text("whole.py,,\n")
    (packages / "torn-1.dist-info" / "RECORD").write_text("torn.py,,\n")
    checkout.run("status")
    assert [path.name for path in packages.glob("*.dist-info")] == ["whole-1.dist-info"]
    assert checkout.pip_calls()


def test_a_failure_of_pip_is_one_line_with_its_log_and_is_tried_again(checkout: Checkout) -> None:
    failed = checkout.run("status", PIP_FAILS="1")
    assert failed.returncode == 2
    last = failed.stderr.splitlines()[-1]
    assert "no such host" in last
    assert str(checkout.root / ".venv" / "install.log") in last
    assert checkout.run("status").returncode == 7
    assert checkout.pip_calls()


@pytest.mark.parametrize("version", ["(3, 10, 4)", "(3, 14, 0)"])
def test_another_version_of_python_is_refused_in_one_line(checkout: Checkout, version: str) -> None:
    pretend = (
        f"import runpy, sys; sys.version_info = {version}; sys.argv = ['manage.py'];"
        " runpy.run_path('manage.py', run_name='__main__')"
    )
    refused = subprocess.run(
        [sys.executable, "-c", pretend],
        check=False,
        cwd=checkout.root,
        capture_output=True,
        text=True,
    )
    assert refused.returncode == 2
    assert refused.stderr.count("\n") == 1
    assert "3.11" in refused.stderr


def test_a_python_without_venv_is_told_what_to_install(tmp_path: Path) -> None:
    Checkout(tmp_path)
    pretend = (
        "import runpy, sys, importlib.util as util; find = util.find_spec;"
        "util.find_spec = lambda name, *rest: None if name == 'ensurepip' else find(name, *rest);"
        "sys.argv = ['manage.py']; runpy.run_path('manage.py', run_name='__main__')"
    )
    refused = subprocess.run(
        [sys.executable, "-c", pretend], check=False, cwd=tmp_path, capture_output=True, text=True
    )
    assert refused.returncode == 2
    assert "apt install python3" in refused.stderr
    assert not (tmp_path / ".venv").exists()


@pytest.mark.parametrize("fault", ["broken", "of another version"])
def test_an_environment_of_no_use_is_made_anew(checkout: Checkout, fault: str) -> None:
    leftover = checkout.root / ".venv" / "leftover"
    leftover.touch()
    if fault == "broken":
        checkout.python.write_text("#!/no/such/interpreter\n")
    # Without an index pip cannot get what builds the project: the run ends there, offline.
    ended = checkout.run("status", VERSION="3 9", PIP_NO_INDEX="1")
    assert "Making the environment" in ended.stderr
    assert ended.returncode == 2
    assert not leftover.exists()
    version = subprocess.run(
        [checkout.python, "-c", "import sys; print(sys.version_info[:2])"],
        check=True,
        capture_output=True,
        text=True,
    )
    assert version.stdout.strip() == str(sys.version_info[:2])


def test_a_usable_environment_of_somebody_else_is_completed(checkout: Checkout) -> None:
    kept = checkout.root / ".venv" / "kept"
    kept.touch()
    assert checkout.run("status").returncode == 7
    assert kept.exists()


def test_two_at_once_install_one_after_the_other(checkout: Checkout) -> None:
    with (checkout.root / "manage.py").open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with subprocess.Popen(
            [sys.executable, "manage.py", "status"],
            cwd=checkout.root,
            env={"PATH": os.environ["PATH"], "CALLS": str(checkout.calls_file)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        ) as waiting:
            assert waiting.stderr
            assert waiting.stderr.readline().startswith("Waiting for another process")
            assert not checkout.calls_file.exists()
            fcntl.flock(held, fcntl.LOCK_UN)
            waiting.communicate()
    assert waiting.returncode == 7
    assert len(checkout.pip_calls()) == 2


def test_the_home_is_in_the_checkout_unless_it_is_given(checkout: Checkout) -> None:
    assert checkout.run("status").stdout == f"home={checkout.root}/.data manage.py\n"
    assert checkout.run("status", METER_HOME="/elsewhere").stdout == "home=/elsewhere manage.py\n"
