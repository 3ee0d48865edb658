"""A mail server of the test's own, and the mails it got."""

import queue
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

HOST = "127.0.0.1"
PATIENCE_SECONDS = 60


class Mailbox:
    """Takes every mail."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._mails: queue.Queue[EmailMessage] = queue.Queue()

    async def handle_DATA(self, *given: SMTP | Session | Envelope) -> str:  # noqa: N802
        """Take a mail; aiosmtpd looks for this name."""
        envelope = cast("Envelope", given[-1])
        parsed = message_from_bytes(cast("bytes", envelope.content), policy=policy.default)
        self._mails.put(parsed)
        return "250 OK"

    @property
    def connection(self) -> dict[str, object]:
        """The Airflow connection `smtp_default`."""
        return {
            "conn_type": "smtp",
            "host": HOST,
            "port": self.port,
            "extra": {"disable_ssl": True, "disable_tls": True, "from_email": "meter@example.org"},
        }

    def next(self) -> EmailMessage:
        """The mail that came first, waited for."""
        return self._mails.get(timeout=PATIENCE_SECONDS)

    def about(self, text: str) -> EmailMessage:
        """The first mail that says this, waited for."""
        while text not in body(mail := self.next()):
            pass
        return mail

    def rest(self) -> list[EmailMessage]:
        """The other mails that are here."""
        return [self._mails.get_nowait() for _ in range(self._mails.qsize())]


def body(mail: EmailMessage) -> str:
    """The HTML of a mail."""
    part = mail.get_body(("html",))
    assert part is not None
    return str(part.get_content())


@contextmanager
def mailbox() -> Iterator[Mailbox]:
    """A server that runs in the block."""
    with socket.create_server((HOST, 0)) as free:
        port = free.getsockname()[1]
    box = Mailbox(port)
    controller = Controller(box, hostname=HOST, port=port)
    controller.start()
    try:
        yield box
    finally:
        controller.stop()
