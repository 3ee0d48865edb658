"""What can be said on the command line; commands are imported only when they run."""

import argparse
import importlib
from collections.abc import Callable
from typing import TYPE_CHECKING, NoReturn, TypeAlias

from nem12 import settings
from nem12.mdff.profile import PROFILES

_ABOUT = "NEM12 meter data files into PostgreSQL, on Apache Airflow."
_DSN = (
    "PostgreSQL to use, a URI such as postgresql://user@host/meter; without it METER_DB_URI, and "
    "without that the embedded server under METER_HOME"
)


if TYPE_CHECKING:
    # argparse names this type only for type checkers.
    _Commands: TypeAlias = argparse._SubParsersAction["_Parser"]


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """One line, and where to read more."""
        self.exit(2, f"{self.prog}: {message}; see {self.prog} --help\n")


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    root = _Parser(prog=settings.command(""), description=_ABOUT, allow_abbrev=False)
    commands = root.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _demo(commands)
    _up(commands)
    _airflow(commands)
    _test(commands)
    _parse_data(commands)
    _validate(commands)
    _migrate(commands)
    _status(commands)
    _query(commands)
    _verify(commands)
    _withdraw(commands)
    _redrive(commands)
    _bench(commands)
    _partitions(commands)
    _purge(commands)
    return root


def _command(commands: "_Commands", name: str, module: str, about: str) -> argparse.ArgumentParser:
    added = commands.add_parser(
        name, help=about, description=about, prog=settings.command(name), allow_abbrev=False
    )
    added.set_defaults(run=_lazily(module, name))
    return added


def _lazily(module: str, name: str) -> Callable[[argparse.Namespace], int]:
    def run(arguments: argparse.Namespace) -> int:
        command = getattr(importlib.import_module(f"nem12.cli.{module}"), name)
        status: int = command(arguments)
        return status

    return run


def _demo(commands: "_Commands") -> None:
    about = (
        "Load the sample files through a real Airflow into a real PostgreSQL, show what was loaded "
        "and refused, and stop."
    )
    _command(commands, "demo", "stack", about)


def _up(commands: "_Commands") -> None:
    about = "Run Airflow and PostgreSQL until Ctrl-C; drop files into the landing folder."
    added = _command(commands, "up", "stack", about)
    added.add_argument(
        "--port",
        type=_port,
        metavar="PORT",
        help="of Airflow's pages and API; without it 8080, or the next one that is free",
    )


def _port(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and 0 < int(text) < 2**16):
        raise argparse.ArgumentTypeError(f"'{text}' is not a port: give a number up to 65535")
    return int(text)


def _airflow(commands: "_Commands") -> None:
    about = "Run Airflow's own command line on the Airflow of `up`, such as: backfill create …"
    # Every argument is Airflow's: none begins with what an option here would begin with.
    added = commands.add_parser(
        "airflow", help=about, prog=settings.command("airflow"), add_help=False, prefix_chars="\0"
    )
    added.add_argument("airflow", nargs="*", metavar="ARG")
    added.set_defaults(run=_lazily("stack", "airflow"))


def _test(commands: "_Commands") -> None:
    added = _command(commands, "test", "suite", "Run the tests, the linter and the type checker.")
    added.add_argument("--all", action="store_true", help="the slow proofs too")
    added.add_argument("pytest", nargs="*", metavar="PATH", help="only these test files")


def _parse_data(commands: "_Commands") -> None:
    about = (
        "Parse NEM12 files into staged SQL batch files; with --apply load them into the table "
        "meter_readings."
    )
    added = _command(commands, "parse_data", "load", about)
    added.add_argument(
        "--file",
        action="append",
        required=True,
        metavar="F",
        help="a file, an archive (.zip, .gz) or a folder; may be given several times",
    )
    added.add_argument(
        "--output", metavar="DIR", help="where the staged files go (default: ./staged)"
    )
    added.add_argument("--apply", action="store_true", help="load them into the database")
    added.add_argument(
        "--reprocess",
        action="store_true",
        help="with --apply: load again, in one transaction, what was loaded by another profile or "
        "an older reader",
    )
    _profile(added, "standard; for files of the archive the one they were judged by last", None)
    _format(added)
    _dsn(added)


def _validate(commands: "_Commands") -> None:
    about = "Check NEM12 files without a database: file:line: LEVEL code message."
    added = _command(commands, "validate", "check", about)
    added.add_argument("file", nargs="+", metavar="F", help="a file, an archive or a folder")
    _profile(added)
    _format(added)


def _migrate(commands: "_Commands") -> None:
    about = "Bring the database's tables to the version that this package needs."
    added = _command(commands, "migrate", "database", about)
    added.add_argument(
        "--print-grants",
        action="store_true",
        help="only print the SQL that gives the roles nem12_loader and nem12_reader their rights",
    )
    _dsn(added)


def _status(commands: "_Commands") -> None:
    about = "Say what waits, what is loaded and what was refused."
    added = _command(commands, "status", "database", about)
    _format(added)
    _dsn(added)


def _query(commands: "_Commands") -> None:
    about = "Run one SELECT as a role that may only read."
    added = _command(commands, "query", "database", about)
    added.add_argument(
        "sql", type=_text, metavar="SQL", help='such as "SELECT * FROM meter_daily LIMIT 5"'
    )
    _format(added)
    _dsn(added)


def _verify(commands: "_Commands") -> None:
    about = "Check that versions, days, readings and ledger agree; name the first difference."
    added = _command(commands, "verify", "operate", about)
    about = "also read every kept file and compare its SHA-256 with the ledger"
    added.add_argument("--archive", action="store_true", help=about)
    _format(added)
    _dsn(added)


def _withdraw(commands: "_Commands") -> None:
    about = "Take out a file delivered by mistake; what it had superseded comes back."
    added = _command(commands, "withdraw", "operate", about)
    added.add_argument(
        "file", type=_text, metavar="F", help="its name, or the beginning of its SHA-256"
    )
    _dsn(added)


def _redrive(commands: "_Commands") -> None:
    about = "Put refused and failed files back into the landing folder."
    added = _command(commands, "redrive", "operate", about)
    added.add_argument("--all", action="store_true", help="all of them")
    added.add_argument(
        "--name", type=_text, metavar="PATTERN", help='delivered name, such as "*.csv"'
    )
    added.add_argument(
        "--code", type=_text, metavar="CODE", help="refused with this finding, such as no-end"
    )
    added.add_argument("--since", metavar="DATE", help="landed since that day of NEM time")
    _profile(added, "the one that they were judged by", None)
    _dsn(added)


def _bench(commands: "_Commands") -> None:
    about = "Measure speed, memory and storage on a database of its own, against what others take."
    added = _command(commands, "bench", "bench", about)
    added.add_argument("--quick", action="store_true", help="less data: some minutes, not an hour")
    added.add_argument("--readings", type=int, metavar="N", help="at most so many in each part")
    added.add_argument("part", nargs="*", metavar="PART", help="only these; all are in the README")
    _format(added)


def _partitions(commands: "_Commands") -> None:
    about = "List the months of readings; make months ahead, detach or drop old ones."
    added = _command(commands, "partitions", "retention", about)
    added.add_argument(
        "--create-ahead", type=int, metavar="N", help="make this month and N after it"
    )
    cut = added.add_mutually_exclusive_group()
    cut.add_argument(
        "--detach-before",
        metavar="YYYY-MM",
        help="keep no days before that month; their readings stay in tables of their own",
    )
    cut.add_argument("--drop-before", metavar="YYYY-MM", help="keep nothing before that month")
    _yes(added)
    _format(added)
    _dsn(added)


def _purge(commands: "_Commands") -> None:
    about = "Forget an NMI: all its days and readings; say which files still hold it."
    added = _command(commands, "purge", "retention", about)
    added.add_argument("--nmi", required=True, metavar="NMI", help="the meter's NMI")
    added.add_argument(
        "--before",
        metavar="DATE",
        help="only days before that one, such as 2024-05-31 (default: all up to today)",
    )
    _yes(added)
    _format(added)
    _dsn(added)


def _text(argument: str) -> str:
    """An argument for the database; bytes that are not UTF-8 are none."""
    try:
        argument.encode()
    except UnicodeEncodeError:
        raise argparse.ArgumentTypeError("it is not UTF-8") from None
    return argument


def _yes(added: argparse.ArgumentParser) -> None:
    added.add_argument("--yes", action="store_true", help="do not ask, although it is for good")


def _profile(
    added: argparse.ArgumentParser, otherwise: str = "standard", default: str | None = "standard"
) -> None:
    added.add_argument(
        "--profile",
        choices=list(PROFILES),
        default=default,
        help=f"how strictly to judge (default: {otherwise})",
    )


def _format(added: argparse.ArgumentParser) -> None:
    added.add_argument(
        "--format", choices=["text", "json"], default="text", help="for people or programs"
    )


def _dsn(added: argparse.ArgumentParser) -> None:
    added.add_argument("--dsn", type=_text, metavar="URI", help=_DSN)
