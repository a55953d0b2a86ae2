"""A client of the simulator without a network, for tests of the simulator itself."""

import base64
import json
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import quote

from connector.simulator.answers import Answer, Simulator
from connector.simulator.world import World

TODAY = date(2026, 11, 24)
SCHOOL = "99AA00"
SECRET = base64.b64encode(b"connector:demo-secret").decode()


def simulator_of(pupils: int = 60, **settings: Any) -> Simulator:
    """Return a simulator of two schools of that size."""
    return Simulator(World(7, TODAY, {SCHOOL: pupils, "99BB00": pupils}), **settings)


@dataclass
class Asking:
    """Asks one school's simulator with a good token; `token` may be replaced by a bad one."""

    simulator: Simulator
    token: str = ""

    def __post_init__(self) -> None:
        """Fetch a token."""
        self.token = self.token or self.fresh_token()

    def fresh_token(self) -> str:
        """Return a new access token."""
        headers = {"Authorization": f"Basic {SECRET}", "Content-Type": "application/x-www-form-urlencoded"}
        answer = self.simulator.answer("POST", "/oauth/token", "", headers, b"grant_type=client_credentials")
        token: str = json.loads(answer.body)["access_token"]
        return token

    def answer(self, path: str, query: str = "", body: object = None) -> Answer:
        """GET a path below the school, or POST a body to it."""
        method, raw = ("GET", b"") if body is None else ("POST", json.dumps(body).encode())
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        return self.simulator.answer(method, f"/v1/schools/{SCHOOL}{path}", query, headers, raw)

    def ask(self, method: str, path: str, body: object = None, query: str = "") -> tuple[int, dict[str, Any]]:
        """Ask anything of a path below the school; returns the status and the JSON."""
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        raw = b"" if body is None else json.dumps(body).encode()
        answer = self.simulator.answer(method, f"/v1/schools/{SCHOOL}{path}", query, headers, raw)
        return answer.status, json.loads(answer.body) if answer.body else {}

    def page(self, stream: str, query: str = "") -> dict[str, Any]:
        """Return one page; fails unless it is a good answer."""
        answer = self.answer(f"/{stream}", query)
        assert answer.status == 200, answer
        page: dict[str, Any] = json.loads(answer.body)
        return page

    def following(self, page: dict[str, Any]) -> dict[str, Any]:
        """Return the page after this one."""
        path, _, query = page["next"].partition("?")
        return self.page(path.rpartition("/")[2], query)

    def pages(self, stream: str, query: str = "") -> list[dict[str, Any]]:
        """Return all pages of an enumeration or of changes."""
        pages = [self.page(stream, query)]
        while pages[-1]["next"] is not None:
            pages.append(self.following(pages[-1]))
        return pages

    def changed(self, **cursors: str) -> dict[str, Any]:
        """Return the answer of a changes call."""
        answer: dict[str, Any] = json.loads(self.answer("/changes", "", {"cursors": cursors}).body)
        return answer

    def since(self, stream: str, cursor: str) -> dict[str, Any]:
        """Return the first page of changes."""
        return self.page(stream, f"cursor={quote(cursor)}")


def ids(page: dict[str, Any]) -> list[str]:
    """Return the ids of a page's records, in order."""
    return [record["id"] for record in page["records"]]
