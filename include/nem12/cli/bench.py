"""`bench`: measurements for people or programs."""

from argparse import Namespace

from nem12.bench import PARTS, report, sizes
from nem12.bench.measure import Measure
from nem12.bench.place import place
from nem12.cli.output import err, out, table, to_json
from nem12.errors import UsageError


def bench(arguments: Namespace) -> int:
    """Measure the parts that are named, or all."""
    unknown = sorted(set(arguments.part) - set(PARTS))
    if unknown:
        raise UsageError(f"there is no part {', '.join(unknown)}: take {', '.join(PARTS)}")
    wanted = [part for name, part in PARTS.items() if not arguments.part or name in arguments.part]
    chosen = sizes.QUICK if arguments.quick else sizes.FULL
    if arguments.readings:
        chosen = sizes.of(arguments.readings, chosen)
    machine = report.machine()
    measures: list[Measure] = []
    skipped: dict[str, str] = {}
    with place(chosen) as here:
        for part in wanted:
            try:
                for measure in part.load()(here):
                    measures.append(measure)
                    figure = report.rate(measure.figure, measure.unit)
                    err.print(f"{part.name}: {measure.name}: {figure}", markup=False)
            except UsageError as missing:
                skipped[part.name] = str(missing)
            here.clear()
    if arguments.format == "json":
        found = [measure.as_json() for measure in measures]
        print(to_json({"machine": machine, "measures": found, "skipped": skipped}))
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
