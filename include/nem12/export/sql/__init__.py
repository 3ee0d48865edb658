"""The statements of this room."""

from typing import Final

from nem12.warehouse.sql import Statements

statement: Final = Statements(__name__).text
