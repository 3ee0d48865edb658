"""A load run without Airflow: the same acts, in this process."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nem12 import settings, storage
from nem12.load.claim import claim_by_glob
from nem12.load.index import INDEX
from nem12.load.plan import plan_claim
from nem12.load.settle import settle_claim
from nem12.load.settlement import Settlement
from nem12.shard import load_shard
from nem12.stage import stage_shard
from nem12.warehouse.apply import Applier, apply_batch
from nem12.warehouse.connect import Connection


@dataclass
class Run:
    """A load run without Airflow."""

    connection: Connection
    home: settings.FolderHome
    claims: list[str] = field(default_factory=list)

    def drop(self, name: str, data: bytes, folder: str = "") -> Path:
        """Put a file into the landing folder; it was last changed a while ago."""
        path = self.home.landing / folder / name
        path.write_bytes(data)
        os.utime(path, (1_700_000_000, 1_700_000_000))
        return path

    def claim(self, *patterns: str, profile: str | None = None, reprocess: bool = False) -> str:
        """Claim what matches."""
        claim, _ = claim_by_glob(
            self.connection, self.home, list(patterns), profile, reprocess=reprocess
        )
        self.claims.append(claim)
        return claim

    def load(self, claim: str, *, reprocess: bool = False) -> int:
        """Plan, parse and apply; how many shards there were."""
        planned = plan_claim(
            self.connection, self.home, claim, f"nem12__{claim}", reprocess=reprocess
        )
        for one in planned:
            self.load_shard(one, claim)
        return len(planned)

    def load_shard(self, planned: dict[str, str], claim: str) -> None:
        """Parse and apply one shard of a plan."""
        described = storage.place(planned["shard"])
        shard = load_shard(described)
        batch = stage_shard(shard, described.parent)
        place = storage.place(batch.path)
        apply_batch(self.connection, place, batch.months, Applier(claim), shard.delivered)

    def settle(self, claim: str) -> Settlement:
        return settle_claim(self.connection, self.home, claim)

    def run(
        self, *patterns: str, profile: str | None = None, reprocess: bool = False
    ) -> Settlement:
        """All of it, for everything in the folder unless patterns say otherwise."""
        claim = self.claim(*(patterns or ("*",)), profile=profile, reprocess=reprocess)
        self.load(claim, reprocess=reprocess)
        return self.settle(claim)


def kept_in(*folders: storage.Place) -> list[Path]:
    """The files in and below these folders, but for the index."""
    found = [path for folder in folders for path in Path(str(folder)).rglob("*") if path.is_file()]
    return sorted(path for path in found if path.name != INDEX)


def killed(*_: object, **__: object) -> Any:
    """As a task is that somebody stops."""
    raise KeyboardInterrupt
