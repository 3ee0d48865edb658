"""`parse_data`: files to staged SQL batch files, and with --apply to rows."""

import os
from argparse import Namespace
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, Final

from nem12 import settings
from nem12.cli.databases import database
from nem12.cli.files import named, scratch_folder, surveyed
from nem12.cli.output import err, out, progress, table, to_json
from nem12.load.known import known_outcome
from nem12.load.report import not_kept
from nem12.mdff.findings import Finding
from nem12.mdff.text import shown
from nem12.shard import MeterFile, Shard, pack
from nem12.stage import Staged, stage
from nem12.validate import validate
from nem12.warehouse import ledger
from nem12.warehouse.apply import apply
from nem12.warehouse.connect import Connection, connect

Result = dict[str, Any]

_MOST_FINDINGS: Final = 1000
"""Findings listed for a file; `findings_left_out` counts the others."""

_WORTH_A_PROCESS: Final = 4 * settings.MIB
"""Less is staged before a process of its own has started."""


def parse_data(arguments: Namespace) -> int:
    """Stage the files, and apply them where that is asked for."""
    paths = named(arguments.file)
    with scratch_folder() as scratch:
        files = list(surveyed(paths, arguments.profile, scratch / "expanded"))
        if arguments.apply:
            folder = Path(arguments.output) if arguments.output else scratch / "staged"
            results = _load(arguments, files, folder)
        else:
            folder = Path(arguments.output or "staged")
            results = _stage_only(files, folder)
    _print(results, arguments)
    if not arguments.apply and arguments.format == "text":
        out.print(f"staged in {folder}; apply with --apply, or each file with psql -1 -f")
    return int(any(result["outcome"] in ("partial", "refused") for result in results))


def _stage_only(files: list[MeterFile], folder: Path) -> list[Result]:
    for _ in _staged(pack(_unique(files)), folder, processes=os.cpu_count() or 1):
        pass
    results = []
    for file in files:
        findings: list[Finding] = []
        judged = validate(file, findings.append)
        listed = sorted(findings, key=lambda finding: finding.rank)[:_MOST_FINDINGS]
        results.append(
            {
                "file": shown(file.name, 4096),
                "sha256": file.sha256,
                "outcome": judged.outcome,
                "readings": judged.values - judged.refused_values,
                "days": judged.days,
                "refused_records": judged.refused_records,
                "findings": [_finding(f.line, f.level.name, f.code, f.message) for f in listed],
                "findings_left_out": judged.tally.counts.total() - len(listed),
            }
        )
    return results


def _load(arguments: Namespace, files: list[MeterFile], folder: Path) -> list[Result]:
    with database(arguments, settings.LOADER_ROLE) as uri, connect(uri) as connection:
        given = _unique(files)
        known = ledger.known_files(connection, [file.file_id for file in given])
        judged = [known_outcome(known, file, reprocess=arguments.reprocess) for file in given]
        fresh = [file for outcome, file in judged if outcome is None]
        # One process that stages is ten times as fast as what applies, and keeps memory flat.
        for batch in _staged(pack(fresh), folder, processes=1):
            apply(connection, Path(batch.path), batch.months, f"parse_data {os.getpid()}")
        ledger.settle_files(connection, [file.file_id for file in fresh])
        seen = {file.file_id for outcome, file in judged if outcome is not None}
        rows = ledger.files(connection, [file.file_id for file in given])
        results = []
        for file in files:
            row = rows[file.file_id]
            results.append(_result(connection, file, row, again=file.file_id in seen))
            seen.add(file.file_id)
        return results


def _unique(files: list[MeterFile]) -> list[MeterFile]:
    return list({file.sha256: file for file in reversed(files)}.values())[::-1]


def _staged(shards: list[Shard], folder: Path, processes: int) -> Iterator[Staged]:
    """Stage shards in processes of their own; each batch as it is ready, in their order."""
    folder.mkdir(parents=True, exist_ok=True)
    total = sum(shard.size for shard in shards)
    with progress() as bars:
        bar = bars.add_task("loading", total=total)
        for shard, batch in zip(shards, _stage_all(shards, folder, processes), strict=True):
            yield batch
            bars.advance(bar, shard.size)
            if not err.is_terminal and len(shards) > 1:
                err.print(f"{shown(shard.label, 200)}: {batch.readings} readings", markup=False)


def _stage_all(shards: list[Shard], folder: Path, processes: int) -> Iterator[Staged]:
    if sum(shard.size for shard in shards) < _WORTH_A_PROCESS:
        yield from (stage(shard, folder) for shard in shards)
        return
    with ProcessPoolExecutor(min(len(shards), processes)) as pool:
        waiting = [pool.submit(stage, shard, folder) for shard in shards]
        try:
            for future in waiting:
                yield future.result()
        finally:
            for future in waiting:
                future.cancel()


def _result(connection: Connection, file: MeterFile, row: dict[str, Any], *, again: bool) -> Result:
    rejects = ledger.rejects(connection, file.file_id, _MOST_FINDINGS)
    warnings = ledger.warnings(connection, file.file_id, _MOST_FINDINGS - len(rejects))
    found = sum(row["warnings"].values()) + (rejects[0]["found"] if rejects else 0)
    duplicate = again and row["status"] != "refused"
    return {
        "file": shown(file.name, 4096),
        "sha256": file.sha256,
        "outcome": "duplicate" if duplicate else row["status"],
        "readings": row["readings"] - row["refused_readings"],
        "days": row["days"],
        "refused_records": row["refused_records"],
        "findings": [
            *(_finding(r["line"], r["level"], r["code"], r["message"]) for r in rejects),
            *(_finding(r["line"], "WARN", r["code"], r["message"]) for r in warnings),
            *([_finding(1, "WARN", "not-kept", not_kept(row))] if row["removed_days"] else []),
        ],
        "findings_left_out": found - len(rejects) - len(warnings),
    }


def _finding(line: int, level: str, code: str, message: str) -> Result:
    return {"line": line, "level": level, "code": code, "message": message}


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
        refusals = [f for f in result["findings"] if f["level"] != "WARN"]
        for found in refusals[:20]:
            where = f"{shown(result['file'], 200)}:{found['line']}"
            text = f"{where}: {found['level']} {found['code']} {found['message']}"
            out.print(text, markup=False, soft_wrap=True)
