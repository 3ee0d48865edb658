"""Single files between folders and buckets."""

from pathlib import Path

from nem12 import storage
from nem12.drop import look

DATA = b"100,NEM12\n"


def test_a_drop_from_a_folder_is_archived_in_a_bucket_and_back(bucket: str, tmp_path: Path) -> None:
    local = tmp_path / "here.csv"
    local.write_bytes(DATA)
    there = storage.place(f"{bucket}/there.csv")
    storage.move(local, there)
    assert not local.exists()
    storage.move(there, tmp_path / "below" / "here.csv")
    assert (tmp_path / "below" / "here.csv").read_bytes() == DATA
    assert not storage.exists(there)
    assert look(there, "standard") is None
