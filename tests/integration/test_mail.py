"""Letters through a real mail server: what arrives, over which line, and what is said when it does not."""

from __future__ import annotations

import json
import logging
import socket
import threading
import traceback
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import SecretStr

from connector.mail import Mailer, MailServer
from mappings.reviews import letter, message_name, withdrawal
from schemas.errors import ConfigurationError, ConnectorError, CorrectionRefused, OutcomeUnknown, TransientError
from schemas.letters import Attachment, Letter
from tests.mailbox import BREAK, CA, OTHER_CA, Mailbox, mailbox
from tests.unit.review_builders import NEW_PHONES, OLD_PHONES, PHONES, line, review

NOW = datetime(2026, 11, 25, 14, 0, tzinfo=UTC)
SENDER, OFFICE = "portaal@example.nl", "kanarie-kantoor@school.example"
CANARY = "kanarie-7f3a"
PASSWORD = "kanarie-wachtwoord"
REVIEW = review(line(new=CANARY, person=f"{CANARY} kind"), line(PHONES, OLD_PHONES, NEW_PHONES, number=2))


def _mailer(box: Mailbox, **more: Any) -> Mailer:
    given: dict[str, Any] = {"host": "localhost", "port": box.port, "ca_bundle": CA, "timeout_seconds": 5}
    return Mailer(MailServer(sender=SENDER, **{**given, **more}))


def _send(mailer: Mailer, found: Letter | None = None, to: str = OFFICE) -> None:
    named = mailer.message_id(message_name(REVIEW.school, REVIEW.reference))
    mailer.send(found or letter(REVIEW), to, message_id=named, now=NOW)


def _fails(mailer: Mailer, found: Letter | None = None) -> ConnectorError:
    """Give what is raised, having looked for values and addresses in all that would be logged of it."""
    with pytest.raises(ConnectorError) as caught:
        _send(mailer, found)
    told = "".join(traceback.format_exception(caught.value))
    assert "kanarie" not in told + repr(caught.value)
    assert SENDER not in told
    return caught.value


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_letter_arrives_once_and_whole_over_tls(security: str) -> None:
    """Every byte of both files, under the Message-ID given, from and to whom it should; the line was encrypted."""
    with mailbox(security=security) as box:
        _send(_mailer(box, security=security))
    mail = box.one()
    assert box.had_tls == [True]
    assert box.envelopes == [(SENDER, (OFFICE,))]
    assert (mail["From"], mail["To"], mail["Subject"]) == (SENDER, OFFICE, letter(REVIEW).subject)
    assert mail["Message-ID"] == "<correction.99AA00.C-7K2M9Q@example.nl>"
    assert (mail["Auto-Submitted"], mail["Date"].datetime) == ("auto-generated", NOW)
    body = mail.get_body()
    assert body is not None
    assert body.get_content().replace("\r\n", "\n") == letter(REVIEW).text
    files = list(mail.iter_attachments())
    assert [one.get_filename() for one in files] == ["C-7K2M9Q.html", "C-7K2M9Q.json"]
    assert [one.get_payload(decode=True) for one in files] == [one.content for one in letter(REVIEW).attachments]
    assert json.loads(files[1].get_content())["items"][0]["new"] == CANARY


def test_a_line_that_begins_with_a_dot_and_a_long_one_arrive_as_they_are() -> None:
    """The dot that ends a mail is doubled on the way, and no line is longer than a server must take."""
    text = ".\n..dots\n" + "é" * 5_000 + "\n"
    with mailbox() as box:
        _send(_mailer(box), Letter("Punten", text, (Attachment("a.json", "application/json", b"x" * 1_000_000),)))
    body = box.one().get_body()
    assert body is not None
    assert body.get_content().replace("\r\n", "\n") == text
    assert max(len(one) for one in box.arrived[0].split(b"\r\n")) <= 998
    (file,) = box.one().iter_attachments()
    assert file.get_content() == b"x" * 1_000_000


def test_what_a_mailbox_shows_without_opening_a_file_names_nobody() -> None:
    """Outside the two files there is no value and no name: not in a header, the subject, the text or a file's name."""
    with mailbox() as box:
        _send(_mailer(box))
    mail = box.one()
    body = mail.get_body()
    assert body is not None
    assert CANARY not in body.get_content() + str(mail.items())
    assert "Hof" not in body.get_content() + str(mail.items())
    assert all(CANARY not in str(file.items()) for file in mail.iter_attachments())


def test_a_withdrawal_answers_the_letter_it_takes_back() -> None:
    """A mail program shows the two together."""
    with mailbox() as box:
        mailer = _mailer(box)
        first = mailer.message_id(message_name(REVIEW.school, REVIEW.reference))
        second = mailer.message_id(message_name(REVIEW.school, REVIEW.reference, is_withdrawal=True))
        found = withdrawal(REVIEW.reference, "nl")
        mailer.send(found, OFFICE, message_id=second, now=NOW, in_reply_to=first)
    mail = box.one()
    assert (mail["In-Reply-To"], mail["References"], mail["Message-ID"]) == (first, first, second)


def test_a_login_is_used_where_the_server_asks_for_one() -> None:
    """It travels over TLS only after the certificate was checked."""
    with mailbox(needs_login=True) as box:
        _send(_mailer(box, username="portaal", password=SecretStr(PASSWORD)))
        assert box.logins == [(b"portaal", PASSWORD.encode())]
    assert len(box.arrived) == 1


def test_a_refused_login_is_for_a_person_to_mend() -> None:
    """Trying again would lock the account; neither name nor password is said."""
    with mailbox(needs_login=True) as box:
        box.login = "535 5.7.8 kanarie-wachtwoord is wrong"
        error = _fails(_mailer(box, username="kanarie", password=SecretStr(PASSWORD)))
        assert isinstance(error, ConfigurationError)
        assert "mail.password" in error.fix
        assert isinstance(_fails(_mailer(box)), ConfigurationError)
        box.login = "454 4.7.0 later"
        error = _fails(_mailer(box, username="kanarie", password=SecretStr(PASSWORD)))
        assert isinstance(error, TransientError)
    assert box.arrived == []


def test_a_server_without_starttls_gets_nothing() -> None:
    """A plain line is refused before any address is said, also when somebody between took the offer away."""
    with mailbox(security="none") as box:
        error = _fails(_mailer(box))
        assert isinstance(error, ConfigurationError)
        assert "STARTTLS" in error.message
        assert box.arrived == []
        _send(_mailer(box, security="none"))
        assert box.had_tls == [False]


@pytest.mark.parametrize("security", ["starttls", "tls"])
@pytest.mark.parametrize("wrong", [{"ca_bundle": OTHER_CA}, {"host": "127.0.0.1"}, {"ca_bundle": None}])
def test_a_certificate_that_is_not_the_servers_gets_nothing(security: str, wrong: dict[str, Any]) -> None:
    """Another authority, another name, and one that nobody trusts: a person must look, and nothing was sent."""
    with mailbox(security=security) as box:
        error = _fails(_mailer(box, security=security, **wrong))
    assert isinstance(error, ConfigurationError)
    assert "mail.ca_bundle" in error.fix
    assert box.arrived == []


@pytest.mark.parametrize("where", ["sender", "recipient", "data"])
@pytest.mark.parametrize("code", [550, 552, 554])
def test_a_refusal_for_good_has_its_code(where: str, code: int) -> None:
    """5xx to sender, recipient or mail: CorrectionRefused with the number; the server's words are not repeated."""
    with mailbox() as box:
        setattr(box, where, f"{code} 5.1.1 no such user {OFFICE} {CANARY}")
        error = _fails(_mailer(box))
        assert isinstance(error, CorrectionRefused)
        assert error.code == f"smtp_{code}"
        assert box.arrived == []
        setattr(box, where, "")
        _send(_mailer(box))
    assert len(box.arrived) == 1


@pytest.mark.parametrize("where", ["sender", "recipient", "data"])
@pytest.mark.parametrize("code", [421, 451, 452])
def test_a_later_of_the_server_is_tried_again(where: str, code: int) -> None:
    """4xx at any place is a TransientError, for it says that nothing was taken."""
    with mailbox() as box:
        setattr(box, where, f"{code} 4.7.1 greylisted {OFFICE}")
        error = _fails(_mailer(box))
    assert isinstance(error, TransientError)
    assert not isinstance(error, OutcomeUnknown)
    assert str(code) in error.message
    assert box.arrived == []


def test_a_letter_larger_than_the_server_takes_is_refused_for_good() -> None:
    """The size is said before the mail is sent, so that the refusal costs nothing."""
    with mailbox(most_bytes=1_000) as box:
        error = _fails(_mailer(box))
    assert isinstance(error, CorrectionRefused)
    assert error.code == "smtp_552"


@pytest.mark.parametrize("where", ["sender", "recipient"])
def test_a_line_broken_before_the_mail_leaves_no_doubt(where: str) -> None:
    """Nothing can have arrived: it may simply be tried again."""
    with mailbox() as box:
        setattr(box, where, BREAK)
        error = _fails(_mailer(box))
    assert isinstance(error, TransientError)
    assert not isinstance(error, OutcomeUnknown)


@pytest.mark.parametrize("is_taken", [True, False])
def test_a_line_broken_after_the_mail_leaves_the_outcome_unknown(is_taken: bool) -> None:
    """Taken or not, the sender cannot know; sent again it has the same Message-ID, so the office sees one request."""
    with mailbox() as box:
        box.data, box.takes_before_it_breaks = BREAK, is_taken
        assert isinstance(_fails(_mailer(box)), OutcomeUnknown)
        box.data = ""
        _send(_mailer(box), letter(REVIEW._replace(is_repeat=True)))
    assert len(box.arrived) == 1 + is_taken
    assert {one.count(b"Message-ID: <correction.99AA00.C-7K2M9Q@example.nl>") for one in box.arrived} == {1}


def test_a_server_that_falls_silent_after_the_mail_leaves_the_outcome_unknown() -> None:
    """After timeout_seconds, not for ever."""
    with mailbox() as box:
        box.silent_seconds = 2
        assert isinstance(_fails(_mailer(box, timeout_seconds=0.5)), OutcomeUnknown)


def test_a_server_that_is_not_there_or_says_nothing_is_tried_again() -> None:
    """No server on the port, one that never greets, and one that is no mail server."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        silent = Mailer(MailServer("localhost", SENDER, port, ca_bundle=CA, timeout_seconds=0.3))
        assert isinstance(_fails(silent), TransientError)
        answering = threading.Thread(target=_answer_http, args=(listening,))
        answering.start()
        assert isinstance(_fails(silent), TransientError)
        answering.join()
    assert isinstance(_fails(silent), TransientError)


def _answer_http(listening: socket.socket) -> None:
    for _ in range(2):  # the first is the one that was left waiting before
        line, _ = listening.accept()
        with line, suppress(OSError):
            line.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def test_a_name_that_nobody_knows_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The resolver's own failure is a matter of waiting."""

    def _unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", _unknown)
    assert isinstance(_fails(Mailer(MailServer("smtp.example.nl", SENDER))), TransientError)


@pytest.mark.parametrize(
    ("to", "subject", "message_id"),
    [
        ("a@b.nl\r\nBcc: c@d.nl", "x", "<a@b.nl>"),
        ("a@b.nl, c@d.nl", "x", "<a@b.nl>"),
        ("a@b.nl> SIZE=1", "x", "<a@b.nl>"),
        (OFFICE, "x\r\nBcc: c@d.nl", "<a@b.nl>"),
        (OFFICE, "x\nBcc: c@d.nl", "<a@b.nl>"),
        (OFFICE, "x", "<a@b.nl>\r\nBcc: c@d.nl"),
        (OFFICE, "x", "<a b@b.nl>"),
    ],
)
def test_a_line_end_in_a_header_sends_nothing(to: str, subject: str, message_id: str) -> None:
    """No second recipient and no second header can be smuggled in: it is refused before the line is opened."""
    with mailbox() as box, pytest.raises(ValueError, match=r"not one mail address|not a Message-ID|Header values"):
        _mailer(box).send(Letter(subject, "x"), to, message_id=message_id, now=NOW)
    assert box.arrived == []


def test_nothing_of_a_letter_is_logged_or_printed(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """At the lowest level, for one that arrives, one that is refused and one that is lost."""
    logging.getLogger("mail.log").setLevel(logging.CRITICAL)  # the tests' own server speaks too; it is not ours
    with caplog.at_level(logging.DEBUG), mailbox() as box:
        _send(_mailer(box))
        box.recipient = f"550 {CANARY}"
        _fails(_mailer(box))
        box.recipient, box.data = "", BREAK
        _fails(_mailer(box))
    printed = capfd.readouterr()
    assert "kanarie" not in caplog.text + printed.out + printed.err
    assert SENDER not in caplog.text + printed.out + printed.err


def test_the_password_is_not_in_the_text_of_the_settings_of_a_server() -> None:
    """Printing it shows stars."""
    assert PASSWORD not in repr(MailServer("localhost", SENDER, username="a", password=SecretStr(PASSWORD)))


def test_the_server_can_be_tried_without_a_letter() -> None:
    """What `connector check` does: line, certificate and login as a letter would have them; nothing is sent."""
    with mailbox(needs_login=True) as box:
        given = {"username": "portaal", "password": SecretStr(PASSWORD)}
        _mailer(box, **given).probe()
        with pytest.raises(ConfigurationError):
            _mailer(box, ca_bundle=OTHER_CA, **given).probe()
        box.login = "535 no"
        with pytest.raises(ConfigurationError):
            _mailer(box, **given).probe()
    with pytest.raises(TransientError):
        _mailer(box).probe()
    assert box.arrived == []
