"""The statements of this room."""

from typing import Final

from nem12.warehouse.sql import Statements

_STATEMENTS: Final = Statements(__name__)
run: Final = _STATEMENTS.run
stream: Final = _STATEMENTS.stream
