"""Who runs a command."""

import socket

import psutil  # type: ignore[import-untyped]

from nem12.mdff.wording import shown


def caller_name() -> str:
    """User and host, as they are recorded with what a command does."""
    return f"{shown(psutil.Process().username())}@{shown(socket.gethostname(), 64)}"
