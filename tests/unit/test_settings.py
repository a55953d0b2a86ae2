"""Settings: what is read, what wins, and what is said about every kind of mistake."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from connector.settings import SECRETS, Settings, load
from connector.settings_shape import SECTIONS, BrakeSettings
from schemas.brake import PER_CHILD
from schemas.errors import ConfigurationError
from schemas.ids import SchoolId
from schemas.streams import Stream

ROOT = Path(__file__).resolve().parents[2]
CANARY = "hunter2-canary"
SECRET = {"CONNECTOR_SOURCES__MAIN__CLIENT_SECRET": CANARY}
PORTAL = '[portal]\ndatabase_url = "sqlite:///portal.db"\n'
SOURCE = '[sources.main]\ndialect = "reference"\nbase_url = "https://sis.example"\nclient_id = "connector"\n'
SCHOOL = '[schools."99AA00"]\nname = "De Regenboog"\nsource = "main"\n'
WHOLE = PORTAL + SOURCE + SCHOOL


def _load(tmp_path: Path, text: str, environ: dict[str, str] | None = None) -> Settings:
    file = tmp_path / "config.toml"
    file.write_text(text, encoding="utf-8")
    return load(file, SECRET if environ is None else environ)


def _refused(tmp_path: Path, text: str, environ: dict[str, str] | None = None) -> ConfigurationError:
    with pytest.raises(ConfigurationError) as caught:
        _load(tmp_path, text, environ)
    assert caught.value.fix
    assert CANARY not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    return caught.value


def test_a_small_file_gives_settings_with_every_default(tmp_path: Path) -> None:
    """A portal, a source and a school are enough; the rest has its default."""
    settings = _load(tmp_path, WHOLE)
    assert settings.portal.database_url.get_secret_value() == "sqlite:///portal.db"
    source = settings.sources["main"]
    assert source.client_secret is not None
    assert source.client_secret.get_secret_value() == CANARY
    assert (source.timeout_seconds, source.attempts, source.requests_per_second) == (30, 5, None)
    brake = settings.brake
    assert (brake.share, brake.rows, brake.days, brake.pupils_share) == (0.10, 3, 14, 0.20)
    assert brake.per_child == PER_CHILD
    assert (settings.runs.lease_seconds, settings.runs.hold_days) == (120, 14)
    assert (settings.targets.fresh_minutes, settings.schools[SchoolId("99AA00")].fresh_minutes) == (30, None)
    kept = settings.documents
    assert (kept.store_url, kept.most_bytes, kept.content_types) == ("", 20_000_000, ("application/pdf",))
    assert (settings.logs.level, settings.logs.format) == ("info", "auto")


def test_no_secret_is_in_the_text_of_the_settings(tmp_path: Path) -> None:
    """Printing the settings shows neither a client's secret nor a database password."""
    text = WHOLE.replace("sqlite:///portal.db", f"postgresql+psycopg://u:{CANARY}@localhost/d")
    settings = _load(tmp_path, text)
    assert CANARY not in repr(settings) + str(settings) + settings.model_dump_json()


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    """A variable replaces one key and leaves its neighbours; a school may be spelled in small letters or short."""
    settings = _load(
        tmp_path,
        WHOLE + "[runs]\nhold_days = 3\nlease_seconds = 60\n",
        {**SECRET, "CONNECTOR_RUNS__HOLD_DAYS": "7", "connector_schools__99aa__name": "Het Palet"},
    )
    assert (settings.runs.hold_days, settings.runs.lease_seconds) == (7, 60)
    assert settings.schools[SchoolId("99AA00")].name == "Het Palet"
    assert settings.schools[SchoolId("99AA00")].source == "main"


def test_a_secret_can_lie_in_a_file(tmp_path: Path) -> None:
    """A file is named by a variable or by a key beside it; its outer white space does not count."""
    (tmp_path / "secret").write_text(f"{CANARY}\n", encoding="utf-8")
    by_variable = _load(tmp_path, WHOLE, {"CONNECTOR_SOURCES__MAIN__CLIENT_SECRET_FILE": str(tmp_path / "secret")})
    by_key = _load(tmp_path, WHOLE.replace("client_id", 'client_secret_file = "secret"\nclient_id'), {})
    for settings in (by_variable, by_key):
        secret = settings.sources["main"].client_secret
        assert secret is not None
        assert secret.get_secret_value() == CANARY
    (tmp_path / "url").write_text("sqlite:///other.db", encoding="utf-8")
    settings = _load(
        tmp_path, SOURCE + SCHOOL, {**SECRET, "CONNECTOR_PORTAL__DATABASE_URL_FILE": str(tmp_path / "url")}
    )
    assert settings.portal.database_url.get_secret_value() == "sqlite:///other.db"


def test_a_file_source_has_a_dialect_and_nothing_else(tmp_path: Path) -> None:
    """EDEXML is read from files: no address and no secret are asked for, and none may be given."""
    files = '[sources.files]\ndialect = "edexml"\n'
    school = SCHOOL.replace('"main"', '"files"')
    assert _load(tmp_path, PORTAL + files + school, {}).sources["files"].is_file
    error = _refused(tmp_path, PORTAL + files + 'base_url = "https://sis.example"\n' + school, {})
    assert "sources.files.base_url" in error.message


@pytest.mark.parametrize(
    ("change", "key"),
    [
        (("[portal]", "[portal]\ncolour = 1"), "portal.colour"),
        (("database_url =", "databse_url ="), "portal.databse_url"),
        (("[portal]", "[prtal]"), "prtal"),
        (("client_id", f'timeout_seconds = "{CANARY}"\nclient_id'), "sources.main.timeout_seconds"),
        (("client_id", "timeout_seconds = 0\nclient_id"), "sources.main.timeout_seconds"),
        (("client_id", "attempts = 1.5\nclient_id"), "sources.main.attempts"),
        (("client_id", "parallel_requests = 0\nclient_id"), "sources.main.parallel_requests"),
        (("client_id", "parallel_requests = 17\nclient_id"), "sources.main.parallel_requests"),
        (("client_id", f'allow_plain_http = "{CANARY}"\nclient_id'), "sources.main.allow_plain_http"),
        (("client_id", 'ca_bundle = "nowhere.pem"\nclient_id'), "sources.main.ca_bundle"),
        (('client_id = "connector"', ""), "sources.main.client_id"),
        (('client_id = "connector"', 'client_id = ""'), "sources.main.client_id"),
        (('base_url = "https://sis.example"', ""), "sources.main.base_url"),
        (("https://sis.example", "sis.example"), "sources.main.base_url"),
        (("https://sis.example", f"https://u:{CANARY}@sis.example"), "sources.main.base_url"),
        (("https://sis.example", f"https://sis.example/?key={CANARY}"), "sources.main.base_url"),
        (("https://sis.example", "https://sis.example:99999"), "sources.main.base_url"),
        (("https://sis.example", "http://sis.example"), "sources.main.base_url"),
        (("https://sis.example", "ftp://sis.example"), "sources.main.base_url"),
        (('"reference"', f'"{CANARY}"'), "sources.main.dialect"),
        (("[sources.main]", "[sources.Main-1]"), "sources.Main-1"),
        (('source = "main"', 'source = "mian"'), "schools.99AA00.source"),
        (('name = "De Regenboog"', ""), "schools.99AA00.name"),
        (("99AA00", "99A"), "schools"),
        (("99AA00", "O9AA00"), "schools"),
        (('[schools."99AA00"]', "[brake]\nshare = 2\n[schools.99AA00]"), "brake.share"),
        (('[schools."99AA00"]', "[brake]\nshare = nan\n[schools.99AA00]"), "brake.share"),
        (('[schools."99AA00"]', "[runs]\nlease_seconds = 1\n[schools.99AA00]"), "runs.lease_seconds"),
        (('[schools."99AA00"]', "[targets]\nfresh_minutes = 0\n[schools.99AA00]"), "targets.fresh_minutes"),
        (('source = "main"', 'source = "main"\nfresh_minutes = 600000'), "schools.99AA00.fresh_minutes"),
        (('[schools."99AA00"]', f'[logs]\nlevel = "{CANARY}"\n[schools.99AA00]'), "logs.level"),
        (("sqlite:///portal.db", f"mysql://u:{CANARY}@localhost/d"), "portal.database_url"),
        (("sqlite:///portal.db", CANARY), "portal.database_url"),
    ],
)
def test_a_mistake_is_named_with_its_file_and_key(tmp_path: Path, change: tuple[str, str], key: str) -> None:
    """Unknown keys, wrong types, values out of bounds and missing ones: file, key and fix, never the value."""
    error = _refused(tmp_path, WHOLE.replace(*change))
    assert str(tmp_path / "config.toml") in error.message
    assert key in error.message


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (WHOLE.replace("client_id", "client_secret = 5\nclient_id"), "sources.main.client_secret"),
        (WHOLE.replace("client_id", "client_secret_file = 5\nclient_id"), "sources.main.client_secret_file"),
        (WHOLE.replace("client_id", 'client_secret_file = "no"\nclient_id'), "sources.main.client_secret_file"),
        ("schools = 5\n" + PORTAL, "schools"),
        ("sources = 5\n" + PORTAL, "sources"),
        ("portal = 5\n", "portal"),
        ("", "portal"),
    ],
)
def test_a_wrong_shape_is_named(tmp_path: Path, text: str, key: str) -> None:
    """A value where a section belongs, a number where a secret belongs, and an empty file are said clearly."""
    assert f"config.toml: {key}" in _refused(tmp_path, text, {}).message


def test_a_missing_secret_says_which_variable_to_set(tmp_path: Path) -> None:
    """The fix names the variable and its FILE form."""
    error = _refused(tmp_path, WHOLE, {})
    assert "sources.main.client_secret" in error.message
    assert "CONNECTOR_SOURCES__MAIN__CLIENT_SECRET_FILE" in error.fix


def test_a_misspelt_key_is_answered_with_the_nearest(tmp_path: Path) -> None:
    """The fix offers the key that was probably meant."""
    assert "database_url" in _refused(tmp_path, WHOLE.replace("database_url =", "databse_url =")).fix


def test_the_same_school_in_two_spellings_is_refused(tmp_path: Path) -> None:
    """99AA and 99AA00 are one school."""
    error = _refused(tmp_path, WHOLE + SCHOOL.replace("99AA00", "99AA"))
    assert "99AA00" in error.message
    assert "twice" in error.message


@pytest.mark.parametrize(
    ("environ", "named"),
    [
        ({"CONNECTOR_FOO": "1"}, "CONNECTOR_FOO"),
        ({"CONNECTOR_RUNS__HOLD_DAY": "1"}, "CONNECTOR_RUNS__HOLD_DAY"),
        ({"CONNECTOR_RUNS__HOLD_DAYS": CANARY}, "CONNECTOR_RUNS__HOLD_DAYS"),
        ({"CONNECTOR_RUNS": CANARY}, "CONNECTOR_RUNS"),
        ({"CONNECTOR_SCHOOLS__99__NAME": "x"}, "environment"),
        ({"CONNECTOR_PORTAL__DATABASE_URL_FILE": "nowhere"}, "CONNECTOR_PORTAL__DATABASE_URL_FILE"),
        (
            {"CONNECTOR_SOURCES__MAIN__CLIENT_SECRET": CANARY, "CONNECTOR_SOURCES__MAIN__CLIENT_SECRET_FILE": "x"},
            "CONNECTOR_SOURCES__MAIN__CLIENT_SECRET_FILE",
        ),
    ],
)
def test_a_mistake_in_the_environment_is_named(tmp_path: Path, environ: dict[str, str], named: str) -> None:
    """A variable that means nothing, or holds something wrong, is refused by its name."""
    assert named in _refused(tmp_path, WHOLE, {**SECRET, **environ}).message


@pytest.mark.parametrize("content", [b"[portal\n", b"a = \xff\n", b"x = hunter2-canary\n"])
def test_a_file_that_is_not_toml_is_refused(tmp_path: Path, content: bytes) -> None:
    """Broken TOML and broken UTF-8 are one clear message with the place, without the line."""
    file = tmp_path / "config.toml"
    file.write_bytes(content)
    with pytest.raises(ConfigurationError) as caught:
        load(file, {})
    assert str(file) in caught.value.message
    assert CANARY not in str(caught.value)


def test_a_missing_file_says_how_to_make_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without --config and CONNECTOR_CONFIG it is ./config.toml, to be copied from the example."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigurationError) as caught:
        load(None, {})
    assert "cp config.example.toml config.toml" in caught.value.fix
    with pytest.raises(ConfigurationError, match=r"other\.toml"):
        load(None, {"CONNECTOR_CONFIG": "other.toml"})
    (tmp_path / "config.toml").mkdir()
    with pytest.raises(ConfigurationError, match="cannot be read"):
        load(None, {})


def test_http_is_for_this_machine_unless_it_is_allowed(tmp_path: Path) -> None:
    """Loopback may be plain; another machine only with allow_plain_http."""
    for host in ("127.0.0.1:8089", "localhost", "[::1]:80"):
        _load(tmp_path, WHOLE.replace("https://sis.example", f"http://{host}"))
    plain = WHOLE.replace("https://sis.example", "http://sis.example")
    _load(tmp_path, plain.replace("client_id", "allow_plain_http = true\nclient_id"))


def test_the_example_loads_and_shows_every_key_and_no_other(tmp_path: Path) -> None:
    """config.example.toml is whole: every field, with its default, and nothing that is not a field."""
    text = (ROOT / "config.example.toml").read_text("utf-8")
    file = tmp_path / "config.toml"
    file.write_text(text, encoding="utf-8")
    assert load(file, SECRET).schools
    shown = tomllib.loads(re.sub(r"(?m)^# (\w+ = |\[)", r"\1", text))
    sections: dict[str, dict[str, Any]] = {
        name: next(iter(table.values())) if name in {"sources", "schools"} else table for name, table in shown.items()
    }
    for name, model in SECTIONS.items():
        keys = {key for key in sections[name] if not key.endswith("_file")}
        assert keys == set(model.model_fields), name
        files = {key for key in sections[name] if key.endswith("_file")}
        assert files == {f"{secret}_file" for secret in SECRETS if secret in model.model_fields}, name
        for key, field in model.model_fields.items():
            if not field.is_required() and field.default is not None:
                value = sections[name][key]
                assert (tuple(value) if isinstance(value, list) else value) == field.default, key
    assert set(sections) == set(SECTIONS) == set(Settings.model_fields)


@pytest.mark.parametrize(
    "url",
    [
        f"s3://key:{CANARY}@bucket/x",
        f"simplecache::s3://bucket/{CANARY}",
        f"https://store.example/x?sig={CANARY}",
        f"file:///x#{CANARY}",
    ],
)
def test_a_store_url_holds_nothing_secret(tmp_path: Path, url: str) -> None:
    """A user, a query, a fragment or a chain in the URL of the document store is refused, without saying it."""
    assert "store_url" in _refused(tmp_path, f'{WHOLE}[documents]\nstore_url = "{url}"\n').message


@pytest.mark.parametrize("url", ["", "documents", "/srv/a@b/documents", "file:///srv/documents", "s3://bucket/folder"])
def test_a_plain_store_url_passes(tmp_path: Path, url: str) -> None:
    """Nothing, a directory in any spelling, and the plain URL of a store are all well."""
    assert _load(tmp_path, f'{WHOLE}[documents]\nstore_url = "{url}"\n').documents.store_url == url


def test_types_of_documents_are_written_small(tmp_path: Path) -> None:
    """A type that no answer could ever have is refused; a variable holds the list as JSON."""
    assert "content_types" in _refused(tmp_path, WHOLE + '[documents]\ncontent_types = ["PDF"]\n').message
    variable = {**SECRET, "CONNECTOR_DOCUMENTS__CONTENT_TYPES": '["application/pdf", "image/png"]'}
    assert _load(tmp_path, WHOLE, variable).documents.content_types == ("application/pdf", "image/png")


def test_the_brakes_number_of_each_stream_can_be_set_and_no_other(tmp_path: Path) -> None:
    """Each stream that counts per child has a key, no other has; a wrong one is named with what was probably meant."""
    keys = {name.removeprefix("most_") for name in BrakeSettings.model_fields if name.startswith("most_")}
    assert keys == {stream.value for stream in PER_CHILD}
    settings = _load(
        tmp_path, WHOLE + "[brake]\nmost_absences = 7\ndays = 21\n", {**SECRET, "CONNECTOR_BRAKE__MOST_NOTES": "0"}
    )
    assert settings.brake.days == 21
    assert settings.brake.per_child == {**PER_CHILD, Stream.ABSENCES: 7, Stream.NOTES: 0}
    assert "most_absences" in _refused(tmp_path, WHOLE + "[brake]\nmost_absence = 7\n").fix
    for wrong in (
        "most_notes = -1",
        "most_notes = 1001",
        "most_notes = 1.5",
        "days = 0",
        "pupils_share = 0",
        "pupils_share = 1.1",
    ):
        assert f"brake.{wrong.partition(' ')[0]}" in _refused(tmp_path, f"{WHOLE}[brake]\n{wrong}\n").message


def test_a_flemish_school_has_its_number(tmp_path: Path) -> None:
    """Two to six digits without a leading zero, of one school only, and only where files name it."""
    files = PORTAL + '[sources.files]\ndialect = "edexml"\n[schools."99VL00"]\nname = "A"\nsource = "files"\n'
    settings = _load(tmp_path, files + 'institution_number = "12345"\n', {})
    assert settings.schools[SchoolId("99VL00")].institution_number == "12345"
    for wrong in ('"1"', '"012345"', '"1234567"', '"12a"', "12345"):
        assert "institution_number" in _refused(tmp_path, files + f"institution_number = {wrong}\n", {}).message
    number = 'institution_number = "12345"\n'
    other = '[schools."99VL01"]\nname = "B"\nsource = "files"\n'
    assert "two schools" in _refused(tmp_path, files + number + other + number, {}).message
    assert "no meaning" in _refused(tmp_path, WHOLE + number).message
