"""Commands as a person or a program runs them, in this process."""

import json
from pathlib import Path
from typing import Any

import pytest

from nem12.cli import __main__ as command_line


class Command:
    """Runs commands against one database."""

    def __init__(self, uri: str, capsys: pytest.CaptureFixture[str]) -> None:
        self.uri = uri
        self._capsys = capsys

    def __call__(self, *arguments: str | Path) -> tuple[int, str, str]:
        """Exit status, output, and what was said beside it."""
        given = [*map(str, arguments), "--dsn", self.uri]
        self._capsys.readouterr()
        status = command_line.main(given)
        printed = self._capsys.readouterr()
        return status, printed.out, printed.err

    def json(self, *arguments: str | Path, status: int = 0) -> list[Any]:
        """The JSON lines that a command prints."""
        done, printed, said = self(*arguments, "--format", "json")
        assert (done, said) == (status, "")
        return [json.loads(line) for line in printed.splitlines()]

    def refused(self, *arguments: str | Path) -> str:
        """The one line of an error."""
        status, printed, said = self(*arguments)
        assert (status, printed) == (2, "")
        assert said.endswith("\n")
        assert said.count("\n") == 1
        return said
