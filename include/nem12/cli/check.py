"""`validate`: findings like a linter's."""

from argparse import Namespace
from typing import Final

from nem12.cli.files import GivenFile, named, scratch_folder, surveyed
from nem12.cli.output import err, finding_line
from nem12.exact_json import to_json
from nem12.mdff import spec
from nem12.mdff.exact import add
from nem12.mdff.findings import UNCHANGED, Finding, Level, subject
from nem12.mdff.wording import plural, shown
from nem12.states import Outcome
from nem12.validate import Judged, validate_file

_MOST_SPANS: Final = 3
"""Spans of days that are named of a file that is refused as a whole."""


def validate(arguments: Namespace) -> int:
    """Print every finding; 1 if anything is refused."""
    with scratch_folder() as scratch:
        files = surveyed(named(arguments.file), arguments.profile, scratch)
        judged = [(each.where, _validate(each, arguments.format)) for each in files]
    if arguments.format == "text":
        for where, judged_file in judged:
            err.print(_summary(where, judged_file), markup=False, soft_wrap=True)
    return int(any(judged_file.outcome is not Outcome.LOADED for _, judged_file in judged))


def _validate(given_file: GivenFile, form: str) -> Judged:
    def show(finding: Finding) -> None:
        if form == "json":
            # A name may hold bytes that are no text: JSON has no place for them.
            print(to_json({"file": shown(given_file.where, 4096), **finding.row()}))
        else:
            print(finding_line(shown(given_file.where, 500), finding.row()))

    judged = validate_file(given_file.file, show)
    if form == "json" and judged.file.format == spec.NEM13.name:
        print(to_json({"file": shown(given_file.where, 4096), **_counts(judged)}))
    return judged


def _counts(judged: Judged) -> dict[str, object]:
    """What a NEM13 file gave; sums are exact, in the units as delivered."""
    return {
        "format": judged.file.format,
        "outcome": judged.outcome,
        "records": judged.records,
        "refused_records": judged.refused_records,
        "reads": judged.reads,
        "refused_reads": judged.refused_reads,
        "quantity": judged.quantity,
        "refused_quantity": judged.refused_quantity,
        "transactions": judged.transactions,
        "findings": judged.tally.counts.total(),
    }


def _accepted(judged: Judged) -> str:
    """How many days or reads are accepted, in words."""
    if judged.file.format != spec.NEM13.name:
        return plural(judged.days, "day")
    quantity = add(judged.quantity, judged.refused_quantity.copy_negate())
    reads = plural(judged.reads - judged.refused_reads, "read")
    return f"{reads} of {quantity:f} in all, {plural(judged.transactions, 'transaction')}"


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
        f"{shown(where, 500)}: {judged.outcome}, {_accepted(judged)}, "
        f"{accepted} of {plural(judged.records, 'record')} accepted, "
        f"{plural(refusals, 'refusal')}, {plural(warnings, 'warning')}{unchanged}"
    )
