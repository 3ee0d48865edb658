"""NEM13 files: verdicts, real files, and what is in force of several deliveries."""

import hashlib
import itertools
import json
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest

from nem12.cli.__main__ import main
from nem12.mdff.findings import Finding, Level, worst
from nem12.mdff.register import RegisterRead
from nem12.mdff.replacement import Version, in_force
from nem12.mdff.transactions import Transaction
from nem12.shard import pack
from nem12.stage import stage_shard
from nem12.survey import MeterFile
from nem12.unpack import meter_files
from nem12.validate import Judged, validate_file
from tests.conftest import CASES
from tests.support.making import channel, day, nem13, register_read
from tests.support.reading import read, surveyed

BAD_INPUTS = CASES / "bad_inputs_nem13"
CHAINS = CASES / "chains_nem13"


def rows(name: str) -> list[list[str]]:
    lines = (BAD_INPUTS / name).read_text(encoding="utf-8").splitlines()[1:]
    return [line.split("\t") for line in lines]


def unpacked(folder: Path, name: str, profile: str) -> MeterFile:
    """The only meter file of one of the bad inputs."""
    (file,) = meter_files(BAD_INPUTS / name, name, profile, folder / "scratch")
    return file


def judged(file: MeterFile) -> tuple[Judged, list[Finding]]:
    findings: list[Finding] = []
    return validate_file(file, findings.append), findings


def said(findings: list[Finding]) -> tuple[str, str, int]:
    found = worst(findings)
    return (found.level.name, found.code, found.line) if found else ("OK", "", 0)


LENIENT = {row[0]: row[2:5] for row in rows("verdicts_lenient.tsv")}


@pytest.mark.parametrize("profile", ["standard", "strict", "lenient"])
@pytest.mark.parametrize("row", rows("verdicts.tsv"), ids=lambda row: f"{row[0]}-{row[3]}")
def test_bad_input_gets_its_verdict(tmp_path: Path, row: list[str], profile: str) -> None:
    case, name, *verdict, what = row
    level, code, line = LENIENT.get(case, verdict) if profile == "lenient" else verdict
    result, findings = judged(unpacked(tmp_path, name, profile))
    assert said(findings) == (level, code, int(line)), what
    refused = level not in ("OK", "WARN")
    if profile == "strict":
        assert result.outcome == ("refused" if refused else "loaded"), what
    assert (result.outcome != "loaded") == refused, what


@pytest.mark.parametrize("profile", ["standard", "strict", "lenient"])
@pytest.mark.parametrize("row", rows("verdicts.tsv"), ids=lambda row: row[0])
def test_what_is_read_is_accepted_or_refused(tmp_path: Path, row: list[str], profile: str) -> None:
    file = unpacked(tmp_path, row[1], profile)
    given = read(file)
    result, _ = judged(file)
    refused = {
        line
        for finding in given.findings
        if finding.level is not Level.WARN
        for line in range(finding.first_line, finding.last_line + 1)
    }
    assert not refused & {one.line for one in given.reads}
    lines = [line.split(b",") for line in Path(file.path).read_bytes().splitlines()]
    if file.format == "NEM13":
        assert result.reads == sum(fields[0] == b"250" for fields in lines)
        assert result.records == sum(bool(fields[0]) for fields in lines)
    accepted = sum((Decimal(one.quantity) for one in given.reads), Decimal(0))
    assert len(given.reads) >= result.reads - result.refused_reads
    if not any(finding.code == "read-repeated" for finding in judged(file)[1]):
        assert len(given.reads) == result.reads - result.refused_reads
        assert accepted == result.quantity - result.refused_quantity


@pytest.fixture
def expected13(corpus: Path) -> Path:
    folder = corpus.parent / "corpus13"
    if not folder.is_dir():
        pytest.skip("the expected results of real files are not here")
    return folder


def as_listed(one: RegisterRead) -> list[list[object]]:
    """The transactions of a read as the expected results have them: one row for each 550."""
    halves = zip(one.transactions[::2], one.transactions[1::2], strict=True)
    return [
        [
            previous.line,
            one.line,
            *(previous.trans_code, previous.ret_service_order),
            *(current.trans_code, current.ret_service_order),
        ]
        for previous, current in halves
    ]


def version(file: MeterFile, one: RegisterRead) -> Version:
    return Version(one, file.file_id)


def real_files(corpus: Path, expected: Path, tmp_path: Path) -> list[tuple[MeterFile, str]]:
    names = json.loads((expected / "expected13_dev.json").read_text())["files"]
    files = []
    for path in sorted(corpus.glob("*_*")):
        data = path.read_bytes()
        sha256 = hashlib.sha256(data).hexdigest()
        if sha256 in names:
            files.append((surveyed(tmp_path, data), sha256))
    assert {sha256 for _, sha256 in files} == set(names)
    return files


def registers(versions: list[Version]) -> dict[str, list[object]]:
    found: dict[str, list[object]] = {}
    for one in versions:
        count, total = found.get(" ".join(one.read.register), [0, Decimal(0)])
        assert isinstance(count, int)
        assert isinstance(total, Decimal)
        found[" ".join(one.read.register)] = [count + 1, total + one.read.stored_quantity]
    return found


def qualities(versions: list[Version], which: str) -> Counter[str]:
    return Counter(getattr(one.read, f"{which}_quality").quality_method for one in versions)


def test_each_real_file_gives_its_reads_sums_transactions_and_verdict(
    corpus: Path, expected13: Path, tmp_path: Path
) -> None:
    expected = json.loads((expected13 / "expected13_dev.json").read_text())
    together: list[Version] = []
    for file, sha256 in real_files(corpus, expected13, tmp_path):
        want = expected["files"][sha256]
        result, findings = judged(file)
        given = read(file)
        kept = list(in_force(version(file, one) for one in given.reads))
        together += (version(file, one) for one in given.reads)
        assert file.format == want["format"], want["name"]
        found = worst(findings)
        refusal = found if found and found.level is not Level.WARN else None
        # The expected results are older than the rule that a file without any is refused.
        outcome = "partial" if result.outcome == "refused" and not given.reads else result.outcome
        assert {
            "verdict": outcome,
            "records": result.records,
            "refused_records": result.refused_records,
            "reads": result.reads - result.refused_reads,
            "refused_reads": result.refused_reads,
            "refused_sum": f"{result.refused_quantity:f}",
            "warnings": result.tally.warnings(),
            "worst": [refusal.line, refusal.level.name, refusal.code] if refusal else None,
            "in_force": len(kept),
            "transactions": [row for one in given.reads for row in as_listed(one)],
            "previous_quality": dict(qualities(kept, "previous")),
            "current_quality": dict(qualities(kept, "current")),
        } == {name: want[name] for name in want if name not in NOT_COMPARED}, want["name"]
        assert registers(kept) == {
            name: [n, Decimal(total)] for name, (n, total) in want["registers"].items()
        }, want["name"]
    want = expected["together"]
    kept = list(in_force(together))
    assert registers(kept) == {
        name: [n, Decimal(total)] for name, (n, total) in want["registers"].items()
    }
    assert (len(kept), len(together)) == (want["in_force"], want["versions"])
    assert sum(len(one.read.transactions) for one in kept) == want["transactions"]


NOT_COMPARED = {"bytes", "format", "name", "registers"}


def test_each_real_file_gives_the_500_records_of_its_days(
    corpus: Path, expected13: Path, tmp_path: Path
) -> None:
    expected = json.loads((expected13 / "expected500_dev.json").read_text())["files"]
    seen = set()
    for path in sorted(corpus.glob("*_*")):
        data = path.read_bytes()
        sha256 = hashlib.sha256(data).hexdigest()
        if sha256 not in expected:
            continue
        seen.add(sha256)
        want = expected[sha256]
        file = surveyed(tmp_path, data)
        given = read(file)
        assert [
            [
                *(one.line, day.line, day.channel.nmi, day.channel.nmi_suffix),
                *(f"{day.day:%Y%m%d}", one.trans_code, one.ret_service_order),
                f"{one.read_date_time:%Y%m%d%H%M%S}" if one.read_date_time else "",
                one.index_read,
            ]
            for day in given.days
            for one in day.transactions
        ] == want["rows"], path.name
        assert judged(file)[0].transactions == want["accepted"], path.name
    assert seen == set(expected)


@pytest.mark.parametrize("chain", sorted(path.name for path in CHAINS.iterdir()))
def test_in_force_is_what_the_stamps_say_in_any_order_of_delivery(
    tmp_path: Path, chain: str
) -> None:
    folder = CHAINS / chain
    want = json.loads((folder / "expected.json").read_text())["in_force"]
    versions = []
    for path in sorted(folder.glob("*.csv")):
        file = surveyed(tmp_path, path.read_bytes())
        assert judged(file)[0].outcome == "loaded"
        versions += [version(file, one) for one in read(file).reads]
    for order in itertools.islice(itertools.permutations(versions), 100):
        kept = [
            [
                one.read.register.register_id,
                f"{one.read.previous_register_read_date_time:%Y%m%d%H%M%S}",
                f"{one.read.current_register_read_date_time:%Y%m%d%H%M%S}",
                f"{one.read.stored_quantity.normalize():f}",
            ]
            for one in in_force([*order, *order[:2]])
        ]
        assert sorted(kept) == sorted(want)


WORKED = (
    "100,NEM13,202404101200,MDPA,RETB\r\n"
    "250,4103035613,11,1,11,11,METER123,E,99990.0,20240105093000,A,,,00010.0,20240405101500,S62,12,"
    ",20.0,MWh,20240705,20240408120000,\r\n"
    "550,S,SO1,N,\r\n"
    "900\r\n"
)


def test_a_read_keeps_the_text_of_its_dials_and_the_exact_quantity(tmp_path: Path) -> None:
    given = read(surveyed(tmp_path, WORKED.encode()))
    (one,) = given.reads
    assert given.findings == []
    assert one.register == ("4103035613", "11", "1")
    assert (one.previous_register_read, one.current_register_read) == ("99990.0", "00010.0")
    assert one.current_register_value == Decimal("10.0")
    assert (f"{one.stored_quantity:f}", one.uom.stored) == ("20000", "kWh")
    assert (one.direction_indicator, one.is_final) == ("E", False)
    assert (one.previous_day.isoformat(), one.current_day.isoformat()) == (
        "2024-01-05",
        "2024-04-05",
    )
    assert (one.line, one.last_line, one.records) == (2, 3, 2)
    assert one.transactions == [
        Transaction(3, "previous", "S", "SO1", one.previous_register_read_date_time, "99990.0"),
        Transaction(3, "current", "N", "", one.current_register_read_date_time, "00010.0"),
    ]


def test_a_command_tells_the_counts_and_sums_of_a_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.csv").write_bytes(
        nem13(register_read(), "550,N,,N,", register_read(Quantity="0.5", NMI="?"))
    )
    assert main(["validate", "--format", "json", str(tmp_path / "a.csv")]) == 1
    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()][-1] == {
        "file": str(tmp_path / "a.csv"),
        "format": "NEM13",
        "outcome": "partial",
        "records": 5,
        "refused_records": 1,
        "reads": 2,
        "refused_reads": 1,
        "quantity": "66.0",
        "refused_quantity": "0.5",
        "transactions": 2,
        "findings": 1,
    }
    main(["validate", str(tmp_path / "a.csv")])
    assert "partial, 1 read of 65.5 in all, 2 transactions, 4 of 5" in capsys.readouterr().err


def test_reads_are_refused_where_they_would_be_loaded(tmp_path: Path) -> None:
    (shard,) = pack([surveyed(tmp_path, WORKED.encode())])
    (finding,) = shard.parts[0].file.findings
    assert (finding.level, finding.code) == (Level.FILE, "version")
    assert "not loaded yet" in finding.message
    assert stage_shard(shard, tmp_path).refused_records == 4


HEAD_13 = "100,NEM13,202403151030,WATTMDP,LUMENRET"
HEAD_12 = "100,NEM12,202403151030,WATTMDP,LUMENRET"
READ = register_read()
BLOCK = (channel(), day())
MORE_CASES = [
    ("standard", (HEAD_13, READ, *BLOCK, "900"), "FILE mixed 3", "records of the other format"),
    ("lenient", (HEAD_13, READ, *BLOCK, "900"), "FILE mixed 3", "never tolerated"),
    ("lenient", (HEAD_12, *BLOCK, "900", HEAD_13, READ, "900"), "FILE mixed 5", "a joined file"),
    ("lenient", (HEAD_13, READ, "900", HEAD_12, *BLOCK, "900"), "FILE mixed 4", "a joined file"),
    ("lenient", (HEAD_12, *BLOCK, "900", READ), "FILE mixed 5", "behind the end too"),
    ("lenient", (HEAD_13, READ, "900", HEAD_13, READ, "900"), "WARN second-header 4", "joined"),
    ("lenient", (READ, "550,N,,N,", "900"), "WARN no-header 1", "the format by the first record"),
    ("lenient", ("550,N,,N,", READ, "900"), "RECORD orphan-550 1", "the same, by a 550"),
    ("lenient", (HEAD_13, READ, "900", READ, "900"), "WARN after-end 4", "read all the same"),
    ("standard", (HEAD_13, READ, "999,x", "550,X,,N,", "900"), "RECORD unknown-record 3",
     "the 550 goes with it, and its own fault is not reported"),
    ("standard", (HEAD_13, "250,x", "550,X,,N,", "900"), "RECORD too-few-fields 2",
     "nothing else of the record"),
    ("standard", (HEAD_13, READ, "550,N,,N,", "900,x"), "RECORD too-many-fields 4", "a 900 alone"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("profile", "lines", "verdict", "why"), MORE_CASES, ids=[case[2] for case in MORE_CASES]
)
def test_structure_gets_its_verdict(
    tmp_path: Path, profile: str, lines: tuple[str, ...], verdict: str, why: str
) -> None:
    data = "".join(f"{line}\r\n" for line in lines).encode()
    _, findings = judged(surveyed(tmp_path, data, profile))
    level, code, line = verdict.split()
    assert said(findings) == (level, code, int(line)), why


FIELDS = [
    ("RECORD nmi", {"NMI": ""}),
    ("RECORD nmi", {"NMI": "64071123800"}),
    ("WARN nmi-check-digit", {"NMI": "64071123808"}),
    ("RECORD suffix", {"NMISuffix": "E1"}),
    ("RECORD suffix", {"NMISuffix": "1O"}),
    ("OK", {"NMISuffix": "1a", "NMIConfiguration": "1A"}),
    ("RECORD suffix-not-in-configuration", {"NMIConfiguration": "4151"}),
    ("WARN configuration", {"NMIConfiguration": "111"}),
    ("RECORD register", {"RegisterID": ""}),
    ("WARN register", {"RegisterID": "12345678901"}),
    ("WARN serial", {"MeterSerialNumber": "1234567890123"}),
    ("RECORD direction", {"DirectionIndicator": "e"}),
    ("OK", {"DirectionIndicator": "I"}),
    ("RECORD read", {"PreviousRegisterRead": "-1"}),
    ("OK", {"PreviousRegisterRead": ".5"}),
    ("WARN read-width", {"PreviousRegisterRead": "0000000001234.50"}),
    ("RECORD date", {"PreviousRegisterReadDateTime": "20240105"}),
    ("RECORD date", {"PreviousRegisterReadDateTime": "202401050930000"}),
    ("WARN read-date", {"CurrentRegisterReadDateTime": "202403101015"}),
    ("WARN date-future", {"CurrentRegisterReadDateTime": "20240316000000"}),
    ("OK", {"CurrentRegisterReadDateTime": "20240405000000", "CurrentQualityMethod": "E61"}),
    ("RECORD date", {"CurrentRegisterReadDateTime": "20250420000000",
                     "CurrentQualityMethod": "E61"}),
    ("OK", {"CurrentRegisterReadDateTime": "20250419000000", "CurrentQualityMethod": "E61"}),
    ("RECORD read-order", {"CurrentRegisterReadDateTime": "20240105092959"}),
    ("RECORD value-empty", {"Quantity": ""}),
    ("RECORD value-negative", {"Quantity": "-0.0"}),
    ("RECORD value", {"Quantity": "-x"}),
    ("RECORD value-width", {"Quantity": "1234567890123456"}),
    ("RECORD value", {"Quantity": "0" * 401}),
    ("WARN decimals", {"Quantity": "65.54321"}),
    ("OK", {"Quantity": "65.54321", "UOM": "MWH"}),
    ("WARN quantity-mismatch", {"Quantity": "0.0"}),
    ("OK", {"Quantity": "0", "UOM": "kW"}),
    ("RECORD quality", {"CurrentQualityMethod": "V"}),
    ("RECORD quality", {"CurrentQualityMethod": "S5"}),
    ("RECORD previous-estimate", {"PreviousQualityMethod": "E61"}),
    ("RECORD method-missing", {"CurrentQualityMethod": "E"}),
    ("WARN method-not-needed", {"PreviousQualityMethod": "A61"}),
    ("RECORD reason-missing", {"PreviousQualityMethod": "F61"}),
    ("RECORD reason", {"CurrentReasonCode": "1000"}),
    ("WARN reason-text", {"CurrentReasonCode": "0"}),
    ("WARN reason-unknown", {"PreviousReasonCode": "999"}),
    ("RECORD null-flag", {"PreviousQualityMethod": "N"}),
    ("WARN next-read", {"NextScheduledReadDate": "20240230"}),
    ("RECORD update", {"UpdateDateTime": "20240315"}),
    ("WARN update-missing", {"UpdateDateTime": ""}),
    ("WARN update-missing", {"UpdateDateTime": "19891231235959"}),
    ("WARN update-future", {"UpdateDateTime": "20240316100000"}),
    ("RECORD update-future", {"UpdateDateTime": "20240316103100"}),
    ("WARN msats", {"MSATSLoadDateTime": "202403150900"}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("verdict", "fields"), FIELDS, ids=[f"{v}-{'-'.join(f)}" for v, f in FIELDS]
)
def test_a_field_of_a_read_gets_its_verdict(
    tmp_path: Path, verdict: str, fields: dict[str, str]
) -> None:
    _, findings = judged(surveyed(tmp_path, nem13(register_read(**fields))))
    level, _, code = verdict.partition(" ")
    assert said(findings) == (level, code, 0 if level == "OK" else 2)


def test_what_lenient_lets_pass_is_kept_as_delivered(tmp_path: Path) -> None:
    odd = {"RegisterID": "", "DirectionIndicator": "B", "PreviousRegisterRead": "12O"}
    file = surveyed(tmp_path, nem13(register_read(**odd)), "lenient")
    (one,) = read(file).reads
    assert (one.register.register_id, one.direction_indicator) == ("", "B")
    assert (one.previous_register_read, one.previous_register_value) == ("12O", None)
