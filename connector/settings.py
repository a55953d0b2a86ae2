"""Settings from a TOML file and the environment: every key known, typed and checked before anything starts.

The environment wins: `CONNECTOR_RUNS__HOLD_DAYS=7`. A secret may lie in a file of its own: `…_FILE` names it.
No message repeats a value, since it could be a secret or hold one.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel, SecretStr, ValidationError
from pydantic_settings import EnvSettingsSource, SettingsError

from connector.settings_corrections import LOOPBACK, check_channels, check_corrections, check_mail
from connector.settings_shape import NEVER, PREFIX, SECTIONS, Settings, SourceSettings
from schemas.errors import ConfigurationError
from schemas.ids import parse_school_id
from schemas.windows import DAY_MINUTES, covered, parse_window

__all__ = ["CONFIG_VARIABLE", "DEFAULT_FILE", "PREFIX", "Settings", "SourceSettings", "find_file", "load"]

CONFIG_VARIABLE = "CONNECTOR_CONFIG"
DEFAULT_FILE = Path("config.toml")
SECRETS = ("client_secret", "database_url", "password")
_SOURCE_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", re.ASCII)
_DATABASE = re.compile(r"(sqlite|postgresql)(\+[a-z]+)?://.+", re.ASCII)
_MOST_SECRET_BYTES = 8192


def find_file(path: Path | None, environ: Mapping[str, str]) -> Path:
    """Give the file to read: the one named, else CONNECTOR_CONFIG's, else ./config.toml."""
    return path or (Path(environ[CONFIG_VARIABLE]) if environ.get(CONFIG_VARIABLE) else DEFAULT_FILE)


def load(path: Path | None, environ: Mapping[str, str]) -> Settings:
    """Read, merge and check; raises ConfigurationError naming file or variable, key and fix."""
    file = find_file(path, environ)
    written = _with_secret_files(file, _normal_schools(_read_toml(file), str(file)))
    _check_names(written, file)
    variables = _variables(environ)
    said = _normal_schools(_from_environment(variables), "the environment")
    try:
        settings = Settings.model_validate(_merged(written, said))
    except ValidationError as error:
        problem = _problem(error, file, variables)
    else:
        _check_sources(settings, file)
        _check_schools(settings, file)
        _check_store(settings, file)
        _check_serve(settings, file)
        check_corrections(settings, file)
        check_mail(settings, file)
        check_channels(settings, file)
        return settings
    raise problem


def _read_toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        fix = (
            "Make one with `cp config.example.toml config.toml`, or name one with --config FILE."
            if file == DEFAULT_FILE
            else f"Check --config or {CONFIG_VARIABLE}; `cp config.example.toml {file}` makes a first one."
        )
        raise ConfigurationError(f"There is no configuration file {file}.", fix=fix) from None
    except OSError as error:
        raise ConfigurationError(
            f"{file} cannot be read ({type(error).__name__}).", fix="Check that it is a file this user may read."
        ) from None
    except UnicodeDecodeError:
        raise ConfigurationError(f"{file} is not UTF-8 text.", fix="Save it as UTF-8.") from None
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"\(at [a-z0-9 ,]+\)", str(error))
        where = f" {place[0]}" if place else ""
        raise ConfigurationError(
            f"{file} is not TOML{where}.", fix='Write key = "value" lines under [section] headings; text needs quotes.'
        ) from None


def _with_secret_files(file: Path, written: dict[str, Any]) -> dict[str, Any]:
    """Replace `NAME_file` keys by the contents of the file, looked for beside the configuration."""
    tables = {name: written.get(name) for name in ("portal", "mail")}
    sources = written.get("sources")
    if isinstance(sources, dict):
        tables |= {f"sources.{name}": table for name, table in sources.items()}
    for place, table in tables.items():
        if not isinstance(table, dict):
            continue
        for secret in SECRETS:
            named = table.pop(f"{secret}_file", None)
            if named is None:
                continue
            key = f"{file}: {place}.{secret}_file"
            if not isinstance(named, str):
                raise ConfigurationError(f"{key} is not text.", fix="Write the path of a file in quotes.")
            if secret in table:
                raise ConfigurationError(f"{key} and {secret} are both set.", fix="Remove one of the two.")
            table[secret] = _secret(file.parent / named, key)
    return written


def _secret(path: Path, key: str) -> str:
    try:
        with path.open("rb") as opened:
            text = opened.read(_MOST_SECRET_BYTES).decode("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"{key}: the file it names cannot be read ({type(error).__name__}).",
            fix="Check the path, and that this user may read it.",
        ) from None
    if not text:
        raise ConfigurationError(f"{key}: the file it names is empty.", fix="Write the secret into it, on one line.")
    return text


def _variables(environ: Mapping[str, str]) -> dict[str, str]:
    """Give our variables, `…_FILE` resolved, by their lower-case names. Refuses names that mean nothing."""
    found: dict[str, str] = {}
    for name in sorted(environ):
        upper = name.upper()
        if not upper.startswith(PREFIX) or upper == CONFIG_VARIABLE:
            continue
        section = upper.removeprefix(PREFIX).partition("__")[0].lower()
        if section not in Settings.model_fields:
            raise ConfigurationError(
                f"The environment variable {name} means nothing here.",
                fix=f"Unset it, or write {PREFIX}SECTION__KEY with one of {', '.join(Settings.model_fields)}.",
            )
        target, value = upper, environ[name]
        if upper.endswith(tuple(f"__{secret.upper()}_FILE" for secret in SECRETS)):
            target = upper.removesuffix("_FILE")
            if target in environ:
                raise ConfigurationError(f"{name} and {target} are both set.", fix="Unset one of the two.")
            value = _secret(Path(value), name)
        found[target.lower()] = value
    return found


class _Environment(EnvSettingsSource):
    """The variables we are given, read by pydantic-settings' own rules."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        super().__init__(Settings)
        self.env_vars = dict(variables)


def _from_environment(variables: Mapping[str, str]) -> dict[str, Any]:
    try:
        return _Environment(variables)()
    except SettingsError as error:
        section = re.search(r'field "([a-z]+)"', str(error))
        name = f"{PREFIX}{section[1].upper()}" if section else "a variable"
    raise ConfigurationError(f"{name} cannot be read.", fix=f"Set single keys instead: {name}__KEY=value.")


def _normal_schools(data: dict[str, Any], where: str) -> dict[str, Any]:
    """Spell every school as BRIN and site; the same one in two spellings is refused."""
    schools = data.get("schools")
    if not isinstance(schools, dict):
        return data
    normal: dict[str, Any] = {}
    for written, table in schools.items():
        try:
            school = parse_school_id(written)
        except ConfigurationError as error:
            raise ConfigurationError(f"{where}: schools: {error.message}", fix=error.fix) from None
        if school in normal:
            raise ConfigurationError(
                f"{where}: school {school} is there twice (as {written!r} and in another spelling).",
                fix="Keep one of the two; 99AA and 99AA00 are the same school.",
            )
        normal[school] = table
    return {**data, "schools": normal}


def _check_names(written: Mapping[str, Any], file: Path) -> None:
    sources = written.get("sources")
    for name in sources if isinstance(sources, dict) else ():
        if not _SOURCE_NAME.fullmatch(name):
            raise ConfigurationError(
                f"{file}: sources.{name[:40]}: the name of a source is small letters, digits and single underscores.",
                fix="Choose a name like main; it is part of the names of environment variables.",
            )


def _merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        under = merged.get(key)
        merged[key] = _merged(under, value) if isinstance(under, dict) and isinstance(value, dict) else value
    return merged


_SAYINGS: Mapping[str, tuple[str, str]] = {
    "missing": ("is missing", "Add it; config.example.toml has every key with its default."),
    "extra_forbidden": ("is not a key we know", "Remove it; config.example.toml has every key."),
    "int_parsing": ("must be a whole number", "Write it without quotes, as in 14."),
    "int_type": ("must be a whole number", "Write it without quotes, as in 14."),
    "int_from_float": ("must be a whole number", "Write it without a fraction, as in 14."),
    "float_parsing": ("must be a number", "Write it without quotes, as in 0.1."),
    "float_type": ("must be a number", "Write it without quotes, as in 0.1."),
    "bool_parsing": ("must be true or false", "Write true or false, without quotes."),
    "bool_type": ("must be true or false", "Write true or false, without quotes."),
    "string_type": ("must be text", "Write it in quotes."),
    "string_too_short": ("is empty", "Write a value, or remove the key to take its default."),
    "model_type": ("must be a section", "Write it as a [section] heading with keys below it."),
    "dict_type": ("must hold sections", "Write a [section.name] heading with keys below it."),
}
_LIMITS = frozenset({"greater_than", "greater_than_equal", "less_than", "less_than_equal", "literal_error", "enum"})
_LIMITS_OPEN = "Input should be "


def _problem(error: ValidationError, file: Path, variables: Mapping[str, str]) -> ConfigurationError:
    """Say the first thing that is wrong, without its value."""
    details = error.errors(include_url=False, include_context=False, include_input=False)
    # A key that is misspelt explains the one that is missing.
    first = min(details, key=lambda detail: detail["type"] != "extra_forbidden")
    kind, loc = first["type"], tuple(str(part) for part in first["loc"])
    variable = PREFIX + "__".join(loc).upper()
    where = variable if variable.lower() in variables else f"{file}: {'.'.join(loc)}"
    if kind in _LIMITS:
        said, fix = f"must be {first['msg'].removeprefix(_LIMITS_OPEN)}", "Choose a value within these bounds."
    else:
        said, fix = _SAYINGS.get(kind, ("has the wrong form", "config.example.toml shows the right one."))
    if kind == "missing" and loc[-1] in SECRETS:
        fix = f"Add it, or set {variable} or {variable}_FILE."
    if kind == "extra_forbidden" and (close := difflib.get_close_matches(loc[-1], _keys_beside(loc), n=1)):
        fix = f"Did you mean {close[0]}? config.example.toml has every key."
    more = f" ({len(details) - 1} more after this one)" if len(details) > 1 else ""
    return ConfigurationError(f"{where} {said}{more}.", fix=fix)


def _keys_beside(loc: tuple[str, ...]) -> list[str]:
    model: type[BaseModel] = Settings if len(loc) == 1 else SECTIONS.get(loc[0], Settings)
    return list(model.model_fields)


def _check_sources(settings: Settings, file: Path) -> None:
    if not _DATABASE.fullmatch(settings.portal.database_url.get_secret_value()):
        raise ConfigurationError(
            f"{file}: portal.database_url is not the address of a SQLite or PostgreSQL database.",
            fix="Write sqlite:///portal.db or postgresql+psycopg://user@host/database.",
        )
    for name, source in settings.sources.items():
        place = f"{file}: sources.{name}"
        if source.is_file:
            _check_file_source(place, source)
        else:
            _check_live_source(place, name, source)
            _check_hours(place, source)


def _check_hours(place: str, source: SourceSettings) -> None:
    quiet = covered(parse_window(one) for one in source.quiet_hours)
    if len(quiet) == DAY_MINUTES:
        raise ConfigurationError(
            f"{place}.quiet_hours cover the whole day: nothing would ever be asked.",
            fix="Leave a part of the day open; to stop a school for a while, pause it.",
        )
    if source.nightly != NEVER and parse_window(source.nightly).minutes <= quiet:
        raise ConfigurationError(
            f"{place}.nightly lies wholly within quiet_hours: it would never run.",
            fix='Choose another window, or write nightly = "never".',
        )


def _check_serve(settings: Settings, file: Path) -> None:
    serve = settings.serve
    if serve.jitter_seconds * 2 > serve.interval_minutes * 60:
        raise ConfigurationError(
            f"{file}: serve.jitter_seconds is more than half of serve.interval_minutes.",
            fix="Make it smaller: it only keeps schools from asking at the very same moment.",
        )


def _check_file_source(place: str, source: SourceSettings) -> None:
    if useless := sorted(source.model_fields_set - {"dialect"}):
        raise ConfigurationError(
            f"{place}.{useless[0]} has no meaning: dialect {source.dialect} is read from files.",
            fix="Remove the key; files are given to `connector import`.",
        )


def _check_live_source(place: str, name: str, source: SourceSettings) -> None:
    variable = f"{PREFIX}SOURCES__{name.upper()}__"
    for key in ("base_url", "client_id", "client_secret"):
        value = getattr(source, key)
        if value is None or (isinstance(value, SecretStr) and not value.get_secret_value()):
            named = f"{variable}{key.upper()}"
            fix = f"Set {named} or {named}_FILE." if key in SECRETS else f"Add it below the heading, or set {named}."
            raise ConfigurationError(f"{place}.{key} is missing.", fix=fix)
    _check_address(f"{place}.base_url", source)
    if source.ca_bundle is not None and not source.ca_bundle.exists():
        raise ConfigurationError(
            f"{place}.ca_bundle names a file that is not there.", fix="Give the path of a PEM file or remove the key."
        )


def _check_address(place: str, source: SourceSettings) -> None:
    fix = "Write it as https://host[:port][/path]."
    try:
        parsed = urlsplit(source.base_url or "")
        host, _port = parsed.hostname, parsed.port
    except ValueError:
        raise ConfigurationError(f"{place} is not an address.", fix=fix) from None
    if parsed.scheme not in {"http", "https"} or not host or "\\" in (source.base_url or ""):
        raise ConfigurationError(f"{place} is not an address.", fix=fix)
    if parsed.username or parsed.password or parsed.query or parsed.fragment:
        raise ConfigurationError(f"{place} holds a user, a query or a fragment.", fix=fix)
    if parsed.scheme == "http" and host not in LOOPBACK and not source.allow_plain_http:
        raise ConfigurationError(
            f"{place} is plain http to another machine: pupils' data would travel unencrypted.",
            fix="Write https://, or set allow_plain_http = true if the line is protected otherwise.",
        )


def _check_schools(settings: Settings, file: Path) -> None:
    for school, given in settings.schools.items():
        if given.source not in settings.sources:
            known = ", ".join(settings.sources) or "none"
            raise ConfigurationError(
                f"{file}: schools.{school}.source names {given.source[:40]!r}, but there is only: {known}.",
                fix=f"Use one of them, or add a [sources.{given.source[:40]}] section.",
            )
        if given.institution_number is not None and not settings.sources[given.source].is_file:
            raise ConfigurationError(
                f"{file}: schools.{school}.institution_number has no meaning: its source is not read from files.",
                fix="Remove the key; it names the school in the EDEXML files of a Flemish school.",
            )
    numbers = [given.institution_number for given in settings.schools.values() if given.institution_number]
    if len(set(numbers)) < len(numbers):
        raise ConfigurationError(
            f"{file}: two schools have the same institution_number.", fix="Give each the one its files name."
        )


def _check_store(settings: Settings, file: Path) -> None:
    """A location is shown to the portal, so the URL it begins with must hold nothing secret."""
    url = settings.documents.store_url
    host = url.partition("://")[2].partition("/")[0]
    if "::" in url or "?" in url or "#" in url or "@" in host:
        raise ConfigurationError(
            f"{file}: documents.store_url holds a user, a query, a fragment or a chain of stores.",
            fix="Write a directory or a plain URL; a store finds its rights in its own environment variables.",
        )
