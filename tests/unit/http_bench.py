"""What the tests of the HTTP door share: a web played by `responses`, a clock that sleeping moves, and a canary."""

from __future__ import annotations

import json
from typing import Any

import requests
from pydantic import SecretStr

from connector.http import Http, HttpSettings

BASE = "https://sis.test"
PAGE = f"{BASE}/v1/page"
CANARY = "Kanarie-Jansen"
SETTINGS = HttpSettings(BASE, "connector", SecretStr("geheim-wachtwoord"), attempts=3)
Call = requests.PreparedRequest


class Clock:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.slept += seconds


def door(clock: Clock, settings: HttpSettings = SETTINGS, **more: Any) -> Http:
    return Http(settings, sleep=clock.sleep, monotonic=clock, **more)


def give_token(web: Any, token: str = "token-1", seconds: int = 300) -> None:
    web.add("POST", f"{BASE}/oauth/token", json=token_of(token, seconds))


def token_of(token: str, seconds: int = 300) -> dict[str, object]:
    return {"access_token": token, "token_type": "Bearer", "expires_in": seconds}


def problem(kind: str) -> dict[str, Any]:
    body = {"type": f"urn:sis:{kind}", "title": CANARY, "status": 400, "detail": CANARY}
    return {"body": json.dumps(body), "content_type": "application/problem+json"}


def paths(web: Any) -> list[str]:
    return [call.request.path_url for call in web.calls]
