"""The command line of a checkout: the package's commands, and those for development.

`manage.py` starts this file by its path, from any folder.
"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nem12.cli.arguments import Commands


def add_commands(commands: "Commands") -> None:
    """Add `test`, `bench` and `generate`; what they need is imported only when they run."""
    from nem12.cli.arguments import add_command, add_format
    from nem12.mdff.spec import INTERVAL_LENGTHS

    about = "Run the tests, the linter and the type checker."
    test = add_command(commands, "test", "tools.suite", about)
    test.add_argument("--all", action="store_true", help="also the slow tests")
    test.add_argument(
        "--coverage", action="store_true", help="measure the coverage of the unit tests"
    )
    test.add_argument("-k", metavar="NAME", help="only tests whose names match this expression")
    test.add_argument("pytest", nargs="*", metavar="PATH", help="only these test files")

    about = "Measure speed, memory and storage on a separate database, against baselines."
    bench = add_command(commands, "bench", "tools.bench.command", about)
    bench.add_argument("--quick", action="store_true", help="less data: minutes instead of an hour")
    bench.add_argument("--readings", type=int, metavar="N", help="at most N readings in each part")
    about = "only these; docs/developing.md lists them"
    bench.add_argument("part", nargs="*", metavar="PART", help=about)
    add_format(bench)

    about = "Make realistic NEM12 files, or the tables of codes in the documentation."
    generate = add_command(commands, "generate", "tools.generate.command", about)
    kinds = generate.add_subparsers(dest="kind", required=True)
    samples = kinds.add_parser("samples", help="write the sample set into a folder")
    samples.add_argument("folder", type=Path)
    codes = kinds.add_parser("codes", help="write the tables of codes into docs/format.md")
    codes.add_argument("document", type=Path)
    big = kinds.add_parser("big", help="write one big file")
    big.add_argument("file", type=Path)
    big.add_argument("--mib", type=int, default=100, help="size in MiB (default 100)")
    big.add_argument("--interval", type=int, choices=INTERVAL_LENGTHS, default=5, help="minutes")
    big.add_argument("--days", type=int, help="days of each channel")
    big.add_argument("--suffixes", default="E1", help="channels of a site, such as E1,B1")
    big.add_argument("--varied", type=int, default=2, help="percentage of V days (default 2)")
    big.add_argument("--seed", type=int, default=1)


def main(arguments: list[str] | None = None) -> int:
    """Run one command; the status is that of `nem12.cli`."""
    from nem12.cli import __main__ as package

    return package.main(arguments, add_commands)


if __name__ == "__main__":
    # Python puts the folder of this file first; the package `tools` is that folder.
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    from nem12.cli.__main__ import exit_with

    exit_with(main)
