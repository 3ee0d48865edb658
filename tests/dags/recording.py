"""Notifiers that are no mail: they write what they are told into a file."""

import json
from pathlib import Path
from typing import Any

from airflow.sdk import BaseNotifier


class Recorder(BaseNotifier):
    """Is told by `notify`; its `words` are a template."""

    template_fields = ("words",)

    def __init__(self, path: str, words: str = "{{ alert.text }}", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.path = path
        self.words = words

    def notify(self, context: Any) -> None:
        """Write a line."""
        alert = context["alert"]
        with Path(self.path).open("a") as out:
            line = {"kind": alert.kind, "words": self.words, "files": len(alert.files)}
            out.write(json.dumps(line) + "\n")


class AsyncRecorder(Recorder):
    """Is told by `async_notify` alone, as notifiers for the triggerer may be."""

    notify = BaseNotifier.notify

    async def async_notify(self, context: Any) -> None:
        """Write a line."""
        Recorder.notify(self, context)


class Broken(BaseNotifier):
    """Fails whatever it is told."""

    def notify(self, context: Any) -> None:  # noqa: ARG002
        """Fail."""
        raise ConnectionError("nobody at home")
