"""The documents of a run: delete the files of what left, ask for what shown rows name. Never in a dry run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta

import structlog

from connector.document_store import delete
from connector.portal import documents
from connector.portal.documents import Due
from connector.sources.base import DocumentSource
from jobs.run_state import RunState
from mappings.documents import Refusal, refuse, refuse_unasked, unavailable
from schemas.documents import Announced, Fetched, Reason
from schemas.errors import DatabaseUnavailable, DocumentRejected, SourceRefused, StoreUnavailable, TransientError
from schemas.ids import SourceKey

_log = structlog.get_logger("connector")
ASK_AGAIN_AFTER = timedelta(days=1)
MOST_IN_VAIN = 3
_BATCH = 100
_DELETED_AT_ONCE = 20
_SOME_WAIT = "The source did not hand out every document. Those wait for the next run."
_GAVE_UP = "The source handed out no document several times in a row. The rest waits for the next run."


def has_documents_due(run: RunState) -> bool:
    """Tell whether there is a document to ask for, or a file to delete."""
    return run.leftovers.files or (run.leftovers.unasked and isinstance(run.parts.source, DocumentSource))


def tend_documents(run: RunState) -> str:
    """Delete the files no row names any more, then ask for what is due; give the text of what stayed undone, if any."""
    left = waits = ""
    try:
        _delete_left(run)
    except StoreUnavailable as error:
        left = str(error)
    try:
        waits = _fetch_due(run)
    except StoreUnavailable as error:
        waits = str(error)
    problem = left or waits
    if run.stored or run.refused or problem:
        _log.info("documents_fetched", stored=run.stored, refused=run.refused, reason="some wait" if problem else "")
    return problem


def _delete_left(run: RunState) -> None:
    school = run.parts.school.id
    while True:
        with run.session.read() as connection:
            if not documents.has_leaving(connection, school):
                return
        with run.session.write() as connection:
            # Inside the transaction, so that a run that lost its lease deletes nothing another has written anew.
            run.fence(connection)
            gone = documents.leaving(connection, school, _DELETED_AT_ONCE)
            for one in gone:
                if not one.is_shared:
                    delete(one.location)
            documents.forget(connection, school, gone)


def _fetch_due(run: RunState) -> str:
    """Ask for one document after the other.

    One that cannot be had stops nothing. Where the source gives nothing several times in a row, the rest waits.
    """
    source, began, vain, is_undone = run.parts.source, run.parts.clock(), 0, False
    if not isinstance(source, DocumentSource):
        return ""
    for due in _each(run, began):
        try:
            is_answer = _settle(run, source, due, began)
        except (DatabaseUnavailable, StoreUnavailable):
            raise
        except TransientError:
            _note_vain(run, due, began)
            is_answer, is_undone = False, True
        vain = 0 if is_answer else vain + 1
        if vain == MOST_IN_VAIN:
            return _GAVE_UP
    return _SOME_WAIT if is_undone else ""


def _each(run: RunState, began: datetime) -> Iterator[Due]:
    """Give what is due, never twice: whoever takes one notes that it was asked for at `began`."""
    while True:
        with run.session.read() as connection:
            batch = documents.due(connection, run.parts.school.id, began, is_full=run.task.is_full, limit=_BATCH)
        if not batch:
            return
        yield from batch


def _settle(run: RunState, source: DocumentSource, due: Due, began: datetime) -> bool:
    """Keep one document or write down why not; tell whether the source gave an answer about it."""
    answer = _judged(run, source, due.announced)
    if isinstance(answer, Fetched):
        _keep(run, due, answer.content, began)
        return True
    _refuse(run, due, answer, began)
    return answer.reason is not Reason.DENIED


def _judged(run: RunState, source: DocumentSource, document: Announced) -> Fetched | Refusal:
    rules = run.parts.documents.rules
    if (refusal := refuse_unasked(document, rules)) is not None:
        return refusal
    try:
        came = source.document(run.parts.school.id, SourceKey(document.id), rules.most_bytes)
    except DocumentRejected as error:
        return unavailable(error.reason)
    except SourceRefused:
        return unavailable(Reason.DENIED)
    return refuse(document, came) or came


def _keep(run: RunState, due: Due, content: bytes, began: datetime) -> None:
    """Store the bytes in the table; where there is a store, first note the place, then write the file."""
    school, store, document = run.parts.school.id, run.parts.documents.store, due.announced
    location = None if store is None else store.location(school, document.sha256)
    if due.location != location:
        _move(run, due, location)
    if store is not None and location is not None:
        store.write(location, content)
    with run.session.write() as connection:
        run.fence(connection)
        documents.store(connection, school, document, content, run.run_id, began)
    run.stored += 1


def _move(run: RunState, due: Due, location: str | None) -> None:
    """Write down where the file will lie; what a run that broke off left in another store is deleted if it can be."""
    school = run.parts.school.id
    with run.session.write() as connection:
        run.fence(connection)
        left = documents.reserve(connection, school, due.announced, location)
        if left is not None:
            with suppress(StoreUnavailable):
                delete(left)


def _refuse(run: RunState, due: Due, refusal: Refusal, began: datetime) -> None:
    again_at = None if refusal.is_settled else began + ASK_AGAIN_AFTER
    with run.session.write() as connection:
        run.fence(connection)
        is_new = documents.refuse(
            connection, run.parts.school.id, due.announced, refusal.reason, run.run_id, began, again_at
        )
    run.refused += is_new


def _note_vain(run: RunState, due: Due, began: datetime) -> None:
    with run.session.write() as connection:
        run.fence(connection)
        documents.note_asked(connection, run.parts.school.id, due.announced, began, began + ASK_AGAIN_AFTER)
