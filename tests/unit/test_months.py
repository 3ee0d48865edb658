"""A file spread over more months than anybody has to keep is refused as a whole."""

from pathlib import Path

from tests.support.making import channel, day, file
from tests.support.reading import verdict


def months(count: int) -> bytes:
    days = [day(f"{1990 + n // 12}{n % 12 + 1:02}01") for n in range(count)]
    return file(channel(), *days).replace(b"202403151030", b"204001010000")


def test_so_many_months_are_accepted(tmp_path: Path) -> None:
    assert verdict(tmp_path, months(150))[0] != "FILE"


def test_one_more_refuses_the_file(tmp_path: Path) -> None:
    assert verdict(tmp_path, months(151)) == ("FILE", "too-many-months", 1)
