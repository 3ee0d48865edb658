"""Reads one file in a process of its own: `python -m tools.bench.reading WAY FILE FOLDER`.

A way that makes millions of objects is slower beside other people's large heap; in one process the
second way would pay for the first. The start of Python and the imports are not counted.
"""

import gc
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from nem12 import settings
from nem12.errors import MeterError
from nem12.shard import pack
from nem12.stage import stage_shard
from nem12.unpack import meter_files
from tools.bench import peers
from tools.bench.measure import Timed

Way = Callable[[Path, Path], int]
"""Reads a file, and stages it into a folder if it stages; returns the readings."""


def staged(path: Path, folder: Path) -> int:
    """From file to synced staged files, as `parse_data` does it in one process."""
    files = meter_files(path, path.name, "standard", folder / "expanded")
    return sum(stage_shard(shard, folder).readings for shard in pack(files))


def _columns() -> Way:
    parse_to_columns: Callable[[Path], Any] = peers.reader().parse_to_columns
    return lambda path, _: len(parse_to_columns(path)["Value"])


WAYS: Final[dict[str, Callable[[], Way]]] = {"ours": lambda: staged, "peer": _columns}
"""What each way needs is imported before it is timed."""


def timed(way: str, path: Path, folder: Path) -> Timed:
    """The run of a way in a process of its own.

    Raises:
        MeterError: It failed; with the end of what it said.
    """
    folder.mkdir(exist_ok=True)
    command = [sys.executable, "-m", __name__, way, str(path), str(folder)]
    done = subprocess.run(
        command, cwd=settings.CHECKOUT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise MeterError(f"{way} could not read {path.name}: {done.stderr[-2000:]}")
    return Timed(**json.loads(done.stdout))


def main() -> None:
    """Print the run as JSON."""
    name, path, folder = sys.argv[1:]
    way = WAYS[name]()
    gc.collect()
    begin, used = time.perf_counter(), time.process_time()
    rows = way(Path(path), Path(folder))
    seconds, processor = time.perf_counter() - begin, time.process_time() - used
    print(json.dumps({"rows": rows, "seconds": seconds, "processor": processor}))


if __name__ == "__main__":
    main()
