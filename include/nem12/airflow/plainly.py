"""Failures in plain words: one line in the task's log instead of a traceback."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from airflow.sdk import get_current_context
from airflow.sdk.definitions.retry_policy import ExceptionRetryPolicy, RetryAction, RetryRule

from nem12.errors import TerminalError, TransientError, sentence

WHY: Final = "why"
"""XCom key under which a failed task tells the tasks after it why it failed."""

_MOST: Final = 1000

log = logging.getLogger(__name__)


class SaidError(SystemExit):
    """A task failed and has logged the reason.

    A `SystemExit`, since Airflow reports only that failure without a traceback. The retry policy of
    the tasks treats it as an error that a retry cannot fix.
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
"""An error that a retry cannot fix fails at once; others are retried."""


@contextmanager
def said_by_system() -> Iterator[None]:
    """Turn an error of the system, such as a full disk, into one sentence.

    Raises:
        TransientError: In place of an OSError: the operator may fix it before the retry.
    """
    try:
        yield
    except OSError as error:
        raise TransientError(sentence(error)) from None


@contextmanager
def said_plainly() -> Iterator[None]:
    """Fail with one line, for the tasks after this one too, if a retry cannot help.

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
