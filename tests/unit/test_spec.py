"""The format as data says what the specification says."""

import pytest

from nem12.mdff import spec
from nem12.mdff.spec import UNITS, nmi_check_digit

# Part of AEMO's own thirty examples (National Metering Identifier procedure).
CHECK_DIGITS = {
    "2001985732": "8",
    "2001985733": "6",
    "3075621875": "8",
    "3075621876": "6",
    "4316854005": "9",
    "4316854006": "7",
    "6305888444": "6",
    "6350888444": "2",
    "7001888333": "8",
    "7102000001": "7",
    "NAAAMYS582": "6",
    "NBBBX11110": "0",
    "NBBBX11111": "8",
    "NCCC519495": "5",
    "NGGG000055": "4",
    "QCDWW00010": "2",
    "SMVEW00085": "8",
    "VAAA000065": "7",
    "VAAA000066": "5",
    "VAAA000067": "2",
    "VAAASTY576": "8",
    "VCCCX00009": "1",
    "VEEEX00009": "1",
    "VKTS786150": "2",
    "VKTS867150": "5",
    "VKTS871650": "7",
    "QAAAVZZZZZ": "3",
}


@pytest.mark.parametrize(("nmi", "digit"), CHECK_DIGITS.items(), ids=CHECK_DIGITS)
def test_check_digit_of_an_nmi(nmi: str, digit: str) -> None:
    assert nmi_check_digit(nmi) == digit


@pytest.mark.parametrize(
    ("spelling", "delivered", "stored", "exponent", "decimals"),
    [
        ("MWH", "MWh", "kWh", 3, 7),
        ("KWH", "kWh", "kWh", 0, 4),
        ("WH", "Wh", "kWh", -3, 1),
        ("MVARH", "MVArh", "kVArh", 3, 7),
        ("KVARH", "kVArh", "kVArh", 0, 4),
        ("VARH", "VArh", "kVArh", -3, 1),
        ("MVAR", "MVAr", "kVAr", 3, 7),
        ("KVAR", "kVAr", "kVAr", 0, 4),
        ("VAR", "VAr", "kVAr", -3, 1),
        ("MW", "MW", "kW", 3, 7),
        ("KW", "kW", "kW", 0, 4),
        ("W", "W", "kW", -3, 1),
        ("MVAH", "MVAh", "kVAh", 3, 7),
        ("KVAH", "kVAh", "kVAh", 0, 4),
        ("VAH", "VAh", "kVAh", -3, 1),
        ("MVA", "MVA", "kVA", 3, 7),
        ("KVA", "kVA", "kVA", 0, 4),
        ("VA", "VA", "kVA", -3, 1),
        ("KV", "kV", "kV", 0, 4),
        ("V", "V", "kV", -3, 1),
        ("KA", "kA", "kA", 0, 4),
        ("A", "A", "kA", -3, 1),
        ("PF", "pf", "pf", 0, 3),
    ],
)
def test_unit(spelling: str, delivered: str, stored: str, exponent: int, decimals: int) -> None:
    unit = UNITS[spelling]
    assert (unit.delivered, unit.stored, unit.exponent) == (delivered, stored, exponent)
    assert unit.decimals == decimals


def test_there_are_no_other_units() -> None:
    assert len(UNITS) == 23


@pytest.mark.parametrize("value", ["0", "12", "0.461", ".048", "5.", "000", "9" * 50])
def test_plain_decimal_numbers_are_values(value: str) -> None:
    assert spec.VALUE.fullmatch(value)


@pytest.mark.parametrize(
    "value",
    [
        *("", ".", "-1", "+1", "1e3", "1_000", "0x10", "NaN", "inf", "1,5", " 1", "1\n", "1.2.3"),
        *("\uff11", "\u0663"),  # digits to Python, not to the format
    ],
)
def test_what_only_python_or_postgresql_would_read_is_no_value(value: str) -> None:
    assert not spec.VALUE.fullmatch(value)


@pytest.mark.parametrize("suffix", ["E1", "B9", "QA", "KZ"])
def test_suffixes(suffix: str) -> None:
    assert spec.SUFFIX.fullmatch(suffix)


@pytest.mark.parametrize("suffix", ["I1", "O1", "EI", "EO", "E0", "11", "E", "E12", "e1"])
def test_no_suffixes(suffix: str) -> None:
    assert not spec.SUFFIX.fullmatch(suffix)


def test_a_reason_is_current_or_obsolete_never_both() -> None:
    assert not spec.REASONS & spec.REASONS_OBSOLETE
    assert {0, 79, 89, 100, 109} <= spec.REASONS
    assert {4, 88, 90, 99} <= spec.REASONS_OBSOLETE
    assert not {56, 110, 63} & (spec.REASONS | spec.REASONS_OBSOLETE)


def test_methods_are_those_of_the_metrology_procedure() -> None:
    assert {"11", "25", "51", "59", "61", "69", "71", "75"} <= spec.METHODS
    assert not {"10", "26", "50", "60", "70", "76", "99"} & spec.METHODS


def test_every_suffix_has_a_meaning_and_energy_counts_once_in_each_direction() -> None:
    assert {letter for letter in map(chr, range(ord("A"), ord("Z") + 1))
            if spec.SUFFIX.fullmatch(f"{letter}1")} == set(spec.STREAMS)  # fmt: skip
    assert (spec.settled("export"), spec.settled("import")) == ("EQ", "BK")
    assert spec.POWER_OF == {"kWh": "kW", "kVArh": "kVAr", "kVAh": "kVA"}
    assert set(spec.POWER_OF) | set(spec.POWER_OF.values()) <= {u.stored for u in UNITS.values()}
