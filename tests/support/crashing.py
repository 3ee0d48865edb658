"""Load what lies in the landing folder, and die by SIGKILL at a named point.

Run as a process of its own: `python crashing.py HOME URI POINT CLAIM`.
"""

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from nem12 import settings, stage
from nem12.load import keeping, plan, settle
from nem12.shard import load_shard
from nem12.unpack import meter_files
from nem12.warehouse import apply, outcomes
from nem12.warehouse.connect import connect


def die(*_: Any, **__: Any) -> Any:
    """As the kernel or an operator would have it: no clean-up runs."""
    os.kill(os.getpid(), signal.SIGKILL)


def after(function: Any) -> Any:
    """The function, and death right behind it."""

    def dying(*arguments: Any, **named: Any) -> Any:
        function(*arguments, **named)
        die()

    return dying


def half_of(statements: Any) -> Any:
    """Some statements of a batch, then death in the middle of its transaction."""

    def dying(stream: BinaryIO) -> Iterator[bytes]:
        for number, statement in enumerate(statements(stream)):
            if number == 6:
                die()
            yield statement

    return dying


POINTS = {
    "before planning is kept": (plan, "save_plan", die),
    "while parsing": (stage._Batch, "_finding", die),
    "before the staged file is renamed": (stage._Batch, "write", after(stage._Batch.write)),
    "in the middle of the transaction": (apply, "statements", half_of(apply.statements)),
    "between commit and report": (apply, "apply_batch", after(apply.apply_batch)),
    "before the outcome is recorded": (settle, "record_drops", die),
    "before the file is moved": (settle, "keep", die),
    "between move and mark": (settle, "keep", after(keeping.keep)),
    "after the mark": (settle, "settle_drops", after(outcomes.settle_drops)),
}


def at_fatal(unpacking: Any) -> Any:
    """Reading, which is deadly for files that are called so."""

    def dying(path: Path, name: str, *rest: Any) -> Any:
        return die() if name.startswith("fatal") else unpacking(path, name, *rest)

    return dying


AT_FATAL = "while a fatal file is read"
"""Happens at every try, until the file is left out."""


def main(root: str, uri: str, point: str, claim: str) -> None:
    """The acts of a load run, one after the other."""
    home = settings.home()
    assert str(home.root) == root
    if point != "none":
        fatal = plan, "meter_files", at_fatal(meter_files)
        where, name, what = fatal if point == AT_FATAL else POINTS[point]
        setattr(where, name, what)
    with connect(uri) as connection:
        for one in plan.plan_claim(connection, home, claim):
            path = Path(one["shard"])
            shard = load_shard(path)
            batch = stage.stage_shard(shard, path.parent)
            apply.apply_batch(connection, Path(batch.path), batch.months, delivered=shard.delivered)
        settle.settle_claim(connection, home, claim)


if __name__ == "__main__":
    main(*sys.argv[1:])
