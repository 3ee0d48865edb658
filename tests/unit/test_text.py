"""Bytes become the same lines however they arrive, and text from files is safe to show."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nem12.mdff import text, wording
from nem12.mdff.limits import MAX_LINE_BYTES
from nem12.mdff.text import Readable, whole_lines
from nem12.mdff.wording import excerpt, marked, shown
from nem12.settings import MIB

LIMIT = 2048
"""Bytes of the longest line in the tests of overlong ones."""


class Dribble:
    """A stream that gives a few bytes at a time, and remembers how many at most."""

    def __init__(self, data: bytes, sizes: list[int]) -> None:
        self._data = io.BytesIO(data)
        self._sizes = sizes
        self._reads = 0

    def read(self, size: int = -1, /) -> bytes:
        self._reads += 1
        return self._data.read(min(size, self._sizes[self._reads % len(self._sizes)]))


def lines_of(stream: Readable) -> list[bytes]:
    return [line for _, piece in whole_lines(stream) for line in piece.splitlines(keepends=True)]


def lengths(most: int) -> st.SearchStrategy[list[int]]:
    return st.lists(st.integers(1, most), min_size=1, max_size=5)


contents = st.lists(
    st.sampled_from([b"300,1", b"\r\n", b"\n", b"\r", b"\r\r\n", b"\n\r", "é".encode(), b","])
).map(b"".join)


@given(contents, lengths(9))
def test_any_chunking_gives_the_same_lines(data: bytes, sizes: list[int]) -> None:
    assert lines_of(Dribble(data, sizes)) == data.splitlines(keepends=True)


@given(contents, lengths(9))
def test_pieces_lie_where_they_say_and_end_where_a_line_ends(data: bytes, sizes: list[int]) -> None:
    at = 0
    for offset, piece in whole_lines(Dribble(data, sizes)):
        assert offset == at
        assert data[offset : offset + len(piece)] == piece
        at += len(piece)
        assert at == len(data) or piece.endswith((b"\n", b"\r"))
    assert at == len(data)


@given(contents, st.data())
def test_a_byte_range_gives_its_own_lines_only(data: bytes, drawn: st.DataObject) -> None:
    start = drawn.draw(st.integers(0, len(data)))
    end = drawn.draw(st.integers(start, len(data)))
    stream = io.BytesIO(data)
    stream.seek(start)
    given_back = b"".join(piece for _, piece in whole_lines(stream, start, end))
    assert given_back == data[start:end]


@given(contents)
def test_line_ends_are_counted_as_lines_are_split(data: bytes) -> None:
    ended = [line for line in data.splitlines(keepends=True) if line.endswith((b"\r", b"\n"))]
    assert text.count_lines(data) == len(ended)


overlong = st.lists(
    st.sampled_from(
        [b"x" * LIMIT, b"x" * 1023, b"ab", "é".encode(), "€".encode(), b" " * 255, b" "]
    )
    | st.sampled_from([b"\t", b"," * 1999, b",", b"+", b"\r\n", b"\n", b"\r"])
).map(b"".join)


@given(overlong, lengths(LIMIT))
def test_an_overlong_line_is_condensed_alike_in_any_chunking_and_no_other_line_changes(
    data: bytes, sizes: list[int]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text, "MAX_LINE_BYTES", LIMIT)
        given_back = lines_of(Dribble(data, sizes))
        in_large_chunks = lines_of(Dribble(data, [LIMIT]))
    assert given_back == in_large_chunks
    for line, original in zip(given_back, data.splitlines(keepends=True), strict=True):
        content = original.rstrip(b"\r\n")
        if len(content) <= LIMIT:
            assert line == original
            continue
        assert line.endswith(original[len(content) :])
        assert all(len(field) <= 1024 + 3 for field in line.rstrip(b"\r\n").split(b","))
        line.decode()  # no character is cut in two


@given(overlong, lengths(LIMIT))
def test_pieces_after_an_overlong_line_lie_where_they_say(data: bytes, sizes: list[int]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text, "MAX_LINE_BYTES", LIMIT)
        for offset, piece in whole_lines(Dribble(data, sizes)):
            first = piece.splitlines()[0][:LIMIT].partition(b",")[0].partition(b" ")[0]
            assert data[offset : offset + len(first)] == first
            assert offset == 0 or data[offset - 1 : offset] in (b"\n", b"\r")


def test_no_chunk_holds_an_overlong_line_in_its_middle() -> None:
    assert MIB <= MAX_LINE_BYTES


def test_memory_stays_bounded_in_a_line_without_end() -> None:
    class Endless:
        left = 64

        def read(self, size: int = -1, /) -> bytes:
            self.left -= 1
            return b"9" * size if self.left >= 0 else b""

    pieces = list(whole_lines(Endless()))
    assert [len(piece) for _, piece in pieces] == [1024]


def test_an_overlong_line_that_is_not_utf8_stays_so() -> None:
    ((_, piece),) = whole_lines(io.BytesIO(b"\xe9" * (MAX_LINE_BYTES + 5)))
    assert b"\xe9" in piece


@given(st.binary(max_size=600))
def test_an_excerpt_is_short_printable_and_of_one_line(line: bytes) -> None:
    given_back = excerpt(line)
    assert given_back.isprintable()
    assert len(given_back) <= wording.EXCERPT + 1


@given(st.lists(st.text(max_size=60).map(lambda f: f.replace(",", "")), min_size=1), st.data())
def test_a_marked_field_stands_whole_between_its_neighbours(
    fields: list[str], data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(fields) + 2))
    given_back = marked(fields, place)
    assert given_back.isprintable()
    assert len(given_back) <= wording.EXCERPT + len("… ►…◄…")
    before, _, rest = given_back.partition("►")
    field, _, after = rest.partition("◄")
    assert not {"►", "◄"} & {*before, *field, *after}
    if place >= len(fields):
        assert (field, after) == ("", "")
    elif (fields[place] + "".join(fields)).isprintable() and len(fields[place]) <= 40:
        assert field == fields[place].replace("►", r"\x25ba").replace("◄", r"\x25c4")
        assert ",".join(fields[:place]).endswith(before.removeprefix("… ").removesuffix(","))


DAY = ["300", "20240310", *(f"{n}.5" for n in range(48)), "A", "", "", "20240315063000", ""]


@pytest.mark.parametrize(
    ("place", "shows"),
    [
        (1, "300,►20240310◄,0.5,1.5,"),
        (30, ",26.5,27.5,►28.5◄,29.5,30.5,"),
        (50, ",46.5,47.5,►A◄,,,20240315063000,"),
        (53, ",47.5,A,,,►20240315063000◄,"),
        (54, ",A,,,20240315063000,►◄"),
        (55, ",A,,,20240315063000,►◄"),
    ],
    ids=["date", "value", "quality", "update", "empty", "missing"],
)
def test_a_marked_field_is_seen_wherever_it_stands(place: int, shows: str) -> None:
    assert shows in marked(DAY, place)


@given(st.text(max_size=80), st.integers(1, 60))
def test_shown_text_is_bounded_printable_and_else_unchanged(given_text: str, limit: int) -> None:
    safe = shown(given_text, limit)
    assert safe.isprintable()
    assert len(safe) <= limit + 1
    if given_text.isprintable() and len(given_text) <= limit:
        assert safe == given_text


@pytest.mark.parametrize(
    ("given_text", "safe"),
    [
        ("a\nb", r"a\x0ab"),
        ("\x1b[31mred", r"\x1b[31mred"),
        ("a\u2028b", r"a\x2028b"),
        ("\ud800", r"\xd800"),
    ],
    ids=["line-end", "terminal-escape", "line-separator", "lone-surrogate"],
)
def test_what_would_act_on_a_terminal_is_made_visible(given_text: str, safe: str) -> None:
    assert shown(given_text) == safe


@pytest.mark.parametrize(
    ("field", "cleaned"),
    [
        (' "A" ', "A"),
        ('" A "', "A"),
        ('"', '"'),
        ('""', ""),
        ('""A""', '"A"'),
        ("\u00a0A", "\u00a0A"),
        ("\tA\t", "A"),
    ],
)
def test_fields_lose_blanks_and_one_pair_of_quotation_marks(field: str, cleaned: str) -> None:
    assert text.clean(field) == cleaned


@pytest.mark.parametrize(
    "line",
    [b"", b"\r\n", b" \t", b",,,,\n", b" , ,\r", b"\x0c\r\n", b"\x0b", b"\x1a", b"\xef\xbb\xbf\n"],
)
def test_white_space_commas_and_marks_alone_are_a_blank_line(line: bytes) -> None:
    assert text.is_blank(line)


@pytest.mark.parametrize("line", [b"9", b",,x", b"\xc2\xa0", b'""'])
def test_anything_else_is_no_blank_line(line: bytes) -> None:
    assert not text.is_blank(line)


@pytest.mark.parametrize("raw", [b"300,x", b' "300" ,x', b"300\r\n", b"\t300"])
def test_the_indicator_is_read_whatever_surrounds_it(raw: bytes) -> None:
    assert text.indicator(raw) == "300"
