"""One installation for all tests of the main job: it takes half a minute to start."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from nem12 import settings
from nem12.errors import TransientError
from nem12.local import embedded, stack
from nem12.warehouse import ledger
from nem12.warehouse.connect import connect
from nem12.warehouse.migrate import migrate_schema
from tests.support.installation import PASSWORD, Running, set_password
from tests.support.installed import SHORT_STANDSTILL, home_in
from tests.support.mail import Mailbox, mailbox
from tests.support.servers import passable_folder


@pytest.fixture(scope="package")
def running() -> Iterator[Running]:
    """A whole installation in a folder of its own; its loader has to give a password."""
    with (
        passable_folder() as root,
        embedded.server(home := home_in(root)) as server,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("METER_STANDSTILL_SECONDS", SHORT_STANDSTILL)
        migrate_schema(server.uri(settings.OWNER_ROLE))
        ask_for_a_password(server)
        plain = json.loads(server.airflow_connection(settings.LOADER_ROLE))
        patch.setattr(
            embedded.Server,
            "airflow_connection",
            lambda _, role: json.dumps(plain | {"login": role, "password": PASSWORD}),
        )
        with (
            mailbox() as mails,
            told_by_mail(mails),
            stack.running(home, server) as airflow,
            connect(server.uri(settings.READER_ROLE)) as connection,
        ):
            ledger.listen(connection)
            yield Running(home, server, airflow, connection, mails)


@contextmanager
def told_by_mail(mails: Mailbox) -> Iterator[None]:
    """The environment in which people are told of refused files by mail."""
    notifier = {
        "classpath": "airflow.providers.smtp.notifications.smtp.SmtpNotifier",
        "kwargs": {"to": "crew@example.org"},
        "on": ["refused"],
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("METER_NOTIFIERS", json.dumps([notifier]))
        patch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", json.dumps(mails.connection))
        yield


def ask_for_a_password(server: embedded.Server) -> None:
    """From now on the loader is asked for it, as on a server that others use too."""
    set_password(server, PASSWORD)
    rules = server.log.parent / "data" / "pg_hba.conf"
    rule = f"local all {settings.LOADER_ROLE} scram-sha-256\n"
    rules.write_text(rule + rules.read_text())
    with psycopg.connect(server.uri(embedded.SUPERUSER), autocommit=True) as admin:
        admin.execute("SELECT pg_reload_conf()")
    while not asks_for_a_password(server):
        pass


def asks_for_a_password(server: embedded.Server) -> bool:
    try:
        connect(server.uri(settings.LOADER_ROLE)).close()
    except TransientError:
        return True
    return False
