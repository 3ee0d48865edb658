"""What the system refuses is said in a sentence, and tried again."""

import errno
import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from nem12 import settings
from nem12.airflow.plainly import said_by_system, said_plainly
from nem12.errors import TransientError


@pytest.mark.parametrize("said", [said_by_system, said_plainly])
def test_a_full_disk_is_tried_again(said: Callable[[], AbstractContextManager[None]]) -> None:
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/srv/meter/staging/a.sql")
    with pytest.raises(TransientError) as raised, said():
        raise full
    assert str(raised.value) == (
        "No space left on device: /srv/meter/staging/a.sql: make room on the disk"
    )
    assert raised.value.__suppress_context__


@pytest.mark.parametrize("number", [errno.EDQUOT, errno.EIO, errno.EROFS, errno.EACCES])
def test_what_the_system_refuses_is_tried_again_and_says_what_helps(number: int) -> None:
    with pytest.raises(TransientError, match=r": /srv/a: \w+") as raised, said_plainly():
        raise OSError(number, os.strerror(number), "/srv/a")
    assert len(str(raised.value)) > len(os.strerror(number)) + 20


def test_a_home_on_a_file_is_said_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("METER_HOME", str(tmp_path / "file"))
    with pytest.raises(TransientError, match="a folder is needed, not a file"), said_plainly():
        settings.home().make()
