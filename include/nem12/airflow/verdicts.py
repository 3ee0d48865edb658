"""The log of the last task of a load run: counts, refusals and failures with their reasons."""

import logging
from collections.abc import Iterator
from typing import Any

from airflow.sdk.definitions.context import Context

from nem12.airflow.links import file_link, files_link
from nem12.airflow.warehouse import warehouse_connection
from nem12.errors import MeterError
from nem12.mdff.wording import plural
from nem12.states import FILE_OUTCOMES, DropState, Outcome
from nem12.tell.alert import alerts_of_claim

_REFUSED = (Outcome.REFUSED, Outcome.PARTIAL)
_FAILED = (DropState.WAITING, DropState.FAILED)
_NEXT = (
    "Nothing of a refused file is loaded; of a partial file everything but the refused records"
    " is. The page of a file lists each refused record and can load the file again."
)


def is_red(settled: dict[str, Any], *, fail_on_refusals: bool) -> bool:
    """Whether the run has to fail, by what `settle_drops` returned."""
    failed = sum(settled["drops"].get(state, 0) for state in _FAILED)
    refused = sum(settled["files"].get(outcome, 0) for outcome in _REFUSED)
    return bool(failed or (refused and fail_on_refusals))


def counts(settled: dict[str, Any]) -> str:
    """A line with the number of files of each outcome, the worst first."""
    files = [
        f"{settled['files'][name]} {name}" for name in FILE_OUTCOMES if settled["files"].get(name)
    ]
    drops = [f"{settled['drops'][name]} {name}" for name in _FAILED if settled["drops"].get(name)]
    counted = ", ".join([*files, *drops]) or "no files"
    against = settled["contradictions"]
    contradicted = f", {against} contradicted by other deliveries" if against else ""
    read = f"{plural(settled['readings'], 'reading')} of {plural(settled['days'], 'day')}"
    return f"{counted}; {read}{contradicted}"


def explanation(
    settled: dict[str, Any], context: Context, *, red: bool
) -> Iterator[tuple[int, str]]:
    """Lines about refusals and failures, each with its reason and page; and the counts.

    Yields:
        The level of the log, and the line: an error turns the run red, a warning needs action, the
        rest is information.
    """
    page = files_link(context["run_id"])
    try:
        with warehouse_connection() as connection:
            told = list(alerts_of_claim(connection, settled["claim"], "", "", file_link, page))
    except MeterError as error:
        yield logging.WARNING, f"the refusals cannot be listed: {error}"
        told = []
    for alert in told:
        for outcome, line in alert.lines():
            yield level(outcome, red=red), line
    if any(alert.kind == "refused" for alert in told):
        yield logging.INFO, _NEXT
    yield logging.INFO, f"{counts(settled)}. All files of this run: {page}"


def level(outcome: str, *, red: bool) -> int:
    """The log level of an outcome; only a run that fails has errors."""
    return logging.ERROR if red and outcome in (Outcome.REFUSED, *_FAILED) else logging.WARNING
