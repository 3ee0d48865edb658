"""The compose file, the image and their scripts: nothing starts with a secret that all know."""

import base64
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
import yaml

from nem12.cli.arguments import parser
from nem12.local.embedded.account import of_caller
from nem12.local.embedded.place import programs

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = (ROOT / "docker-compose.yaml").read_text(encoding="utf-8")
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
DEPLOYING = (ROOT / "docs" / "deploying.md").read_text(encoding="utf-8")
AIRFLOW = re.search(
    r"^apache-airflow==(.+)$", (ROOT / "requirements.txt").read_text(), re.MULTILINE
)


PARSED: dict[str, Any] = yaml.safe_load(COMPOSE)
ONCE = {"airflow-init", "nem12"}
"""Services that end when they have done their work."""

SERVICES: dict[str, Any] = PARSED["services"]
LASTING = {name: service for name, service in SERVICES.items() if name not in ONCE}
OURS = {name: s for name, s in SERVICES.items() if s["image"].startswith("nem12-airflow:")}


def seconds(duration: str) -> int:
    """A duration of the compose file, such as 90s or 10m."""
    return int(duration[:-1]) * {"s": 1, "m": 60}[duration[-1]]


def each(services: dict[str, Any]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("service", services.values(), ids=services)


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
    assert f"FROM apache/airflow:{AIRFLOW[1]}-" in DOCKERFILE
    assert f"nem12-airflow:{AIRFLOW[1]}" in COMPOSE


def test_the_image_has_a_celery_that_its_provider_works_with() -> None:
    tested = re.search(
        r"^celery==5\.(\d+)", (ROOT / "requirements-celery.txt").read_text(), re.MULTILINE
    )
    assert tested is not None
    bound = re.search(r'"celery<5\.(\d+)"', DOCKERFILE)
    assert bound is not None
    assert int(tested[1]) < int(bound[1])


def test_an_edit_of_the_package_installs_only_the_package_again() -> None:
    steps = re.findall(r"^(?:COPY|RUN) (?:.*\\\n)*.*$", DOCKERFILE, re.MULTILINE)
    dependencies, package = (step for step in steps if "pip install" in step)
    assert "-r /tmp/requirements.txt" in dependencies
    assert "--no-deps" in package
    before = [step for step in steps[: steps.index(dependencies)] if step.startswith("COPY")]
    assert before == ["COPY --chown=airflow:0 requirements.txt /opt/nem12/"]


def test_what_the_image_copies_is_not_ignored() -> None:
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    for copied in re.findall(r"^COPY --chown=\S+ (.*) \S+$", DOCKERFILE, re.MULTILINE):
        for name in copied.split():
            assert f"!{name}" in ignored
            assert (ROOT / name).exists()


def test_the_image_can_be_read_by_any_user_whatever_the_umask_of_the_checkout() -> None:
    copied = re.findall(r"^COPY .* (\S+)$", DOCKERFILE, re.MULTILINE)
    last = DOCKERFILE.splitlines()[-1]
    assert last.startswith("RUN chmod -R g=u ")
    opened = [Path(folder) for folder in last.split()[4:]]
    for target in copied:
        assert any(Path(target).is_relative_to(folder) for folder in opened), target


def test_all_airflow_containers_share_secrets_and_folders() -> None:
    components = ("init", "apiserver", "scheduler", "dag-processor", "triggerer", "worker")
    assert set(OURS) == {"nem12", *(f"airflow-{name}" for name in components)}
    shared = dict(OURS["airflow-apiserver"]["environment"])
    # The command line comes as the owner of the tables.
    shared.pop("METER_DB_URI")
    for service in OURS.values():
        assert shared.items() <= service["environment"].items()
        assert service["volumes"] == OURS["airflow-apiserver"]["volumes"]


@each(OURS)
def test_the_image_is_asked_of_no_registry(service: dict[str, Any]) -> None:
    assert service["pull_policy"] == "never"


def test_one_service_builds_the_image_for_all() -> None:
    assert [name for name, service in OURS.items() if "build" in service] == ["airflow-init"]


def test_no_password_is_an_argument_that_other_users_can_read() -> None:
    for service in SERVICES.values():
        assert not re.search("PASSWORD|SECRET|KEY", str(service.get("command")))
    for line in (ROOT / "docker" / "init.sh").read_text().splitlines():
        # printf and eval are the shell's own.
        assert "_PASSWORD" not in line or re.match(r"\s*(printf|for|[A-Z_]+=)|#", line), line


@each(LASTING)
def test_a_service_that_lasts_is_looked_after(service: dict[str, Any]) -> None:
    assert service["restart"] == "unless-stopped"
    check = service["healthcheck"]
    # On a machine at load 19 the api-server listened after 3.5 minutes.
    patience = seconds(check["start_period"]) + check["retries"] * seconds(check["interval"])
    assert patience >= 300


@each(LASTING)
def test_a_health_check_that_runs_out_of_time_leaves_no_process(service: dict[str, Any]) -> None:
    kind, *command = service["healthcheck"]["test"]
    if kind == "CMD-SHELL":
        assert command[0].startswith("exec ")
        # One command: a second one, or a pipe, has processes of its own.
        assert not re.search(r"[|;&]", command[0])
    else:
        assert kind == "CMD"
        assert command[0] in {"curl", "psql", "redis-cli"}


@each(LASTING)
def test_a_health_check_that_starts_python_is_rare_and_has_time(service: dict[str, Any]) -> None:
    check = service["healthcheck"]
    command = " ".join(check["test"])
    if "airflow jobs" in command or "celery" in command:
        assert seconds(check["interval"]) >= 60
        # At load 22 it took more than 60 s.
        assert seconds(check["timeout"]) >= 120
        # In a start period Docker 25 looks every 5 s, whatever the interval.
        assert seconds(check["start_period"]) == 0
    if "inspect ping" in command:
        # Celery's own patience is one second.
        assert "--timeout 10 " in command


@pytest.mark.parametrize(
    ("service", "database"), [("airflow-db", "airflow"), ("readings-db", "meter")]
)
def test_a_database_is_healthy_only_when_it_is_there(service: str, database: str) -> None:
    command = SERVICES[service]["healthcheck"]["test"]
    assert command[1] == "psql"
    assert command[command.index("-d") + 1] == SERVICES[service]["environment"]["POSTGRES_DB"]
    assert SERVICES[service]["environment"]["POSTGRES_DB"] == database
    # What the image starts to set itself up listens on its socket only.
    assert command[command.index("-h") + 1] == "127.0.0.1"


def test_initdb_takes_the_arguments_of_the_readings_database() -> None:
    arguments = SERVICES["readings-db"]["environment"]["POSTGRES_INITDB_ARGS"]
    account = of_caller()
    # Not tmp_path: below a folder of root's no other account can write.
    with tempfile.TemporaryDirectory() as folder:
        os.chown(folder, account.uid, account.gid)
        status, output = account.run(
            [
                programs(account) / "initdb",
                *shlex.split(arguments),
                "--auth=trust",
                "--no-sync",
                f"--pgdata={folder}/data",
            ]
        )
    assert status == 0, output


@each({name: SERVICES[name] for name in ("airflow-db", "readings-db", "redis")})
def test_what_a_server_keeps_has_a_name_and_outlives_down(service: dict[str, Any]) -> None:
    (volume,) = service["volumes"]
    assert volume.split(":")[0] in PARSED["volumes"]


@each(SERVICES)
def test_a_service_has_time_to_end_and_a_bound_for_its_log(service: dict[str, Any]) -> None:
    assert seconds(service["stop_grace_period"]) >= 60
    assert service["logging"]["driver"] == "json-file"
    assert {"max-size", "max-file"} <= set(service["logging"]["options"])


def test_the_number_of_workers_outlives_the_next_up() -> None:
    assert SERVICES["airflow-worker"]["scale"] == "${AIRFLOW_WORKERS:-1}"
    assert "--scale" not in DEPLOYING


def test_the_command_line_is_started_by_name_only_and_owns_the_tables() -> None:
    assert SERVICES["nem12"]["profiles"]
    called = SERVICES["airflow-worker"]["environment"]["METER_COMMAND"].split()
    assert called == ["docker", "compose", "run", "--rm", "nem12"]
    assert "//nem12_owner:" in SERVICES["nem12"]["environment"]["METER_DB_URI"]
    for name in set(OURS) - {"nem12"}:
        environment = OURS[name]["environment"]
        assert environment["METER_DB_URI"] == environment["AIRFLOW_CONN_METER_DB"]
        assert "//nem12_loader:" in environment["METER_DB_URI"]


def test_commands_that_the_docs_run_in_containers_are_there() -> None:
    commands = re.findall(r"docker compose run --rm nem12 ([a-z][^`#\n]*)", DEPLOYING)
    assert commands
    for command in commands:
        parser().parse_args(shlex.split(command))


def test_the_dags_are_copied_into_a_new_airflow_as_the_docs_say(tmp_path: Path) -> None:
    lines = re.findall(r'^(?:mkdir|cp) .*"\$AIRFLOW_HOME/.*$', DEPLOYING, re.MULTILINE)
    (tmp_path / "nem12").symlink_to(ROOT)
    home = tmp_path / "airflow"
    programs = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {"PATH": programs, "AIRFLOW_HOME": str(home)}
    subprocess.run(["sh", "-ec", "\n".join(lines)], cwd=tmp_path, env=environment, check=True)
    copied = {path.name for path in (home / "dags").iterdir()}
    assert copied == {path.name for path in (ROOT / "dags").glob("*.py")}


def test_nothing_is_open_to_other_machines_unless_it_is_asked_for() -> None:
    for service in SERVICES.values():
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
