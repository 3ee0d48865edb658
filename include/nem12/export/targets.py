"""Where exports go: made in a scratch folder, checked, then put under their names, whole."""

import zipfile
from dataclasses import dataclass
from pathlib import Path

from nem12 import storage
from nem12.errors import UsageError
from nem12.export.content import Content
from nem12.storage import Place


@dataclass(frozen=True, slots=True)
class Written:
    """A file that is whole and has its name.

    Attributes:
        place: Where it is.
        size: Bytes.
        content: What it holds; of a summary nothing.
    """

    place: Place
    size: int
    content: Content

    def row(self) -> dict[str, object]:
        """For JSON."""
        return {"file": str(self.place), "bytes": self.size, **self.content.row()}


@dataclass(frozen=True, slots=True)
class Target:
    """Takes finished files.

    Attributes:
        folder: Of this machine or of a bucket.
        scratch: Folder of this machine in which files are made.
        zipped: Each goes into an archive of its own.
    """

    folder: Place
    scratch: Path
    zipped: bool = False

    def put(self, made: Path, content: Content, below: str = "") -> Written:
        """Copy a checked file to where it belongs, completely or not at all; remove it here.

        Args:
            made: In the scratch folder, with its name.
            content: What it holds.
            below: Folder in the target folder.

        Raises:
            UsageError: A file of this name is there.
        """
        whole = _packed(made) if self.zipped else made
        place = (self.folder / below if below else self.folder) / whole.name
        if storage.exists(place):
            raise UsageError(f"{place} exists: try again, or give another --output")
        storage.copy(whole, place)
        written = Written(place, whole.stat().st_size, content)
        for path in {made, whole}:
            path.unlink()
        return written


def _packed(made: Path) -> Path:
    packed = made.with_suffix(".zip")
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(made, made.name)
    return packed
