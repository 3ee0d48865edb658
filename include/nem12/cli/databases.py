"""Chooses the PostgreSQL that a command uses."""

import os
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager

from nem12 import settings
from nem12.errors import UsageError
from nem12.local import embedded
from nem12.warehouse.migrate import migrate_schema


class NothingYetError(UsageError):
    """Nothing has been loaded here yet: there is no database."""


@contextmanager
def database(
    arguments: Namespace, role: str, *, new: bool = False, migrated: bool = True
) -> Iterator[str]:
    """The URI of the database named on the command line, or of the embedded server.

    Args:
        arguments: With `dsn`.
        role: Role on the embedded server; for other servers the URI decides.
        migrated: Bring the tables of the embedded server up to date.
        new: Make the embedded server and the folders if they are missing.

    Yields:
        A libpq URI. The embedded server runs inside the block.

    Raises:
        NothingYetError: There is no embedded server yet, and `new` is false.
    """
    given = _given(arguments)
    if given:
        yield given
        return
    home = settings.home()
    if new:
        home.make()
    elif not embedded.exists(home):
        raise NothingYetError(
            f"there is no database in {home.root} yet: run `{settings.command('up')}` or"
            f" `{settings.command('parse_data --apply --file …')}`, or set METER_DB_URI"
        )
    with embedded.server(home) as server:
        if migrated:
            migrate_schema(server.uri(settings.OWNER_ROLE))
        yield server.uri(role)


def is_given(arguments: Namespace) -> bool:
    """Whether a database is named, so that it is not the embedded server's."""
    return bool(_given(arguments))


def _given(arguments: Namespace) -> str:
    return getattr(arguments, "dsn", None) or os.environ.get("METER_DB_URI") or ""
