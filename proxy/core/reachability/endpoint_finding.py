"""What introspection, lookup and token endpoints answer to a harmless question: whether Banyan may ask there.

Rule 1: a token and a subject that nobody has are asked for: who calls such a token active lets everybody in.
Rule 2: who refuses the client knows whom he lets in, so that this end has to change its own; who lets him in and not do
        it has to let him.
"""

from __future__ import annotations

import json
import re

from proxy.core.auth.introspected import Introspected, read_introspected
from proxy.core.auth.member_lookup import Member, MemberLookup, read_member
from proxy.core.one_line import one_line
from proxy.core.reachability.answer_finding import Answer
from proxy.core.reachability.finding import End, Finding, ProbeRow, failed, fine, warned

_NO_SUCH = frozenset({404, 405, 410, 501})
_ERROR = re.compile(r"[a-z_]{1,64}")


def judged_introspection(answer: Answer, key: str, client: str) -> Finding:
    """`key` is where routes.yaml says endpoint, client and secret."""
    said = _said(answer)
    if (turned := _turned_away(answer, key, client, "introspect tokens")) is not None:
        return turned
    found = read_introspected(answer.status, answer.body, 0.0, 1.0)
    if not isinstance(found, Introspected):
        cure = "it has to answer as RFC 7662 section 2.2 says: until then its callers get 503"
        return failed(ProbeRow.MAY_I, f"{said}: {found}", End.THERE, cure)
    if found.active:
        cure = "it must call a token active that it has issued, and no other: it would let everybody in"
        return failed(ProbeRow.MAY_I, f"{said}: a token that nobody has is active there", End.THERE, cure)
    return fine(ProbeRow.MAY_I, f"{said}: a token that nobody has is not active")


def judged_lookup(answer: Answer, key: str, lookup: MemberLookup) -> Finding:
    """Of a subject that nobody has."""
    said = _said(answer)
    if answer.status in (401, 403, 407):
        cure = "let this host ask: a lookup brings no credential"
        return failed(ProbeRow.MAY_I, f"reached, but refused: {said}", End.THERE, cure)
    if 300 <= answer.status < 400:
        return _redirected(said, key)
    found = read_member(lookup, answer.status, answer.body, 0.0)
    if not isinstance(found, Member):
        cure = "404 says that it has no number for somebody; to any other answer than that or 200 callers get 503"
        shown = failed if answer.status >= 400 else warned
        return shown(ProbeRow.MAY_I, f"{said}: {found}", End.THERE, cure)
    if found.number:
        cure = "it has a number for a subject that nobody has: 404 says that there is none"
        return warned(ProbeRow.MAY_I, said, End.THERE, cure)
    return fine(ProbeRow.MAY_I, f"{said}: a subject that nobody has has no number")


def judged_token(answer: Answer, key: str, client: str) -> Finding:
    """Of the token that Banyan calls with."""
    said, error = _said(answer), _error_in(answer.body)
    told = f"{said}: {error}" if error else said
    match error:
        case "unauthorized_client" | "unsupported_grant_type":
            cure = f"let {client} have tokens by its own credentials (grant_type client_credentials)"
            return failed(ProbeRow.MAY_I, told, End.THERE, cure)
        case "invalid_scope" | "invalid_target":
            what = "scope" if error == "invalid_scope" else "audience"
            cure = f"{client} may not have what {key}.{what} asks for: write another, or have it granted there"
            return failed(ProbeRow.MAY_I, told, End.HERE, cure)
        case "invalid_client":
            return failed(ProbeRow.MAY_I, told, End.HERE, _compare(key, client))
        case _:
            pass
    if (turned := _turned_away(answer, key, client, "have tokens")) is not None:
        return turned
    if answer.status != 200 or not _holds_token(answer.body):
        cure = f"it has to answer with a bearer token (RFC 6749 section 5.1): see its log, and what {key} asks for"
        return failed(ProbeRow.MAY_I, told, End.THERE, cure)
    return fine(ProbeRow.MAY_I, f"{said}: it gives a token")


def _said(answer: Answer) -> str:
    return f"{answer.status} to {answer.asked}"


def _turned_away(answer: Answer, key: str, client: str, what: str) -> Finding | None:
    """Rule 2, and what is no such endpoint."""
    said, status = _said(answer), answer.status
    if status == 401:
        return failed(ProbeRow.MAY_I, f"reached, but refused: {said}", End.HERE, _compare(key, client))
    if status in (403, 407):
        return failed(ProbeRow.MAY_I, f"reached, but refused: {said}", End.THERE, f"let {client} {what} there")
    if 300 <= status < 400:
        return _redirected(said, key)
    if status in _NO_SUCH:
        return failed(ProbeRow.MAY_I, said, End.HERE, f"there is no such endpoint: name another url in {key}")
    if status >= 500:
        return failed(ProbeRow.MAY_I, said, End.THERE, "see its log, or what it depends on")
    return None


def _redirected(said: str, key: str) -> Finding:
    return failed(ProbeRow.MAY_I, said, End.HERE, f"no redirect is followed: name the url that it leads to in {key}")


def _compare(key: str, client: str) -> str:
    return f"compare {one_line(client)} and its secret, as {key} says them, with what it knows"


def _error_in(body: bytes) -> str:
    """RFC 6749 section 5.2: the word, and nothing else of it."""
    error = _read(body).get("error")
    return error if isinstance(error, str) and _ERROR.fullmatch(error) else ""


def _holds_token(body: bytes) -> bool:
    read = _read(body)
    kind = read.get("token_type", "bearer")
    return isinstance(read.get("access_token"), str) and isinstance(kind, str) and kind.lower() == "bearer"


def _read(body: bytes) -> dict[str, object]:
    try:
        read = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return read if isinstance(read, dict) else {}
