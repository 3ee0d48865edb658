"""What runs that never ended have left in staging goes after a while; nothing else does."""

import os
from pathlib import Path

from nem12 import settings
from nem12.load.planned import sweep_staging


def test_only_what_is_old_and_nobody_works_on_is_swept() -> None:
    home = settings.home().make()
    assert isinstance(home.staging, Path)
    left, open_claim, lately = (home.staging / name for name in ("left", "open", "lately"))
    for folder in (left, open_claim, lately):
        folder.mkdir()
        (folder / "plan.json").write_text("[]")
    for folder in (left, open_claim):
        os.utime(folder, (1_700_000_000, 1_700_000_000))
    sweep_staging(home, {"open"})
    assert sorted(home.staging.iterdir()) == [lately, open_claim]
    assert (open_claim / "plan.json").exists()
