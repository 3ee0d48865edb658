"""Shards to staged files in separate processes, with a progress bar; Ctrl-C ends them."""

import multiprocessing
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import dataclass, field
from heapq import nsmallest
from pathlib import Path
from types import TracebackType
from typing import Final

from rich.progress import TaskID

from nem12 import settings
from nem12.cli.output import err, progress
from nem12.errors import TransientError
from nem12.mdff.findings import Finding
from nem12.mdff.formats import Item
from nem12.mdff.wording import shown
from nem12.parse import Parsed, PartReader
from nem12.shard import Part, Shard
from nem12.stage import Staged, stage_shard
from nem12.validate import Note, note_of

_WORTH_A_PROCESS: Final = 4 * settings.MIB
"""Smaller amounts are staged before a separate process has started."""

_STEPS: Final = 200
"""How often the bar moves within one part of a file."""

_SHARE_OF_READINGS: Final = 0.7
"""Of the time to apply a batch: putting its readings in force; the rest stores its days."""

_LOOK_SECONDS: Final = 0.2
"""Interval between checks of the progress of the processes."""


@dataclass(frozen=True, slots=True)
class PartRead:
    """The result of a part that was staged.

    Attributes:
        parsed: Its counts and tally.
        notes: Notes about accepted days, in their order.
        findings: The most severe ones.
    """

    parsed: Parsed
    notes: list[Note]
    findings: list[Finding]


@dataclass(slots=True)
class StagedShard:
    """A staged shard, and the results of its parts if requested."""

    batch: Staged
    parts: list[PartRead] = field(default_factory=list)


class Staging:
    """Stages shards in their order, ahead of the consumer.

    Args:
        shards: To stage.
        folder: For the staged files.
        processes: Most processes.
        findings: How many findings of each part to return; 0 for no results of parts.
    """

    def __init__(
        self, shards: Sequence[Shard], folder: Path, processes: int, findings: int = 0
    ) -> None:
        self._shards = shards
        self._folder = folder
        self._findings = findings
        self._total = sum(shard.size for shard in shards)
        self._processes = min(len(shards), processes)
        self._signals = _Signals() if self._total >= _WORTH_A_PROCESS else None
        self._ends = ExitStack()
        self._waiting: deque[Future[StagedShard]] = deque()
        self._number = 0
        self._staged = 0

    def __enter__(self) -> "Staging":
        self._folder.mkdir(parents=True, exist_ok=True)
        if self._signals is not None:
            # Before the progress bar: a fork must not copy its thread.
            pool = ProcessPoolExecutor(
                self._processes, initializer=_begin, initargs=(self._signals,)
            )
            self._ends.enter_context(pool)
            self._waiting.extend(
                pool.submit(_stage, shard, self._folder, self._findings) for shard in self._shards
            )
        self._bars = self._ends.enter_context(progress())
        self._reading = self._bars.add_task("reading", total=self._total)
        self._loading: TaskID | None = None
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._signals is not None:
            self._signals.stopped.set()
        for future in self._waiting:
            future.cancel()
        self._ends.close()

    def __iter__(self) -> Iterator[tuple[Shard, Callable[[], StagedShard]]]:
        """Each shard with the future of its batch."""
        for number, shard in enumerate(self._shards):
            self._number = number
            yield shard, self._wait
            self._staged += shard.size
            if self._loading is not None:
                self._bars.update(self._loading, completed=self._staged)
            if not err.is_terminal and len(self._shards) > 1:
                err.print(shown(shard.label, 200), markup=False)

    def applied(self, batch: Staged, sent: int, readings: int) -> None:
        """Move the bar of what is loaded, by what `apply` says of a batch."""
        if self._loading is None:
            self._loading = self._bars.add_task("loading", total=self._total)
        share = _SHARE_OF_READINGS * readings / max(batch.readings, 1)
        share += (1 - _SHARE_OF_READINGS) * sent / max(Path(batch.path).stat().st_size, 1)
        self._bars.advance(self._loading, share * self._shards[self._number].size)
        self._show()

    def _wait(self) -> StagedShard:
        if self._signals is None:
            return _stage(self._shards[self._number], self._folder, self._findings)
        future = self._waiting.popleft()
        while not wait([future], _LOOK_SECONDS).done:
            self._show()
        self._show()
        try:
            return future.result()
        except BrokenExecutor:
            raise TransientError(
                "a process that was reading files was killed: the machine may be short of memory"
            ) from None

    def _show(self) -> None:
        read = self._signals.read.value if self._signals is not None else self._staged
        self._bars.update(self._reading, completed=read)


class _Signals:
    """Shared between this process and those that stage.

    Attributes:
        read: Bytes read, by all of them.
        stopped: The results are no longer needed.
    """

    def __init__(self) -> None:
        self.read = multiprocessing.Value("q", 0)
        self.stopped = multiprocessing.Event()


_of_parent: list[_Signals] = []
"""In a process that stages: of the one that waits for it."""


class _StoppedError(Exception):
    """Ends work whose result is no longer needed."""


def _begin(signals: _Signals) -> None:
    """Prepare a process: Ctrl-C is for its parent, which stops it in order."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _of_parent.append(signals)


def _stage(shard: Shard, folder: Path, findings: int) -> StagedShard:
    reads: list[PartRead] = []

    def watch(reader: PartReader) -> Iterator[Item]:
        step = _Step(reader.part)
        notes: list[Note] = []
        worst_findings: list[Finding] = []
        for item in reader:
            if not isinstance(item, Finding):
                if item.line >= step.line:
                    step.take(item.line)
                if findings:
                    notes.append(note_of(item))
            elif findings:
                worst_findings.append(item)
                if len(worst_findings) > 2 * findings:
                    worst_findings = worst(worst_findings, findings)
            yield item
        step.take(reader.part.last_line + 1)
        if findings:
            reads.append(PartRead(reader.parsed, notes, worst(worst_findings, findings)))

    return StagedShard(stage_shard(shard, folder, watch), reads)


def worst(findings: Iterable[Finding], most: int) -> list[Finding]:
    """The most severe findings, in the order of their rank."""
    return nsmallest(most, findings, key=lambda finding: finding.rank)


class _Step:
    """Says from time to time how far a part is read."""

    def __init__(self, part: Part) -> None:
        self._part = part
        self._lines = max(1, part.last_line - part.first_line + 1)
        self._said = 0
        self.line = part.first_line

    def take(self, line: int) -> None:
        """At a line: say it, and when to say it next."""
        self.line = line + max(1, self._lines // _STEPS)
        if not _of_parent:
            return
        signals = _of_parent[0]
        if signals.stopped.is_set():
            raise _StoppedError
        read = self._part.size * (line - self._part.first_line) // self._lines
        with signals.read.get_lock():
            signals.read.value += read - self._said
        self._said = read
