"""`export`: days in force as NEM12, CSV or Parquet files."""

from argparse import Namespace
from collections.abc import Iterable, Iterator
from datetime import datetime

from rich.progress import Progress

from nem12 import storage
from nem12.cli.files import scratch_folder
from nem12.cli.output import err, out, progress, table
from nem12.cli.reading import reading
from nem12.errors import UsageError
from nem12.exact_json import to_json
from nem12.export.content import Content
from nem12.export.days import ExportedDay, Selection, count_days
from nem12.export.formats import write
from nem12.export.nem12_files import Naming
from nem12.export.targets import Target, Written
from nem12.mdff.stamps import NEM_TIME
from nem12.mdff.wording import plural


def export(arguments: Namespace) -> int:
    """Write the files and print what they hold; 1 if there is nothing of an NMI that was named."""
    selection = Selection(
        tuple(dict.fromkeys([*arguments.nmi, *arguments.nmi_file])),
        arguments.first,
        arguments.last,
        arguments.as_at,
    )
    created = datetime.now(NEM_TIME).replace(tzinfo=None, microsecond=0)
    naming = Naming(created, arguments.from_participant, arguments.to_participant)
    seen = _Seen()
    with (
        reading(arguments, one_state=True) as connection,
        scratch_folder() as scratch,
        progress() as bars,
    ):
        seen.expect(bars, count_days(connection, selection))
        target = Target(storage.place(arguments.output), scratch, arguments.zip)
        written = list(write(connection, selection, arguments.format, target, naming, seen.passing))
    if not seen.nmis:
        raise UsageError("there are no days of what was asked for: nothing was written")
    _print(written, arguments)
    missing = [nmi for nmi in selection.nmis if nmi not in seen.nmis]
    if missing:
        shown = ", ".join(missing[:5]) + (" …" if len(missing) > 5 else "")
        err.print(f"no days of {plural(len(missing), 'NMI')}: {shown}")
    return int(bool(missing))


class _Seen:
    """Watches the days on their way.

    Attributes:
        nmis: Of which there are days.
    """

    def __init__(self) -> None:
        self.nmis: set[str] = set()
        self._bars: Progress | None = None

    def expect(self, bars: Progress, days: int) -> None:
        """Show how many of these days have passed."""
        self._bars, self._bar = bars, bars.add_task("exporting", total=days)

    def passing(self, days: Iterable[ExportedDay]) -> Iterator[ExportedDay]:
        """Pass days on."""
        for day in days:
            self.nmis.add(day.nmi)
            if self._bars:
                self._bars.advance(self._bar)
            yield day


def _print(written: list[Written], arguments: Namespace) -> None:
    total = Content()
    for file in written:
        total.merge(file.content)
    if arguments.summary == "json":
        print(to_json({"files": [file.row() for file in written], **total.row()}))
        return
    columns = "file", "bytes", "days", "readings", "first day", "last day"
    rows = [
        (
            file.place, file.size, file.content.days, file.content.readings,
            file.content.first_day, file.content.last_day,
        )
        for file in written
    ]  # fmt: skip
    table("", columns, rows)
    sums = ", ".join(f"{value:f} {uom}" for uom, value in total.energy().items())
    out.print(f"{plural(total.readings, 'reading')}, read back and equal; sum {sums}")
