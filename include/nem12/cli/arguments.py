"""The arguments of the command line; a command is imported only when it runs."""

import argparse
import importlib
import pathlib
import re
from calendar import monthrange
from collections.abc import Callable
from datetime import date, datetime
from typing import TYPE_CHECKING, Final, NoReturn, TypeAlias

from nem12 import __version__, settings
from nem12.mdff.profiles import PROFILES, ProfileName
from nem12.mdff.spec import MAX_PARTICIPANT, NMI_LENGTH, nmi_check_digit
from nem12.mdff.stamps import NEM_TIME
from nem12.mdff.wording import shown

_ABOUT = "NEM12 meter data files into PostgreSQL, on Apache Airflow."
_QUESTIONS = """\
questions:
  how much did an NMI use in March, how much of it is estimated, net    totals
  which days were corrected since a bill, by how much, by which file    changes
  which days are missing, which expected NMIs have never delivered      coverage
  all readings of an NMI or a month as NEM12, CSV or Parquet files      export
  what waits, what was refused lately and why                           status
  is a file well-formed, before it is loaded                            validate
  is the installation as it should be                                   doctor
  anything else                                                         query
"""
_DSN = (
    "PostgreSQL to use, as a URI such as postgresql://user@host/meter (default: METER_DB_URI, else "
    "the embedded server under METER_HOME)"
)


FORMATS = ("table", "csv", "json")
"""Of commands that print rows."""

EXPORTS = ("nem12", "csv", "parquet")
"""Formats of `export`; the room itself is imported only when the command runs."""

PERIODS = ("month", "day")
"""Of totals."""

STANDINGS = ("delivering", "silent", "refused", "never", "ended")
"""Of coverage, as in `coverage/channels.py`: a test holds them equal."""

if TYPE_CHECKING:
    # argparse names this type only for type checkers.
    Commands: TypeAlias = argparse._SubParsersAction["_Parser"]


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Exit with one line, and where to read more."""
        self.exit(2, f"{self.prog}: {message}; see {self.prog} --help\n")


def parser(more: "Callable[[Commands], None] | None" = None) -> argparse.ArgumentParser:
    """The whole command line.

    Args:
        more: Adds commands that are not the package's own.
    """
    root = _Parser(
        prog=settings.command(""),
        description=_ABOUT,
        epilog=_QUESTIONS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    root.add_argument("--version", action="version", version=f"nem12 {__version__}")
    commands = root.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _demo(commands)
    _up(commands)
    _airflow(commands)
    _dags(commands)
    _parse_data(commands)
    _validate(commands)
    _migrate(commands)
    _status(commands)
    _query(commands)
    _totals(commands)
    _changes(commands)
    _coverage(commands)
    _expect(commands)
    _export(commands)
    _doctor(commands)
    _verify(commands)
    _withdraw(commands)
    _redrive(commands)
    _partitions(commands)
    _purge(commands)
    if more:
        more(commands)
    return root


def add_command(
    commands: "Commands", name: str, module: str, about: str
) -> argparse.ArgumentParser:
    """Add a command: the function of its name in that module, imported only when it runs."""
    added = commands.add_parser(
        name, help=about, description=about, prog=settings.command(name), allow_abbrev=False
    )
    added.set_defaults(run=_lazily(module, name))
    return added


def _lazily(module: str, name: str) -> Callable[[argparse.Namespace], int]:
    def run(arguments: argparse.Namespace) -> int:
        command = getattr(importlib.import_module(module), name)
        status: int = command(arguments)
        return status

    return run


def _demo(commands: "Commands") -> None:
    about = (
        "Load the sample files through a real Airflow into a real PostgreSQL, show what was loaded "
        "and refused, and stop."
    )
    add_command(commands, "demo", "nem12.cli.stack", about)


def _up(commands: "Commands") -> None:
    about = "Run Airflow and PostgreSQL until Ctrl-C; drop files into the landing folder."
    added = add_command(commands, "up", "nem12.cli.stack", about)
    added.add_argument(
        "--port",
        type=_port,
        metavar="PORT",
        help="port of Airflow's pages and API (default: 8080, or the next free one)",
    )


def _port(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and 0 < int(text) < 2**16):
        raise argparse.ArgumentTypeError(f"'{text}' is not a port: give a number from 1 to 65535")
    return int(text)


_NO_PREFIX: Final = "\0"
"""Prefix of this command's options: no argument of a process can contain this character, so all
arguments go to Airflow."""


def _airflow(commands: "Commands") -> None:
    about = "Run Airflow's own command line on the Airflow of `up`, such as: backfill create …"
    added = commands.add_parser(
        "airflow",
        help=about,
        prog=settings.command("airflow"),
        add_help=False,
        prefix_chars=_NO_PREFIX,
    )
    added.add_argument("airflow", nargs="*", metavar="ARG")
    added.set_defaults(run=_lazily("nem12.cli.stack", "airflow"))


def _dags(commands: "Commands") -> None:
    about = "Print the folder of the DAG files: copy them from there, or make it a DAG bundle."
    add_command(commands, "dags", "nem12.cli.shipped", about)


def _parse_data(commands: "Commands") -> None:
    about = (
        "Parse NEM12 files into staged SQL batch files; with --apply, load them into the table "
        "meter_readings."
    )
    added = add_command(commands, "parse_data", "nem12.cli.load", about)
    added.add_argument(
        "--file",
        action="append",
        required=True,
        metavar="F",
        help="a file, an archive (.zip, .gz) or a folder; may be repeated",
    )
    added.add_argument(
        "--output", metavar="DIR", help="folder for the staged files (default: ./staged)"
    )
    added.add_argument("--apply", action="store_true", help="load them into the database")
    added.add_argument(
        "--reprocess",
        action="store_true",
        help="with --apply: load again, in one transaction, files that were loaded by another"
        " profile "
        "or an older reader",
    )
    _profile(added, "standard; for archived files the profile of their last load", None)
    add_format(added)
    _dsn(added)


def _validate(commands: "Commands") -> None:
    about = (
        "Check NEM12 files without a database. Prints"
        " file:line: LEVEL: NMI suffix day: code: message (field)."
    )
    added = add_command(commands, "validate", "nem12.cli.check", about)
    added.add_argument("file", nargs="+", metavar="F", help="a file, an archive or a folder")
    _profile(added)
    add_format(added)


def _migrate(commands: "Commands") -> None:
    about = "Bring the schema of the database to the version that this package needs."
    added = add_command(commands, "migrate", "nem12.cli.database", about)
    added.add_argument(
        "--print-grants",
        action="store_true",
        help="only print the SQL that grants the roles nem12_loader and nem12_reader their rights",
    )
    _dsn(added)


def _status(commands: "Commands") -> None:
    about = "Show what waits, what was loaded and what was refused."
    added = add_command(commands, "status", "nem12.cli.database", about)
    add_format(added)
    _dsn(added)


def _query(commands: "Commands") -> None:
    about = "Run one SELECT as a role that can only read."
    added = add_command(commands, "query", "nem12.cli.query", about)
    added.add_argument(
        "sql",
        type=_text,
        nargs="?",
        metavar="SQL",
        help='such as "SELECT * FROM meter_daily LIMIT 5"',
    )
    added.add_argument("--file", metavar="F", help="read the SELECT from this file instead")
    _row_format(added)
    _dsn(added)


def _totals(commands: "Commands") -> None:
    about = (
        "How much an NMI consumes and generates: totals by month or day of each channel or net, "
        "share of estimates, missing days, maximum demand."
    )
    added = add_command(commands, "totals", "nem12.cli.totals", about)
    _nmi(added)
    added.add_argument("--suffix", type=_text, metavar="SUFFIX", help="one channel, such as E1")
    _span(added)
    added.add_argument("--by", choices=PERIODS, default="month", help="default: month")
    added.add_argument(
        "--net",
        action="store_true",
        help="all channels together: export (out of the grid, E channels: consumption), import "
        "(into the grid, B channels: generation) and net, which is export less import",
    )
    _row_format(added)
    _dsn(added)


def _changes(commands: "Commands") -> None:
    about = (
        "What changed since a bill: days whose version in force is newer than a date, with the "
        "totals before and after and the file and line that changed them."
    )
    added = add_command(commands, "changes", "nem12.cli.changes", about)
    _nmi(added, required=False)
    _span(added)
    added.add_argument(
        "--since",
        type=_instant,
        required=True,
        metavar="DATE",
        help="when the bill was made, in NEM time, such as 2024-05-05 or 2024-05-05T14:30: what "
        "came then or later has changed it",
    )
    _row_format(added)
    _dsn(added)


def _coverage(commands: "Commands") -> None:
    about = (
        "Which channels miss which days, and how much of the rest is not actual. Gaps of channels "
        "that still deliver come first, then expected NMIs that have never delivered."
    )
    added = add_command(commands, "coverage", "nem12.cli.coverage", about)
    added.add_argument("--nmi", type=_text, metavar="NMI", help="NMIs that begin so")
    _span(added)
    added.add_argument("--standing", choices=STANDINGS, help="only channels of which this is true")
    added.add_argument("--sort", choices=("missing", "nmi"), default="missing",
                       help="by missing days or by NMI; default: missing")  # fmt: skip
    added.add_argument("--all", action="store_true", help="complete and actual channels too")
    _row_format(added)
    _dsn(added)


def _expect(commands: "Commands") -> None:
    about = (
        "Take a list as CSV: the NMIs that are expected to deliver (nmi, label, first_day), or the "
        "last days of channels (nmi, nmi_suffix, last_day). One bad line refuses the whole list."
    )
    added = add_command(commands, "expect", "nem12.cli.coverage", about)
    added.add_argument("what", choices=("nmis", "ends"), help="what the list holds")
    added.add_argument("file", metavar="FILE", help="the list; - reads standard input")
    added.add_argument("--replace", action="store_true", help="forget what the list does not name")
    _dsn(added)


def _export(commands: "Commands") -> None:
    about = (
        "Write days in force to files: NEM12 as delivered, CSV, or Parquet by month. Each file is "
        "read back and compared before it gets its name."
    )
    added = add_command(commands, "export", "nem12.cli.export", about)
    added.add_argument(
        "--format", choices=EXPORTS, default=EXPORTS[0], help=f"default: {EXPORTS[0]}"
    )
    added.add_argument(
        "--nmi",
        type=_nmi_named,
        action="append",
        default=[],
        metavar="NMI",
        help="ten characters, or eleven with the check digit; may be repeated; else all",
    )
    added.add_argument(
        "--nmi-file",
        type=_nmis_in,
        default=[],
        metavar="F",
        help="a file with one NMI a line, such as the first column of a CSV",
    )
    _span(added, required=False)
    added.add_argument(
        "--as-at",
        type=_instant,
        metavar="TIME",
        help="what was in force then by the stamps of the sender, in NEM time, such as 2024-05-05",
    )
    added.add_argument(
        "--output", required=True, metavar="DIR", help="folder, or the URI of one in a bucket"
    )
    added.add_argument("--zip", action="store_true", help="each file in an archive of its own")
    for name, default in (("from", "EXPORT"), ("to", "RECIPIENT")):
        added.add_argument(
            f"--{name}-participant",
            type=_participant,
            default=default,
            metavar="ID",
            help=f"of the header and the name of NEM12 files (default: {default})",
        )
    added.add_argument(
        "--summary",
        choices=["text", "json"],
        default="text",
        help="what was written: text for people, json for programs (default: text)",
    )
    _dsn(added)


def _participant(text: str) -> str:
    """A participant of the header, which is also a part of the file's name."""
    if not re.fullmatch(rf"[A-Za-z0-9]{{1,{MAX_PARTICIPANT}}}", text, re.ASCII):
        raise argparse.ArgumentTypeError(
            f"'{shown(text, 20)}' is not one to {MAX_PARTICIPANT} letters and digits"
        )
    return text.upper()


def _nmis_in(path: str) -> list[str]:
    """The NMIs in a file, one a line; a heading and what stands behind a comma do not count."""
    try:
        with pathlib.Path(path).open(encoding="utf-8-sig") as lines:
            first = [line.split(",")[0].strip().strip('"') for line in lines]
    except (OSError, UnicodeDecodeError) as error:
        raise argparse.ArgumentTypeError(f"'{shown(path, 200)}' cannot be read: {error}") from None
    return [_nmi_named(nmi) for nmi in first if nmi and nmi.upper() != "NMI"]


def _doctor(commands: "Commands") -> None:
    about = (
        "Say what is wrong with the installation and what to do: database, roles, rights, folders, "
        "settings, clocks, secrets, Airflow. Only looks."
    )
    added = add_command(commands, "doctor", "nem12.cli.doctor", about)
    add_format(added)
    _dsn(added)


def _verify(commands: "Commands") -> None:
    about = (
        "Check that versions, days in force, readings and ledger agree; show the first difference."
    )
    added = add_command(commands, "verify", "nem12.cli.operate", about)
    about = "also read every kept file and compare its SHA-256 with the ledger"
    added.add_argument("--archive", action="store_true", help=about)
    add_format(added)
    _dsn(added)


def _withdraw(commands: "Commands") -> None:
    about = "Take out a file delivered by mistake; what it had replaced comes back into force."
    added = add_command(commands, "withdraw", "nem12.cli.operate", about)
    added.add_argument(
        "file", type=_text, metavar="F", help="name of the file, or the first digits of its SHA-256"
    )
    _dsn(added)


def _redrive(commands: "Commands") -> None:
    about = "Put refused and failed files back into the landing folder."
    added = add_command(commands, "redrive", "nem12.cli.operate", about)
    added.add_argument("--all", action="store_true", help="all refused and failed files")
    added.add_argument(
        "--name",
        type=_text,
        metavar="PATTERN",
        help='files delivered under this name, such as "*.csv"',
    )
    added.add_argument(
        "--code", type=_text, metavar="CODE", help="files refused with this code, such as no-end"
    )
    added.add_argument(
        "--since",
        metavar="DATE",
        help="files that landed on or after this day (NEM time), such as 2024-05-31",
    )
    _profile(added, "the profile of their last load", None)
    _dsn(added)


def _partitions(commands: "Commands") -> None:
    about = "List the months of readings; create months ahead, detach or remove old ones."
    added = add_command(commands, "partitions", "nem12.cli.retention", about)
    added.add_argument(
        "--create-ahead",
        type=int,
        metavar="N",
        help="create the tables of this month and the N next ones",
    )
    cut = added.add_mutually_exclusive_group()
    cut.add_argument(
        "--detach-before",
        metavar="YYYY-MM",
        help="keep no days before that month; their readings stay in separate tables",
    )
    cut.add_argument("--drop-before", metavar="YYYY-MM", help="keep nothing before that month")
    _yes(added)
    add_format(added)
    _dsn(added)


def _purge(commands: "Commands") -> None:
    about = "Delete all days and readings of an NMI, and list the files that still hold it."
    added = add_command(commands, "purge", "nem12.cli.retention", about)
    added.add_argument("--nmi", required=True, metavar="NMI", help="the meter's NMI")
    added.add_argument(
        "--before",
        metavar="DATE",
        help="only days before this one, such as 2024-05-31 (default: all days up to today)",
    )
    _yes(added)
    add_format(added)
    _dsn(added)


def _nmi(added: argparse.ArgumentParser, *, required: bool = True) -> None:
    added.add_argument(
        "--nmi",
        type=_nmi_named,
        required=required,
        metavar="NMI",
        help="ten characters, or eleven with the check digit" + ("" if required else "; else all"),
    )


def _nmi_named(text: str) -> str:
    """An NMI as it is stored: in capitals, without blanks and check digit."""
    nmi = "".join(text.split()).upper()
    if len(nmi) == NMI_LENGTH + 1 and nmi.isascii() and nmi_check_digit(nmi[:-1]) == nmi[-1]:
        return nmi[:-1]
    if not 0 < len(nmi) <= NMI_LENGTH or not (nmi.isascii() and nmi.isalnum()):
        raise argparse.ArgumentTypeError(
            f"'{shown(text, 20)}' is not an NMI: give its ten letters and digits, or eleven with"
            " the right check digit"
        )
    return nmi


def _span(added: argparse.ArgumentParser, *, required: bool = True) -> None:
    """Add `--from` and `--to`: NEM days, or whole months."""
    for name, day in (("from", "first"), ("to", "last")):
        added.add_argument(
            f"--{name}",
            dest=day,
            type=_last_day if day == "last" else _day,
            required=required,
            metavar="DATE",
            help=f"{day} day, such as 2024-03-31, or month, such as 2024-03",
        )


def _day(text: str, *, last: bool = False) -> date:
    """A day; of a month its first or last one."""
    try:
        if not re.fullmatch(r"[0-9]{4}-[0-9]{2}(-[0-9]{2})?", text, re.ASCII):
            raise ValueError
        if len(text) == len("2024-03-31"):
            return date.fromisoformat(text)
        day = date.fromisoformat(f"{text}-01")
        return day.replace(day=monthrange(day.year, day.month)[1]) if last else day
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"'{shown(text, 20)}' is not a date such as 2024-03-31 or a month such as 2024-03"
        ) from None


def _instant(text: str) -> datetime:
    """An instant; without a zone of its own, in NEM time."""
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"'{shown(text, 40)}' is not a time such as 2024-05-05 or 2024-05-05T14:30"
        ) from None
    return instant if instant.tzinfo else instant.replace(tzinfo=NEM_TIME)


def _last_day(text: str) -> date:
    return _day(text, last=True)


def _text(argument: str) -> str:
    """An argument for the database; it must be UTF-8."""
    try:
        argument.encode()
    except UnicodeEncodeError:
        raise argparse.ArgumentTypeError("it is not UTF-8") from None
    return argument


def _yes(added: argparse.ArgumentParser) -> None:
    added.add_argument(
        "--yes", action="store_true", help="do not ask for confirmation; this cannot be undone"
    )


def _profile(
    added: argparse.ArgumentParser,
    otherwise: str = ProfileName.STANDARD.value,
    default: str | None = ProfileName.STANDARD.value,
) -> None:
    added.add_argument(
        "--profile",
        choices=list(PROFILES),
        default=default,
        help=f"how strictly to check files (default: {otherwise})",
    )


def add_format(added: argparse.ArgumentParser) -> None:
    """Add `--format`."""
    added.add_argument(
        "--format",
        choices=["text", "json"],
        default="text",
        help="text for people, json for programs (default: text)",
    )


def _row_format(added: argparse.ArgumentParser) -> None:
    """Add `--format` of commands that print rows."""
    added.add_argument(
        "--format",
        type=_format_named,
        choices=FORMATS,
        default="table",
        help="a table for people (the first thousand rows), csv or json for programs (all rows)",
    )


def _format_named(text: str) -> str:
    """One of `FORMATS`; a table is what other commands call text."""
    return "table" if text == "text" else text


def _dsn(added: argparse.ArgumentParser) -> None:
    added.add_argument("--dsn", type=_text, metavar="URI", help=_DSN)
