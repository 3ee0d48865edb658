"""Entry point behind `manage.py`: one line for every error, exit status 0, 1 or 2."""

import os
import sys

from nem12 import settings
from nem12.cli.arguments import parser
from nem12.errors import MeterError


def main(arguments: list[str] | None = None) -> int:
    """Run one command.

    Returns:
        0 fine, 1 something in the data was refused, 2 wrong usage or environment.
    """
    wanted = parser().parse_args(arguments)
    os.umask(settings.umask())
    try:
        status: int = wanted.run(wanted)
    except MeterError as error:
        print(f"{settings.command(wanted.command)}: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"{settings.command(wanted.command)}: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader of our output has gone, as `head` does: that is no error.
        sys.stderr.close()
        return 0
    return status


if __name__ == "__main__":
    sys.exit(main())
