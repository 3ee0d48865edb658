"""Failures that a person can read: one line in the task's log instead of a traceback."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from nem12.errors import TerminalError

log = logging.getLogger(__name__)


class SaidError(SystemExit):
    """A task fails, and has said in its log why.

    A `SystemExit`, since that is the one failure that Airflow reports without a traceback. The
    retry policy of the tasks knows it: trying again would change nothing.
    """

    def __init__(self, *_: object) -> None:
        super().__init__(1)


@contextmanager
def said_plainly() -> Iterator[None]:
    """Say in one line what cannot be mended by trying again, and fail.

    Raises:
        SaidError: In place of a TerminalError.
    """
    try:
        yield
    except TerminalError as error:
        log.error("%s", error)  # noqa: TRY400 - a traceback says nothing to who filled in a form
        raise SaidError from None
