"""The feed of changes: what its consumers read, how far they are, and what holds them up."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from nem12.mdff.stamps import NEM_TIME
from nem12.mdff.wording import plural
from nem12.settings import CHANGES_KEPT_DAYS
from nem12.warehouse.connect import Connection
from nem12.warehouse.sql import rows_of, run


@dataclass(frozen=True, slots=True)
class Change:
    """A notice that what is in force has changed; None stands for all.

    Attributes:
        nmi: None: of all NMIs.
        nmi_suffix: None: of all channels.
        day: None: of all days. Without an NMI: the first day of a month that was removed.
    """

    nmi: str | None
    nmi_suffix: str | None
    day: date | None


@dataclass(frozen=True, slots=True)
class Lag:
    """How far a consumer is behind.

    Attributes:
        state: "following"; "rebuild" or "rebuilding" if it reads all days in force anew.
        moved_at: When it took changes last.
        unread_since: When the first of its unread changes was made.
        unread_changes: How many there are, counted to 100,000.
        held_changes: Of these, those that wait for the end of an older transaction.
    """

    consumer: str
    state: str
    moved_at: datetime
    unread_since: datetime | None
    unread_changes: int
    held_changes: int

    def __str__(self) -> str:
        """As `status` says it."""
        if self.state != "following":
            return "reads all days in force anew"
        if not self.unread_since:
            return "has read all changes"
        since = self.unread_since.astimezone(NEM_TIME)
        return f"{plural(self.unread_changes, 'unread change')} since {since:%Y-%m-%d %H:%M}"


@dataclass(frozen=True, slots=True)
class Holder:
    """The oldest transaction of the server, for whose end younger changes wait.

    Attributes:
        pid: Of its session; None if it is prepared.
        prepared: Its name then.
        since: When it began, or was prepared; None to who may not see that.
    """

    pid: int | None
    prepared: str | None
    application: str | None
    since: datetime | None

    def __str__(self) -> str:
        """As logs and `status` name it."""
        named = f" ({self.application})" if self.application else ""
        who = f"session {self.pid}{named}" if self.pid else f"prepared transaction {self.prepared}"
        return (
            f"{who} since {self.since.astimezone(NEM_TIME):%Y-%m-%d %H:%M}" if self.since else who
        )


@dataclass(slots=True)
class Taken:
    """What a run of a consumer has done.

    Attributes:
        channel_days: Whose data was made anew or removed.
        first_day: Of these.
        last_day: Of these.
    """

    channel_days: int = 0
    first_day: date | None = None
    last_day: date | None = None

    def add(self, days: Sequence[date]) -> None:
        """Count the days of a transaction, one for each channel."""
        self.channel_days += len(days)
        known = [*days, *(day for day in (self.first_day, self.last_day) if day)]
        if known:
            self.first_day, self.last_day = min(known), max(known)


class Consumer(Protocol):
    """Keeps data of its own in step with the days in force."""

    taken: Taken

    @property
    def name(self) -> str:
        """Of its cursor."""

    def take(self, connection: Connection, changes: Sequence[Change]) -> None:
        """Bring its data in line with what is in force now of what has changed.

        Args:
            connection: In the transaction in which the cursor moves.
            changes: Distinct, in no order.
        """


def highest(connection: Connection, consumer: Consumer) -> int:
    """The number up to which a run has to read that begins now."""
    number: int = run(connection, "highest_change", consumer=consumer.name)[0]["number"]
    return number


def follow(connection: Connection, consumer: Consumer, until: int, most: int) -> bool:
    """Have a consumer take what has changed, until it has read all up to a number.

    May be repeated, and stopped at any point: its data and its cursor move in one transaction.

    Args:
        connection: Idle.
        consumer: Takes the changes.
        until: From `highest`.
        most: Changes that one transaction takes.

    Returns:
        Whether it has read them; if not, the others wait for the end of an older transaction.

    Raises:
        TerminalError: The database has come from another server.
    """
    while True:
        with connection.transaction():
            changes = rows_of(connection, Change, "take_changes", consumer=consumer.name, most=most)
            if changes:
                consumer.take(connection, changes)
        if not run(connection, "has_unread", consumer=consumer.name, until=until)[0]["unread"]:
            return True
        if not changes:
            return False


def can_take(connection: Connection, consumer: str) -> bool:
    """Whether there is something that a consumer can read now."""
    ready: bool = run(connection, "can_take", consumer=consumer)[0]["ready"]
    return ready


def trim(connection: Connection) -> int:
    """Forget old changes; a consumer that has not read them begins anew. Returns how many."""
    trimmed: int = run(connection, "trim_changes", days=CHANGES_KEPT_DAYS)[0]["trimmed"]
    return trimmed


def lags(connection: Connection) -> list[Lag]:
    """How far each consumer is behind."""
    return rows_of(connection, Lag, "consumer_lag")


def holders(connection: Connection) -> list[Holder]:
    """Who holds back changes; one, or none if no transaction is older than they are."""
    return rows_of(connection, Holder, "horizon_holders")
