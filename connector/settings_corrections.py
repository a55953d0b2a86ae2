"""Checks of the settings of corrections: their days, the mail server, and how they reach each school."""

from __future__ import annotations

import re
from pathlib import Path

from connector.settings_shape import MailSettings, SchoolSettings, Settings
from schemas.corrections import Channel
from schemas.errors import ConfigurationError
from schemas.letters import is_address

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
"""The names of this machine."""
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*", re.ASCII)
_ADDRESS_FIX = 'Write one address without a name, as in "portaal@example.nl"; a domain with other letters as xn--….'


def check_corrections(settings: Settings, file: Path) -> None:
    """Refuse days that contradict each other."""
    days = settings.corrections
    for earlier, later, why in (
        ("overdue_days", "expire_days", "a request would expire before it could be overdue"),
        ("watch_days", "keep_days", "a request would be purged while its value is still watched"),
        ("evidence_days", "keep_days", "evidence would outlive its request"),
    ):
        if getattr(days, earlier) > getattr(days, later):
            raise ConfigurationError(
                f"{file}: corrections.{earlier} is more than corrections.{later}: {why}.",
                fix="Make the first smaller or the second larger.",
            )


def check_mail(settings: Settings, file: Path) -> None:
    """Refuse a mail server that cannot be one, and one that would get personal data over an open line."""
    mail = settings.mail
    if mail is None:
        return
    if not _HOST.fullmatch(mail.host):
        raise ConfigurationError(
            f"{file}: mail.host is not the name of a machine.", fix='Write it as "smtp.example.nl".'
        )
    _check_line(mail, file)
    _check_login(mail, file)
    if not is_address(mail.sender):
        raise ConfigurationError(f"{file}: mail.sender is not one mail address.", fix=_ADDRESS_FIX)


def _check_line(mail: MailSettings, file: Path) -> None:
    if mail.security == "none" and mail.host not in LOOPBACK:
        raise ConfigurationError(
            f'{file}: mail.security = "none" to another machine: personal data would travel unencrypted.',
            fix='Write "starttls" (port 587) or "tls" (port 465); "none" is for a mail server on this machine.',
        )
    if mail.ca_bundle is None:
        return
    if mail.security == "none":
        raise ConfigurationError(
            f'{file}: mail.ca_bundle has no meaning with security = "none".', fix="Remove one of the two."
        )
    if not mail.ca_bundle.is_file():
        raise ConfigurationError(
            f"{file}: mail.ca_bundle names a file that is not there.",
            fix="Give the path of a PEM file or remove the key.",
        )


def _check_login(mail: MailSettings, file: Path) -> None:
    if (mail.username is None) != (mail.password is None or not mail.password.get_secret_value()):
        missing = "password" if mail.username else "username"
        raise ConfigurationError(
            f"{file}: mail.{missing} is missing beside the other.",
            fix=f"Add it, or set CONNECTOR_MAIL__{missing.upper()}; leave both out for a server that asks for none.",
        )


def check_channels(settings: Settings, file: Path) -> None:
    """Refuse a school whose corrections could not reach it as it says."""
    for school, given in settings.schools.items():
        _check_channel(settings, f"{file}: schools.{school}", given)


def _check_channel(settings: Settings, place: str, given: SchoolSettings) -> None:
    if given.corrections is Channel.SOURCE and not settings.sources[given.source].takes_corrections:
        raise ConfigurationError(
            f'{place}.corrections = "source", but its source takes no change requests.',
            fix='Write "mail" and a corrections_mail, or "manual".',
        )
    if given.corrections is Channel.MAIL and given.corrections_mail is None:
        raise ConfigurationError(
            f'{place}.corrections = "mail", but there is no corrections_mail.',
            fix="Add the address that gets the corrections.",
        )
    if given.corrections_mail is None:
        return
    if not is_address(given.corrections_mail):
        raise ConfigurationError(f"{place}.corrections_mail is not one mail address.", fix=_ADDRESS_FIX)
    if settings.mail is None:
        raise ConfigurationError(
            f"{place}.corrections_mail is given, but there is no [mail] section.",
            fix="Add one with at least host and sender, or remove the key.",
        )
