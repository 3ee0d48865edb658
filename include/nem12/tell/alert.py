"""The alerts: which files, how much of them, why, and where to look.

They are made from the ledger, which knows the result of a claim, whichever try of a task produced
it.
"""

import html
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from nem12.drop import uri_path
from nem12.mdff.stamps import NEM_TIME
from nem12.mdff.wording import plural, shown
from nem12.settings import Home
from nem12.states import DropState
from nem12.tell.report import affected, contradiction, refusal
from nem12.warehouse import ledger
from nem12.warehouse.connect import Connection
from nem12.warehouse.rows import Contradiction, FailedDrop, RefusedFile

_MOST_FILES: Final = 50
_NAME_CHARACTERS: Final = 200
_WHY_CHARACTERS: Final = 1000
_MOST_TASKS: Final = 20

Page = Callable[[str], str]
"""Gives the address of the page of a file, by its SHA-256; empty where there is none."""


@dataclass(frozen=True, slots=True)
class AlertFile:
    """A file that an alert is about.

    Attributes:
        name: As it was delivered, safe to print.
        outcome: refused, partial, waiting (for its next attempt) or failed.
        why: In a sentence.
        sha256: Empty where it was not read.
        page: Address of its page, or empty.
    """

    name: str
    outcome: str
    why: str
    sha256: str = ""
    page: str = ""


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert; `text` and `html` are its whole content.

    Attributes:
        kind: One of `notifiers.KINDS`.
        subject: One line.
        files: The first files that it is about.
        more: How many others there are.
        run: Airflow's id of the run.
        run_page: Address of the run's page, or empty.
        more_page: Address of a page that lists all of them, or empty.
    """

    kind: str
    subject: str
    files: tuple[AlertFile, ...] = ()
    more: int = 0
    run: str = ""
    run_page: str = ""
    more_page: str = ""

    @property
    def text(self) -> str:
        """For people, in lines."""
        return "\n".join(line for _, line in self.lines())

    def lines(self) -> Iterator[tuple[str, str]]:
        """Its lines, each with the outcome that it is about; for the subject the `kind`."""
        yield self.kind, self.subject
        for file in self.files:
            yield file.outcome, f"- {file.name}: {file.outcome}: {file.why}"
            if file.page:
                yield file.outcome, f"  {file.page}"
        if self.more:
            link = f": {self.more_page}" if self.more_page else ""
            yield self.kind, f"- and {self.more} more{link}"
        if self.run:
            yield self.kind, f"run {self.run} {self.run_page}".rstrip()

    @property
    def html(self) -> str:
        """For people, as HTML; what comes from files is escaped."""
        return "\n".join(self._html())

    def _html(self) -> Iterator[str]:
        yield f"<p>{html.escape(self.subject)}</p>"
        if self.files:
            yield "<ul>"
            for file in self.files:
                name = _link(file.page, file.name)
                yield f"<li>{name}: {html.escape(file.outcome)}: {html.escape(file.why)}</li>"
            if self.more:
                yield f"<li>{_link(self.more_page, f'and {self.more} more')}</li>"
            yield "</ul>"
        if self.run:
            yield f"<p>run {_link(self.run_page, self.run)}</p>"


def _link(page: str, text: str) -> str:
    escaped = html.escape(text)
    return f'<a href="{html.escape(page)}">{escaped}</a>' if page else escaped


def alerts_of_claim(
    connection: Connection, claim: str, run: str, run_page: str, page: Page, more_page: str = ""
) -> Iterator[Alert]:
    """The alerts about the run of a claim that is settled or given up.

    Args:
        connection: To the warehouse.
        claim: Whose drops.
        run: Airflow's id of the run.
        run_page: Address of its page, or empty.
        page: Gives the address of a file's page.
        more_page: Address of the page that lists all files of the run, or empty.
    """
    refused, count = ledger.claim_refusals(connection, claim, _MOST_FILES)
    if refused:
        files = tuple(_refused_file(connection, file, page) for file in refused)
        subject = f"NEM12: {plural(count, 'file')} refused, whole or in part"
        yield Alert("refused", subject, files, count - len(files), run, run_page, more_page)
    contradicted, count = ledger.contradictions(connection, _MOST_FILES, claim)
    if contradicted:
        files = tuple(_contradicted_day(day, page) for day in contradicted)
        days = plural(count, "day")
        subject = f"NEM12: {days} contradicted by another delivery with the same stamps"
        yield Alert("contradicted", subject, files, count - len(files), run, run_page)
    failed, count = ledger.claim_failures(connection, claim, _MOST_FILES)
    if failed:
        files = tuple(map(_failed_file, failed))
        subject = f"NEM12: {plural(count, 'file')} could not be loaded"
        yield Alert("failed", subject, files, count - len(files), run, run_page, more_page)


def alert_of_unsettled_run(
    run: str, run_page: str, failed_tasks: Iterable[str], why: str = ""
) -> Alert:
    """The alert about a run that did not reach its end: the failed tasks, with reasons if known."""
    tasks = sorted(failed_tasks)
    named = ", ".join(tasks[:_MOST_TASKS]) or "it did not reach its end"
    if len(tasks) > _MOST_TASKS:
        named += f" and {len(tasks) - _MOST_TASKS} more"
    message = f"{named}: {shown(why, _WHY_CHARACTERS)}" if why else named
    return Alert("failed", f"NEM12: a load run failed: {message}", run=run, run_page=run_page)


def alert_of_silence(
    connection: Connection, home: Home, hours: float, now: datetime
) -> Alert | None:
    """The alert if nothing has landed for so long; none before the first drop."""
    last = ledger.last_landed(connection, f"{home.landing.as_uri()}/")
    if last is None or now - last < timedelta(hours=hours):
        return None
    whole = int((now - last) / timedelta(hours=1))
    at = f"{last.astimezone(NEM_TIME):%Y-%m-%d %H:%M} UTC+10"
    where = shown(str(home.landing), _NAME_CHARACTERS)
    return Alert(
        "silent", f"NEM12: nothing has landed in {where} for {plural(whole, 'hour')}, since {at}"
    )


def _refused_file(connection: Connection, file: RefusedFile, page: Page) -> AlertFile:
    days = affected(connection, file.file_id, file.outcome)
    return AlertFile(
        shown(file.name, _NAME_CHARACTERS),
        file.outcome,
        shown(refusal(file, file.first, *days), _WHY_CHARACTERS),
        file.sha256,
        page(file.sha256),
    )


def _contradicted_day(day: Contradiction, page: Page) -> AlertFile:
    return AlertFile(
        shown(day.file, _NAME_CHARACTERS),
        "contradicted",
        contradiction(day),
        day.sha256,
        page(day.sha256),
    )


def _failed_file(drop: FailedDrop) -> AlertFile:
    if drop.state is DropState.FAILED:
        then = "given up; redrive tries again"
    else:
        then = f"tried again from {drop.not_before.astimezone(NEM_TIME):%H:%M} UTC+10"
    why = shown(drop.message, _WHY_CHARACTERS)
    name = shown(uri_path(drop.uri).name, _NAME_CHARACTERS)
    return AlertFile(name, drop.state, f"attempt {drop.attempt} failed: {why}; {then}")
