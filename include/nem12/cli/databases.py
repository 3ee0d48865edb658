"""Which PostgreSQL a command talks to."""

import os
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager

from nem12 import settings
from nem12.warehouse import embedded
from nem12.warehouse.migrate import migrate


@contextmanager
def database(arguments: Namespace, role: str) -> Iterator[str]:
    """The URI of the database named on the command line, or of the embedded server.

    Args:
        arguments: With `dsn`.
        role: To be on the embedded server; another one is used as the URI says.

    Yields:
        A libpq URI. The embedded server runs inside the block, and its tables are there.
    """
    given = getattr(arguments, "dsn", None) or os.environ.get("METER_DB_URI")
    if given:
        yield given
        return
    with embedded.server(settings.home().make()) as server:
        migrate(server.uri(settings.OWNER_ROLE))
        yield server.uri(role)
