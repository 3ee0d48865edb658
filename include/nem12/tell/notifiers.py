"""Who gets which alerts: the setting METER_NOTIFIERS."""

import json
from dataclasses import dataclass, field
from typing import Any, Final

from nem12 import settings
from nem12.errors import UsageError

KINDS: Final = ("refused", "contradicted", "failed", "silent")
"""Kinds of alerts: files refused in whole or in part; days that two deliveries give with the same
stamps and other readings; failed drops and runs; a landing folder where nothing lands any more."""

_NAME: Final = "METER_NOTIFIERS"


@dataclass(frozen=True, slots=True)
class Notifier:
    """An Airflow notifier and the alerts that it gets.

    Attributes:
        classpath: Of a class derived from `airflow.sdk.BaseNotifier`.
        kwargs: Its arguments.
        on: Some of `KINDS`.
    """

    classpath: str
    kwargs: dict[str, Any] = field(default_factory=dict)
    on: tuple[str, ...] = KINDS


def configured() -> list[Notifier]:
    """The notifiers of METER_NOTIFIERS, in the order given.

    Raises:
        UsageError: It is invalid; the text says where. Values are not quoted: one may be a token.
    """
    text = settings.notifiers()
    if not text:
        return []
    try:
        entries = json.loads(text)
    except json.JSONDecodeError as error:
        raise UsageError(
            f"{_NAME} is not JSON: {error.msg} at line {error.lineno}, column {error.colno}"
        ) from None
    if not isinstance(entries, list):
        raise UsageError(f'{_NAME} must be a JSON list such as [{{"classpath": "…"}}]')
    return [_notifier(f"{_NAME}, entry {place}", one) for place, one in enumerate(entries, 1)]


def _notifier(where: str, entry: object) -> Notifier:
    if not isinstance(entry, dict):
        raise UsageError(f"{where}: must be an object with classpath, kwargs and on")
    unknown = sorted(set(entry) - {"classpath", "kwargs", "on"})
    if unknown:
        raise UsageError(f"{where}: unknown key '{unknown[0]}', known are classpath, kwargs and on")
    classpath = entry.get("classpath")
    if not isinstance(classpath, str) or "." not in classpath.strip("."):
        raise UsageError(f"{where}: classpath must name a class, such as package.module.Class")
    kwargs = entry.get("kwargs", {})
    if not isinstance(kwargs, dict):
        raise UsageError(f"{where}: kwargs must be an object")
    on = entry.get("on", list(KINDS))
    if not isinstance(on, list) or not on or not set(map(str, on)) <= set(KINDS):
        raise UsageError(f"{where}: on must list some of {', '.join(KINDS)}")
    return Notifier(classpath, kwargs, tuple(on))


def silent_hours() -> float | None:
    """After how many hours without a drop to send an alert; None for never.

    Raises:
        UsageError: METER_SILENT_HOURS is not a number of hours.
    """
    text = settings.silent_hours()
    if not text:
        return None
    try:
        hours = float(text)
    except ValueError:
        hours = 0
    if not 0 < hours < float("inf"):
        raise UsageError("METER_SILENT_HOURS must be a number of hours above 0, such as 26")
    return hours
