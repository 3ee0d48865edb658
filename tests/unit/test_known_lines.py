"""A short line that is refused again and again is examined once, and told of as if anew."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nem12.mdff import walk
from tests.support.making import channel, day, head
from tests.support.reading import read, surveyed

LINES = [
    "300,", "300,20240310", "300,20240311,x", " 300,2", "300,20240310,1,A", "400,1,48,A,,", "400,1",
    "500,", "500,O", "900,", "200,", "200,6407112380,,,E1", "200,64071123801", "200,,,,,,,,7", "x",
    "x,1", "550,E", "\x1a", "", "\ufeff300,", channel(), channel(suffix="E2"),
    channel(minutes=15), day(), day(quality="V"), day(values=["x"]), head(),
]  # fmt: skip


@pytest.mark.parametrize("profile", ["standard", "lenient"])
@settings(
    max_examples=150,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    deadline=None,
)
@given(st.lists(st.sampled_from(LINES), max_size=30))
def test_a_refused_line_is_told_of_again_as_if_it_was_examined_anew(
    tmp_path: Path, profile: str, lines: list[str]
) -> None:
    data = "".join(f"{line}\r\n" for line in (head(), channel(), *lines, *lines, "900"))
    file = surveyed(tmp_path, data.encode(), profile)
    known = read(file)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(walk, "_MOST_KNOWN", 0)
        assert known == read(file)
