"""The generator's command line: the sample set, or one big file."""

import argparse
import sys
from pathlib import Path

from nem12.errors import UsageError
from nem12.generate.bulk import Bulk, write_bulk
from nem12.generate.model import INTERVALS, Mix
from nem12.generate.samples import write_samples


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m nem12.generate", description="Make NEM12 files."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    samples = commands.add_parser("samples", help="write the sample set into a folder")
    samples.add_argument("folder", type=Path)
    big = commands.add_parser("big", help="write one big file")
    big.add_argument("file", type=Path)
    big.add_argument("--mib", type=int, default=100, help="size in MiB (default 100)")
    big.add_argument("--interval", type=int, choices=INTERVALS, default=5, help="minutes")
    big.add_argument("--days", type=int, default=Bulk.days, help="days of each channel")
    big.add_argument("--suffixes", default="E1", help="channels of a site, such as E1,B1")
    big.add_argument("--varied", type=int, default=2, help="percent of V days (default 2)")
    big.add_argument("--seed", type=int, default=1)
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Run the command line; returns its exit status."""
    arguments = _arguments(argv)
    if arguments.command == "samples":
        for path in write_samples(arguments.folder):
            sys.stdout.write(f"{path}\n")
        return 0
    try:
        bulk = Bulk(
            size=arguments.mib << 20,
            interval_minutes=arguments.interval,
            days=arguments.days,
            suffixes=tuple(arguments.suffixes.split(",")),
            mix=Mix(varied=arguments.varied),
            seed=arguments.seed,
        )
    except UsageError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    with arguments.file.open("wb") as out:
        size = write_bulk(out, bulk)
    sys.stdout.write(f"{arguments.file}: {size} bytes\n")
    return 0
