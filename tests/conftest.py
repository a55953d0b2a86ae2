"""The databases every test can ask for, and the guard that keeps the tests on this machine.

PostgreSQL is started once, by the process that was called (`pytest` itself or the controller of its workers);
without it the suite fails, it never skips. Each test gets databases of its own:

    database_url          once with SQLite and once with PostgreSQL, migrated and empty
    empty_database_url    the same, not migrated
    sqlite_url, postgresql_url      migrated and empty, of one kind
    new_postgresql_url              as postgresql_url, and no other test ever used it
    postgresql_server_url           the server, for a test that makes its own databases
"""

import os
import shutil
import signal
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import network, postgres, statements
from tests.used_again import UsedAgain

DATABASES = ("sqlite", "postgresql")

_server_url = pytest.StashKey[str]()
_run_name = pytest.StashKey[str]()


def pytest_configure(config: pytest.Config) -> None:
    """Start PostgreSQL, or learn from the controller where it is."""
    network.install()
    statements.install()
    _hear_ctrl_c()
    workerinput: dict[str, str] | None = getattr(config, "workerinput", None)
    if workerinput is not None:
        config.stash[_server_url] = workerinput["postgresql_server_url"]
        config.stash[_run_name] = f"{workerinput['postgresql_run_name']}_{workerinput['workerid']}"
        return
    if config.option.collectonly or config.option.help:
        return
    config.stash[_run_name] = f"test_{uuid.uuid4().hex[:8]}"
    try:
        config.stash[_server_url] = _find_or_start(config)
    except postgres.PostgresUnavailable as reason:
        pytest.exit(f"The suite needs PostgreSQL. {reason}", returncode=1)


def _hear_ctrl_c() -> None:
    """A suite started in the background ignores Ctrl-C, and so would every program that its tests start."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _find_or_start(config: pytest.Config) -> str:
    if url := os.environ.get("TEST_DATABASE_URL"):
        return postgres.verified(url)
    server = postgres.start()
    config.add_cleanup(server.stop)
    return server.url


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: object) -> None:
    """Tell each xdist worker where PostgreSQL is."""
    config: pytest.Config = node.config  # type: ignore[attr-defined]
    workerinput: dict[str, str] = node.workerinput  # type: ignore[attr-defined]
    workerinput["postgresql_server_url"] = config.stash[_server_url]
    workerinput["postgresql_run_name"] = config.stash[_run_name]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many tests ran on each database, all workers together."""
    ran: dict[str, set[str]] = {name: set() for name in DATABASES}
    crashes = dict.fromkeys(DATABASES, 0)
    for reports in terminalreporter.stats.values():
        for report in reports:
            if isinstance(report, pytest.TestReport) and report.when == "call" and not report.skipped:
                for name, value in report.user_properties:
                    if name == "database":
                        ran[str(value)].add(report.nodeid)
                    elif name == "crash_points":
                        database, points = str(value).split()
                        crashes[database] += int(points)
    counts = ", ".join(f"{name} {len(tests)} tests" for name, tests in ran.items())
    terminalreporter.write_line(f"databases: {counts}")
    if any(crashes.values()):
        points = ", ".join(f"{name} {number}" for name, number in crashes.items())
        terminalreporter.write_line(f"crash points: {points}")


@pytest.fixture(autouse=True)
def _stay_on_this_machine() -> Iterator[None]:
    """Fail a test that reached for the network, also when it swallowed the refusal."""
    network.refused.clear()
    yield
    if network.refused:
        pytest.fail(f"reached for the network: {', '.join(network.refused)}")


@pytest.fixture(params=DATABASES)
def database_url(request: pytest.FixtureRequest) -> str:
    """A migrated, empty database of this test's own: once in SQLite, once in PostgreSQL."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture(params=DATABASES)
def empty_database_url(request: pytest.FixtureRequest) -> str:
    """A database of this test's own without any table: once in SQLite, once in PostgreSQL."""
    url: str = request.getfixturevalue(f"_empty_{request.param}_url")
    return url


@pytest.fixture
def sqlite_url(request: pytest.FixtureRequest, tmp_path: Path, _sqlite_template: Path) -> str:
    """A migrated, empty SQLite file of this test's own."""
    _count(request, "sqlite")
    path = tmp_path / "portal.db"
    shutil.copyfile(_sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture
def new_postgresql_url(
    request: pytest.FixtureRequest, postgresql_server_url: str, _postgresql_template: str
) -> Iterator[str]:
    """A migrated PostgreSQL database that no other test ever used, with files and statistics of its own."""
    _count(request, "postgresql")
    name = _fresh_name(request)
    yield postgres.create_database(postgresql_server_url, name, _postgresql_template)
    postgres.drop_database(postgresql_server_url, name)


@pytest.fixture
def postgresql_url(request: pytest.FixtureRequest, _postgresql_used_again: UsedAgain) -> Iterator[str]:
    """A migrated, empty PostgreSQL database that is this test's alone while it runs."""
    _count(request, "postgresql")
    yield _postgresql_used_again.url()
    _postgresql_used_again.clean()


@pytest.fixture
def _empty_sqlite_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    _count(request, "sqlite")
    return f"sqlite:///{tmp_path / 'empty.db'}"


@pytest.fixture
def _empty_postgresql_url(request: pytest.FixtureRequest, postgresql_server_url: str) -> Iterator[str]:
    _count(request, "postgresql")
    name = _fresh_name(request)
    yield postgres.create_database(postgresql_server_url, name)
    postgres.drop_database(postgresql_server_url, name)


@pytest.fixture(scope="session")
def postgresql_server_url(pytestconfig: pytest.Config) -> str:
    """The server all tests share; to stop or kill one, start your own with `postgres.start()`."""
    return pytestconfig.stash[_server_url]


@pytest.fixture(scope="session")
def _sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "portal.db"
    _migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def _postgresql_template(pytestconfig: pytest.Config, postgresql_server_url: str) -> Iterator[str]:
    name = f"{pytestconfig.stash[_run_name]}_template"
    url = postgres.create_database(postgresql_server_url, name)
    try:
        _migrate(url)
        yield name
    finally:
        postgres.drop_database(postgresql_server_url, name)


@pytest.fixture(scope="session")
def _postgresql_used_again(
    pytestconfig: pytest.Config, postgresql_server_url: str, _postgresql_template: str
) -> Iterator[UsedAgain]:
    found = UsedAgain(postgresql_server_url, f"{pytestconfig.stash[_run_name]}_again", _postgresql_template)
    yield found
    found.drop()


def _migrate(url: str) -> None:
    from connector.portal import migrate

    migrate.upgrade(url)


def _fresh_name(request: pytest.FixtureRequest) -> str:
    return f"{request.config.stash[_run_name]}_{uuid.uuid4().hex[:12]}"


def _count(request: pytest.FixtureRequest, database: str) -> None:
    """Mark the test as one of this database, for the line at the end and for reports."""
    request.node.user_properties.append(("database", database))
