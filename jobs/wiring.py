"""Settings made live: one database, one HTTP door per source, and the parts each school's run needs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import structlog
from sqlalchemy import text

from connector.document_store import DocumentStore
from connector.http import ROOM_FOR_OTHERS, Http, HttpSettings
from connector.mail import Mailer, MailServer
from connector.portal import revision, sqlite
from connector.portal.database import Database, DatabaseClock
from connector.settings_shape import Settings, SourceSettings
from connector.sources.base import Source
from jobs.dialects import DIALECTS
from jobs.fetch_ahead import is_given_up
from jobs.parts import (
    IS_UNWANTED,
    CorrectionPlan,
    DocumentPlan,
    MailPlan,
    Parts,
    Progress,
    SchoolPlan,
    Show,
    clock,
)
from jobs.switch import Switch
from mappings.brake import Limits
from mappings.documents import Rules
from schemas.errors import ConfigurationError, DatabaseRefused
from schemas.ids import SchoolId, parse_school_id
from schemas.pauses import Pause
from schemas.views.catalogue import VIEWS

_log = structlog.get_logger("connector")
_TOO_MANY_REQUESTS = 429
NO_DOCUMENT = Path("no-document.xml")

Stop = Callable[[], bool]


def _never() -> bool:
    return False


def _ignore(_progress: Progress) -> None:
    return None


class Wiring:
    """The live objects of one process. Made by `open_wiring`, closed by leaving its block."""

    def __init__(self, settings: Settings, database: Database, should_stop: Stop = _never) -> None:
        self.settings = settings
        self.database = database
        self._should_stop = should_stop
        self._switch = Switch(database)
        self._doors: dict[tuple[str, bool], Http] = {}

    def schools(self, selection: Sequence[str] = ()) -> tuple[SchoolId, ...]:
        """Give the schools that were named, once each, or all; raises ConfigurationError for an unknown one."""
        return select_schools(self.settings, selection)

    def plan(self, school: SchoolId) -> SchoolPlan:
        """Give what is configured for a school."""
        given = self.settings.schools[school]
        brake = self.settings.brake
        limits = Limits(brake.share, brake.rows, brake.days, brake.pupils_share, brake.per_child)
        return SchoolPlan(school, given.name, given.source, limits, given.institution_number)

    def documents(self) -> DocumentPlan:
        """Give which documents are kept, and where. Raises ConfigurationError for a store that cannot be used."""
        given = self.settings.documents
        store = DocumentStore(given.store_url, self.settings.portal.group) if given.store_url else None
        return DocumentPlan(Rules(given.most_bytes, frozenset(given.content_types)), store)

    def is_fed_by_files(self, school: SchoolId) -> bool:
        """Tell whether this school's records come from files a person imports."""
        return self._source_settings(school).is_file

    def target(self, school: SchoolId) -> timedelta | None:
        """Give how old a school's data may be. None: it is fed by files and has no `fresh_minutes` of its own."""
        own = self.settings.schools[school].fresh_minutes
        if own is None and self.is_fed_by_files(school):
            return None
        return timedelta(minutes=own or self.settings.targets.fresh_minutes)

    def source(self, school: SchoolId, path: Path | None = None) -> Source:
        """Give the source of a school; `path` is the document of one that is fed by files."""
        given = self._source_settings(school)
        dialect = DIALECTS[given.dialect]()
        if dialect.file is not None:
            if path is None:
                raise ConfigurationError(
                    f"School {school} is fed by files ({given.dialect}); there is nobody to ask.",
                    fix=f"Use `connector import {given.dialect} FILE --school {school}`.",
                )
            return dialect.file(path, self.settings.schools[school].institution_number)
        if path is not None:
            name = self.settings.schools[school].source
            raise ConfigurationError(
                f"School {school} is fed by source {name!r} ({given.dialect}), not by files.",
                fix="Use `connector sync`; a school has one source.",
            )
        assert dialect.live is not None  # noqa: S101  a dialect has one of the two
        return dialect.live(self._door(self.settings.schools[school].source))

    def parts(
        self,
        school: SchoolId,
        *,
        on_progress: Show = _ignore,
        should_stop: Stop | None = None,
        path: Path | None = None,
    ) -> Parts:
        """Give everything a run of this school needs."""
        given = self._source_settings(school)
        is_asked = should_stop or self._should_stop
        return Parts(
            database=self.database,
            source=self.source(school, path),
            readers=DIALECTS[given.dialect]().readers,
            school=self.plan(school),
            lease_seconds=self.settings.runs.lease_seconds,
            clock=DatabaseClock(self.database),
            hold_days=self.settings.runs.hold_days,
            unreadable_hours=self.settings.runs.unreadable_hours,
            parallel_requests=1 if given.is_file else given.parallel_requests,
            on_progress=on_progress,
            should_stop=lambda: is_asked() or self.pause(school) is not None,
            pause=lambda: self.pause(school, is_fresh=True),
            documents=self.documents(),
            corrections=self.corrections(school),
        )

    def now(self) -> datetime:
        """Give this moment by the database's clock, which is the one that counts."""
        return DatabaseClock(self.database)()

    def clock_lead(self) -> timedelta:
        """Give how far this machine's clock is ahead of the database's; negative when it is behind."""
        return clock() - self.now()

    def corrections(self, school: SchoolId) -> CorrectionPlan:
        """Give how corrections reach a school, and how long each part of their life may take."""
        given = self.settings.corrections
        return CorrectionPlan(
            self.settings.channel(school),
            given.overdue_days,
            given.expire_days,
            given.watch_days,
            given.keep_days,
            given.evidence_days,
            self._mail(school),
        )

    def _mail(self, school: SchoolId) -> MailPlan | None:
        mailer, given = self.mailer(), self.settings.schools[school]
        if mailer is None or given.corrections_mail is None:
            return None
        return MailPlan(mailer, given.corrections_mail, given.corrections_language)

    def mailer(self) -> Mailer | None:
        """Give the door to the mail server, where there is one."""
        server = self.settings.mail
        if server is None:
            return None
        return Mailer(
            MailServer(
                server.host,
                server.sender,
                server.port,
                server.security,
                server.username,
                server.password,
                server.timeout_seconds,
                server.ca_bundle,
            )
        )

    def patient_parts(self, school: SchoolId, *, on_progress: Show = _ignore) -> Parts:
        """Give everything for work that may only use what others leave of the source: one request at a time."""
        parts = self.parts(school, on_progress=on_progress)
        live = DIALECTS[self._source_settings(school).dialect]().live
        assert live is not None  # noqa: S101  `parts` refused a school that is fed by files
        source = live(self._door(self.settings.schools[school].source, leaves_room=True))
        return parts._replace(source=source, parallel_requests=1)

    def patient_pace(self, school: SchoolId) -> float | None:
        """Give how many requests per second such work makes of the school's source at most, or None."""
        pace = self._source_settings(school).requests_per_second
        return None if pace is None else pace / ROOM_FOR_OTHERS

    def pause(self, school: SchoolId, *, is_fresh: bool = False) -> Pause | None:
        """Give the pause that holds a school, as it was a second ago or as it is."""
        return self._switch.of_school(school, self.settings.schools[school].source, is_fresh=is_fresh)

    def load(self, schools: Sequence[SchoolId]) -> None:
        """Load the dialects of these schools, so that a process made from this one has them."""
        for school in schools:
            DIALECTS[self._source_settings(school).dialect]()

    def parallel_schools(self, source: str) -> int:
        """Give how many schools of a source a sync works on at a time."""
        return self.settings.sources[source].parallel_schools

    def _source_settings(self, school: SchoolId) -> SourceSettings:
        return self.settings.sources[self.settings.schools[school].source]

    def _door(self, name: str, *, leaves_room: bool = False) -> Http:
        key = (name, leaves_room)
        if key not in self._doors:
            settings = _http_settings(self.settings.sources[name])._replace(leaves_room=leaves_room)
            self._doors[key] = Http(settings, should_stop=self._is_unwanted, on_event=partial(_tell, name))
        return self._doors[key]

    def _is_unwanted(self) -> bool:
        """Tell whether no further request should be made: by the process, the run, or for what nobody waits for."""
        return self._should_stop() or is_given_up() or IS_UNWANTED.get()()


@contextmanager
def open_wiring(settings: Settings, *, should_stop: Stop = _never, is_migrated: bool = True) -> Iterator[Wiring]:
    """Open the database and give the live objects; `should_stop` is also asked while a request waits.

    Raises ConfigurationError unless the database is migrated; `is_migrated` False leaves that out.
    """
    database = open_database(settings)
    try:
        if is_migrated:
            require_migrated(database)
        yield Wiring(settings, database, should_stop)
    finally:
        database.dispose()


def open_database(settings: Settings, *, is_impatient: bool = False) -> Database:
    """Give the portal database, unopened. Raises ConfigurationError when the SQLite file has nowhere to be."""
    given = settings.portal
    database = Database(given.database_url.get_secret_value(), is_impatient=is_impatient, group=given.group)
    path = sqlite_file(database)
    if path is not None and not path.parent.is_dir():
        raise ConfigurationError(
            "portal.database_url names a file in a folder that is not there.",
            fix="Make the folder, or correct the URL.",
        )
    return database


def require_migrated(database: Database) -> None:
    """Raise ConfigurationError unless the database is at the newest revision. Creates no file."""
    path = sqlite_file(database)
    if path is not None and not path.exists():
        raise ConfigurationError(
            "The portal database does not exist yet.", fix="Run `connector db upgrade`; it makes the file."
        )
    found = revision.current(database)
    if found.is_current:
        return
    if found.current is None:
        raise ConfigurationError("The portal database has no tables yet.", fix="Run `connector db upgrade`.")
    raise ConfigurationError(
        f"The portal database is at revision {found.current}, this program needs {found.newest}.",
        fix="Run `connector db upgrade`; if that does not know the revision, this program is the older one.",
    )


def check_views(database: Database) -> int:
    """Read no row of every view the portal reads; give their number. Raises ConfigurationError naming a broken one."""
    for name in VIEWS:
        try:
            with database.session() as session, session.read() as connection:
                connection.execute(text(f"SELECT * FROM {name} WHERE 1 = 0"))  # noqa: S608  our own names
        except DatabaseRefused:
            raise ConfigurationError(
                f"The view {name} cannot be read.", fix="Run `connector db upgrade`; it makes the views anew."
            ) from None
    return len(VIEWS)


def sqlite_file(database: Database) -> Path | None:
    """Give the file of a SQLite database, or None."""
    return sqlite.file_of(database.url) if database.dialect == "sqlite" else None


def select_schools(settings: Settings, selection: Sequence[str] = ()) -> tuple[SchoolId, ...]:
    """Give the schools that were named, once each, or all; raises ConfigurationError for an unknown one."""
    if not settings.schools:
        raise ConfigurationError("No school is configured.", fix='Add a [schools."99AA00"] section.')
    if not selection:
        return tuple(settings.schools)
    chosen = tuple(dict.fromkeys(parse_school_id(text) for text in selection))
    for school in chosen:
        if school not in settings.schools:
            known = ", ".join(settings.schools)
            raise ConfigurationError(
                f"School {school} is not configured (there are: {known}).",
                fix=f'Choose one of these, or add a [schools."{school}"] section.',
            )
    return chosen


def _http_settings(given: SourceSettings) -> HttpSettings:
    assert given.base_url is not None  # noqa: S101  settings.load has seen to these three
    assert given.client_id is not None  # noqa: S101
    assert given.client_secret is not None  # noqa: S101
    return HttpSettings(
        given.base_url,
        given.client_id,
        given.client_secret,
        timeout_seconds=given.timeout_seconds,
        attempts=given.attempts,
        requests_per_second=given.requests_per_second,
        ca_bundle=None if given.ca_bundle is None else str(given.ca_bundle),
    )


def _tell(source: str, name: str, fields: Mapping[str, object]) -> None:
    """Say what the door of a source met, without a path: a path holds keys."""
    said = {key: fields[key] for key in ("status", "kind", "attempt", "seconds", "wait_seconds") if key in fields}
    match name:
        case "http_answered":
            _log.debug("source_answered", source=source, **said)
        case "http_failed":
            _log.debug("source_failed", source=source, **said)
        case "http_paced":
            _log.debug("source_paced", source=source, **said)
        case "http_retry" if fields.get("status") == _TOO_MANY_REQUESTS:
            _log.info("source_rate_limited", source=source, **said)
        case "http_retry":
            _log.warning("source_retry", source=source, **said)
