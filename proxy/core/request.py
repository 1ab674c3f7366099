"""The head of a request: from the bytes that the C parser accepted to what the proxy decides on.

Rule 1: the C parser (llhttp) has accepted the very same bytes before; here stand the checks that it does not make:
        version, Host, target, method, TE in 1.0, codings, header count and sizes (reliability R3-R5, R10, R16).
Rule 2: field lines that pass are the client's own bytes, in their order; only framing and managed fields are left out.
Rule 3: a refusal is a value with its status; nothing raises.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from proxy.core.authority import normal_host, split_authority
from proxy.core.headers import PROTECTED, Kind, connection_tokens, is_managed, request_kind
from proxy.core.target import is_acceptable

MAX_LINE = 16 * 1024
MAX_HEAD = 64 * 1024
"""Request line and fields together. Precedents: nginx 4 x 8 KiB, Envoy 60 KiB, Node 16 KiB."""
MAX_FIELDS = 128
CHUNKED = -1
"""`length` of a body whose size is not known."""
_MAX_LENGTH = 2**63 - 1
_MAX_DIGITS = 40
_PLAIN, _HOST = int(Kind.PLAIN), int(Kind.HOST)
_STAYS = frozenset({int(Kind.WANTED), int(Kind.CONTENT_LENGTH), int(Kind.TRANSFER_ENCODING)})
_MEMO = 2048
"""Remembered names and hosts; a client that sends more distinct ones only loses the short cut."""


_NOTHING: Mapping[bytes, list[bytes]] = {}


@dataclass(frozen=True, slots=True)
class Refusal:
    """A request that is answered by Banyan with `status`, and why, in words for the client."""

    status: int
    detail: str


class RequestHead:
    """One request's head. `lines` are the raw field lines to forward; `fields` holds what routes ask about, by lower-case name.

    `length` is the body's size in bytes, `CHUNKED`, or 0. `host_at` is the place of `Host` in `lines` (-1: none,
    HTTP/1.0), `host_value` what stands after its colon, `host` the name that predicates compare.
    Defaults stand on the class: most requests never touch them, and setting sixteen attributes costs a microsecond.
    """

    host: str = ""
    host_value: bytes = b""
    host_at: int = -1
    length: int = 0
    fields: Mapping[bytes, list[bytes]] = _NOTHING
    managed: Sequence[bytes] = ()
    keep_alive: bool = True
    expect: bytes = b""
    upgrade: bytes = b""
    connection: Sequence[bytes] = ()
    te_trailers: bool = False

    def __init__(self, method: bytes, target: bytes, path: bytes, query: bytes, minor: int) -> None:
        """The request line's parts; `minor` is 1 for HTTP/1.1, 0 for HTTP/1.0."""
        self.method = method
        self.target = target
        self.path = path
        self.query = query
        self.minor = minor
        self.lines: list[bytes] = []

    def note(self, name: bytes, value: bytes) -> None:
        """Remember a value of the wanted field `name` (lower case)."""
        if self.fields is _NOTHING:
            self.fields = {}
        self.fields.setdefault(name, []).append(value)  # type: ignore[attr-defined]

    def first(self, name: bytes) -> bytes | None:
        """The first value of a wanted field (lower-case name), without surrounding blanks."""
        values = self.fields.get(name)
        return values[0] if values else None


class RequestReader:
    """Reads heads for one snapshot: it remembers what each field name means, bounded."""

    __slots__ = ("_hosts", "_kinds", "_wanted")

    def __init__(self, wanted: frozenset[bytes]) -> None:
        """`wanted`: lower-case names of the fields that routes, cohorts and predicates ask about."""
        self._wanted = wanted
        self._kinds: dict[bytes, int] = {}
        self._hosts: dict[bytes, str] = {}

    def read(self, raw: bytes) -> RequestHead | Refusal:
        """`raw` is a whole head, up to and with its empty line."""
        lines = raw.split(b"\r\n")
        parts = lines[0].split(b" ")
        if len(parts) != 3:
            return Refusal(400, "the request line must have exactly three parts")
        method, target, version = parts
        minor = 1
        if version != b"HTTP/1.1":
            if version != b"HTTP/1.0":
                return Refusal(505, "only HTTP/1.1 and HTTP/1.0 are spoken here")
            minor = 0
        if len(raw) > MAX_LINE and (refusal := _check_sizes(raw, lines)) is not None:
            return refusal
        if len(lines) > MAX_FIELDS + 3:
            return Refusal(431, f"more than {MAX_FIELDS} header fields")
        path, _, query = target.partition(b"?")
        head = RequestHead(method, target, path, query, minor)
        refusal = self._read_fields(head, lines)
        if refusal is not None:
            return refusal
        if target[:1] == b"/":
            return head if is_acceptable(target) else Refusal(400, "the request target holds a forbidden character")
        return _other_form(head)

    def _read_fields(self, head: RequestHead, lines: list[bytes]) -> Refusal | None:
        """Sort the field lines; the loop is the hottest of the product, so it stands in one frame."""
        kinds, kept = self._kinds, head.lines
        special: list[tuple[int, bytes, bytes]] | None = None
        hosts = 0
        for line in lines[1:-2]:
            name, _, value = line.partition(b":")
            kind = kinds.get(name, -1)
            if kind < 0:
                kind = self._learn(name)
            if kind == _PLAIN:
                kept.append(line)
            elif kind == _HOST:
                hosts += 1
                head.host_at = len(kept)
                head.host_value = value
                kept.append(line)
                head.host = self._hosts.get(value) or self._learn_host(value)
            else:
                if kind in _STAYS:
                    kept.append(line)
                if special is None:
                    special = []
                special.append((kind, line, value.strip(b" \t")))
        if hosts != 1 and (hosts or head.minor):
            return Refusal(400, "exactly one Host field is required")
        if hosts and not head.host:
            return Refusal(400, "Host is not a valid host and port")
        if not head.minor:
            head.keep_alive = False
        return _apply(head, special) if special else None

    def _learn(self, name: bytes) -> int:
        kind = request_kind(name, self._wanted)
        if len(self._kinds) < _MEMO:
            self._kinds[name] = kind
        return kind

    def _learn_host(self, value: bytes) -> str:
        host = normal_host(value.strip(b" \t")) or ""
        if host and len(self._hosts) < _MEMO:
            self._hosts[value] = host
        return host


def _check_sizes(raw: bytes, lines: list[bytes]) -> Refusal | None:
    if len(lines[0]) > MAX_LINE:
        return Refusal(414, f"the request line is longer than {MAX_LINE} bytes")
    if len(raw) > MAX_HEAD or any(len(line) > MAX_LINE for line in lines):
        return Refusal(431, f"a header field is longer than {MAX_LINE} bytes, or all of them than {MAX_HEAD}")
    return None


def _apply(head: RequestHead, special: list[tuple[int, bytes, bytes]]) -> Refusal | None:
    """Work in the fields that are not simply passed on."""
    for kind, line, value in special:
        refusal = None
        match kind:
            case Kind.CONTENT_LENGTH:
                refusal = _apply_length(head, line, value)
            case Kind.TRANSFER_ENCODING:
                refusal = _apply_coding(head, value)
            case Kind.CONNECTION:
                head.connection = [*head.connection, *connection_tokens(value)]
            case Kind.TE:
                head.te_trailers = head.te_trailers or b"trailers" in connection_tokens(value)
            case Kind.EXPECT:
                head.expect = value.lower() if not head.expect else b"?"
            case Kind.UPGRADE:
                head.upgrade = value.lower() if not head.upgrade else b"?"
            case Kind.MANAGED | Kind.TRACEPARENT | Kind.TRACESTATE | Kind.WANTED:
                head.note(line.partition(b":")[0].lower(), value)
                if kind == Kind.MANAGED:
                    head.managed = [*head.managed, line]
            case _:
                pass
        if refusal is not None:
            return refusal
    if head.connection:
        _apply_connection(head)
    return None


def _apply_length(head: RequestHead, line: bytes, value: bytes) -> Refusal | None:
    if not value.isdigit() or len(value) > _MAX_DIGITS or int(value) > _MAX_LENGTH or head.length:
        return Refusal(400, "Content-Length must be one decimal number below 2^63")
    head.length = int(value)
    canonical = b"%d" % head.length
    if value != canonical:
        head.lines[head.lines.index(line)] = line.partition(b":")[0] + b": " + canonical
    return None


def _apply_coding(head: RequestHead, value: bytes) -> Refusal | None:
    if head.minor == 0 or head.length:
        return Refusal(400, "Transfer-Encoding has no place here (HTTP/1.0, or framed twice)")
    if value.lower() != b"chunked":
        return Refusal(501, "the only transfer coding understood is chunked")
    head.length = CHUNKED
    return None


def _apply_connection(head: RequestHead) -> None:
    tokens = head.connection
    if b"close" in tokens:
        head.keep_alive = False
    elif head.minor == 0 and b"keep-alive" in tokens:
        head.keep_alive = True
    named = {token for token in tokens if token not in PROTECTED and not is_managed(token)}
    named -= {b"close", b"keep-alive", b"upgrade"}
    if named:
        host = head.lines[head.host_at] if head.host_at >= 0 else None
        head.lines[:] = [line for line in head.lines if line.partition(b":")[0].lower() not in named]
        head.host_at = head.lines.index(host) if host is not None else -1


def _other_form(head: RequestHead) -> RequestHead | Refusal:
    """Absolute form (RFC 9112 section 3.2.2) and asterisk form (3.2.4)."""
    if head.target == b"*":
        return head if head.method == b"OPTIONS" else Refusal(400, "the target * belongs to OPTIONS alone")
    scheme, found, after = head.target.partition(b"://")
    if not found or scheme.lower() not in (b"http", b"https"):
        return Refusal(400, "the request target must begin with a slash")
    cut = min((at for at in (after.find(b"/"), after.find(b"?")) if at >= 0), default=len(after))
    authority, rest = after[:cut], after[cut:]
    if not _names_the_host(authority, head):
        return Refusal(400, "the target's authority and Host do not agree")
    head.target = rest if rest[:1] == b"/" else b"/" + rest
    head.path, _, head.query = head.target.partition(b"?")
    return head if is_acceptable(head.target) else Refusal(400, "the request target holds a forbidden character")


def _names_the_host(authority: bytes, head: RequestHead) -> bool:
    if head.host_at < 0:
        return split_authority(authority) is not None
    sent = head.lines[head.host_at].partition(b":")[2].strip(b" \t")
    return authority.lower() == sent.lower() and split_authority(authority) is not None
