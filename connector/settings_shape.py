"""What can be set: sections, keys, types, bounds and defaults. `connector.settings` reads and checks them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from schemas.brake import PER_CHILD
from schemas.corrections import Channel
from schemas.ids import SchoolId
from schemas.reviews import Language
from schemas.streams import Stream
from schemas.windows import parse_window

PREFIX = "CONNECTOR_"
NEVER = "never"

Text = Annotated[str, Field(min_length=1)]
MediaType = Annotated[str, Field(pattern=r"^[a-z0-9.+-]+/[a-z0-9.+-]+$")]
InstitutionNumber = Annotated[str, Field(pattern=r"^[1-9][0-9]{1,5}$")]
"""A Flemish instellingsnummer: two to six digits, no leading zero."""
Minutes = Annotated[int, Field(ge=1, le=527_040)]
"""A number of minutes up to a year."""
Days = Annotated[int, Field(ge=1, le=3660)]
"""A number of days up to ten years."""
PerChild = Annotated[int, Field(ge=0, le=1000)]
"""How many new records of a stream one child may get in 24 hours."""


def _is_window(text: str) -> str:
    parse_window(text)
    return text


def _is_night(text: str) -> str:
    return text if text == NEVER else _is_window(text)


WindowText = Annotated[str, AfterValidator(_is_window)]
"""A part of every day, as in "01:00-05:00", by the school's wall clock."""
NightText = Annotated[str, AfterValidator(_is_night)]
"""A window, or never."""

Listen = Annotated[str, Field(pattern=r"^(\S+:[0-9]{1,5})?$", max_length=255)]
"""HOST:PORT, or nothing."""


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, str_strip_whitespace=True)


class PortalSettings(_Section):
    """Where the portal database is."""

    database_url: SecretStr
    group: Text | None = None


class SourceSettings(_Section):
    """One student information system, or the files it exports."""

    dialect: Literal["reference", "edexml"]
    base_url: Text | None = None
    client_id: Text | None = None
    client_secret: SecretStr | None = None
    timeout_seconds: float = Field(default=30, gt=0, le=600)
    attempts: int = Field(default=5, ge=1, le=20)
    requests_per_second: float | None = Field(default=None, gt=0)
    parallel_requests: int = Field(default=4, ge=1, le=16)
    parallel_schools: int = Field(default=2, ge=1, le=8)
    quiet_hours: tuple[WindowText, ...] = ()
    nightly: NightText = "01:00-05:00"
    ca_bundle: Path | None = None
    allow_plain_http: bool = False

    @property
    def is_file(self) -> bool:
        """Tell whether this source is read from files a person hands over."""
        return self.dialect == "edexml"

    @property
    def takes_corrections(self) -> bool:
        """Tell whether change requests can be put into this source."""
        return self.dialect == "reference"


class SchoolSettings(_Section):
    """One school and what feeds it."""

    name: Text
    source: Text
    institution_number: InstitutionNumber | None = None
    fresh_minutes: Minutes | None = None
    corrections: Channel | None = None
    corrections_mail: Text | None = None
    corrections_language: Language = "nl"


class BrakeSettings(_Section):
    """Above which change of a stream a person is asked; `most_` says how many new records a child may get in a day."""

    share: float = Field(default=0.10, gt=0, le=1)
    rows: int = Field(default=3, ge=1)
    days: int = Field(default=14, ge=1, le=366)
    pupils_share: float = Field(default=0.20, gt=0, le=1)
    most_absences: PerChild = PER_CHILD[Stream.ABSENCES]
    most_group_memberships: PerChild = PER_CHILD[Stream.GROUP_MEMBERSHIPS]
    most_invoices: PerChild = PER_CHILD[Stream.INVOICES]
    most_reports: PerChild = PER_CHILD[Stream.REPORTS]
    most_method_test_results: PerChild = PER_CHILD[Stream.METHOD_TEST_RESULTS]
    most_test_results: PerChild = PER_CHILD[Stream.TEST_RESULTS]
    most_notes: PerChild = PER_CHILD[Stream.NOTES]
    most_medical_items: PerChild = PER_CHILD[Stream.MEDICAL_ITEMS]
    most_support_plans: PerChild = PER_CHILD[Stream.SUPPORT_PLANS]

    @property
    def per_child(self) -> Mapping[Stream, int]:
        """Give the number of new records a child may get, by stream."""
        return {stream: getattr(self, f"most_{stream.value}") for stream in PER_CHILD}


class RunSettings(_Section):
    """How long a run may be silent, and how long held keys and rows that nobody can judge wait."""

    lease_seconds: int = Field(default=120, ge=10, le=3600)
    hold_days: int = Field(default=14, ge=1, le=366)
    unreadable_hours: int = Field(default=24, ge=0, le=720)


class TargetSettings(_Section):
    """How old a school's data may be before somebody should look; a school may have its own."""

    fresh_minutes: Minutes = 30


class DocumentSettings(_Section):
    """Which files of the source are kept, and where; no store is the table `documents`."""

    store_url: str = ""
    most_bytes: int = Field(default=20_000_000, ge=1_000, le=60_000_000)
    content_types: tuple[MediaType, ...] = ("application/pdf",)


class ServeSettings(_Section):
    """How `connector serve` keeps time."""

    interval_minutes: int = Field(default=15, ge=1, le=1440)
    jitter_seconds: int = Field(default=15, ge=0, le=600)
    tick_seconds: int = Field(default=5, ge=1, le=60)
    stop_seconds: int = Field(default=30, ge=1, le=600)
    keep_runs_days: int = Field(default=365, ge=2, le=3660)


class CorrectionSettings(_Section):
    """How long a correction may take, how long a confirmed one is watched, and how long all of it is kept."""

    overdue_days: Days = 10
    expire_days: Days = 90
    watch_days: Days = 30
    keep_days: Days = 365
    evidence_days: Days = 30


class MailSettings(_Section):
    """The mail server by which corrections reach a school that has no other way."""

    host: Text
    port: int = Field(default=587, ge=1, le=65_535)
    security: Literal["starttls", "tls", "none"] = "starttls"
    username: Text | None = None
    password: SecretStr | None = None
    sender: Text
    timeout_seconds: float = Field(default=30, gt=0, le=600)
    ca_bundle: Path | None = None


class LogSettings(_Section):
    """How much is logged and in which form."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["auto", "json", "console"] = "auto"


class MetricsSettings(_Section):
    """Where metrics and health are served; nowhere unless somebody says where."""

    listen: Listen = ""


class Settings(BaseSettings):
    """Everything that can be set. Made by `load` only."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
    )

    portal: PortalSettings
    sources: dict[str, SourceSettings] = Field(default_factory=dict)
    schools: dict[SchoolId, SchoolSettings] = Field(default_factory=dict)
    brake: BrakeSettings = BrakeSettings()
    runs: RunSettings = RunSettings()
    targets: TargetSettings = TargetSettings()
    documents: DocumentSettings = DocumentSettings()
    serve: ServeSettings = ServeSettings()
    corrections: CorrectionSettings = CorrectionSettings()
    mail: MailSettings | None = None
    logs: LogSettings = LogSettings()
    metrics: MetricsSettings = MetricsSettings()

    def channel(self, school: SchoolId) -> Channel:
        """Give how corrections reach this school: as it says, else into its source, else by mail, else by command."""
        given = self.schools[school]
        if given.corrections is not None:
            return given.corrections
        if self.sources[given.source].takes_corrections:
            return Channel.SOURCE
        return Channel.MAIL if given.corrections_mail else Channel.MANUAL

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003  the hook's own form
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read nothing behind the caller's back: `load` hands over what it found."""
        return (init_settings,)


SECTIONS: dict[str, type[BaseModel]] = {
    "portal": PortalSettings,
    "sources": SourceSettings,
    "schools": SchoolSettings,
    "brake": BrakeSettings,
    "runs": RunSettings,
    "targets": TargetSettings,
    "documents": DocumentSettings,
    "serve": ServeSettings,
    "corrections": CorrectionSettings,
    "mail": MailSettings,
    "logs": LogSettings,
    "metrics": MetricsSettings,
}
"""The model of each section; of `sources` and `schools` that of one entry."""
