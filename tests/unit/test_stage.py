"""A staged batch file is the same bytes every time, and no text in it can break out of it."""

import io
import itertools
import os
import re
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nem12 import stage as staging
from nem12.errors import TerminalError
from nem12.mdff.formats import Item
from nem12.parse import PartReader
from nem12.settings import MIB
from nem12.shard import Shard, pack, parts
from nem12.stage import Staged, array, instant, literal, quoted, stage_shard
from nem12.survey import MeterFile, survey_file
from nem12.warehouse.apply import statements
from tests.conftest import CASES
from tests.support.making import HALF_HOURS, channel, day, file, mutated_files, whole_files
from tests.support.reading import read, surveyed

GOLDEN = CASES / "golden"


def staged(folder: Path, *files: MeterFile) -> tuple[Staged, bytes]:
    (shard,) = pack(files)
    folder.mkdir(exist_ok=True)
    result = stage_shard(shard, folder)
    return result, Path(result.path).read_bytes()


@pytest.mark.parametrize("name", sorted(path.stem for path in GOLDEN.glob("*.csv")))
def test_staged_file_is_the_golden_one(tmp_path: Path, name: str) -> None:
    """METER_NEW_GOLDEN=1 writes it anew: look at what changed before you keep it."""
    source = GOLDEN / f"{name}.csv"
    with source.open("rb") as stream:
        meter_file = survey_file(
            stream, str(source), source.name, "standard", source.stat().st_size
        )
    _, sql = staged(tmp_path, meter_file)
    golden = GOLDEN / f"{name}.sql"
    if os.environ.get("METER_NEW_GOLDEN"):
        golden.write_bytes(sql)
    assert sql == golden.read_bytes()


def test_there_are_golden_files() -> None:
    assert len(list(GOLDEN.glob("*.sql"))) == len(list(GOLDEN.glob("*.csv"))) >= 3


def test_staging_twice_gives_identical_bytes(tmp_path: Path) -> None:
    meter_file = surveyed(tmp_path, whole_files()[0])
    first, second = staged(tmp_path / "a", meter_file), staged(tmp_path / "b", meter_file)
    assert first[1] == second[1]
    assert Path(first[0].path).name == Path(second[0].path).name == f"{first[0].batch_id}.sql"


def test_staging_again_into_the_same_folder_leaves_one_file(tmp_path: Path) -> None:
    meter_file = surveyed(tmp_path, whole_files()[0])
    assert staged(tmp_path / "out", meter_file) == staged(tmp_path / "out", meter_file)
    assert len(list((tmp_path / "out").iterdir())) == 1


def unquoted(sql: str) -> str:
    """The SQL without its literals; fails where one does not end."""
    rest = re.sub(r"'(?:[^']|'')*'", "?", sql)
    assert "'" not in rest
    return rest


def assert_sound(result: Staged, sql: bytes) -> None:
    """Statements end at empty lines and nowhere else; every one is of a known form."""
    text = sql.decode()
    whole = list(statements(io.BytesIO(sql)))
    assert b"".join(whole) == sql.replace(b";\n\n", b";\n")
    forms = [re.sub(r"^--.*\n", "", one.decode(), flags=re.MULTILINE) for one in whole]
    assert all(re.match(r"(INSERT INTO|SELECT|SET LOCAL|SET TRANSACTION) ", form) for form in forms)
    assert all(form.endswith(";\n") and unquoted(form).count(";") == 1 for form in forms)
    assert forms[0] == "SET LOCAL client_encoding = 'UTF8';\n"
    assert forms[-1] == f"SELECT meter_apply_batch('{result.batch_id}') AS readings_put_in_force;\n"
    # No literal holds a line end, nor anything else that does not show.
    assert all(line.isprintable() for line in text.split("\n"))
    assert all(line.count("'") % 2 == 0 for line in text.split("\n") if not line.startswith("--"))


@settings(max_examples=60)
@given(mutated_files())
def test_staged_files_are_sound_whatever_was_delivered(tmp_path: Path, data: bytes) -> None:
    meter_file = surveyed(tmp_path, data)
    result, sql = staged(tmp_path / "out", meter_file)
    assert_sound(result, sql)
    given_back = read(meter_file)
    assert result.days == len(given_back.days)
    assert result.readings == sum(one.channel.intervals for one in given_back.days)
    assert result.months == sorted({f"{one.day:%Y-%m}-01" for one in given_back.days})


free_texts = st.text(
    st.one_of(st.sampled_from("'\"\\%:\t\x0b\x1f{};"), st.characters(codec="utf-8")), max_size=40
)


@settings(max_examples=60)
@given(free_texts, free_texts)
def test_no_text_breaks_out_of_its_literal(tmp_path: Path, one: str, other: str) -> None:
    one, other = (re.sub(r"[,\r\n\0]", " ", text) for text in (one, other))
    records = (
        *(channel().replace("TX90417", one), day(quality=f"A,0,{other}")),
        *(day("20240311", quality="V"), f"400,1,9,A,0,{one}", f"400,10,48,F51,0,{other}"),
        *(one, f"300,{other}"),
    )
    data = file(*records)
    path = tmp_path / "file.csv"
    path.write_bytes(data)
    with path.open("rb") as stream:
        meter_file = survey_file(stream, str(path), f"{one}\n{other}", "standard", len(data))
    assert_sound(*staged(tmp_path / "out", meter_file))


def array_elements(sql: str) -> list[str | None]:
    """What PostgreSQL reads from an array literal: quotation marks, then backslashes."""
    inner = sql.removeprefix("'{").removesuffix("}'").replace("''", "'")
    found = re.findall(r'"((?:[^"\\]|\\.)*)"|([^,"]+)', inner)
    return [
        re.sub(r"\\(.)", r"\1", a) if b == "" else (None if b == "NULL" else b) for a, b in found
    ]


@given(st.lists(st.text(st.characters(codec="utf-8"), min_size=1)))
def test_text_comes_out_of_an_array_literal_as_out_of_a_plain_one(texts: list[str]) -> None:
    sql = array(quoted(text) for text in texts)
    plain = [literal(text)[1:-1].replace("''", "'") for text in texts]
    assert array_elements(sql) == plain


def test_text_that_says_null_is_no_null() -> None:
    assert array_elements(array([quoted("NULL"), "NULL"])) == ["NULL", None]


@pytest.mark.parametrize(
    ("text", "sql"),
    [
        ("it's", "'it''s'"),
        ("a\\b", "'a\\b'"),
        ("a\nb\r\tc", "'a\\x0ab\\x0d\\x09c'"),
        ("50 % of :name", "'50 % of :name'"),
        ("\U0001f600", "'\U0001f600'"),
        ("a\x00b", "'a\\x00b'"),
        ("\udcff", "'\\xdcff'"),
        ("", "''"),
    ],
    ids=["quote", "backslash", "line-ends", "percent", "emoji", "nul", "bad-name", "empty"],
)
def test_literal(text: str, sql: str) -> None:
    assert literal(text) == sql


def test_all_of_a_long_unprintable_text_is_kept() -> None:
    assert literal("\U0010fffe" * 500) == "'" + "\\x10fffe" * 500 + "'"


def test_instants_of_early_years_keep_four_digits_and_the_offset() -> None:
    assert instant(datetime(1, 2, 3, 4, 5, 6)) == "'0001-02-03 04:05:06+10'"  # noqa: DTZ001
    assert instant(None) == "NULL"


def test_statements_are_of_bounded_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staging, "STATEMENT_BYTES", 2_000)
    days = [day(f"2024{n // 28 + 1:02}{n % 28 + 1:02}") for n in range(60)]
    _, sql = staged(tmp_path / "out", surveyed(tmp_path, file(channel(), *days)))
    inserts = [one for one in statements(io.BytesIO(sql)) if b"meter_day_versions" in one]
    assert len(inserts) > 5
    assert all(len(one) < 2_000 + 600 for one in inserts)
    assert sum(one.count(b"\n('6407112380'") for one in inserts) == 60


def test_every_file_and_part_of_a_shard_is_recorded_once(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in "ab"]
    files = []
    for folder, data in zip(folders, whole_files(), strict=False):
        folder.mkdir()
        files.append(surveyed(folder, data))
    _, sql = staged(tmp_path / "out", *files)
    (recorded,) = (one for one in statements(io.BytesIO(sql)) if b"INTO meter_files" in one)
    (ranges,) = (one for one in statements(io.BytesIO(sql)) if b"INTO meter_batch_parts" in one)
    for meter_file in files:
        assert recorded.count(meter_file.sha256.encode()) == 1
        assert ranges.count(f"({meter_file.file_id},0,{meter_file.size},".encode()) == 1


def test_only_the_batch_file_is_left_in_the_folder(tmp_path: Path) -> None:
    result, _ = staged(tmp_path / "out", surveyed(tmp_path, whole_files()[0]))
    assert [str(path) for path in (tmp_path / "out").iterdir()] == [result.path]


def test_nothing_is_left_when_parsing_fails_half_way(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in "ab"]
    for folder in folders:
        folder.mkdir()
    good, gone = (
        surveyed(folder, data) for folder, data in zip(folders, whole_files(), strict=False)
    )
    Path(gone.path).write_bytes(b"100")
    out = tmp_path / "out"
    out.mkdir()
    with pytest.raises(TerminalError):
        stage_shard(Shard(tuple(itertools.chain(parts(good), parts(gone)))), out)
    assert list(out.iterdir()) == []


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux keeps to a limit of memory")
def test_a_shard_that_takes_too_much_memory_fails_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("METER_MEMORY_MB", "200")
    (shard,) = pack([surveyed(tmp_path, whole_files()[0])])
    out = tmp_path / "out"
    out.mkdir()

    def hungry(reader: PartReader) -> Iterator[Item]:
        bytearray(300 * MIB)
        yield from reader

    with pytest.raises(TerminalError, match="more than the 200 MiB"):
        stage_shard(shard, out, hungry)
    assert list(out.iterdir()) == []


def test_an_earlier_batch_file_survives_a_failure(tmp_path: Path) -> None:
    meter_file = surveyed(tmp_path, whole_files()[0])
    result, sql = staged(tmp_path / "out", meter_file)
    Path(meter_file.path).write_bytes(b"100")
    with pytest.raises(TerminalError):
        staged(tmp_path / "out", meter_file)
    assert [path.read_bytes() for path in (tmp_path / "out").iterdir()] == [sql]
    assert Path(result.path).exists()


def test_values_are_written_as_they_were_delivered(tmp_path: Path) -> None:
    row = ["1.50", ".5", "5.", "007", "0"] + ["1"] * (HALF_HOURS - 5)
    _, sql = staged(tmp_path / "out", surveyed(tmp_path, file(channel(), day(values=row))))
    assert b"'{1.50,.5,5.,007,0,1," in sql
