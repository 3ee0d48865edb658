"""Lists of expected NMIs and of ends, as people send them."""

from datetime import date

import pytest

from nem12.coverage.lists import (
    MOST_BAD,
    MOST_BYTES,
    BadLinesError,
    ChannelEnd,
    ExpectedNmi,
    channel_ends,
    expected_nmis,
)
from nem12.errors import UsageError

NMI = "4103035613"
APRIL = date(2025, 4, 30)


@pytest.mark.parametrize(
    "text",
    [
        f"{NMI},E1,2025-04-30",
        f"nmi,nmi_suffix,last_day\r\n{NMI},E1,30/04/2025\r\n",
        f"\ufeffNMI;NMI Suffix;Last day\n{NMI};e1;20250430\n",
        f"Last Day,Comment,NMI,NMI_Suffix\n2025-04-30,moved,{NMI},E1\n\n,,,\n",
        f'"{NMI}","E1","30/4/2025"\n{NMI},E1,2025-04-30',
    ],
    ids=["bare", "heading", "spreadsheet", "other columns", "quoted, repeated"],
)
def test_ends_are_read_as_people_and_spreadsheets_write_them(text: str) -> None:
    assert channel_ends(text.encode()) == [ChannelEnd(NMI, "E1", APRIL)]


def test_an_end_may_be_of_all_channels_or_say_that_one_goes_on() -> None:
    text = f"{NMI},,2025-04-30\n{NMI},B1,\n"
    assert channel_ends(text.encode()) == [
        ChannelEnd(NMI, "", APRIL),
        ChannelEnd(NMI, "B1", None),
    ]


def test_a_list_of_nmis_may_be_no_more_than_that() -> None:
    text = f"{NMI}\n2001985732 8\n4103030001,Caf\u00e9,2025-01-01\n"
    for encoding in ("utf-8", "cp1252"):
        assert expected_nmis(text.encode(encoding)) == [
            ExpectedNmi(NMI),
            ExpectedNmi("2001985732"),
            ExpectedNmi("4103030001", "Caf\u00e9", date(2025, 1, 1)),
        ]
    assert expected_nmis(b"") == []


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (",E1,2025-04-30", "the NMI is missing"),
        ("4.10304E+09,E1,2025-04-30", "a spreadsheet has rounded: format the column as text"),
        ("410303561,E1,", "'410303561' is not an NMI: it needs 10 letters and digits, or 11"),
        ("20019857327,E1,", "the check digit of 2001985732 is 8, not 7"),
        (f"{NMI},E,", "'E' is not an NMISuffix of two letters or digits"),
        (f"{NMI},E1,30.4.2025", "'30.4.2025' is not a day such as 2025-04-30 or 30/04/2025"),
        (f"{NMI},E1,31/04/2025", "'31/04/2025' is not a day such as"),
        (f"{NMI},E1,1900-01-01", "the day 1900-01-01 is before 1990-01-01 or after 2200-01-01"),
        (f"{NMI},E1,2025-05-01", f"{NMI} E1 is already in line 2, and differs"),
        ("<b>\x07,E1,", r"'<B>\x07' is not an NMI"),
        (f"{NMI},E1,2025-04-30,x", "it has 4 fields, the columns are nmi, nmi_suffix, last_day"),
        (f'{NMI},"E1,', "it is not CSV: unexpected end of data"),
    ],
)
def test_a_bad_line_is_named_with_its_reason_and_refuses_the_list(line: str, reason: str) -> None:
    text = f"nmi,nmi_suffix,last_day\n{NMI},E1,2025-04-30\n{line}\n"
    with pytest.raises(BadLinesError) as refused:
        channel_ends(text.encode())
    ((number, why),) = refused.value.lines
    assert (number, reason in why) == (3, True), why
    assert str(refused.value).splitlines() == ["nothing was changed", f"line 3: {why}"]


def test_of_many_bad_lines_the_first_are_named_and_all_counted() -> None:
    with pytest.raises(BadLinesError) as refused:
        expected_nmis(b"x\n" * (MOST_BAD + 2))
    assert (len(refused.value.lines), refused.value.count) == (MOST_BAD, MOST_BAD + 2)
    assert str(refused.value).endswith("and 2 bad lines more")


@pytest.mark.parametrize("text", [b"\xff\xfen\0m\0i\0", b"1\0", b" " * (MOST_BYTES + 1)])
def test_what_is_no_list_is_refused(text: bytes) -> None:
    with pytest.raises(UsageError, match=r"save it as CSV UTF-8|longer than 4 MiB"):
        expected_nmis(text)


def test_a_label_has_a_bound() -> None:
    with pytest.raises(BadLinesError, match="the label is longer than 200 characters"):
        expected_nmis(f"{NMI},{'x' * 201}".encode())
