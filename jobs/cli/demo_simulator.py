"""The simulated SIS of the demo: a process of its own on loopback, and its control plane."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from connector.own_files import open_file
from schemas.errors import ConnectorError, TransientError

CLIENT_SECRET = "demo-secret"  # noqa: S105  of a simulated school on this machine
START_SECONDS = 20.0
STOP_SECONDS = 5.0
_ANNOUNCED = re.compile(r"listening on (http://127\.0\.0\.1:[0-9]+)")


class SimulatedSis(NamedTuple):
    """A running simulator. The demo changes the school through it; the connector only reads."""

    base_url: str
    process: subprocess.Popen[bytes]

    def tell(self, school: str, story: str) -> None:
        """Let something happen at a school."""
        self._call("stories", {"school": school, "name": story})

    def roles(self, school: str) -> Mapping[str, str]:
        """Give the ids of the records that play a part, by role."""
        roles: Mapping[str, str] = self._call(f"roles/{school}")["roles"]
        return roles

    def streams_asked_for(self, school: str) -> set[str]:
        """Give the streams that were asked for at a school so far, from the simulator's own log."""
        requests = self._call("requests")["requests"]
        return {stream for request in requests if f"/{school}/" in request["path"] for stream in request["streams"]}

    def change_requests(self, school: str) -> Sequence[Mapping[str, Any]]:
        """Give what lies before the office of a school."""
        requests: Sequence[Mapping[str, Any]] = self._call(f"office/{school}")["change_requests"]
        return requests

    def decide(self, school: str, key: str, verb: str, reason: str | None) -> None:
        """Let the office accept or refuse a change request."""
        said = {"id": key} if reason is None else {"id": key, "reason": reason}
        self._call(f"office/{school}/{verb}", said)

    def _call(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.base_url}/_sim/{path}", data)  # noqa: S310  loopback, our own address
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with direct.open(request, timeout=START_SECONDS) as answer:
                return json.loads(answer.read())
        except (OSError, ValueError) as error:
            raise TransientError(
                f"The simulated SIS did not answer ({type(error).__name__}).", fix="Run `connector demo` again."
            ) from None


@contextmanager
def running(folder: Path, today: date, schools: Mapping[str, int]) -> Iterator[SimulatedSis]:
    """Start the simulator, wait until it listens, and stop it whatever happens inside the block."""
    command = [sys.executable, "-P", "-m", "connector.simulator", "--port", "0", "--date", today.isoformat()]
    for school, pupils in schools.items():
        command += ["--school", f"{school}={pupils}"]
    log = folder / "simulator.log"
    with os.fdopen(open_file(log), "wb") as written:
        # A session of its own: Ctrl-C reaches us only, and we stop it when we are done.
        process = subprocess.Popen(  # noqa: S603  our own interpreter and module
            [*command, "--client-secret", CLIENT_SECRET],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=written,
            start_new_session=True,
        )
    try:
        yield SimulatedSis(_address(process, log), process)
    finally:
        _stop(process)


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        if match := _ANNOUNCED.search(log.read_text("utf-8", "replace")):
            return match[1]
        time.sleep(0.02)
    raise ConnectorError("The simulated SIS did not start.", fix=f"{log} says why.")


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
