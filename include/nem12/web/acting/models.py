"""What the routes of acts answer; as in `nem12.web.models`."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from nem12.web.models import Answer, Level, Outcome, Page, Sha256, State, Status, Unit


class UploadedFile(Answer):
    """A file of an upload, which may be an archive of several."""

    name: Annotated[str, Field(description="As delivered; a member as `archive/member`")]
    outcome: Outcome
    sha256: Sha256
    status: Annotated[Status, Field(description="Of the file now")]


class UploadItem(Answer):
    """An upload, and what became of it; the last five fields are null until it is claimed."""

    upload_id: int
    uploaded_at: datetime
    uploaded_by: Annotated[str, Field(description="The user, by the name that Airflow knows")]
    name: Annotated[
        str, Field(description="In the landing folder: with a number before it if it was in use")
    ]
    size: Annotated[int, Field(description="In bytes")]
    sha256: Annotated[str, Field(description="SHA-256 of what was uploaded, in hexadecimal")]
    drop_id: int | None
    state: State | None
    outcome: Annotated[
        str | None, Field(description="Outcome of the drop: of its files, or failed")
    ]
    run: Annotated[str | None, Field(description="Airflow's id of the load run")]
    message: str | None


class Upload(UploadItem):
    """The same with the files that were found in it."""

    path: Annotated[str, Field(description="Of its page, below this one")]
    files: list[UploadedFile]


class ActItem(Answer):
    """What a user did."""

    act_id: int
    acted_at: datetime
    acted_by: Annotated[str, Field(description="The user, by the name that Airflow knows")]
    act: Literal["upload", "redrive", "reprocess", "withdraw"]
    name: Annotated[str, Field(description="Of the file or drop")]
    sha256: Annotated[
        str | None, Field(description="Of the file; of an upload or a drop, of all of it")
    ]
    known: Annotated[bool, Field(description="Whether a file of this hash is loaded or refused")]
    detail: str


class WithdrawnDay(Answer):
    """A day in force from a file, and the version that is in force without it."""

    line: Annotated[int, Field(description="Of the day in the file")]
    nmi: str
    nmi_suffix: str
    day: date
    uom: Unit
    before: Annotated[
        Decimal | None, Field(description="Sum of the day now; null of units that do not add up")
    ]
    quality_before: str
    uom_after: Annotated[str | None, Field(description="Null where no other version is there")]
    after: Annotated[Decimal | None, Field(description="Sum of the day then, in `uom_after`")]
    quality_after: str | None
    file_after: Annotated[str | None, Field(description="The file whose version comes back")]
    sha256_after: Sha256 | None
    line_after: int | None
    update_date_time_after: datetime | None
    same_readings: Annotated[
        bool | None, Field(description="Whether the version that comes back has the same values")
    ]


class WithdrawnSum(Answer):
    """The days in force from a file of one unit."""

    uom: Unit
    days: int
    days_after: Annotated[int, Field(description="Of these days, those with another version")]
    same_days: Annotated[int, Field(description="Of those, days that keep their values")]
    before: Annotated[Decimal | None, Field(description="Sum of these days now")]
    after: Annotated[Decimal | None, Field(description="Sum of these days then, in the same unit")]


class Withdrawal(Page[WithdrawnDay]):
    """What withdrawing a file would change: its days in force, by their lines."""

    sums: list[WithdrawnSum]
    days_counted_to: Annotated[
        int | None, Field(description="How many days the sums are of, where there are more")
    ]


class WithdrawnFile(Answer):
    """A file that was withdrawn."""

    name: str
    days: Annotated[int, Field(description="Its versions of days, in force and superseded ones")]


class Note(Answer):
    """A note about a refusal, or about a file as a whole."""

    note_id: int
    written_at: datetime
    written_by: Annotated[str, Field(description="The user, by the name that Airflow knows")]
    sha256: Sha256
    line: Annotated[int, Field(description="Of the refusal; 0 of the file as a whole")]
    code: Annotated[str, Field(description="Of the refusal; empty of the file as a whole")]
    note: str
    asked_again: Annotated[bool, Field(description="Whether it was asked for again")]


class NotedRefusal(Note):
    """The newest note about a refusal, and what it is about; null of a file that was withdrawn."""

    notes: Annotated[int, Field(description="How many notes there are about it")]
    file: str | None
    status: Status | None
    level: Level | None
    message: str | None
    nmi: str | None
    nmi_suffix: str | None
    day: date | None
    last_day: date | None
    days_since: Annotated[
        int, Field(description="Of its days, those of which a version came since, and is in force")
    ]
