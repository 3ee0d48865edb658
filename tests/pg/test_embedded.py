"""The embedded server, for real: as the user who runs the tests, and in folders of many kinds."""

import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import psycopg
import pytest

from nem12 import settings
from nem12.errors import UsageError
from nem12.local import embedded
from nem12.local.embedded import machine
from nem12.warehouse.migrate import migrate_schema
from tests.support.servers import discard, home_in, passable_folder

AS_ROOT = os.geteuid() == 0

HOLD = """
import sys
from pathlib import Path
from nem12 import settings
from nem12.local import embedded
root = Path(sys.argv[1])
home = settings.Home.below(root)
with embedded.server(home) as server:
    print(server.uri(), flush=True)
    sys.stdin.read()
"""
"""A process that uses the server until its standard input ends."""


@pytest.fixture
def home() -> Iterator[settings.FolderHome]:
    """A home that the server's account can reach."""
    with passable_folder() as root:
        yield home_in(root)


@pytest.fixture(scope="module")
def used() -> Iterator[tuple[settings.FolderHome, embedded.Server]]:
    """A server that the tests which only look at it share."""
    with passable_folder() as root, embedded.server(home_in(root)) as server:
        yield home_in(root), server


@pytest.fixture
def private_home() -> Iterator[settings.FolderHome]:
    """A home in a folder that only its owner may enter."""
    root = Path(tempfile.mkdtemp(prefix="nem12-test-"))
    yield home_in(root / "home")
    discard(root / "home")
    root.rmdir()


def one(uri: str, statement: str) -> object:
    with psycopg.connect(uri) as connection:
        row = connection.execute(statement).fetchone()
    assert row is not None
    return row[0]


def postmaster(home: settings.FolderHome) -> int:
    return int((home.postgres / "data" / "postmaster.pid").read_text().splitlines()[0])


def is_running(home: settings.FolderHome) -> bool:
    return (home.postgres / "data" / "postmaster.pid").exists()


def hold(home: settings.FolderHome) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, home.root],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    assert process.stdout.readline().startswith("postgresql://")
    return process


def release(process: subprocess.Popen[str], *, kill: bool = False) -> None:
    with process:
        if kill:
            process.kill()


def test_first_use_makes_the_roles_and_the_databases_of_the_owner(
    used: tuple[settings.FolderHome, embedded.Server],
) -> None:
    _, server = used
    for role in (settings.OWNER_ROLE, settings.LOADER_ROLE, settings.READER_ROLE):
        uri = server.uri(role)
        assert one(uri, "SELECT current_user") == role
        assert one(uri, "SELECT current_setting('is_superuser')") == "off"
    for name in (settings.DATABASE, settings.AIRFLOW_DATABASE):
        owner = "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = %s"
        with psycopg.connect(server.uri()) as connection:
            assert connection.execute(owner, [name]).fetchone() == (settings.OWNER_ROLE,)


def test_the_reader_writes_nothing_not_even_for_itself(
    used: tuple[settings.FolderHome, embedded.Server],
) -> None:
    _, server = used
    migrate_schema(server.uri())
    reader = server.uri(settings.READER_ROLE)
    assert one(reader, "SHOW transaction_read_only") == "on"
    for statement in (
        "CREATE TEMPORARY TABLE mine (a int)",
        "SELECT lo_from_bytea(0, 'mine')",
        "SELECT lo_create(1)",
    ):
        with (
            psycopg.connect(reader, options="-c default_transaction_read_only=off") as connection,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            connection.execute(statement.encode())


def test_rows_are_there_at_the_next_use(home: settings.FolderHome) -> None:
    with embedded.server(home) as server, psycopg.connect(server.uri()) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    assert not is_running(home)
    with embedded.server(home) as server:
        assert one(server.uri(), "SELECT answer FROM kept") == 42


def test_the_umask_of_the_caller_does_not_matter(home: settings.FolderHome) -> None:
    before = os.umask(0o077)
    try:
        for _ in range(2):  # made, and started again
            with embedded.server(home) as server:
                assert one(server.uri(), "SELECT 1") == 1
    finally:
        os.umask(before)


def test_nothing_listens_on_the_network(used: tuple[settings.FolderHome, embedded.Server]) -> None:
    home, _ = used
    assert not [
        connection
        for connection in psutil.Process(postmaster(home)).net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    ]


def test_only_the_account_of_the_server_may_enter_its_folders(
    used: tuple[settings.FolderHome, embedded.Server],
) -> None:
    home, server = used
    for folder in (home.postgres, home.postgres / "data", server.socket):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_commits_are_durable_and_the_checks_of_pages_are_on(
    used: tuple[settings.FolderHome, embedded.Server],
) -> None:
    _, server = used
    for name in ("fsync", "synchronous_commit", "full_page_writes", "data_checksums"):
        assert one(server.uri(), f"SELECT current_setting('{name}')") == "on"
    assert one(server.uri(), "SELECT current_setting('timezone')") == "UTC"


def test_settings_follow_the_size_of_the_machine(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    usage = type(shutil.disk_usage(tmp_path))
    monkeypatch.setattr(machine, "memory_bytes", lambda: 2048 * settings.MIB)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(2**40, 2**39, 2**31))
    text = machine.configuration(tmp_path, tmp_path)
    assert "shared_buffers = 512MB" in text
    assert "max_wal_size = 256MB" in text
    assert "max_locks_per_transaction = 512" in text


def test_the_environment_of_the_caller_does_not_turn_it_elsewhere(
    home: settings.FolderHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPORT", "6543")
    monkeypatch.setenv("PGDATA", "/nowhere")
    monkeypatch.setenv("PGDATABASE", "nowhere")
    with embedded.server(home) as server:
        assert one(server.uri(), "SELECT current_database()") == settings.DATABASE


def test_psql_of_the_same_build_is_beside_it(
    used: tuple[settings.FolderHome, embedded.Server],
) -> None:
    _, server = used
    command = [str(server.bin / "psql"), "-XAtc", "SELECT 1", server.uri()]
    assert subprocess.run(command, check=True, capture_output=True).stdout == b"1\n"


def test_the_last_one_to_leave_stops_it(home: settings.FolderHome) -> None:
    with embedded.server(home) as outer:
        with embedded.server(home):
            pass
        assert one(outer.uri(), "SELECT 1") == 1
        other = hold(home)
    assert is_running(home)
    release(other)
    assert not is_running(home)


def test_many_can_begin_at_once(home: settings.FolderHome) -> None:
    def use(_: int) -> object:
        with embedded.server(home) as server:
            return one(server.uri(), "SELECT 1")

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(use, range(16))) == [1] * 16
    assert not is_running(home)


def test_a_server_left_by_a_killed_process_is_used_and_then_stopped(
    home: settings.FolderHome,
) -> None:
    release(hold(home), kill=True)
    left = postmaster(home)
    with embedded.server(home):
        assert postmaster(home) == left
    assert not is_running(home)


def test_a_killed_server_recovers_what_was_committed(home: settings.FolderHome) -> None:
    release(hold(home), kill=True)
    with embedded.server(home) as server:
        with psycopg.connect(server.uri()) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        os.kill(postmaster(home), signal.SIGKILL)
    with embedded.server(home) as server:
        assert one(server.uri(), "SELECT answer FROM kept") == 42
    assert not is_running(home)


def test_a_pid_file_whose_pid_is_another_process_is_survived(home: settings.FolderHome) -> None:
    with embedded.server(home):
        text = (home.postgres / "data" / "postmaster.pid").read_text()
    account = (home.postgres / "data").stat()
    sleeper = subprocess.Popen(
        ["sleep", "600"],
        user=account.st_uid if AS_ROOT else None,
        group=account.st_gid if AS_ROOT else None,
    )
    try:
        _, _, rest = text.partition("\n")
        stale = home.postgres / "data" / "postmaster.pid"
        stale.write_text(f"{sleeper.pid}\n{rest}")
        os.chown(stale, account.st_uid, account.st_gid)
        with embedded.server(home) as server:
            assert one(server.uri(), "SELECT 1") == 1
        assert sleeper.poll() is None
    finally:
        sleeper.kill()
        sleeper.wait()


@pytest.mark.parametrize("text", ["", "12"], ids=["empty", "cut off"])
def test_a_pid_file_that_a_crash_cut_off_is_survived(home: settings.FolderHome, text: str) -> None:
    with embedded.server(home):
        pass
    stale = home.postgres / "data" / "postmaster.pid"
    stale.write_text(text)
    account = (home.postgres / "data").stat()
    os.chown(stale, account.st_uid, account.st_gid)
    with embedded.server(home) as server:
        assert one(server.uri(), "SELECT 1") == 1


def test_a_first_use_that_was_cut_off_is_completed(home: settings.FolderHome) -> None:
    with (
        embedded.server(home) as server,
        psycopg.connect(server.uri(embedded.SUPERUSER, "postgres"), autocommit=True) as connection,
    ):
        connection.execute(f"DROP DATABASE {settings.DATABASE}")
        connection.execute(f"DROP ROLE {settings.READER_ROLE}")
    (home.postgres / "data.new").mkdir()
    with embedded.server(home) as server:
        assert one(server.uri(settings.READER_ROLE), "SELECT 1") == 1


def test_a_half_made_cluster_is_made_again(home: settings.FolderHome) -> None:
    with embedded.server(home):
        pass
    shutil.rmtree(home.postgres / "data")
    (home.postgres / "data.new").mkdir()
    (home.postgres / "data.new" / "PG_VERSION").write_text("18\n")
    with embedded.server(home) as server:
        assert one(server.uri(), "SELECT 1") == 1


@pytest.mark.parametrize(
    "name",
    ["with blank", '$HOME `id` "quoted" it\'s', "h" * 120, "per%20cent", "Zähler"],
    ids=["blank", "shell", "long", "percent", "umlaut"],
)
def test_any_name_of_the_home_works(home: settings.FolderHome, name: str) -> None:
    odd = home_in(home.root / name)
    with embedded.server(odd) as server:
        assert one(server.uri(), "SELECT 1") == 1
        assert len(f"{server.socket}/.s.PGSQL.{embedded.PORT}") <= 107
        assert stat.S_IMODE(server.socket.stat().st_mode) == 0o700
    shutil.rmtree(server.socket, ignore_errors=True)


def test_two_homes_never_meet(home: settings.FolderHome) -> None:
    with (
        embedded.server(home_in(home.root / "a")) as a,
        embedded.server(home_in(home.root / "b")) as b,
    ):
        assert a.socket != b.socket
        identifier = "SELECT system_identifier FROM pg_control_system()"
        assert one(a.uri(embedded.SUPERUSER), identifier) != one(
            b.uri(embedded.SUPERUSER), identifier
        )


def test_a_server_that_cannot_start_says_why_and_where_to_look(home: settings.FolderHome) -> None:
    with embedded.server(home):
        pass
    with (home.postgres / "data" / "postgresql.auto.conf").open("a") as file:
        file.write("shared_buffers = '1PB'\n")
    said = pytest.raises(UsageError, match=r"does not start \(.+\): see .*server\.log")
    with said, embedded.server(home):
        pass


as_root = pytest.mark.skipif(not AS_ROOT, reason="only root has to hand the server to another user")


@as_root
def test_root_changes_no_folder_that_it_did_not_make(private_home: settings.FolderHome) -> None:
    parents = [private_home.root.parent, *private_home.root.parent.parents, Path("/root")]
    before = [(path.stat().st_mode, path.stat().st_uid) for path in parents]
    with embedded.server(private_home) as server:
        assert one(server.uri(), "SELECT 1") == 1
        assert psutil.Process(postmaster(private_home)).uids().real != 0
    assert [(path.stat().st_mode, path.stat().st_uid) for path in parents] == before
    assert private_home.postgres.is_symlink()


@as_root
def test_a_home_deleted_and_made_anew_begins_empty(private_home: settings.FolderHome) -> None:
    with embedded.server(private_home) as server, psycopg.connect(server.uri()) as connection:
        connection.execute("CREATE TABLE old AS SELECT 1")
    old = private_home.postgres.readlink()
    shutil.rmtree(private_home.root)
    try:
        with embedded.server(private_home) as server:
            assert one(server.uri(), "SELECT to_regclass('old')") is None
        assert old.exists()
    finally:
        shutil.rmtree(old)


@as_root
def test_a_home_whose_data_is_gone_says_so(private_home: settings.FolderHome) -> None:
    with embedded.server(private_home):
        pass
    shutil.rmtree(private_home.postgres.readlink())
    with pytest.raises(UsageError, match="is gone from"), embedded.server(private_home):
        pass


@as_root
def test_programs_that_the_account_cannot_reach_are_copied_once(
    home: settings.FolderHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    from nem12.local.embedded import place

    wheel = place._wheel()
    private = Path(tempfile.mkdtemp(prefix="nem12-wheel-"))
    shared = Path(tempfile.mkdtemp(prefix="nem12-shared-"))
    shared.chmod(0o755)
    try:
        for name in (f"{wheel.name}/{place.INSTALLED}", f"{wheel.name}.libs"):
            shutil.copytree(wheel.parent / name, private / name, symlinks=True)
        monkeypatch.setattr(place, "SHARED", shared)
        monkeypatch.setattr(place, "_wheel", lambda: private / wheel.name)
        for _ in range(2):
            with embedded.server(home) as server:
                assert one(server.uri(), "SELECT 1") == 1
                assert server.bin.is_relative_to(shared)
        assert len(list(shared.iterdir())) == 1
    finally:
        shutil.rmtree(private)
        shutil.rmtree(shared)


@as_root
def test_root_runs_the_server_of_an_ordinary_user_as_that_user(home: settings.FolderHome) -> None:
    nobody = pwd.getpwnam("nobody")
    os.chown(home.root, nobody.pw_uid, nobody.pw_gid)
    home.postgres.mkdir(mode=0o700)
    os.chown(home.postgres, nobody.pw_uid, nobody.pw_gid)
    with embedded.server(home):
        assert psutil.Process(postmaster(home)).uids().real == nobody.pw_uid
