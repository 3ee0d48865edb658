"""Entry point behind `manage.py`: one line for every error, and an exit status for its kind."""

import os
import signal
import sys
from argparse import Namespace
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Final, NoReturn

from nem12 import settings
from nem12.errors import MeterError, sentence

if TYPE_CHECKING:
    from nem12.cli.arguments import Commands

INTERRUPTED: Final = 130
"""The status that shells report for a program that Ctrl-C ended."""


def main(
    arguments: list[str] | None = None, more: "Callable[[Commands], None] | None" = None
) -> int:
    """Run one command.

    Args:
        arguments: Without the program's name; None for those of the process.
        more: Adds commands that are not the package's own.

    Returns:
        0 on success; 1 if something in the data was refused, or a check found differences; 2 for
        wrong usage or a failing environment; 130 after Ctrl-C. `airflow` returns Airflow's own
        status.
    """
    called = settings.command("")
    try:
        # Imported inside `try`: Ctrl-C may come meanwhile.
        from nem12.cli.arguments import parser

        parsed = parser(more).parse_args(arguments)
        called = settings.command(parsed.command)
        return _run(parsed)
    except BrokenPipeError:
        # The reader of our output has gone, as `head` does: that is not an error.
        return 0
    except MeterError as error:
        return _ended(called, str(error), 2)
    except OSError as error:
        return _ended(called, sentence(error), 2)
    except KeyboardInterrupt:
        return _ended(called, "interrupted", INTERRUPTED)
    finally:
        _forget_unwritten()


def _run(parsed: Namespace) -> int:
    os.umask(settings.umask())
    status: int = parsed.run(parsed)
    # Flush here, where a failure still becomes one line: at exit no handler would catch it.
    sys.stdout.flush()
    return status


def _ended(called: str, why: str, status: int) -> int:
    # The output may be a file on the full disk that this line reports.
    with suppress(OSError):
        print(f"{called}: {why}", file=sys.stderr, flush=True)
    return status


def _forget_unwritten() -> None:
    """Discard output that cannot be written: the interpreter would try again at its end."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stream.fileno())
            os.close(nowhere)


def exit_with(command: Callable[[], int]) -> NoReturn:
    """End the process with the status of a command."""
    status = command()
    if status == INTERRUPTED:
        # A second Ctrl-C must not print a traceback while Python exits.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.exit(status)


def entry() -> NoReturn:
    """The program `nem12`."""
    os.environ.setdefault("METER_COMMAND", "nem12")  # what messages call it
    exit_with(main)


if __name__ == "__main__":
    exit_with(main)
