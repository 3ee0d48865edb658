"""Lists that people keep in a spreadsheet: expected NMIs, and ends of channels, as CSV.

A list is data: one bad line refuses all of it, and each bad line is named with its reason.
"""

import csv
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Generic, TypeVar

from nem12.errors import UsageError
from nem12.mdff import spec
from nem12.mdff.wording import plural, shown

MOST_BYTES: Final = 4 * 2**20
"""Of a list: some 200,000 NMIs, more than a retailer has in a state."""

MOST_BAD: Final = 50
"""Bad lines that are named; the rest is counted."""

MOST_LABEL: Final = 200
"""Characters of a label."""

_NMI: Final = re.compile(r"[0-9A-Z]{10,11}", re.ASCII)
_SUFFIX: Final = re.compile(r"[0-9A-Z]{2}", re.ASCII)
_SPREADSHEET: Final = re.compile(r"[0-9](?:[.,][0-9]+)?E\+?[0-9]+", re.ASCII)
_DATES: Final = (
    (re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII), "%Y-%m-%d"),
    (re.compile(r"[0-9]{8}", re.ASCII), "%Y%m%d"),
    (re.compile(r"[0-9]{1,2}/[0-9]{1,2}/[0-9]{4}", re.ASCII), "%d/%m/%Y"),
)
"""As people and spreadsheets write them here: the day before the month."""

_FIRST: Final = date(spec.FIRST_YEAR, 1, 1)
_LAST: Final = date(2200, 1, 1)


@dataclass(frozen=True)
class ExpectedNmi:
    """An NMI that is expected to deliver.

    Attributes:
        nmi: Ten characters, upper case.
        label: A name for people, such as the customer's.
        first_day: From when on; None from the beginning of whatever is looked at.
    """

    nmi: str
    label: str = ""
    first_day: date | None = None

    @property
    def key(self) -> str:
        """What a list names once."""
        return self.nmi


@dataclass(frozen=True)
class ChannelEnd:
    """The last day that a channel is expected to have.

    Attributes:
        nmi: Ten characters, upper case.
        nmi_suffix: Of one channel; empty for all channels of the NMI.
        last_day: Included; None if it goes on, also where the data say otherwise.
    """

    nmi: str
    nmi_suffix: str
    last_day: date | None

    @property
    def key(self) -> str:
        """What a list names once."""
        return f"{self.nmi} {self.nmi_suffix}".strip()


Item = TypeVar("Item", ExpectedNmi, ChannelEnd)


class BadLinesError(UsageError):
    """A list with bad lines; nothing of it was taken.

    Attributes:
        lines: Number, from 1, and reason of each, the first 50.
        count: How many there are.
    """

    def __init__(self, lines: list[tuple[int, str]], count: int) -> None:
        self.lines = lines
        self.count = count
        named = [f"line {number}: {reason}" for number, reason in lines]
        if count > len(lines):
            named.append(f"and {plural(count - len(lines), 'bad line')} more")
        super().__init__("\n".join(["nothing was changed", *named]))


@dataclass(frozen=True)
class _Columns(Generic[Item]):
    """A kind of list: its columns in order, and what makes an item of a line."""

    names: tuple[str, ...]
    item: Callable[[dict[str, str]], Item]


def expected_nmis(text: bytes) -> list[ExpectedNmi]:
    """Read a list of expected NMIs: `nmi`, and if wanted `label` and `first_day`.

    Raises:
        BadLinesError: Of any line that cannot be read.
        UsageError: It is no list at all.
    """
    return _read(text, _Columns(("nmi", "label", "first_day"), _expected))


def channel_ends(text: bytes) -> list[ChannelEnd]:
    """Read a list of ends: `nmi`, `nmi_suffix` (empty for all), `last_day` (empty: goes on).

    Raises:
        BadLinesError: Of any line that cannot be read.
        UsageError: It is no list at all.
    """
    return _read(text, _Columns(("nmi", "nmi_suffix", "last_day"), _end))


def nmi_of(text: str) -> str:
    """An NMI as people write it: with or without its check digit, in any case.

    Raises:
        ValueError: With the reason.
    """
    nmi = "".join(text.split()).upper()
    if not nmi:
        raise ValueError("the NMI is missing")
    if _SPREADSHEET.fullmatch(nmi):
        raise ValueError(
            f"'{shown(nmi)}' is an NMI that a spreadsheet has rounded: format the column as text"
        )
    if not _NMI.fullmatch(nmi):
        raise ValueError(
            f"'{shown(nmi)}' is not an NMI: it needs 10 letters and digits, or 11 with check digit"
        )
    if len(nmi) > spec.NMI_LENGTH:
        right = spec.nmi_check_digit(nmi[:-1])
        if nmi[-1] != right:
            raise ValueError(f"the check digit of {nmi[:-1]} is {right}, not {nmi[-1]}")
    return nmi[: spec.NMI_LENGTH]


def day_of(text: str) -> date:
    """A day as people write it: 2025-04-30, 20250430 or 30/04/2025.

    Raises:
        ValueError: With the reason.
    """
    for pattern, form in _DATES:
        if pattern.fullmatch(text):
            try:
                day = datetime.strptime(text, form).date()  # noqa: DTZ007 - a day has no zone
            except ValueError:
                break
            if _FIRST <= day <= _LAST:
                return day
            raise ValueError(f"the day {text} is before {_FIRST} or after {_LAST}")
    raise ValueError(f"'{shown(text)}' is not a day such as 2025-04-30 or 30/04/2025")


def _expected(line: dict[str, str]) -> ExpectedNmi:
    label = line["label"]
    if len(label) > MOST_LABEL:
        raise ValueError(f"the label is longer than {MOST_LABEL} characters")
    first = line["first_day"]
    return ExpectedNmi(nmi_of(line["nmi"]), label, day_of(first) if first else None)


def _end(line: dict[str, str]) -> ChannelEnd:
    nmi_suffix, last = line["nmi_suffix"].upper(), line["last_day"]
    if nmi_suffix and not _SUFFIX.fullmatch(nmi_suffix):
        raise ValueError(f"'{shown(nmi_suffix)}' is not an NMISuffix of two letters or digits")
    return ChannelEnd(nmi_of(line["nmi"]), nmi_suffix, day_of(last) if last else None)


def _read(text: bytes, columns: _Columns[Item]) -> list[Item]:
    items: dict[str, tuple[int, Item]] = {}
    bad: list[tuple[int, str]] = []
    for number, order, values in _lines(text, columns.names):
        try:
            item = columns.item(_by_column(order, columns.names, values))
            before, same = items.setdefault(item.key, (number, item))
            if same != item:
                raise ValueError(f"{item.key} is already in line {before}, and differs")
        except ValueError as error:
            bad.append((number, str(error)))
    if bad:
        raise BadLinesError(bad[:MOST_BAD], len(bad))
    return [item for _, item in items.values()]


def _lines(text: bytes, names: tuple[str, ...]) -> Iterator[tuple[int, tuple[str, ...], list[str]]]:
    """Number, columns and values of each line; the first line may name the columns."""
    reader = csv.reader(_decoded(text).splitlines(), delimiter=_delimiter(text), strict=True)
    order: tuple[str, ...] | None = None
    try:
        for cells in reader:
            values = [cell.strip() for cell in cells]
            if not any(values):
                continue
            if order is None:
                order = _order(values, names) or names
                if order is not names:
                    continue
            yield reader.line_num, order, values
    except csv.Error as error:
        raise BadLinesError([(reader.line_num, f"it is not CSV: {error}")], 1) from None


def _order(values: list[str], names: tuple[str, ...]) -> tuple[str, ...] | None:
    """The columns that a heading names; None if the line is no heading."""
    heading = tuple(re.sub(r"\W+", "_", value.lower()) for value in values)
    return heading if names[0] in heading else None


def _by_column(order: tuple[str, ...], names: tuple[str, ...], values: list[str]) -> dict[str, str]:
    if any(values[len(order) :]):
        raise ValueError(f"it has {len(values)} fields, the columns are {', '.join(order)}")
    line = dict(zip(order, values, strict=False))
    return {name: line.get(name, "") for name in names}


def _delimiter(text: bytes) -> str:
    """A semicolon where the first line has one: spreadsheets of some languages write it."""
    first = text.partition(b"\n")[0]
    return ";" if b";" in first and b"," not in first else ","


def _decoded(text: bytes) -> str:
    if len(text) > MOST_BYTES:
        raise UsageError(f"the list is longer than {MOST_BYTES // 2**20} MiB")
    if text.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in text:
        raise UsageError("the list is not UTF-8 text: save it as CSV UTF-8")
    try:
        return text.decode("utf-8-sig")
    except UnicodeDecodeError:
        return text.decode("cp1252", errors="replace")
