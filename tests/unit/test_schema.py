"""The text of the schema: one place for everything, and safe to run again."""

import re
from importlib.resources import files
from pathlib import Path

from alembic.script import ScriptDirectory

from nem12.warehouse import schema


def test_the_revision_needed_is_the_last_one_there_is() -> None:
    scripts = ScriptDirectory(str(files("nem12.warehouse") / "migrations"))
    assert [script.revision for script in scripts.walk_revisions()] == list(
        reversed(schema.REVISIONS)
    )


def test_every_piece_of_the_schema_may_be_run_again() -> None:
    assert {path.stem for path in Path(schema.__file__).parent.glob("*.sql")} == set(
        schema.SUBJECTS
    )
    made = re.findall(r"(?m)^CREATE.*", "\n".join(map(schema.text, schema.SUBJECTS)))
    assert [line for line in made if not line.startswith("CREATE OR REPLACE ")] == []
    names = [line.split("(")[0].split(" AS")[0] for line in made]
    assert sorted(set(names)) == sorted(names)
