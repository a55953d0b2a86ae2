"""The bearer token of one source: fetched when needed, kept until shortly before it expires."""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable
from typing import Annotated
from urllib.parse import quote_plus

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StrictInt, StrictStr, ValidationError

from connector.http_exchange import OK, Answer, Ask, said
from connector.http_place import Target
from schemas.errors import SourceRefused, TransientError

_MARGIN_SECONDS = 30.0
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class _Token(BaseModel):
    model_config = ConfigDict(hide_input_in_errors=True)

    access_token: Annotated[StrictStr, Field(pattern=r"^[A-Za-z0-9._~+/-]+=*$", max_length=8192)]
    token_type: Annotated[StrictStr, Field(pattern=r"^[Bb][Ee][Aa][Rr][Ee][Rr]$")]
    expires_in: Annotated[StrictInt, Field(ge=1)]


class Tokens:
    """Gives a token to many threads and fetches it once (OAuth 2.0 client credentials, RFC 6749 §4.4)."""

    def __init__(
        self,
        target: Target,
        client_id: str,
        secret: SecretStr,
        ask: Callable[[Ask], Answer],
        monotonic: Callable[[], float],
    ) -> None:
        self._target, self._client_id, self._secret = target, client_id, secret
        self._ask, self._monotonic = ask, monotonic
        self._lock = threading.Lock()
        self._token = ""
        self._good_until = 0.0

    def current(self) -> str:
        """Give a token that is good for a while. Raises what asking raises, and SourceRefused."""
        with self._lock:
            if not self._token or self._monotonic() >= self._good_until:
                self._renew()
            return self._token

    def forget(self, token: str) -> None:
        """Drop this token, unless another thread has already renewed it."""
        with self._lock:
            if self._token == token:
                self._token = ""

    def _renew(self) -> None:
        began = self._monotonic()
        ask = Ask(
            "POST",
            self._target,
            {**_FORM, "Authorization": self._basic()},
            None,
            b"grant_type=client_credentials",
        )
        answer = self._ask(ask)
        if answer.status != OK:
            raise SourceRefused(
                f"{ask.name}: the source gave no token, {said(answer.status, answer.problem)}.",
                fix="Check client_id and the client secret.",
            )
        token = _read(ask, answer.body)
        self._token = token.access_token
        self._good_until = began + token.expires_in - min(_MARGIN_SECONDS, token.expires_in / 5)

    def _basic(self) -> str:
        # RFC 6749 §2.3.1: both are form-encoded first, so that a colon in a client id is no border.
        pair = f"{quote_plus(self._client_id)}:{quote_plus(self._secret.get_secret_value())}"
        return f"Basic {base64.b64encode(pair.encode()).decode()}"


def _read(ask: Ask, body: bytes) -> _Token:
    try:
        return _Token.model_validate_json(body)
    except ValidationError:
        pass
    raise TransientError(f"{ask.name}: the answer is no bearer token.", fix="Try again later.")
