"""The compose file, the image and their scripts: nothing starts with a secret that all know."""

import base64
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = (ROOT / "docker-compose.yaml").read_text(encoding="utf-8")
AIRFLOW = re.search(
    r"^apache-airflow==(.+)$", (ROOT / "requirements.txt").read_text(), re.MULTILINE
)


def services() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(COMPOSE)["services"]
    return found


def variables(text: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in text.splitlines() if re.match(r"[A-Z_]+=", line))


EXAMPLE = variables((ROOT / ".env.example").read_text(encoding="utf-8"))
SECRETS = [name for name in EXAMPLE if re.search("PASSWORD|KEY|SECRET", name)]


@pytest.mark.parametrize("name", SECRETS)
def test_compose_does_not_start_without_a_secret_of_ones_own(name: str) -> None:
    assert EXAMPLE[name] == ""
    assert f"${{{name}:?" in COMPOSE
    assert f"${{{name}:-" not in COMPOSE


def test_every_variable_of_the_compose_file_is_explained() -> None:
    assert set(re.findall(r"(?<!\$)\$\{([A-Z_]+)", COMPOSE)) == set(EXAMPLE)


def secrets(folder: Path) -> dict[str, str]:
    """What the script makes in a copy of the checkout."""
    shutil.copytree(ROOT / "docker", folder / "docker")
    shutil.copy(ROOT / ".env.example", folder)
    subprocess.run(["sh", "docker/secrets.sh"], cwd=folder, check=True)
    assert (folder / ".env").stat().st_mode & 0o777 == 0o600
    return variables((folder / ".env").read_text())


def test_secrets_are_made_anew_and_fit_into_urls(tmp_path: Path) -> None:
    made, other = secrets(tmp_path / "a"), secrets(tmp_path / "b")
    for name in SECRETS:
        assert made[name] != other[name]
        if name != "AIRFLOW_FERNET_KEY":
            assert re.fullmatch(r"[A-Za-z0-9]{64}", made[name])
    assert len(base64.urlsafe_b64decode(made["AIRFLOW_FERNET_KEY"])) == 32
    assert made["AIRFLOW_UID"] == str(os.getuid() or 50000)
    assert set(made) == set(EXAMPLE)


def test_secrets_that_are_there_stay(tmp_path: Path) -> None:
    made = secrets(tmp_path / "a")
    again = subprocess.run(
        ["sh", "docker/secrets.sh"], cwd=tmp_path / "a", capture_output=True, check=False
    )
    assert again.returncode == 1
    assert variables((tmp_path / "a" / ".env").read_text()) == made


def test_the_image_is_that_of_the_airflow_that_is_tested() -> None:
    assert AIRFLOW is not None
    assert f"FROM apache/airflow:{AIRFLOW[1]}-" in (ROOT / "Dockerfile").read_text()
    assert f"nem12-airflow:{AIRFLOW[1]}" in COMPOSE


def test_all_airflow_containers_share_secrets_and_folders() -> None:
    airflow = {name: s for name, s in services().items() if name.startswith("airflow-")}
    airflow.pop("airflow-db")
    assert set(airflow) == {
        f"airflow-{name}"
        for name in ("init", "apiserver", "scheduler", "dag-processor", "triggerer", "worker")
    }
    shared = airflow["airflow-apiserver"]
    for service in airflow.values():
        assert shared["environment"].items() <= service["environment"].items()
        assert service["volumes"] == shared["volumes"]


def test_whoever_runs_on_is_looked_after() -> None:
    for name, service in services().items():
        if name != "airflow-init":
            assert "healthcheck" in service, name
            assert service["restart"] == "unless-stopped", name


def test_nothing_is_open_to_other_machines_unless_it_is_asked_for() -> None:
    for service in services().values():
        for port in service.get("ports", []):
            assert re.match(r"\$\{[A-Z_]+:-127\.0\.0\.1:", port)


@pytest.mark.parametrize("password", ["", "it's", "a@b", "ä"])
def test_the_set_up_refuses_passwords_that_break_an_address(password: str) -> None:
    names = ("METER_OWNER_PASSWORD", "METER_LOADER_PASSWORD", "METER_READER_PASSWORD")
    env = {"PATH": os.environ["PATH"], **dict.fromkeys(names, "good1"), names[1]: password}
    done = subprocess.run(
        ["sh", "docker/init.sh"], cwd=ROOT, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr == f"init: {names[1]} must be made of letters and digits\n"


@pytest.mark.parametrize(
    "script", sorted((ROOT / "docker").glob("*.sh")), ids=lambda p: Path(p).name
)
def test_scripts_are_plain_shell(script: Path) -> None:
    assert subprocess.run(["sh", "-n", script], check=False).returncode == 0
