"""Rows of the ledger that the package reasons about."""

from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from nem12.drop import Drop
from nem12.states import DropState, FileStatus, Outcome


@dataclass(frozen=True, slots=True)
class OpenDrop:
    """A drop that is not settled yet.

    Attributes:
        claim: Its claim, or its last one if it was released.
        drop: As it was when it was claimed.
        claimed_at: When; decides the folder it is archived in.
        sha256: Of the content that was read, if it was recorded or settled before.
        kept_at: Where it was to be kept, or was kept before it was put back.
        recorded: It was loaded and its outcome recorded, but it could not be moved or marked.
        again: Redrive wants it loaded, even if its content is known as refused.
    """

    drop_id: int
    claim: str
    drop: Drop
    claimed_at: datetime
    attempt: int
    sha256: str | None
    kept_at: str | None
    recorded: bool
    again: bool


@dataclass(frozen=True, slots=True)
class KeptDrop:
    """A drop that was settled, and lies where it is kept."""

    drop_id: int
    drop: Drop
    sha256: str
    kept_at: str
    settled_at: datetime


@dataclass(frozen=True, slots=True)
class LeftDrop:
    """A drop that was copied to where it is kept.

    Attributes:
        seconds: Since it was settled, if it is.
    """

    drop_id: int
    drop: Drop
    sha256: str | None
    kept_at: str | None
    seconds: float | None


@dataclass(frozen=True, slots=True)
class SmallerDrop:
    """The same file on disk as a drop, read when there was less in it.

    Attributes:
        drop_id: Of the drop as it is now.
        before: Of the earlier one.
        file_id: The one file that was made of it.
    """

    drop_id: int
    before: int
    size: int
    sha256: str
    file_id: int


@dataclass(frozen=True, slots=True)
class KeptContent:
    """Where some content is or was kept, the oldest place first.

    Attributes:
        places: With `sizes`, `mtimes` and `identities` of what landed and was kept there.
        loaded: Some of its readings were loaded.
    """

    sha256: str
    places: list[str]
    sizes: list[int]
    mtimes: list[int]
    identities: list[str]
    loaded: bool


@dataclass(frozen=True, slots=True)
class KeptDelivery:
    """A kept delivery: the profile that judged it last, and where it landed."""

    kept_at: str
    profile: str
    sha256: str | None
    uris: list[str]


@dataclass(slots=True)
class LandedDrop:
    """A drop by what it is called, and what became of it."""

    drop_id: int
    uri: str
    sha256: str | None
    state: DropState
    outcome: Outcome | None
    kept_at: str | None
    message: str

    def __post_init__(self) -> None:
        """Of the database's text."""
        self.state = DropState(self.state)
        self.outcome = Outcome(self.outcome) if self.outcome else None


@dataclass(slots=True)
class NamedFile:
    """A file by its name.

    Attributes:
        dropped: It came as a drop or in one.
    """

    name: str
    status: FileStatus
    dropped: bool = True

    def __post_init__(self) -> None:
        """Of the database's text."""
        self.status = FileStatus(self.status)


@dataclass(frozen=True, slots=True)
class RefusedDrop:
    """A drop with a refused file, or a failed drop.

    Attributes:
        one: As it was claimed.
        failed: It failed before its files were checked.
        names: Names of its files that are to be loaded again.
    """

    one: OpenDrop
    failed: bool
    names: list[str]


@dataclass(slots=True)
class FailedDrop:
    """A drop that a run could not finish.

    Attributes:
        not_before: When a waiting one is tried again.
        message: Why it failed.
    """

    uri: str
    state: DropState
    attempt: int
    not_before: datetime
    message: str

    def __post_init__(self) -> None:
        """Convert the text of the database."""
        self.state = DropState(self.state)


@dataclass(slots=True)
class KnownFile:
    """The facts that decide whether a file is loaded again.

    Attributes:
        unreadable: It was refused because its bytes could not be read.
    """

    file_id: int
    name: str
    status: FileStatus
    profile: str
    reader_version: str
    unreadable: bool

    def __post_init__(self) -> None:
        """Convert the text of the database."""
        self.status = FileStatus(self.status)


@dataclass(slots=True)
class FileSummary:
    """A file with its counts: of all records and readings, and of those that were refused.

    Attributes:
        delivered_at: Of all its deliveries, the earliest.
        days: Accepted.
        removed_days: Of these, those that are not kept.
        warnings: How many of each code.
    """

    file_id: int
    sha256: str
    name: str
    size: int
    status: FileStatus
    profile: str
    header_date_time: datetime | None
    delivered_at: datetime | None
    records: int
    refused_records: int
    readings: int
    refused_readings: int
    days: int
    removed_days: int
    first_day: date | None
    last_day: date | None
    warnings: dict[str, int]

    def __post_init__(self) -> None:
        """Convert the text of the database."""
        self.status = FileStatus(self.status)


@dataclass(frozen=True, slots=True)
class InForce:
    """What is in force of a span of days of a channel, by the function `meter_in_force`.

    Attributes:
        days_in_force: How many of them have a version in force.
        in_force_files: The first files that these come from.
        files_in_force: How many such files there are.
        in_force_file: With what follows: the version of a single day.
    """

    days_in_force: int
    in_force_files: list[str] | None
    files_in_force: int
    in_force_file: str | None
    in_force_sha256: str | None
    in_force_line: int | None
    in_force_at: datetime | None

    def row(self) -> dict[str, Any]:
        """As `nem12.mdff.findings` reads findings."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Refusal(InForce):
    """What was refused of a file, and what is in force of the days that it refuses.

    Attributes:
        first_line: With last_line the lines that it refuses; `line` is at fault.
    """

    line: int
    level: str
    code: str
    nmi: str | None
    nmi_suffix: str | None
    day: date | None
    last_day: date | None
    field: int | None
    message: str
    excerpt: str
    first_line: int
    last_line: int


@dataclass(frozen=True, slots=True)
class RefusedSpan(InForce):
    """Days of a file that was refused as a whole, and what is in force of them."""

    nmi: str
    nmi_suffix: str
    day: date
    last_day: date


@dataclass(frozen=True, slots=True)
class RefusedFile:
    """A file of a run that was refused, whole or in part.

    Attributes:
        name: Its delivered name in this run.
        first: Its first refusal; None if the file is empty.
    """

    file_id: int
    name: str
    outcome: Outcome
    sha256: str
    records: int
    refused_records: int
    first: Refusal | None


@dataclass(frozen=True, slots=True)
class Contradiction:
    """A day in force against another delivery with the same stamps and other readings.

    Attributes:
        file: In force, with `line`.
        other_file: The other, with `other_line`.
        decided_by: The time of delivery, or the hash.
    """

    nmi: str
    nmi_suffix: str
    day: date
    file: str
    sha256: str
    line: int
    other_file: str
    other_line: int
    decided_by: str
