"""`generate`: the sample set, one big file, or the tables of codes in the documentation."""

import sys
from argparse import Namespace

from tools.generate.bulk import Bulk, write_bulk
from tools.generate.codes import write_codes
from tools.generate.model import Mix
from tools.generate.samples import write_samples


def generate(arguments: Namespace) -> int:
    """Write the files.

    Raises:
        UsageError: There are no such files, such as channels without a curve.
    """
    if arguments.kind == "samples":
        for path in write_samples(arguments.folder):
            sys.stdout.write(f"{path}\n")
        return 0
    if arguments.kind == "codes":
        write_codes(arguments.document)
        return 0
    bulk = Bulk(
        size=arguments.mib << 20,
        interval_length=arguments.interval,
        days=Bulk.days if arguments.days is None else arguments.days,
        suffixes=tuple(arguments.suffixes.split(",")),
        mix=Mix(varied=arguments.varied),
        seed=arguments.seed,
    )
    with arguments.file.open("wb") as out:
        size = write_bulk(out, bulk)
    sys.stdout.write(f"{arguments.file}: {size} bytes\n")
    return 0
