"""What the status of a harmless request says: whether Banyan may ask there at all.

Rule 1: an answer that says that there is no such path or method is as good as any: the target is reached, and answers.
Rule 2: of a path that `health` names every status from 400 on is a failure, as control's health probes have it; why it
        is unwell it may say itself (`unwell_reason`).
Rule 3: 401 and 403 are refusals of whoever was shown: they say for which credential, role or scope to look.
Rule 4: who says that a signature or an access key is wrong knows whom he lets in: this end has to change its own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from proxy.core.one_line import one_line
from proxy.core.reachability.finding import End, Finding, ProbeRow, failed, fine, warned
from proxy.core.reachability.google_parties import NOBODY, GoogleParties
from proxy.core.reachability.google_refusal import GoogleAnswer, google_missing
from proxy.core.reachability.unwell_reason import unwell_reason

_SCOPE = re.compile(r'scope="([^"]*)"')
_AWS_MISTAKE = re.compile(
    r"(?:The request signature we calculated does not match the signature you provided"
    r"|The security token included in the request is (?:invalid|expired)"
    r"|The AWS Access Key Id you provided does not exist in our records"
    r"|Signature (?:not yet current|expired))[^<\"\\]*"
)
_NO_SUCH = frozenset({404, 405, 410, 501})
_AWAY = frozenset({502, 503, 504})
_REFUSED = frozenset({401, 403, 407})
_MOST = 120
"""Characters of a challenge that are repeated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came: `asked` is method and path, `challenge` the WWW-Authenticate field, `body` what of it was read.

    `is_iap`: its head says that Google's IAP made it.
    """

    asked: str
    status: int
    challenge: str = ""
    body: bytes = b""
    is_iap: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedAs:
    """`shown` is as whom it was asked, empty: as nobody; `host` the Host that it saw; `parties` where Google asks."""

    host: str
    shown: str = ""
    parties: GoogleParties = NOBODY


def judged(answer: Answer, upstream: str, asked_as: AskedAs, *, is_health: bool) -> Finding:
    """`is_health`: it is the answer to the path that `health` names."""
    said, host = f"{answer.status} to {answer.asked}", asked_as.host
    if answer.status in _REFUSED:
        return _refused(answer, upstream, asked_as)
    if answer.status == 421:
        cure = f"it does not serve {host}: try --host with a name that clients use, or set upstreams.{upstream}.host"
        return failed(ProbeRow.MAY_I, said, End.HERE, cure)
    if answer.status < 400 or (answer.status in _NO_SUCH and not is_health):
        return fine(ProbeRow.MAY_I, said)
    if is_health:
        return _unwell(answer, said)
    if answer.status in _AWAY:
        return failed(ProbeRow.MAY_I, said, End.THERE, "what it depends on is away, or its own proxy finds nobody")
    if answer.status >= 500:
        return warned(ProbeRow.MAY_I, said, End.THERE, "see its log; a health path would say whether it is well")
    cure = f"name a path that it answers in upstreams.{upstream}.health, or try another Host with --host"
    return warned(ProbeRow.MAY_I, said, End.HERE, cure)


def _unwell(answer: Answer, said: str) -> Finding:
    """By rule 2."""
    reason = unwell_reason(answer.body.decode("utf-8", "replace"))
    why = f": {reason.said}" if reason else ""
    cure = reason.cure if reason else ""
    return failed(ProbeRow.MAY_I, said + why, End.THERE, cure or "its health path has to answer below 400: see its log")


def _refused(answer: Answer, upstream: str, asked_as: AskedAs) -> Finding:
    """By rule 3."""
    said, shown = f"reached, but refused: {answer.status} to {answer.asked}", asked_as.shown
    body = answer.body.decode("utf-8", "replace")
    missing = google_missing(
        GoogleAnswer(status=answer.status, body=body, is_iap=answer.is_iap, parties=asked_as.parties)
    )
    if missing is not None:
        return failed(ProbeRow.MAY_I, f"{said}: {missing.said}", missing.change, missing.cure)
    mistake = _AWS_MISTAKE.search(body)
    if mistake is not None and shown:
        cure = (
            f"compare {shown} with what it knows: access key and secret, region and service in "
            f"upstreams.{upstream}.auth, this host's clock"
        )
        return failed(ProbeRow.MAY_I, f"{said}: {one_line(mistake[0][:_MOST])}", End.HERE, cure)
    scope = _SCOPE.search(answer.challenge)
    if "insufficient_scope" in answer.challenge and scope is not None:
        cure = f"grant the scope {one_line(scope[1])} to whom Banyan calls as"
        return failed(ProbeRow.MAY_I, f"{said}: a scope is missing", End.THERE, cure)
    if answer.challenge:
        said += f" (it wants {one_line(answer.challenge[:_MOST])})"
    if shown:
        return failed(ProbeRow.MAY_I, said, End.THERE, f"let {shown} ask for {answer.asked}")
    cure = f"where clients bring what it wants, name a path that needs none in upstreams.{upstream}.health"
    return failed(ProbeRow.MAY_I, said, End.HERE, cure)
