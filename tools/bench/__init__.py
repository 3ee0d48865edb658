"""Measurements, each as a ratio to a baseline that is measured in the same run.

A part measures one thing or family; `PARTS` names them. The ways to be compared run alternately on
the same rows, and the medians of the ratios count: other load on the machine then affects both.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import Final

from tools.bench.measure import Measure
from tools.bench.place import Place

Run = Callable[[Place], Iterator[Measure]]


@dataclass(frozen=True)
class Part:
    """One thing to measure.

    Attributes:
        about: What is measured, against what.
        module: Below this package; its function `measures` does it.
    """

    name: str
    about: str
    module: str

    def load(self) -> Run:
        """The function that measures; its module is imported only now."""
        run: Run = import_module(f"{__name__}.{self.module}").measures
        return run


PARTS: Final = {
    part.name: part
    for part in (
        Part("parse", "parse and stage against aemo-mdff-reader, each in a process", "parsing"),
        Part("apply", "a staged file into the tables, against COPY of ready rows", "applying"),
        Part("page", "every page and JSON route over 20 million readings", "page"),
        Part("file", "parse_data --apply from file to rows, against COPY of ready rows", "filing"),
        Part("growth", "all channels day after day, against COPY at the same size", "growing"),
        Part(
            "days", "questions and changes in a table of two million days, against a tenth", "days"
        ),
        Part("storage", "bytes of disk a reading takes", "storing"),
        Part("airflow", "small, many and big files from their drop until settled", "scheduling"),
        Part("memory", "anonymous memory of a load: a big file against one shard", "remembering"),
    )
}
