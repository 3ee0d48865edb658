"""Whether an installation is as it should be, and what to do where it is not. Only looks."""

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Health(StrEnum):
    """How it is with what was looked at."""

    OK = "ok"
    WARNING = "warning"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Check:
    """Something that was looked at.

    Attributes:
        subject: What, in a word or two; the same in every installation.
        health: How it is.
        text: What was seen.
        remedy: What to do; empty where all is well.
    """

    subject: str
    health: Health
    text: str
    remedy: str = ""

    def row(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def ok(subject: str, text: str) -> Check:
    """All is well."""
    return Check(subject, Health.OK, text)


def warning(subject: str, text: str, remedy: str) -> Check:
    """It works, but somebody should know."""
    return Check(subject, Health.WARNING, text, remedy)


def fault(subject: str, text: str, remedy: str) -> Check:
    """It does not work, or is not safe."""
    return Check(subject, Health.FAULT, text, remedy)
