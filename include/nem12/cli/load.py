"""`parse_data`: files to staged SQL batch files, and with --apply to rows."""

import os
from argparse import Namespace
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, groupby
from pathlib import Path
from typing import Any, Final

from nem12 import settings
from nem12.cli.caller import caller_name
from nem12.cli.databases import database
from nem12.cli.files import Deliveries, GivenFile, named, scratch_folder
from nem12.cli.output import at_work, err, finding_line, out, table
from nem12.cli.staging import PartRead, Staging, worst
from nem12.errors import MeterError, TransientError
from nem12.exact_json import to_json
from nem12.load.known import counting, known_outcome
from nem12.mdff.findings import ROW, UNCHANGED, Finding, Level, in_force, left_of, subject
from nem12.mdff.wording import shown
from nem12.shard import pack
from nem12.stage import stage_shard
from nem12.states import FileStatus, Outcome
from nem12.survey import MeterFile
from nem12.tell.report import not_kept, why
from nem12.validate import Judging
from nem12.warehouse import feed, ledger
from nem12.warehouse.apply import Applier, apply_batch
from nem12.warehouse.connect import Connection, connect
from nem12.warehouse.sql import Row

Result = dict[str, Any]

_MOST_FINDINGS: Final = 1000
"""Findings listed for a file; `findings_left_out` counts the others."""

_REFUSED: Final = frozenset({Outcome.PARTIAL, Outcome.REFUSED})


_MOST_AFFECTED: Final = 1000
"""Spans of days listed of a file refused as a whole; `affected_left_out` counts the others."""

_MOST_LINES: Final = 20
"""Refusals and days of a file that are printed as text; the others are counted."""


def parse_data(arguments: Namespace) -> int:
    """Stage the files, and apply them with `--apply`."""
    paths = named(arguments.file)
    with scratch_folder() as scratch:
        if arguments.apply:
            folder = Path(arguments.output) if arguments.output else scratch / "staged"
            results = _load(arguments, paths, scratch / "expanded", folder)
        else:
            deliveries = Deliveries(paths, arguments.profile, scratch / "expanded")
            inputs: list[GivenFile] = []
            for path in deliveries.paths:
                with at_work(f"looking through {shown(path.name, 100)}"):
                    inputs += deliveries.surveyed(path)
            folder = Path(arguments.output or "staged")
            results = _stage_only(inputs, folder)
    _print(results, arguments)
    if not arguments.apply and arguments.format == "text":
        out.print(f"staged in {folder}; apply with --apply, or each file with psql -1 -f")
    outcomes = {result["outcome"] for result in results}
    return 2 if Outcome.FAILED in outcomes else int(bool(outcomes & _REFUSED))


def _stage_only(inputs: list[GivenFile], folder: Path) -> list[Result]:
    unique = list(counting(each.file for each in inputs).values())
    judged: dict[str, Result] = {}
    with Staging(pack(unique), folder, settings.processors(), _MOST_FINDINGS) as staging:
        reads = (read for _, staged in staging for read in staged().parts)
        # A file's parts come one after the other.
        for sha256, parts in groupby(reads, key=lambda read: read.parsed.part.file.sha256):
            judged[sha256] = _judged(parts)
    return [{"file": shown(each.where, 4096), **judged[each.file.sha256]} for each in inputs]


def _judged(parts: Iterator[PartRead]) -> Result:
    """The result of a file, from its parts as they were staged."""
    findings: list[Finding] = []
    first = next(parts)
    with closing(Judging(first.parsed.part.file)) as judging:
        for part in chain([first], parts):
            judging.add(part.parsed, part.notes)
            findings = worst([*findings, *part.findings], _MOST_FINDINGS)
        judged = judging.judged(findings.append)
    listed = worst(findings, _MOST_FINDINGS)
    spans = list(judged.refused_days.spans())
    return {
        "sha256": judged.file.sha256,
        "outcome": judged.outcome,
        "readings": judged.values - judged.refused_values,
        "days": judged.days,
        "refused_records": judged.refused_records,
        "affected": [span.row() for span in spans[:_MOST_AFFECTED]],
        "affected_left_out": max(0, len(spans) - _MOST_AFFECTED),
        "findings": [finding.row() for finding in listed],
        "findings_left_out": judged.tally.counts.total() - len(listed),
    }


def _load(arguments: Namespace, paths: list[Path], scratch: Path, folder: Path) -> list[Result]:
    unread = _Failures()
    inputs: list[GivenFile] = []
    deliveries = Deliveries(paths, arguments.profile, scratch)
    for path in deliveries.paths:
        with unread.of(str(path)), at_work(f"looking through {shown(path.name, 100)}"):
            inputs += deliveries.surveyed(path)
    files = [each.file for each in inputs]
    failures = _Failures()
    with database(arguments, settings.LOADER_ROLE, new=True) as uri, connect(uri) as connection:
        unique = list(counting(files).values())
        known_files = ledger.known_files(connection, [file.file_id for file in unique])
        judged = [
            known_outcome(known_files, file, reprocess=arguments.reprocess) for file in unique
        ]
        fresh = [file for outcome, file in judged if outcome is None]
        with _nothing_half(connection) as begun:
            for file in _apply(connection, fresh, folder, failures):
                begun[file.sha256] = file
        _settle(connection, fresh, failures)
        ledger.note_deliveries(connection, [(file.file_id, file.delivered_at) for file in files])
        # Where no scheduler runs, nothing else forgets old changes.
        feed.trim(connection)
        seen = {file.file_id for outcome, file in judged if outcome is not None}
        results = [_failed(where, reason) for where, reason in unread.reasons.items()]
        for each in inputs:
            again = each.file.file_id in seen
            seen.add(each.file.file_id)
            with failures.of(each.file.sha256):
                if each.file.sha256 not in failures.reasons:
                    results.append(_result(connection, each, again=again))
            # A duplicate fails if the file that it duplicates does.
            if reason := failures.reasons.get(each.file.sha256):
                results.append(_failed(each.where, reason))
        return results


@dataclass(slots=True)
class _Failures:
    """Files that could not be read or loaded; one does not affect the others.

    Attributes:
        reasons: In a line, by path or SHA-256.
    """

    reasons: dict[str, str] = field(default_factory=dict)

    @contextmanager
    def of(self, key: str) -> Iterator[None]:
        """Record the error of a file; if the database does not answer, raise it."""
        try:
            yield
        except TransientError:
            raise
        except Exception as error:
            self.reasons[key] = why(error)


def _caller() -> Applier:
    """Who applies, for the ledger."""
    return Applier(caller_name(), os.getpid())


def _apply(
    connection: Connection, files: list[MeterFile], folder: Path, failures: _Failures
) -> Iterator[MeterFile]:
    """Apply files in shards, the files of a failed shard one by one; yields the applied ones."""
    by = _caller()
    # One staging process is ten times as fast as applying, and keeps memory flat.
    with Staging(pack(files), folder, processes=1) as staging:
        for shard, staged in staging:
            whole = _Failures()
            with whole.of(shard.label):
                batch = staged().batch
                so_far = partial(staging.applied, batch)
                apply_batch(connection, Path(batch.path), batch.months, by, shard.delivered, so_far)
            together = {part.file.sha256: part.file for part in shard.parts}
            if not whole.reasons:
                yield from together.values()
                continue
            for file in together.values():
                with failures.of(file.sha256):
                    for alone in pack([file]) if len(together) > 1 else [shard]:
                        batch = stage_shard(alone, folder)
                        apply_batch(connection, Path(batch.path), batch.months, by, alone.delivered)
                        yield file


@contextmanager
def _nothing_half(connection: Connection) -> Iterator[dict[str, MeterFile]]:
    """Withdraw files that are loaded in part if the load ends early, such as by Ctrl-C.

    Yields:
        Takes the files of which something was applied.
    """
    begun: dict[str, MeterFile] = {}
    try:
        yield begun
    except BaseException:
        # If the connection is what failed, the next load of the file completes it.
        with suppress(MeterError):
            ended = _Failures(dict.fromkeys(begun, "interrupted"))
            _settle(connection, list(begun.values()), ended)
        raise


def _settle(connection: Connection, files: list[MeterFile], failures: _Failures) -> None:
    """Settle files together, and one by one if that fails; no file stays loaded in part."""
    together = _Failures()
    with together.of("all"):
        ledger.settle_files(connection, [file.file_id for file in files])
    for file in files:
        with failures.of(file.sha256):
            if together.reasons:
                ledger.settle_files(connection, [file.file_id])
        if file.sha256 in failures.reasons:
            ledger.withdraw_unfinished(connection, file.file_id)


def _result(connection: Connection, given_file: GivenFile, *, again: bool) -> Result:
    file = given_file.file
    row = ledger.files(connection, [file.file_id])[file.file_id]
    refusals, refused = ledger.refusals(connection, file.file_id, _MOST_FINDINGS)
    warnings = ledger.warnings(connection, file.file_id, _MOST_FINDINGS - len(refusals))
    days, spans = ledger.refused_days(connection, file.file_id, _MOST_AFFECTED)
    count = sum(row.warnings.values()) + refused
    duplicate = again and row.status is not FileStatus.REFUSED
    return {
        "file": shown(given_file.where, 4096),
        "sha256": file.sha256,
        "outcome": Outcome.DUPLICATE if duplicate else Outcome(row.status),
        "readings": row.readings - row.refused_readings,
        "days": row.days,
        "refused_records": row.refused_records,
        "affected": [_span(span.row()) for span in days],
        "affected_left_out": spans - len(days),
        "findings": [
            *(
                {**{name: found[name] for name in ROW}, "in_force": in_force(found) or None}
                for found in (refusal.row() for refusal in refusals)
            ),
            *({name: found[name] for name in ROW} for found in warnings),
            *(
                [Finding(Level.WARN, "not-kept", 1, not_kept(row)).row()]
                if row.removed_days
                else []
            ),
        ],
        "findings_left_out": count - len(refusals) - len(warnings),
    }


def _span(row: Row) -> dict[str, Any]:
    """Days of a refused file, and in a sentence what is in force of them."""
    names = ("nmi", "nmi_suffix", "day", "last_day", "days_in_force")
    return {**{name: row[name] for name in names}, "in_force": left_of(row)}


def _failed(where: str, reason: str) -> Result:
    """The result of a file that could not be loaded, for reasons outside its data."""
    return {
        "file": shown(where, 4096),
        "sha256": None,
        "outcome": Outcome.FAILED,
        "readings": 0,
        "days": 0,
        "refused_records": 0,
        "affected": [],
        "affected_left_out": 0,
        "findings": [],
        "findings_left_out": 0,
        "reason": reason,
    }


def _print(results: list[Result], arguments: Namespace) -> None:
    if arguments.format == "json":
        for result in results:
            print(to_json(result))
        return
    columns = ("outcome", "readings", "days", "refused_records")
    table(
        "",
        ("file", "outcome", "readings", "days", "refused records"),
        [(shown(result["file"], 200), *(result[name] for name in columns)) for result in results],
    )
    for result in results:
        for line in _refusal_lines(shown(result["file"], 200), result):
            out.print(line, markup=False, soft_wrap=True)
        if "reason" in result:
            line = f"{shown(result['file'], 200)}: failed: {result['reason']}"
            err.print(line, markup=False, soft_wrap=True)


def _refusal_lines(name: str, result: Result) -> Iterator[str]:
    """What was refused of a file, and what stays in force of that."""
    refusals = [refusal for refusal in result["findings"] if refusal["level"] != Level.WARN.name]
    for refusal in refusals[:_MOST_LINES]:
        left = refusal.get("in_force")
        yield finding_line(name, refusal) + (f". {left}" if left else "")
    if len(refusals) > _MOST_LINES:
        yield f"{name}: and {len(refusals) - _MOST_LINES} more refusals"
    affected = result["affected"]
    for span in affected[:_MOST_LINES]:
        left = span.get("in_force", UNCHANGED)
        yield f"{name}: refused with the file: {subject(span)}. {left}"
    if len(affected) > _MOST_LINES or result["affected_left_out"]:
        more = len(affected[_MOST_LINES:]) + result["affected_left_out"]
        yield f"{name}: and {more} more spans of days"
