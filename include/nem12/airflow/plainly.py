"""Failures in plain words: one line in the task's log instead of a traceback."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from airflow.sdk import get_current_context
from airflow.sdk.definitions.retry_policy import ExceptionRetryPolicy, RetryAction, RetryRule

from nem12.errors import TerminalError, TransientError, sentence

WHY: Final = "why"
"""Under this key a task that fails plainly says to the tasks after it why."""

_MOST: Final = 1000

log = logging.getLogger(__name__)


class SaidError(SystemExit):
    """A task fails, and has said in its log why.

    A `SystemExit`, since that is the one failure that Airflow reports without a traceback. The
    retry policy of the tasks knows it: trying again would not help.
    """

    def __init__(self, *_: object) -> None:
        super().__init__(1)


RETRY_POLICY = ExceptionRetryPolicy(
    rules=[
        RetryRule(
            exception="nem12.errors.TerminalError",
            action=RetryAction.FAIL,
            reason="trying again would not help",
        ),
        RetryRule(
            exception="nem12.airflow.plainly.SaidError",
            action=RetryAction.FAIL,
            reason="see the log",
        ),
    ]
)
"""What cannot be mended by trying again fails at once; the rest is tried again."""


@contextmanager
def said_by_system() -> Iterator[None]:
    """Say in a sentence what the system refuses, such as room on a full disk.

    Raises:
        TransientError: In place of an OSError: who looks after the system may mend it meanwhile.
    """
    try:
        yield
    except OSError as error:
        raise TransientError(sentence(error)) from None


@contextmanager
def said_plainly() -> Iterator[None]:
    """Say in one line what cannot be mended by trying again, to the tasks after this too, and fail.

    Raises:
        SaidError: In place of a TerminalError.
        TransientError: In place of an OSError.
    """
    try:
        with said_by_system():
            yield
    except TerminalError as error:
        log.error("%s", error)  # noqa: TRY400 - a traceback says nothing to who filled in a form
        get_current_context()["ti"].xcom_push(key=WHY, value=str(error)[:_MOST])
        raise SaidError from None
