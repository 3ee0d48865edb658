"""`validate`: findings like a linter's."""

from argparse import Namespace
from typing import Final

from nem12.cli.files import Given, named, scratch_folder, surveyed
from nem12.cli.output import err, finding_line, to_json
from nem12.mdff.findings import UNCHANGED, Finding, Level, subject
from nem12.mdff.text import plural, shown
from nem12.states import Outcome
from nem12.validate import Judged, validate_file

_MOST_SPANS: Final = 3
"""Spans of days that are named of a file that is refused as a whole."""


def validate(arguments: Namespace) -> int:
    """Print every finding; 1 if anything is refused."""
    with scratch_folder() as scratch:
        files = surveyed(named(arguments.file), arguments.profile, scratch)
        judged = [(given.where, _validate(given, arguments.format)) for given in files]
    if arguments.format == "text":
        for where, one in judged:
            err.print(_summary(where, one), markup=False, soft_wrap=True)
    return int(any(one.outcome is not Outcome.LOADED for _, one in judged))


def _validate(given: Given, form: str) -> Judged:
    def show(finding: Finding) -> None:
        if form == "json":
            # A name may hold bytes that are no text: JSON has no place for them.
            print(to_json({"file": shown(given.where, 4096), **finding.row()}))
        else:
            print(finding_line(shown(given.where, 500), finding.row()))

    return validate_file(given.file, show)


def _summary(where: str, judged: Judged) -> str:
    counts = judged.tally.counts
    refusals = sum(n for (level, _), n in counts.items() if level is not Level.WARN)
    warnings = sum(n for (level, _), n in counts.items() if level is Level.WARN)
    accepted = judged.records - judged.refused_records
    spans = list(judged.refused_days.spans())
    named = "; ".join(subject(span.row()) for span in spans[:_MOST_SPANS])
    more = f" and {len(spans) - _MOST_SPANS} more" if len(spans) > _MOST_SPANS else ""
    affected = f". Refused with it: {named}{more}" if spans else ""
    unchanged = f"{affected}. {UNCHANGED}" if refusals else ""
    return (
        f"{shown(where, 500)}: {judged.outcome}, {plural(judged.days, 'day')}, "
        f"{accepted} of {plural(judged.records, 'record')} accepted, "
        f"{plural(refusals, 'refusal')}, {plural(warnings, 'warning')}{unchanged}"
    )
