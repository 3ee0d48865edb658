"""JSON without loss: exact numbers are strings, times are ISO 8601."""

import datetime as dt
import decimal
import json
import uuid
from typing import Any


def to_json(value: object) -> str:
    """One line of JSON; exact numbers as strings, so that nothing is rounded on the way."""
    return json.dumps(value, default=_plain, ensure_ascii=False)


def _plain(value: Any) -> Any:
    if isinstance(value, dt.datetime | dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, decimal.Decimal | uuid.UUID):
        return str(value)
    if isinstance(value, bytes):
        return value.hex()
    return str(value)
