"""A request that may be sent once only: which failures say that nothing was done, and what a refusal means."""

from __future__ import annotations

from connector.http_exchange import CREATED, OK, UNAUTHORISED, Again, Answer, Ask, said
from schemas.errors import ConnectorError, CorrectionRefused, OutcomeUnknown, SourceRefused, TransientError

_TOO_MANY = 429
_UNAVAILABLE = 503
_TOO_SLOW = 408
_FINAL = {
    400: "invalid-request",
    409: "id-taken",
    413: "too-large",
    422: "not-accepted",
}
"""Answers that say: this request never. What they are called where the source gives no code of its own."""
_NOT_SUPPORTED = "change-requests-not-supported"


def failed(ask: Ask, again: Again) -> ConnectorError:
    """Give the error of a request that got no usable answer: it surely was not carried out, or it may have been."""
    is_put_off = again.status == _TOO_MANY or (again.status == _UNAVAILABLE and again.wait_seconds is not None)
    if again.is_unsent or is_put_off:
        return TransientError(f"{ask.name}: {again.what}; nothing was done.", fix="Try again later.")
    return OutcomeUnknown(
        f"{ask.name}: {again.what}; it may have been carried out all the same.",
        fix="Ask the source what became of it before it is sent again.",
    )


def taken(ask: Ask, answer: Answer) -> bytes:
    """Give the answer to a request that was carried out, now or before. Raises as `Http.put`."""
    if answer.status in (OK, CREATED):
        return answer.body
    what = f"{ask.name}: the source refused, {said(answer.status, answer.problem)}."
    if answer.problem.endswith(_NOT_SUPPORTED):
        raise CorrectionRefused(what, code="not-supported", fix="Choose another channel for this school.")
    if answer.status in _FINAL:
        code = answer.code or _FINAL[answer.status]
        raise CorrectionRefused(what, code=code, fix="It will not be taken later either.")
    if answer.status == _TOO_SLOW:
        raise OutcomeUnknown(what, fix="Ask the source what became of it before it is sent again.")
    if answer.status == UNAUTHORISED:
        raise SourceRefused(what, fix="A fresh token was refused too: check this client's rights.")
    raise SourceRefused(what, fix="Check the school, and what the supplier granted this client.")
