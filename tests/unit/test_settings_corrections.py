"""Settings of corrections: their days, the mail server, and how they reach each school."""

from __future__ import annotations

from pathlib import Path

import pytest

from connector.settings import Settings, load
from schemas.corrections import Channel
from schemas.errors import ConfigurationError
from schemas.ids import SchoolId

CANARY = "hunter2-canary"
SECRET = {"CONNECTOR_SOURCES__MAIN__CLIENT_SECRET": "s"}
SOURCES = (
    '[portal]\ndatabase_url = "sqlite:///portal.db"\n[sources.files]\ndialect = "edexml"\n'
    '[sources.main]\ndialect = "reference"\nbase_url = "https://sis.example"\nclient_id = "connector"\n'
)
SCHOOL = '[schools."99AA00"]\nname = "De Regenboog"\nsource = "main"\n'
FILES = '[schools."99AA00"]\nname = "De Regenboog"\nsource = "files"\n'
MAIL = '[mail]\nhost = "smtp.example.nl"\nsender = "portaal@example.nl"\n'
ADDRESS = 'corrections_mail = "administratie@school.example"\n'
ONE = SchoolId("99AA00")


def _load(tmp_path: Path, text: str, environ: dict[str, str] | None = None) -> Settings:
    file = tmp_path / "config.toml"
    file.write_text(SOURCES + text, encoding="utf-8")
    return load(file, {**SECRET, **(environ or {})})


def _refused(tmp_path: Path, text: str, environ: dict[str, str] | None = None) -> str:
    with pytest.raises(ConfigurationError) as caught:
        _load(tmp_path, text, environ)
    assert caught.value.fix
    assert CANARY not in str(caught.value)
    return str(caught.value)


def test_without_a_word_there_is_no_mail_and_every_day_has_its_default(tmp_path: Path) -> None:
    """No [mail] section is no mail; the days of [corrections] need not be said."""
    settings = _load(tmp_path, SCHOOL)
    assert settings.mail is None
    days = settings.corrections
    assert (days.overdue_days, days.expire_days, days.watch_days) == (10, 90, 30)
    assert (days.keep_days, days.evidence_days) == (365, 30)


@pytest.mark.parametrize(
    ("text", "channel"),
    [
        (SCHOOL, Channel.SOURCE),
        (FILES, Channel.MANUAL),
        (FILES + ADDRESS + MAIL, Channel.MAIL),
        (SCHOOL + ADDRESS + MAIL, Channel.SOURCE),
        (SCHOOL + ADDRESS + 'corrections = "mail"\n' + MAIL, Channel.MAIL),
        (FILES + ADDRESS + 'corrections = "manual"\n' + MAIL, Channel.MANUAL),
    ],
)
def test_how_corrections_reach_a_school(tmp_path: Path, text: str, channel: Channel) -> None:
    """As the school says; else into its SIS where that takes them, else by mail with an address, else by command."""
    settings = _load(tmp_path, text)
    assert settings.channel(ONE) is channel
    assert settings.schools[ONE].corrections_language == "nl"


def test_a_mail_server_has_defaults_and_a_secret_in_a_file(tmp_path: Path) -> None:
    """Host and sender are enough; the password comes from a file named by a key or a variable, and is never shown."""
    settings = _load(tmp_path, SCHOOL + MAIL)
    assert settings.mail is not None
    assert (settings.mail.port, settings.mail.security, settings.mail.timeout_seconds) == (587, "starttls", 30)
    assert settings.mail.password is None
    (tmp_path / "secret").write_text(f"{CANARY}\n", encoding="utf-8")
    named = SCHOOL + MAIL + 'username = "portaal"\n'
    by_key = _load(tmp_path, named + 'password_file = "secret"\n')
    by_variable = _load(tmp_path, named, {"CONNECTOR_MAIL__PASSWORD_FILE": str(tmp_path / "secret")})
    for settings in (by_key, by_variable):
        assert settings.mail is not None
        assert settings.mail.password is not None
        assert settings.mail.password.get_secret_value() == CANARY
        assert CANARY not in repr(settings) + settings.model_dump_json()


def test_a_mail_server_can_come_from_the_environment_alone(tmp_path: Path) -> None:
    """Two variables make the section."""
    said = {"CONNECTOR_MAIL__HOST": "smtp.example.nl", "CONNECTOR_MAIL__SENDER": "portaal@example.nl"}
    settings = _load(tmp_path, SCHOOL, said)
    assert settings.mail is not None
    assert settings.mail.host == "smtp.example.nl"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_an_open_line_is_for_this_machine(tmp_path: Path, host: str) -> None:
    """No security is taken for loopback, and refused for every other host."""
    plain = f'[mail]\nhost = "{host}"\nport = 25\nsecurity = "none"\nsender = "portaal@example.nl"\n'
    assert _load(tmp_path, SCHOOL + plain).mail is not None
    assert "unencrypted" in _refused(tmp_path, SCHOOL + plain.replace(host, "smtp.example.nl"))


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (SCHOOL + "[corrections]\noverdue_days = 0\n", "corrections.overdue_days"),
        (SCHOOL + "[corrections]\noverdue_days = 91\n", "corrections.overdue_days"),
        (SCHOOL + "[corrections]\nwatch_days = 366\n", "corrections.watch_days"),
        (SCHOOL + "[corrections]\nkeep_days = 30\nevidence_days = 31\n", "corrections.evidence_days"),
        (SCHOOL + "[corrections]\nattempts = 3\n", "corrections.attempts"),
        (FILES + 'corrections = "source"\n', "schools.99AA00.corrections"),
        (FILES + 'corrections = "mail"\n' + MAIL, "schools.99AA00.corrections"),
        (SCHOOL + f'corrections = "{CANARY}"\n', "schools.99AA00.corrections"),
        (SCHOOL + 'corrections_language = "fr"\n', "schools.99AA00.corrections_language"),
        (FILES + ADDRESS, "no [mail] section"),
        (SCHOOL + MAIL + "port = 0\n", "mail.port"),
        (SCHOOL + MAIL + 'security = "ssl"\n', "mail.security"),
        (SCHOOL + MAIL + "timeout_seconds = 0\n", "mail.timeout_seconds"),
        (SCHOOL + MAIL + 'ca_bundle = "nowhere.pem"\n', "mail.ca_bundle"),
        (SCHOOL + MAIL.replace("smtp.example.nl", "smtp.example.nl:587"), "mail.host"),
        (SCHOOL + MAIL.replace("smtp.example.nl", f"smtp://{CANARY}"), "mail.host"),
        (SCHOOL + MAIL + 'username = "portaal"\n', "mail.password"),
        (SCHOOL + MAIL + f'password = "{CANARY}"\n', "mail.username"),
        (SCHOOL + '[mail]\nhost = "smtp.example.nl"\n', "mail.sender"),
        (SCHOOL + '[mail]\nsender = "portaal@example.nl"\n', "mail.host"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_its_key(tmp_path: Path, text: str, key: str) -> None:
    """Days against each other, a channel that leads nowhere and half a mail server: file, key and fix, no value."""
    assert key in _refused(tmp_path, text)


@pytest.mark.parametrize(
    "address",
    [
        "a@b.nl, c@d.nl",
        "Office <a@b.nl>",
        "a@b.nl\\r\\nBcc: c@d.nl",
        "a@b",
        "a@@b.nl",
        "@b.nl",
        "a.@b.nl",
        "a@-b.nl",
        "a b@c.nl",
        "é@b.nl",
        "a@é.nl",
        f"{CANARY}",
        "a" * 250 + "@b.nl",
    ],
)
def test_only_one_plain_address_is_taken(tmp_path: Path, address: str) -> None:
    """Lists, names, line ends, spaces and letters that not every server takes are refused, for school and sender."""
    assert "corrections_mail" in _refused(tmp_path, FILES + f'corrections_mail = "{address}"\n' + MAIL)
    assert "mail.sender" in _refused(tmp_path, SCHOOL + MAIL.replace("portaal@example.nl", address))
