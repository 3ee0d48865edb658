"""The two families of failure: those that a retry may mend, and those that it cannot."""


class MeterError(Exception):
    """Anything this package refuses to go on with; its text is one sentence for a person."""


class TerminalError(MeterError):
    """Trying again changes nothing: wrong usage, a refused file, a missing migration."""


class UsageError(TerminalError):
    """The caller asked for something that cannot be done; the text says what to do instead."""


class SetupError(TerminalError):
    """The installation lacks something, such as a connection; the text says what to add."""


class TransientError(MeterError):
    """Trying again may help: a deadlock, a lost connection, a full disk."""
