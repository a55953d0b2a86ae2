"""The door to a mail server: one letter to one address, over TLS, and exactly what became of it.

What is raised tells what to do: nothing was taken and it may be tried again (TransientError), it will never be taken
(CorrectionRefused), a person must mend settings or server (ConfigurationError), or it may have been taken although
nobody said so (OutcomeUnknown). The server's own words can repeat an address, so only their number is ever said.
"""

from __future__ import annotations

import re
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path
from typing import Literal, NamedTuple, NoReturn

from pydantic import SecretStr

from schemas.errors import ConfigurationError, ConnectorError, CorrectionRefused, OutcomeUnknown, TransientError
from schemas.letters import Letter, is_address

_READY_FOR_DATA = 354
_TAKEN, _TEMPORARY, _PERMANENT = range(200, 300), range(400, 500), range(500, 600)
_LOGIN_FAILED = 535
_NEEDS_LOGIN = frozenset({530, 534, _LOGIN_FAILED, 538})
_BEGINS_WITH_DOT = re.compile(rb"^\.", re.MULTILINE)
_MESSAGE_ID = re.compile(r"<[A-Za-z0-9.-]+@[A-Za-z0-9.-]+>", re.ASCII)


class MailServer(NamedTuple):
    """How to reach the mail server. `security` none is for this machine only; `ca_bundle` None trusts the usual."""

    host: str
    sender: str
    port: int = 587
    security: Literal["starttls", "tls", "none"] = "starttls"
    username: str | None = None
    password: SecretStr | None = None
    timeout_seconds: float = 30
    ca_bundle: Path | None = None


class Mailer:
    """Sends letters. It holds no connection between two of them, so nothing has to be closed."""

    def __init__(self, server: MailServer) -> None:
        self._server = server
        self._domain = server.sender.rpartition("@")[2]

    def message_id(self, name: str) -> str:
        """Give the Message-ID of a letter by a name of ours: letters, digits, dots and hyphens."""
        return f"<{name}@{self._domain}>"

    def send(self, letter: Letter, to: str, *, message_id: str, now: datetime, in_reply_to: str | None = None) -> None:
        """Hand a letter over, in one attempt; returns when the server has taken it.

        Raises TransientError, CorrectionRefused with a code such as `smtp_550`, ConfigurationError or OutcomeUnknown;
        ValueError, before anything is sent, when an address or a header could not be one.
        """
        content = self._content(letter, to, message_id, now, in_reply_to)
        with _translated("The mail server could not be reached"):
            line = self._connected()
        try:
            with _translated("The mail server broke off before the mail was handed over"):
                self._secure(line)
                self._log_in(line)
                _envelope(line, self._server.sender, to, len(content))
            _hand_over(line, content)
        finally:
            _leave(line)

    def probe(self) -> None:
        """See whether the server answers as the settings say and takes the login; nothing is sent. Raises as `send`."""
        with _translated("The mail server could not be reached"):
            line = self._connected()
        try:
            with _translated("The mail server broke off"):
                self._secure(line)
                self._log_in(line)
        finally:
            _leave(line)

    def _content(self, letter: Letter, to: str, message_id: str, now: datetime, in_reply_to: str | None) -> bytes:
        """Give the mail as it travels, every line ended by CRLF and short enough for any server."""
        if not is_address(to) or not is_address(self._server.sender):
            raise ValueError("not one mail address")
        for one in (message_id, in_reply_to):
            if one is not None and not _MESSAGE_ID.fullmatch(one):
                raise ValueError("not a Message-ID")
        message = EmailMessage(policy=SMTP)
        message["From"] = Address(addr_spec=self._server.sender)
        message["To"] = Address(addr_spec=to)
        message["Subject"] = letter.subject
        message["Date"] = format_datetime(now)
        message["Message-ID"] = message_id
        if in_reply_to is not None:
            message["In-Reply-To"] = message["References"] = in_reply_to
        # No answer of a machine; a failure to deliver may well be told, to who reads the sender's mail.
        message["Auto-Submitted"] = "auto-generated"
        message["X-Auto-Response-Suppress"] = "OOF, AutoReply, RN, NRN"
        message["Sensitivity"] = "Company-Confidential"
        message.set_content(letter.text, cte="quoted-printable")
        for file in letter.attachments:
            main, _, sub = file.content_type.partition("/")
            charset = {"charset": "utf-8"} if main == "text" else {}
            message.add_attachment(file.content, maintype=main, subtype=sub, filename=file.name, params=charset)
        content = message.as_bytes()
        return content if content.endswith(b"\r\n") else content + b"\r\n"

    def _connected(self) -> smtplib.SMTP:
        server = self._server
        # Our own name is the sender's domain: asking the resolver for this machine's takes time and tells its name.
        if server.security == "tls":
            return smtplib.SMTP_SSL(
                server.host, server.port, self._domain, timeout=server.timeout_seconds, context=self._context()
            )
        return smtplib.SMTP(server.host, server.port, self._domain, timeout=server.timeout_seconds)

    def _context(self) -> ssl.SSLContext:
        try:
            context = ssl.create_default_context(cafile=self._server.ca_bundle)
        except OSError:
            problem = ConfigurationError("mail.ca_bundle cannot be read.", fix="Give the path of a PEM file.")
        else:
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            return context
        raise problem

    def _secure(self, line: smtplib.SMTP) -> None:
        line.ehlo_or_helo_if_needed()
        if self._server.security != "starttls":
            return
        if not line.has_extn("starttls"):
            raise ConfigurationError(
                "The mail server offers no STARTTLS; nothing was sent.",
                fix='Set mail.security = "tls" with its port, or let the server be mended.',
            )
        line.starttls(context=self._context())
        if not isinstance(line.sock, ssl.SSLSocket):
            raise TransientError("The mail server did not begin TLS; nothing was sent.")
        line.ehlo_or_helo_if_needed()

    def _log_in(self, line: smtplib.SMTP) -> None:
        server = self._server
        if server.username is None or server.password is None:
            return
        if not line.has_extn("auth"):
            raise ConfigurationError(
                "The mail server takes no login on this line.", fix="Check mail.port and mail.security."
            )
        try:
            line.login(server.username, server.password.get_secret_value())
        except smtplib.SMTPAuthenticationError as error:
            code = error.smtp_code
        else:
            return
        _refused("the login", _LOGIN_FAILED if code in _PERMANENT else code)


def _envelope(line: smtplib.SMTP, sender: str, to: str, size: int) -> None:
    code, _ = line.mail(sender, [f"size={size}"] if line.has_extn("size") else [])
    if code not in _TAKEN:
        _refused("the sender", code)
    code, _ = line.rcpt(to)
    if code not in _TAKEN:
        _refused("the recipient", code)
    code, _ = line.docmd("data")
    if code != _READY_FOR_DATA:
        _refused("the mail", code)


def _hand_over(line: smtplib.SMTP, content: bytes) -> None:
    """From here on the server may have the mail although its answer does not come."""
    code = -1
    with suppress(OSError, smtplib.SMTPException):
        line.send(_BEGINS_WITH_DOT.sub(b"..", content) + b".\r\n")
        code, _ = line.getreply()
    if code in _TAKEN:
        return
    if code in _TEMPORARY or code in _PERMANENT:
        _refused("the mail", code)
    raise OutcomeUnknown("The mail server broke off while the mail was handed over: it may have arrived.")


def _refused(what: str, code: int) -> NoReturn:
    """Say by the reply's number what to do; 421 and every other 4xx is the server's own "later"."""
    if code in _NEEDS_LOGIN:
        raise ConfigurationError(
            f"The mail server refused the login ({code}).", fix="Check mail.username and mail.password."
        )
    if code in _PERMANENT:
        raise CorrectionRefused(
            f"The mail server refused {what} ({code}).",
            code=f"smtp_{code}",
            fix="Check the school's corrections_mail and mail.sender; then retry.",
        )
    raise TransientError(f"The mail server did not take {what} now ({code}).")


@contextmanager
def _translated(what: str) -> Iterator[None]:
    """Raise our errors for those of the library, whose texts hold addresses and the server's words."""
    problem: ConnectorError
    try:
        yield
    except ssl.SSLCertVerificationError:
        problem = ConfigurationError(
            "The certificate of the mail server cannot be trusted; nothing was sent.",
            fix="Set mail.ca_bundle to its certificate authority, check mail.host, or let the server be mended.",
        )
    except smtplib.SMTPResponseException as error:
        problem = TransientError(f"{what} ({error.smtp_code}).")
    except (OSError, smtplib.SMTPException) as error:
        problem = TransientError(f"{what} ({type(error).__name__}).")
    else:
        return
    raise problem from None


def _leave(line: smtplib.SMTP) -> None:
    """Say goodbye; what was taken stays taken when nobody answers that."""
    with suppress(OSError, smtplib.SMTPException):
        line.quit()
    line.close()
