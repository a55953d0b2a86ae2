"""A real mail server on this machine, with a certificate of its own, that can also refuse, wait and break off."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

TLS = Path(__file__).parent / "data" / "tls"
CA, OTHER_CA, SERVER = TLS / "ca.pem", TLS / "other_ca.pem", TLS / "localhost.pem"
BREAK = "break"
"""Instead of a reply: drop the connection."""


class Mailbox:
    """What arrived, and how the server is to answer instead of taking it: a reply, or BREAK."""

    def __init__(self) -> None:
        self.port = 0
        self.arrived: list[bytes] = []
        self.envelopes: list[tuple[str | None, tuple[str, ...]]] = []
        self.had_tls: list[bool] = []
        self.logins: list[tuple[bytes, bytes]] = []
        self.sender = self.recipient = self.data = self.login = ""
        self.takes_before_it_breaks = False
        self.silent_seconds = 0.0

    def one(self) -> EmailMessage:
        """Give the only mail that arrived."""
        (content,) = self.arrived
        return message_from_bytes(content, policy=default)

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take a sender, or answer as told."""
        if self.sender:
            return _said(server, self.sender)
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take a recipient, or answer as told."""
        if self.recipient:
            return _said(server, self.recipient)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Keep a mail, or answer as told; it may be kept and the answer still be lost."""
        await asyncio.sleep(self.silent_seconds)
        if not self.data or self.takes_before_it_breaks:
            assert isinstance(envelope.content, bytes)
            self.arrived.append(envelope.content)
            self.envelopes.append((envelope.mail_from, tuple(envelope.rcpt_tos)))
            assert server.transport is not None
            self.had_tls.append(server.transport.get_extra_info("ssl_object") is not None)
        return _said(server, self.data) if self.data else "250 OK"

    def authenticate(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        """Take every login and remember it, or answer as told."""
        assert isinstance(data, LoginPassword)
        self.logins.append((data.login, data.password))
        return AuthResult(success=not self.login, handled=False, message=self.login or None)


def _said(server: SMTP, reply: str) -> str:
    if reply == BREAK:
        assert server.transport is not None
        server.transport.close()
    return reply


class _OnAnyPort(Controller):
    """It knocks at its own door when it starts, so it must know by then which port it was given."""

    def _trigger_server(self) -> None:
        assert isinstance(self.server, asyncio.Server)
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]  # aiosmtpd leaves it untyped


@contextmanager
def mailbox(*, security: str = "starttls", needs_login: bool = False, most_bytes: int = 2**25) -> Iterator[Mailbox]:
    """Run a server on a free port of this machine: starttls (required), tls, or none."""
    box = Mailbox()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(SERVER)
    options: dict[str, Any] = {"data_size_limit": most_bytes, "server_hostname": "localhost"}
    if security == "starttls":
        options |= {"tls_context": context, "require_starttls": True}
    if needs_login:
        options |= {"authenticator": box.authenticate, "auth_required": True}
    controller = _OnAnyPort(
        box, hostname="127.0.0.1", port=0, ssl_context=context if security == "tls" else None, **options
    )
    controller.start()
    box.port = controller.port
    try:
        yield box
    finally:
        controller.stop()
