"""A file that takes too much memory fails by itself, in words."""

import sys

import pytest

from nem12.errors import TerminalError, UsageError
from nem12.memory import bounded_memory
from nem12.settings import MIB

linux = pytest.mark.skipif(
    sys.platform != "linux", reason="other systems do not keep to a limit of the address space"
)


@linux
def test_what_takes_more_than_the_limit_fails_and_the_limit_is_put_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import resource

    before = resource.getrlimit(resource.RLIMIT_AS)
    monkeypatch.setenv("METER_MEMORY_MB", "200")
    with bounded_memory():
        bytearray(100 * MIB)
    with pytest.raises(TerminalError, match="more than the 200 MiB"), bounded_memory():
        bytearray(300 * MIB)
    assert resource.getrlimit(resource.RLIMIT_AS) == before
    assert len(bytearray(300 * MIB)) == 300 * MIB


@linux
def test_limits_inside_each_other_only_become_lower(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("METER_MEMORY_MB", "200")
    with bounded_memory():
        held = bytearray(150 * MIB)
        with pytest.raises(TerminalError, match="memory"), bounded_memory():
            bytearray(150 * MIB)
    assert len(held) == 150 * MIB


def test_without_a_limit_nothing_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("METER_MEMORY_MB", "0")
    with bounded_memory():
        assert len(bytearray(300 * MIB)) == 300 * MIB


@pytest.mark.parametrize("given", ["-1", "1.5", "much", "1 GB", "²"])
def test_a_limit_that_is_no_number_is_refused(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv("METER_MEMORY_MB", given)
    with pytest.raises(UsageError, match="METER_MEMORY_MB"), bounded_memory():
        pass
