"""What the JSON routes answer, as models: the OpenAPI document is made of them.

Within v1 a field may be added; none is renamed, retyped or removed: `tests/web/api_v1.json` holds
the routes to that.
"""

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from nem12 import states
from nem12.mdff import spec


def _one_of(names: Iterable[str]) -> WithJsonSchema:
    """In the document the names stand with each field: no reader has to look them up."""
    return WithJsonSchema({"type": "string", "enum": list(names)})


Sha256 = Annotated[str, Field(description="SHA-256 of the content, in hexadecimal")]
Level = Literal["FILE", "BLOCK", "RECORD", "WARN"]
Status = Annotated[states.FileStatus, _one_of(states.FileStatus)]
Outcome = Annotated[states.Outcome, _one_of(states.FILE_OUTCOMES)]
State = Annotated[states.DropState, _one_of(states.DropState)]
Standing = Literal["delivering", "silent", "refused", "never", "ended"]
Minutes = Annotated[int, Field(description="IntervalLength, in minutes")]
Unit = Annotated[str, Field(description="The kilo unit that values are in, such as kWh")]
ByFlag = Annotated[
    dict[str, int],
    Field(
        description="How many intervals have which quality: "
        + ", ".join(flag.name for flag in spec.INTERVAL_FLAGS)
    ),
]
Exact = Annotated[Decimal, Field(description="Exact, as a string")]
UpdateRank = Annotated[
    int,
    Field(
        description="What the update stamp is: 0 UpdateDateTime, 1 the DateTime of the 100 record, "
        "2 the time of delivery, 3 an UpdateDateTime before 1990, which ranks lowest"
    ),
]


Item = TypeVar("Item")


class Answer(BaseModel):
    """An object of an answer."""

    # A column that a statement gives and no model names fails in every test of its route.
    model_config = ConfigDict(extra="forbid")


class Page(Answer, Generic[Item]):
    """A page of a list."""

    items: list[Item]
    next: Annotated[
        str | None, Field(description="Pass it as `after` to get the next page; null at the end")
    ]


class Error(Answer):
    """Why there is no answer."""

    detail: str


class Counts(Answer):
    """Records and readings of a file, as read and as refused."""

    records: int
    refused_records: int
    readings: int
    refused_readings: int


class FileSummary(Counts):
    """A file in a list."""

    sha256: Sha256
    name: Annotated[str, Field(description="As delivered; a member as `archive/member`")]
    size: Annotated[int, Field(description="In bytes")]
    status: Status
    profile: str
    seen_at: datetime
    from_participant: str
    days: int
    first_day: date | None
    last_day: date | None


class FileItem(FileSummary):
    """A file in the list of files; the last five fields only in the files of one run."""

    outcome: Annotated[Outcome | None, Field(description="What the run made of it")] = None
    judged_later: Annotated[
        bool | None,
        Field(description="A later run has judged the file again; all but `outcome` is of that"),
    ] = None
    line: Annotated[int | None, Field(description="Line of its first refusal")] = None
    code: str | None = None
    message: str | None = None


class Where(Answer):
    """Whose data a finding is about; null where it cannot be read."""

    nmi: str | None
    nmi_suffix: str | None
    day: Annotated[date | None, Field(description="The first day that is concerned")]
    last_day: date | None


class InForce(Where):
    """Days of which nothing was loaded, and what is in force of them."""

    days_in_force: Annotated[
        int | None, Field(description="Days of the span that have a version in force")
    ]
    in_force_files: Annotated[
        list[str] | None, Field(description="The files of these versions, the first three by name")
    ]
    files_in_force: Annotated[int | None, Field(description="How many files these are")]
    in_force_file: str | None
    in_force_sha256: Sha256 | None
    in_force_line: int | None
    in_force_at: datetime | None


class Finding(InForce):
    """A refusal or warning of a file."""

    line: int
    level: Level
    code: str
    field: Annotated[int | None, Field(description="Number of the field at fault, from 1")]
    message: str
    excerpt: str
    first_line: Annotated[int, Field(description="First of the lines that it refuses")]
    last_line: int
    explanation: str


class WarningCount(Answer):
    """How often a file has a warning."""

    code: str
    count: int
    explanation: str


class FileDrop(Answer):
    """A drop that brought a file."""

    drop_id: int
    member: str
    outcome: Outcome
    sha256: Annotated[str | None, Field(description="SHA-256 of the drop itself")]
    uri: str
    kept_at: Annotated[str | None, Field(description="URI of the place where the drop is kept")]
    kept_below: Annotated[str | None, Field(description="That place below METER_HOME's folder")]
    run: str | None
    state: State
    claimed_at: datetime
    settled_at: datetime | None


class File(FileSummary):
    """A file."""

    file_id: int
    reader_version: str
    header_date_time: Annotated[datetime | None, Field(description="DateTime of the 100 record")]
    to_participant: str
    refused_sum: Annotated[
        Decimal,
        Field(description="Exact sum, as delivered, of refused days whose values all parse"),
    ]
    settled_at: datetime | None
    accepted_records: int
    accepted_readings: int
    warnings: list[WarningCount]
    days_in_force: int
    days_superseded: int
    days_counted_to: Annotated[
        int | None, Field(description="Only so many days were counted; null if all were")
    ]
    refused_days: Annotated[
        list[InForce], Field(description="First days of a file that is refused as a whole")
    ]
    refused_days_left_out: Annotated[int, Field(description="Further spans of such days")]
    drops: list[FileDrop]


class FileDay(Answer):
    """A day that a file delivers, and the version that is in force instead, if another is."""

    line: int
    last_line: int
    nmi: str
    nmi_suffix: str
    day: date
    interval_minutes: Minutes
    uom: Unit
    quality_method: str
    update_date_time: datetime | None
    update_rank: UpdateRank
    in_force: bool | None
    by_update_date_time: datetime | None
    by_sha256: Sha256 | None
    by_file: str | None
    by_line: int | None


class FilePart(Counts):
    """A part of a file, and the batch that applied it."""

    part: int
    parts: int
    byte_start: int
    byte_end: int
    first_line: int
    last_line: int
    days: int
    batch_id: str
    staged_name: str
    applied_at: datetime
    applied_by: Annotated[
        str, Field(description="User and host of the command that applied it, or the database role")
    ]
    process: int | None
    run_id: Annotated[str | None, Field(description="Airflow run that applied it, if one did")]
    task_id: str | None
    map_index: int | None
    try_number: int | None


class Drop(Answer):
    """A drop that is not settled."""

    drop_id: int
    uri: str
    size: int
    profile: str
    state: State
    attempt: int
    claimed_at: datetime
    not_before: Annotated[datetime | None, Field(description="It is not claimed again before")]
    run: str | None
    message: str | None


class Arrived(Answer):
    """What arrived on one day."""

    day: date
    files: int
    loaded: int
    partial: int
    refused: int
    readings: int
    refused_readings: int


class LoadingFile(Answer):
    """A file whose parts are being applied."""

    sha256: Sha256
    name: str
    size: int
    seen_at: datetime
    applied: int
    parts: int | None
    readings: int


class Problem(Where):
    """A file with refusals, and its first one."""

    sha256: Sha256
    name: str
    status: Status
    seen_at: datetime
    refused_records: int
    line: int | None
    level: Level | None
    code: str | None
    field: int | None
    message: str | None


class ListedProblem(Where):
    """A refusal in the list of problems."""

    sha256: Sha256
    file: str
    from_participant: str
    seen_at: datetime
    line: int
    level: Level
    code: str
    field: int | None
    message: str


class Sender(Answer):
    """What a sender delivered."""

    sender: Annotated[str, Field(description="FromParticipant; empty where none is named")]
    files: int
    partial: int
    refused: int
    readings: int
    refused_readings: int
    newest_at: datetime
    days_late: Annotated[
        Decimal | None, Field(description="From the newest day in a file to its arrival, average")
    ]


class LoadRun(Answer):
    """A load run, and how many of its drops became what."""

    run: Annotated[str, Field(description="Airflow's id of it")]
    began_at: datetime
    settled_at: datetime | None
    drops: int
    loaded: int
    partial: int
    refused: int
    duplicate: int
    failed: int
    unsettled: int


class Contradiction(Answer):
    """A day whose two deliveries carry the same stamps and different content."""

    nmi: str
    nmi_suffix: str
    day: date
    file: str
    sha256: Sha256
    line: int
    other_file: str
    other_line: int
    decided_by: Literal["hash", "time of delivery"]
    found: Annotated[int, Field(description="How many such days there are in all")]


class OpenDrops(Answer):
    """Drops that are not settled, by state."""

    claimed: int
    running: int
    waiting: int
    failed: int


class FileCounts(Answer):
    """Files by status: those that load now, and of the last days."""

    loading: int
    loaded: int
    partial: int
    refused: int


class Ignored(Answer):
    """A name in the landing folder that is left alone."""

    name: str
    reason: str


class LandingFolder(Answer):
    """What lies in the landing folder; null is what cannot be seen from the api-server."""

    folder: str | None
    trouble: str | None
    files: int | None
    more: Annotated[bool | None, Field(description="Whether there are more files than counted")]
    oldest_at: datetime | None
    ignored: list[Ignored]
    ignored_count: int | None
    last_look_at: datetime | None
    faults: Annotated[list[str] | None, Field(description="Why nothing is being loaded")]


class Lag(Answer):
    """How far a consumer of the table meter_changes is behind."""

    consumer: str
    state: Annotated[str, Field(description="rebuild or rebuilding: it reads all days anew")]
    moved_at: datetime
    unread_since: datetime | None
    unread_changes: Annotated[int, Field(description="Counted to 100,000")]
    held_changes: Annotated[
        int, Field(description="Of these, those that wait for the end of an older transaction")
    ]


class Holder(Answer):
    """The oldest transaction of the database server."""

    pid: int | None
    prepared: Annotated[str | None, Field(description="Its name, if it is prepared")]
    application: str | None
    since: Annotated[datetime | None, Field(description="null to who may not see it")]


class Health(Answer):
    """Whether files are being loaded and can be read."""

    healthy: bool
    database: Annotated[str | None, Field(description="Why it cannot be read")]
    faults: Annotated[
        list[str] | None, Field(description="Why nothing is being loaded; null where unknown")
    ]
    last_look_at: Annotated[datetime | None, Field(description="Of the watch, into the folder")]
    files: Annotated[int | None, Field(description="Files that nobody has taken yet")]
    oldest_at: Annotated[datetime | None, Field(description="When the oldest of them arrived")]
    consumers: Annotated[list[Lag] | None, Field(description="null where unknown")]
    changes_wait_for: Annotated[
        list[Holder] | None, Field(description="For whose end changes wait that are not read yet")
    ]


class Overview(Answer):
    """How it stands."""

    recent_days: int
    newest_day: date | None
    days_behind: int | None
    drops: OpenDrops
    files: FileCounts
    loading: list[LoadingFile]
    by_day: list[Arrived]
    problems: list[Problem]
    contradictions: list[Contradiction]
    landing: LandingFolder


class Nmi(Answer):
    """An NMI in a list; its channels and days only where the list is sorted."""

    nmi: str
    channels: int | None = None
    first_day: date | None = None
    last_day: date | None = None


class ChannelSummary(Answer):
    """A channel with its first and newest day; meter and unit are those of the newest."""

    nmi_suffix: str
    first_day: date
    last_day: date
    uom: Unit
    interval_minutes: Minutes
    meter_serial_number: str
    register_id: str


class NmiChannels(Answer):
    """The channels of an NMI."""

    nmi: str
    channels: list[ChannelSummary]


class Meter(Answer):
    """A meter that a channel has had."""

    meter_serial_number: str
    register_id: str
    uom: Unit
    interval_minutes: Minutes
    first_day: date
    last_day: date
    days: int


class Channel(ChannelSummary):
    """A channel with its meters."""

    nmi: str
    meters: list[Meter]


class ChannelDay(Answer):
    """The values of a day in one unit."""

    day: date
    uom: Unit
    total_consumption: Annotated[
        Decimal | None, Field(description="Exact; null for a unit that does not add up")
    ]
    average_consumption: Exact
    minimum_consumption: Exact
    maximum_consumption: Exact
    readings: int
    intervals: ByFlag


class Span(Answer):
    """A span of NEM days, both included."""

    first: Annotated[date, Field(alias="from")]
    last: Annotated[date, Field(alias="to")]


class ChannelDays(Span):
    """The days of a channel that have readings."""

    items: list[ChannelDay]


class Period(Answer):
    """What is said of a period, or of the whole span, of a channel or of all together."""

    period: Annotated[str, Field(description="A month, a day, or `total` of the span")]
    first_day: date
    last_day: date
    nmi: str
    uom: Unit
    days: int
    missing_days: int
    estimated_share: Annotated[
        Decimal | None, Field(description="Estimated and substituted intervals, of all")
    ]
    maximum_demand: Annotated[Decimal | None, Field(description="Mean power of an interval")]
    demand_uom: str | None
    maximum_demand_at: datetime | None


class Total(Period):
    """How much of a channel there is."""

    nmi_suffix: str
    direction: str
    total: Annotated[
        Decimal | None, Field(description="Exact; null for a unit that does not add up")
    ]


class NetTotal(Period):
    """What left the grid (export), what entered it (import) and the difference, by unit."""

    export: Decimal | None
    # `import` is a word of Python's own.
    imported: Annotated[Decimal | None, Field(alias="import")]
    net: Decimal | None


class Totals(Span):
    """The totals of an NMI: its channels, then all that is settled together."""

    nmi: str
    by: Literal["month", "day"]
    channels: list[Total]
    net: list[NetTotal]


class ChangedDay(Answer):
    """A day whose version in force is not the one that was in force at an instant."""

    nmi: str
    nmi_suffix: str
    day: date
    uom: Unit
    before: Annotated[
        Decimal | None, Field(description="Sum of the day then; null where there was none")
    ]
    after: Annotated[Decimal | None, Field(description="Sum of the day now")]
    difference: Decimal | None
    quality_before: str | None
    quality_after: str | None
    file: str
    line: int
    sha256: Sha256
    seen_at: datetime
    file_before: str | None
    line_before: int | None


class Changes(Span):
    """Days that have changed since an instant."""

    since: datetime
    items: list[ChangedDay]
    more: Annotated[bool, Field(description="Whether there are more: the CSV has all")]


class Reading(Answer):
    """A reading in force, and where it comes from."""

    timestamp: Annotated[datetime, Field(description="Start of the interval")]
    interval_minutes: Minutes
    consumption: Exact
    uom: Unit
    quality_method: str
    sha256: Sha256 | None
    file: str | None
    line: int | None


class Readings(Page[Reading], Span):
    """Readings of a channel."""


class Version(Answer):
    """A version of a day, with its values by interval."""

    file_id: int
    line: int
    last_line: int
    sha256: Sha256 | None
    file: str | None
    seen_at: datetime | None
    update_date_time: datetime | None
    update_rank: UpdateRank
    delivered_at: datetime | None
    msats_load_date_time: datetime | None
    header_date_time: datetime | None
    interval_minutes: Minutes
    uom: Unit
    quality_method: str
    reason_code: int | None
    reason_description: str
    meter_serial_number: str
    register_id: str
    in_force: bool | None
    consumption: list[Exact]
    qualities: list[str]
    sum: Exact
    sum_added: Annotated[
        Decimal | None, Field(description="Against the version before; null for the oldest")
    ]
    intervals_changed: int | None


class Refusal(Answer):
    """What was refused of a channel."""

    day: date
    last_day: date
    line: int
    level: Level
    code: str
    field: int | None
    message: str
    excerpt: str
    sha256: Sha256
    file: str
    seen_at: datetime


class Versions(Answer):
    """The versions of a day, the one in force first, and what was refused of it."""

    items: list[Version]
    refusals: list[Refusal]


class RefusedDay(Answer):
    """A missing day, and why a delivery of it was refused."""

    missing_day: date
    sha256: Sha256
    file: str
    line: int
    level: Level
    code: str
    field: int | None
    message: str
    excerpt: str


class CoverageItem(Answer):
    """What a channel has of the days that it is expected to have."""

    nmi: str
    nmi_suffix: Annotated[str, Field(description="Empty for an NMI of which nothing has come")]
    standing: Annotated[
        Standing,
        Field(
            description="delivering; silent: nothing in the span or later; refused: all that came; "
            "never: expected and nothing came; ended: before the end of the span"
        ),
    ]
    newest_day: Annotated[date | None, Field(description="In force, also outside the span")]
    ended_on: Annotated[date | None, Field(description="Its last day, where it has ended")]
    end_known_by: Annotated[
        Literal["said", "exchange"] | None,
        Field(
            description="Somebody said when it ends or that it goes on; or its meter was exchanged"
        ),
    ]
    first_expected_day: date
    last_expected_day: date
    expected_days: int
    days: int
    missing_days: int
    missing: Annotated[list[tuple[date, date]], Field(description="Spans, both days included")]
    refused: list[RefusedDay]
    intervals: ByFlag
    not_actual_share: Annotated[
        float | None, Field(description="Of the intervals; null where there are none")
    ]


class Coverage(Page[CoverageItem], Span):
    """Coverage of the next channels."""

    channels_looked_at: int
    more_channels: Annotated[bool, Field(description="Whether there are more than these")]


class ExpectedNmi(Answer):
    """An NMI that is expected to deliver."""

    nmi: str
    label: str
    first_day: Annotated[date | None, Field(description="From when on it is expected")]
    said_by: str
    said_at: datetime
    newest_day: Annotated[date | None, Field(description="Null while nothing has come")]


class ChannelEnd(Answer):
    """The last day that a channel is expected to have, as somebody said."""

    nmi: str
    nmi_suffix: Annotated[str, Field(description="Empty for all channels of the NMI")]
    last_day: Annotated[date | None, Field(description="Null: it goes on, whatever the data say")]
    said_by: str
    said_at: datetime


class TakenList(Answer):
    """A list that was taken."""

    lines: int
    removed: Annotated[int, Field(description="Entries that were kept before and are not in it")]


class SaidEnd(Answer):
    """What is kept of the end of a channel."""

    said: Literal["ended", "goes on", "nothing"]
    last_day: date | None


class StartedRun(Answer):
    """The load run that was started."""

    dag_run_id: str
    path: Annotated[str, Field(description="Of the run in Airflow's page")]


class FreedDrop(Answer):
    """A drop that will be claimed again."""

    drop_id: int
    state: State
