"""The request for the other side, made of what the journal kept.

Rule 1: it says that it was done before (`X-Banyan-Replay: 1`) and carries the key under which it is done once.
Rule 2: identifiers that the first side made stand as the other side calls them; those that nobody has mapped go as they
        are, since both sides have data from before.
Rule 3: an identifier of a kind is looked for among those of its kind, then among those from before kinds were named.
Rule 4: where results are sent, the body is the first side's answer, and PUT its method: the thing's new state.
        What was deleted has none, whatever the answer says.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from urllib.parse import quote_from_bytes, unquote_to_bytes

from proxy.core.journal.intent import JournalEntry, StoredRequest
from proxy.core.journal.json_values import replaced, value_at
from proxy.core.journal.writes import OF_KIND, REPLAY, REPLAY_NAME, JsonPath, MintedId, SentOn, Writes
from proxy.core.routing.cohort import CohortSource, SourceKind

KEY_NAME = b"Idempotency-Key"
_OWN = frozenset({b"content-length", b"transfer-encoding", b"accept-encoding", b"idempotency-key"})
_OF_THE_BODY = frozenset(
    {b"content-md5", b"digest", b"content-digest", b"repr-digest", b"signature", b"signature-input"}
)
"""What was said of the client's own bytes, and would not be true of others."""
IdPlace = CohortSource | JsonPath


def second_request(entry: JournalEntry, writes: Writes, names: Mapping[str, str]) -> StoredRequest:
    """`names`: what the other side calls the identifiers of this request that it has made itself."""
    request, answer = entry.intent.request, entry.answer
    lines = [line for line in request.lines if _name(line) not in _OWN]
    lines += [f"{REPLAY_NAME}: {REPLAY}".encode("ascii"), b"%b: %b" % (KEY_NAME, key_of(entry))]
    method, body = second_method(entry), request.body
    if answer is not None and _sends_result(entry):
        lines = [line for line in lines if _name(line) not in {b"content-type", b"content-encoding"}]
        lines.append(b"Content-Type: " + answer.content_type)
        body = answer.body
    target = request.target
    for minted_id, place, known in _ids(writes, request):
        theirs = names.get(minted_id.called(known), names.get(known))
        if theirs is not None:
            target, body = _renamed(target, body, place, minted_id.known(theirs))
    if body != request.body:
        lines = [line for line in lines if _name(line) not in _OF_THE_BODY]
    return StoredRequest(method=method, target=target, lines=tuple(lines), body=body)


def second_method(entry: JournalEntry) -> bytes:
    """Rule 4."""
    return b"PUT" if _sends_result(entry) else entry.intent.request.method


def _sends_result(entry: JournalEntry) -> bool:
    if entry.intent.send is not SentOn.RESULT or entry.intent.request.method == b"DELETE":
        return False
    return entry.answer is not None and bool(entry.answer.body)


def ids_in(writes: Writes, request: StoredRequest) -> tuple[str, ...]:
    """The identifiers that a request holds where `ids` of its route says so, as the journal calls them (rule 3)."""
    found = [(minted_id.called(known), known) for minted_id, _, known in _ids(writes, request)]
    return tuple(dict.fromkeys(each for both in found for each in both))


def key_of(entry: JournalEntry) -> bytes:
    """The client's own Idempotency-Key, so that both sides know the write by the same; else the intent's."""
    return field_in(entry.intent.request, KEY_NAME.lower()) or b'"' + entry.intent.id.encode("ascii") + b'"'


def field_in(request: StoredRequest, name: bytes) -> bytes:
    """The value of the first field of this lower-case name; empty without one."""
    return next((line for line in request.lines if _name(line) == name), b"").partition(b":")[2].strip()


def minted(entry: JournalEntry, writes: Writes, theirs: bytes) -> tuple[tuple[str, str], ...]:
    """Pairs of what the first side and the other call what each has just made; `theirs` is the body of an answer.

    Where the first side's answer is not known, people may have said how it calls what it made. A DELETE makes nothing,
    whatever its answers name.
    """
    if entry.intent.request.method == b"DELETE":
        return ()
    makers = [each for each in writes.ids if each.answer]
    kept = entry.answer
    ours = entry.made if kept is None else [value_in(kept.body, each.answer) for each in makers]
    found = zip(makers, ours, (value_in(theirs, each.answer) for each in makers), strict=False)
    return tuple((by.called(mine), by.called(other)) for by, mine, other in found if mine and other)


def deleted(entry: JournalEntry, writes: Writes) -> tuple[str, ...]:
    """What the journal may call the thing that a DELETE takes away: the one that its target ends with."""
    request = entry.intent.request
    if request.method != b"DELETE":
        return ()
    last = request.target.partition(b"?")[0].count(b"/")
    found = [
        (each.called(known), known)
        for each, place, known in _ids(writes, request)
        if isinstance(place, CohortSource) and place.position == last
    ]
    return tuple(dict.fromkeys(name for both in found for name in both))


def made_by(writes: Writes, needs: Sequence[str], body: bytes) -> tuple[str, ...]:
    """What an answer calls what was made; what the request named already (`needs`) was there before."""
    found = ((each, value_in(body, each.answer)) for each in writes.ids)
    return tuple(by.called(name) for by, name in found if name and by.called(name) not in needs)


def value_in(body: bytes, path: JsonPath | None) -> str | None:
    """The scalar at `path` of a JSON body."""
    if path is None:
        return None
    try:
        return value_at(body.decode("utf-8"), path)
    except UnicodeDecodeError:
        return None


def _ids(writes: Writes, request: StoredRequest) -> Iterable[tuple[MintedId, IdPlace, str]]:
    for each in writes.ids:
        for place in each.request:
            known = value_in(request.body, place) if isinstance(place, JsonPath) else _segment(request.target, place)
            if known and OF_KIND not in known:
                yield each, place, known


def _segment(target: bytes, place: CohortSource) -> str | None:
    segments = target.partition(b"?")[0].split(b"/")
    if place.kind is not SourceKind.PATH or not 0 < place.position < len(segments):
        return None
    return unquote_to_bytes(segments[place.position]).decode("utf-8", "surrogateescape")


def _renamed(target: bytes, body: bytes, place: IdPlace, name: str) -> tuple[bytes, bytes]:
    if isinstance(place, JsonPath):
        return target, replaced(body.decode("utf-8"), place, name).encode("utf-8")
    path, mark, query = target.partition(b"?")
    segments = path.split(b"/")
    segments[place.position] = quote_from_bytes(name.encode("utf-8", "surrogateescape"), safe="").encode("ascii")
    return b"/".join(segments) + mark + query, body


def _name(line: bytes) -> bytes:
    return line.partition(b":")[0].lower()
