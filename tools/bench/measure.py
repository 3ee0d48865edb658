"""What one comparison gave."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any


@dataclass(frozen=True)
class Measure:
    """One figure with its limits.

    Attributes:
        part: That it belongs to.
        name: What was measured.
        against: What it is compared with; empty where the figure stands for itself.
        figure: A ratio of rates, or a size.
        unit: Of the figure: "x" for ratios.
        least: The figure must not be worse; None where nothing says what is good.
        aim: What is aimed at; None likewise.
        spread: (highest - lowest) / median of the runs: how noisy the machine was.
        runs: Pairs of runs behind it.
        ours: Median, in `rate_unit`.
        theirs: Median, in `rate_unit`.
        lower_is_better: For sizes.
        note: Anything that a reader has to know.
    """

    part: str
    name: str
    against: str
    figure: float
    unit: str
    least: float | None
    aim: float | None
    spread: float = 0.0
    runs: int = 1
    ours: float | None = None
    theirs: float | None = None
    rate_unit: str = ""
    lower_is_better: bool = False
    note: str = ""

    @property
    def verdict(self) -> str:
        """How the figure stands to its limits: `aim`, `ok` or `short`; empty without limits."""
        if self.least is None or self.aim is None:
            return ""
        sign = -1 if self.lower_is_better else 1
        if sign * self.figure >= sign * self.aim:
            return "aim"
        return "ok" if sign * self.figure >= sign * self.least else "short"

    def as_json(self) -> dict[str, Any]:
        """All of it."""
        return {**asdict(self), "verdict": self.verdict}


@dataclass(frozen=True)
class Timed:
    """One run of one way.

    Attributes:
        rows: Done in it.
        seconds: It took.
        processor: Seconds of processor time of the session that did the work, where it is known.
    """

    rows: int
    seconds: float
    processor: float = 0.0

    @property
    def rate(self) -> float:
        """Rows a second."""
        return self.rows / self.seconds


def ratio(
    part: str,
    name: str,
    against: str,
    pairs: Iterable[tuple[Timed, Timed]],
    *,
    least: float,
    aim: float,
    note: str = "",
    rate_unit: str = "readings/s",
) -> Measure:
    """The median ratio of pairs of runs, ours and theirs, each made one after the other."""
    found = list(pairs)
    ratios = [ours.rate / theirs.rate for ours, theirs in found]
    middle = median(ratios)
    if all(ours.processor and theirs.processor for ours, theirs in found):
        work = median(
            theirs.processor / theirs.rows / (ours.processor / ours.rows) for ours, theirs in found
        )
        note = f"{work:.2f}x by processor time" + (f"; {note}" if note else "")
    return Measure(
        part,
        name,
        against,
        middle,
        "x",
        least,
        aim,
        spread=(max(ratios) - min(ratios)) / middle,
        runs=len(ratios),
        ours=median(ours.rate for ours, _ in found),
        theirs=median(theirs.rate for _, theirs in found),
        rate_unit=rate_unit,
        note=note,
    )


def alone(part: str, name: str, runs: Sequence[Timed], note: str) -> Measure:
    """The median rate of runs that stand beside nothing."""
    rates = [run.rate for run in runs]
    middle = median(rates)
    return Measure(
        part,
        name,
        "",
        middle,
        "readings/s",
        None,
        None,
        spread=(max(rates) - min(rates)) / middle,
        runs=len(rates),
        ours=middle,
        rate_unit="readings/s",
        note=note,
    )
