"""docker/roles.sql: the roles of a database with passwords, as the containers make them."""

import subprocess
from pathlib import Path

import psycopg

from nem12 import settings
from nem12.local import embedded
from nem12.warehouse.migrate import migrate_schema
from tests.support.servers import Databases, only_embedded

pytestmark = only_embedded


def test_roles_get_their_passwords_and_the_owner_may_migrate(databases: Databases) -> None:
    bare = databases.bare()
    superuser = bare.uri(embedded.SUPERUSER)
    names = [settings.OWNER_ROLE, settings.LOADER_ROLE, settings.READER_ROLE]
    env = {f"METER_{name.removeprefix('nem12_').upper()}_PASSWORD": f"{name}1" for name in names}
    for _ in range(2):
        done = subprocess.run(
            [bare.server.bin / "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1",
             "-f", Path(__file__).resolve().parents[2] / "docker" / "roles.sql", superuser],
            env=env, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    with psycopg.connect(superuser) as connection:
        roles = connection.execute(
            "SELECT rolname, rolsuper, rolpassword LIKE 'SCRAM-SHA-256$%%' FROM pg_authid"
            " WHERE rolname = ANY(%s) ORDER BY rolname", (names,)
        ).fetchall()  # fmt: skip
    assert roles == [(name, False, True) for name in sorted(names)]
    migrate_schema(bare.owner)
    assert bare.one("SELECT count(*) FROM meter_files") == 0
