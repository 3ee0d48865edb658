"""How commands print."""

import decimal
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, NoReturn

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from nem12.mdff.findings import said

_PIPED_WIDTH = 1000
"""In a file or pipe a row stays one line."""


class _Console(Console):
    def on_broken_pipe(self) -> NoReturn:
        """Leave it to `main`: rich would exit with a status that has another meaning here."""
        raise BrokenPipeError


out = _Console(highlight=False, width=None if sys.stdout.isatty() else _PIPED_WIDTH)
err = Console(stderr=True, highlight=False)


def finding_line(name: str, row: Mapping[str, Any]) -> str:
    """A finding about a file as linters write it.

    Args:
        name: Of the file, safe to print.
        row: As of `Finding.row`.
    """
    return f"{name}:{row['line']}: {row['level']}: {said(row)}"


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table; numbers to the right."""
    drawn = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    cells = [[_cell(value) for value in row] for row in rows]
    numeric = [bool(cells) and all(row[i][1] for row in cells) for i in range(len(columns))]
    for column, right in zip(columns, numeric, strict=True):
        drawn.add_column(column, justify="right" if right else "left", overflow="fold")
    for row in cells:
        drawn.add_row(*(value for value, _ in row))
    out.print(drawn)


def _cell(value: object) -> tuple[str, bool]:
    text = "" if value is None else str(value)
    # Text from files may look like rich's markup.
    return text.replace("[", "\\["), isinstance(value, int | float | decimal.Decimal)


def progress() -> AbstractContextManager[Progress]:
    """A progress bar on a terminal, nothing elsewhere."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
        console=err,
        transient=True,
        disable=not err.is_terminal,
    )


@contextmanager
def at_work(doing: str) -> Iterator[None]:
    """Show on a terminal what is being done, and for how long; nothing elsewhere.

    Nothing may be printed to standard output inside the block.

    Args:
        doing: In a few words; safe to print.
    """
    bars = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        TimeElapsedColumn(),
        console=err,
        transient=True,
        redirect_stdout=False,
        disable=not err.is_terminal,
    )
    with bars:
        bars.add_task(doing, total=None)
        yield
