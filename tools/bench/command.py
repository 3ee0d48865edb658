"""`bench`: measurements for people or programs."""

from argparse import Namespace

from nem12.cli.output import err, out, table
from nem12.errors import UsageError
from nem12.exact_json import to_json
from tools.bench import PARTS, report, sizes
from tools.bench.measure import Measure
from tools.bench.place import place


def bench(arguments: Namespace) -> int:
    """Measure the parts that are named, or all."""
    unknown = sorted(set(arguments.part) - set(PARTS))
    if unknown:
        raise UsageError(f"there is no part {', '.join(unknown)}: take {', '.join(PARTS)}")
    names = arguments.part or list(PARTS)
    parts = [part for name, part in PARTS.items() if name in names]
    amounts = sizes.QUICK if arguments.quick else sizes.FULL
    if arguments.readings:
        amounts = sizes.of(arguments.readings, amounts)
    machine = report.machine()
    measures: list[Measure] = []
    skipped: dict[str, str] = {}
    with place(amounts) as here:
        for part in parts:
            try:
                for measure in part.load()(here):
                    measures.append(measure)
                    figure = report.rate(measure.figure, measure.unit)
                    err.print(f"{part.name}: {measure.name}: {figure}", markup=False)
            except UsageError as missing:
                skipped[part.name] = str(missing)
            here.clear()
    if arguments.format == "json":
        figures = [measure.as_json() for measure in measures]
        print(to_json({"machine": machine, "measures": figures, "skipped": skipped}))
        return 0
    table("", report.COLUMNS, report.rows(measures))
    for measure in measures:
        if measure.note:
            out.print(f"{measure.part}: {measure.name}: {measure.note}", markup=False)
    for name, reason in skipped.items():
        out.print(f"{name}: not measured: {reason}", markup=False)
    out.print()
    table("Measured on", ("", ""), [(name, str(value)) for name, value in machine.items()])
    return 0
