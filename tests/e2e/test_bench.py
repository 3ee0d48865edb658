"""`bench airflow` runs and says what it found; the figures of so little data say nothing."""

import json

import pytest

from tests.support.servers import passable_folder
from tools.__main__ import main

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


def test_files_go_through_a_measured_airflow(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with passable_folder() as root:
        monkeypatch.setenv("METER_HOME", str(root))
        assert main(["bench", "airflow", "--readings", "30000", "--format", "json"]) == 0
        left = [path.name for path in root.iterdir()]
    said = json.loads(capsys.readouterr().out)
    assert said["skipped"] == {}
    assert [measure["name"] for measure in said["measures"]] == [
        "a small file, from its drop until settled",
        "104 one-day files at once, until all are settled",
        "104 one-day files at once, task instances",
        "a file of 0 MiB, 2 workers",
    ]
    assert not [name for name in left if name.startswith("bench")]
