"""What portals and distributors add to the format: shifted fields, records of their own, NMIs."""

import re
from pathlib import Path

import pytest

from nem12.mdff import spec
from nem12.mdff.findings import Finding
from nem12.shard import parts
from nem12.validate import Judged, validate_file
from tests.support.making import channel, day, file, head
from tests.support.reading import read, surveyed
from tests.unit.test_shard import cut_every

NMI = "6407000008"
DIGIT = spec.nmi_check_digit(NMI)
EXTENSION = "610,20240310,W1234567,12.3"


def judged(folder: Path, data: bytes, profile: str = "standard") -> tuple[Judged, list[Finding]]:
    findings: list[Finding] = []
    result = validate_file(surveyed(folder, data, profile), findings.append)
    return result, sorted(findings, key=lambda f: f.rank)


def said(findings: list[Finding]) -> list[tuple[str, str, int]]:
    return [(f.level.name, f.code, f.line) for f in findings]


APART = {
    "portal": f"200,{NMI},{DIGIT},E1E2,E1,E1,,12345678,KWH,30,",
    "next-read": f"200,{NMI},{DIGIT},E1E2,E1,E1,N1,12345678,KWH,30,20240410",
    "no-configuration": f"200,{NMI},{DIGIT},,E1,E1,,12345678,KWH,30,",
    "no-register": f"200,{NMI},{DIGIT},E1E2,,E1,,,kWh,30,",
    "short": f"200,{NMI},{DIGIT},E1E2,E1,E1,,12345678,KWH,30",
    "quoted": f'"200","{NMI}","{DIGIT}","E1E2","E1","E1","","12345678","KWH","30",""',
    "blanks": f"200, {NMI}, {DIGIT}, E1E2, E1, E1, , 12345678, KWH, 30,",
}
FORM = {"configuration", "quote", "spaces", "short-record"}


@pytest.mark.parametrize("record", APART.values(), ids=APART)
def test_lenient_reads_a_check_digit_in_a_field_of_its_own(tmp_path: Path, record: str) -> None:
    data = file(record, day())
    result, findings = judged(tmp_path, data, "lenient")
    assert (result.outcome, result.days) == ("loaded", 1)
    assert {f.code for f in findings} - FORM == {"nmi-check-digit"}
    (one,) = read(result.file).days
    assert (one.channel.nmi, one.channel.nmi_suffix) == (NMI, "E1")
    assert (one.channel.uom.delivered, one.channel.interval_length) == ("kWh", 30)
    assert one.channel.meter_serial_number in ("12345678", "")


@pytest.mark.parametrize("profile", ["standard", "strict"])
@pytest.mark.parametrize("record", APART.values(), ids=APART)
def test_a_check_digit_in_a_field_of_its_own_is_named(
    tmp_path: Path, record: str, profile: str
) -> None:
    result, findings = judged(tmp_path, file(record, day()), profile)
    assert [each for each in said(findings) if each[0] != "WARN"] == [
        ("BLOCK", "nmi-check-digit", 2)
    ]
    assert "check digit" in findings[0].message
    assert (findings[0].field, findings[0].nmi, findings[0].nmi_suffix) == (3, NMI, "E1")
    assert f"►{DIGIT}◄" in findings[0].excerpt.replace(" ", "").replace('"', "")
    assert (result.outcome, result.refused_records) == ("refused", 2)


@pytest.mark.parametrize("profile", ["standard", "lenient"])
def test_a_wrong_digit_in_a_field_of_its_own_refuses_the_block(
    tmp_path: Path, profile: str
) -> None:
    wrong = str((int(DIGIT) + 1) % 10)
    data = file(APART["portal"].replace(f",{DIGIT},", f",{wrong},"), day())
    _, findings = judged(tmp_path, data, profile)
    assert said(findings) == [("BLOCK", "nmi", 2)]
    assert "not the check digit" in findings[0].message


def test_findings_behind_the_digit_name_the_field_as_it_stands(tmp_path: Path) -> None:
    record = APART["next-read"].replace("12345678", "1234567890123").replace("20240410", "soon")
    _, findings = judged(tmp_path, file(record, day()), "lenient")
    assert [(f.code, f.field) for f in findings] == [
        ("nmi-check-digit", 3),
        ("serial", 8),
        ("next-read", 11),
    ]
    assert "►1234567890123◄" in findings[1].excerpt
    assert "►soon◄" in findings[2].excerpt


def test_a_configuration_of_one_digit_is_no_check_digit(tmp_path: Path) -> None:
    """In a record that is not shifted it is only a wrong configuration."""
    _, findings = judged(tmp_path, file(f"200,{NMI},{DIGIT},1,E1,N1,M1,kWh,30,", day()))
    assert said(findings) == [
        ("BLOCK", "suffix-not-in-configuration", 2),
        ("WARN", "configuration", 2),
    ]


@pytest.mark.parametrize("profile", ["standard", "strict", "lenient"])
@pytest.mark.parametrize("inserted", ["NEM12", "", "2024", "Site 7", "200"])
@pytest.mark.parametrize("nmi", [NMI, NMI + DIGIT, NMI.replace("64", "QB")])
def test_a_field_inserted_behind_the_indicator_is_named(
    tmp_path: Path, inserted: str, nmi: str, profile: str
) -> None:
    data = file(f"200,{inserted},{nmi},E1E2,01,E1,N1,12345678,kWh,30,20240410", day())
    result, findings = judged(tmp_path, data, profile)
    assert ("BLOCK", "nmi", 2) in said(findings)
    assert {f.code for f in findings if f.level.name != "WARN"} == {"nmi"}
    assert findings[0].message == f"one field too many: '{inserted}'"
    assert (findings[0].nmi, findings[0].nmi_suffix) == (nmi[:10], "E1")
    assert result.outcome == "refused"


def test_records_that_extend_the_format_are_passed_over_by_lenient_alone(tmp_path: Path) -> None:
    data = file(channel(), day(), EXTENSION, EXTENSION, channel("NEM1201009"), day(), EXTENSION)
    standard, findings = judged(tmp_path, data)
    assert said(findings) == [("RECORD", "unknown-record", line) for line in (4, 5, 8)]
    assert (standard.outcome, standard.days) == ("partial", 2)
    assert (standard.records, standard.refused_records) == (9, 3)
    assert judged(tmp_path, data, "strict")[0].outcome == "refused"
    lenient, findings = judged(tmp_path, data, "lenient")
    assert said(findings) == [("WARN", "unknown-record", line) for line in (4, 5, 8)]
    assert (lenient.outcome, lenient.days) == ("loaded", 2)
    assert (lenient.records, lenient.refused_records) == (9, 0)


@pytest.mark.parametrize("profile", ["standard", "lenient"])
@pytest.mark.parametrize(
    "kind", ["610", "101", "201", "301", "401", "600", "901", "999", '"610"', " 610", "\ufeff610"]
)
@pytest.mark.parametrize("at", range(1, 6))
def test_an_extension_anywhere_before_the_end_costs_no_day(
    tmp_path: Path, at: int, kind: str, profile: str
) -> None:
    records = [head(), channel(), day(), channel("NEM1201009"), day("20240311"), "900"]
    records.insert(at, f"{kind},20240310,W1234567,12.3")
    data = "".join(f"{record}\r\n" for record in records).encode()
    result, findings = judged(tmp_path, data, profile)
    level = "RECORD" if profile == "standard" else "WARN"
    assert said(findings) == [(level, "unknown-record", at + 1)]
    assert (result.outcome, result.days) == ("partial" if level == "RECORD" else "loaded", 2)
    assert result.refused_records == (level == "RECORD")


@pytest.mark.parametrize("kind", ["sep=", "61", "6100", "A10", "", "٣٠٠", "<html>"])
def test_what_has_no_indicator_of_three_digits_is_refused_by_lenient_too(
    tmp_path: Path, kind: str
) -> None:
    _, findings = judged(tmp_path, file(channel(), day(), f"{kind},1"), "lenient")
    assert said(findings) == [("RECORD", "unknown-record", 4)]


def test_an_extension_closes_the_day_before_it(tmp_path: Path) -> None:
    """400 records behind it belong to no day that could be named for certain."""
    events = ("400,1,24,F14,76,", "400,25,48,A,,")
    data = file(channel(), day(quality="V"), events[0], EXTENSION, events[1], day("20240311"))
    result, findings = judged(tmp_path, data, "lenient")
    assert said(findings) == [
        ("RECORD", "event-gap", 3),
        ("RECORD", "orphan-400", 6),
        ("WARN", "unknown-record", 5),
    ]
    assert (result.days, result.refused_records) == (1, 3)


def test_an_extension_of_a_refused_block_goes_with_it(tmp_path: Path) -> None:
    data = file(channel(nmi="!"), day(), EXTENSION, day("20240311"), channel(), day())
    result, findings = judged(tmp_path, data, "lenient")
    assert said(findings) == [("BLOCK", "nmi", 2), ("WARN", "unknown-record", 4)]
    assert (findings[0].first_line, findings[0].last_line) == (2, 5)
    assert (result.records, result.refused_records, result.days) == (8, 4, 1)


def test_an_extension_behind_the_end_asks_for_no_second_end(tmp_path: Path) -> None:
    data = file(channel(), day()) + f"{EXTENSION}\r\n".encode()
    result, findings = judged(tmp_path, data, "lenient")
    assert said(findings) == [("WARN", "after-end", 5), ("WARN", "unknown-record", 5)]
    assert result.outcome == "loaded"
    assert said(judged(tmp_path, data)[1]) == [("FILE", "after-end", 5)]


@pytest.mark.parametrize("profile", ["standard", "lenient"])
def test_files_with_extensions_cut_anywhere_give_the_same(tmp_path: Path, profile: str) -> None:
    one = (EXTENSION, channel(), day(), EXTENSION, channel("NEM1201009"), day(), EXTENSION)
    data = file(*one, *one)
    whole, cut = surveyed(tmp_path, data, profile), cut_every(tmp_path, data, 1, profile)
    assert len(parts(cut)) == 5
    assert read(cut).days == read(whole).days
    assert read(cut).findings == read(whole).findings


@pytest.mark.parametrize(
    ("sender", "receiver", "warned", "names"),
    [
        ("ABCDEFGHIJ", "ABCDEFGHIJ", [], []),
        ("ABCDEFGHIJK", "LUMENRET", [4], ["FromParticipant"]),
        ("WATTMDP", "ABCDEFGHIJK", [5], ["ToParticipant"]),
        ("A" * 500, "B" * 500, [4], ["FromParticipant", "ToParticipant"]),
        ("", "B" * 11, [4], ["FromParticipant", "ToParticipant"]),
    ],
)
def test_a_long_participant_is_warned_of(
    tmp_path: Path, sender: str, receiver: str, warned: list[int], names: list[str]
) -> None:
    data = file(channel(), day()).replace(b"WATTMDP,LUMENRET", f"{sender},{receiver}".encode())
    result, findings = judged(tmp_path, data)
    assert [(f.code, f.line, f.field) for f in findings] == [
        ("participant", 1, place) for place in warned
    ]
    assert [re.findall("[A-Z][a-z]+Participant", f.message) for f in findings] == [
        names for _ in warned
    ]
    assert (result.outcome, result.days) == ("loaded", 1)


@pytest.mark.parametrize("profile", ["standard", "lenient"])
@pytest.mark.parametrize(
    ("value", "what"),
    [
        ("-0", "has a sign"),
        ("-0.000", "has a sign"),
        ("-.0", "has a sign"),
        ("-0.", "has a sign"),
        ("-000.0000", "has a sign"),
        ("-0.001", "is negative"),
        ("-1", "is negative"),
        ("-.5", "is negative"),
    ],
)
def test_a_minus_sign_refuses_the_day_and_is_named(
    tmp_path: Path, value: str, what: str, profile: str
) -> None:
    _, findings = judged(tmp_path, file(channel(), day(values=[value] + ["1"] * 47)), profile)
    assert said(findings) == [("RECORD", "value-negative", 3)]
    assert f"'{value}' {what}" in findings[0].message


@pytest.mark.parametrize("profile", ["standard", "lenient"])
@pytest.mark.parametrize(
    ("nmi", "early"),
    [
        ("8001001006", "two hours"),
        ("8009999999", "two hours"),
        ("8010000000", "two hours"),
        ("8019999999", "two hours"),
        ("8020000000", "two hours"),
        ("8021999999", "two hours"),
        ("WAAA000001", "two hours"),
        ("waaab23456", "two hours"),
        ("2500000001", "half an hour"),
        ("2509999999", "half an hour"),
        ("8000123456", ""),
        ("8022123456", ""),
        ("8030123456", ""),
        ("WAAB000001", ""),
        ("2510000001", ""),
        ("2490000001", ""),
        ("NAAA000001", ""),
        ("6407000008", ""),
    ],
)
def test_an_nmi_of_another_market_is_warned_of(
    tmp_path: Path, nmi: str, early: str, profile: str
) -> None:
    for given in (nmi, nmi + spec.nmi_check_digit(nmi.upper())):
        result, findings = judged(tmp_path, file(channel(given), day()), profile)
        about = [f for f in findings if f.code not in ("nmi-case", "nmi-check-digit")]
        assert said(about) == [("WARN", "outside-nem", 2)] * bool(early)
        assert all(f"instants are {early} early" in f.message for f in about)
        assert (result.outcome, result.days) == ("loaded", 1)
