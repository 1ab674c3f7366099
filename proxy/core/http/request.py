"""The head of a request: from the bytes that the C parser accepted to what the proxy decides on.

Rule 1: the C parser (llhttp) has accepted the very same bytes before; here stand the checks that it does not make:
        version, Host, target, method, TE in 1.0, codings, header count and sizes (reliability R3-R5, R10, R16).
Rule 2: field lines that pass are the client's own bytes, in their order; only framing and managed fields are left out.
Rule 3: a refusal is a value with its status; nothing raises.

Long: what is read of a head, and every reason to refuse one, stands in one order, which is the order of the checks.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from proxy.core.http.authority import normal_host
from proxy.core.http.headers import (
    NONE_OWNED,
    PROTECTED,
    FieldKind,
    Owned,
    connection_tokens,
    is_managed,
    request_kind,
)
from proxy.core.http.memo import Memo
from proxy.core.http.request_context import RequestContext
from proxy.core.http.target import is_acceptable
from proxy.core.limits.bounds_met import Shed
from proxy.core.limits.request_head_bounds import HeadBounds

CHUNKED: Final = -1
"""`length` of a body whose size is not known."""
_MAX_LENGTH = 2**63 - 1
_MAX_DIGITS = 40
_PLAIN: Final = int(FieldKind.PLAIN)
_HOST: Final = int(FieldKind.HOST)
_WANTED: Final = int(FieldKind.WANTED)
_CONNECTION: Final = int(FieldKind.CONNECTION)
_KEEP_ALIVE: Final = b" keep-alive"
"""What browsers send: says nothing in HTTP/1.1, so it is left out without a second look."""
_STAYS = frozenset({int(FieldKind.CONTENT_LENGTH), int(FieldKind.TRANSFER_ENCODING)})
_USUAL_METHODS = frozenset({b"GET", b"HEAD", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS"})
REFUSED_METHODS = frozenset({b"CONNECT", b"TRACE", b"PRI"})
"""Never for an upstream: a tunnel to anywhere, an echo of the client's own credentials, HTTP/2's first word (R10)."""
_METHOD = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_MEMO = 2048
_MEMO_KEY = 128
"""Remembered names and hosts, and the bytes of one. When full, everything is forgotten, so that a hostile client's
names cannot keep the others' out."""


_BLOCKS = 512
_LONGEST_BLOCK = 768
_METHODS = 64
_BINDING = (b"ntlm", b"negotiate")
_HOPS = b"max-forwards"
_FRAMING = frozenset({b"host", b"content-length", b"transfer-encoding"})
_MOST_HOP_DIGITS = 9
"""Of a longer number the first ones are read, as the standard lets a recipient have a greatest value."""
_TARGET: Final = bytes(byte for byte in range(0x21, 0x7F) if byte != ord("#"))
"""What llhttp and `is_acceptable` take in a target of origin form."""
_NOTHING: Mapping[bytes, list[bytes]] = {}
_AUTHORIZATION: Final = b"authorization:"


@dataclass(frozen=True, slots=True)
class RequestRefusal:
    """A request that is answered by Banyan with `status`, and why, in words for the client."""

    status: int
    detail: str
    shed: Shed | None = None


_USUAL_BOUNDS = HeadBounds()
_UNDERSCORE = RequestRefusal(400, "a header field's name holds an underscore, which is refused here")
_FORBIDDEN = RequestRefusal(400, "the request target holds a forbidden character")
_TWICE = RequestRefusal(400, "the body's end is declared more than once")


class RequestHead:
    """One request's head. `lines` are the raw field lines to forward; `fields`, by lower-case name, what was asked for.

    `length` is the body's size in bytes, `CHUNKED`, or 0. `host_at` is the place of `Host` in `lines` (-1: none,
    HTTP/1.0), `host_value` what stands after its colon, `host` the name that predicates compare.
    `binds`: it authenticates the connection it is sent on (RFC 4559 section 6), which is then nobody else's.
    `passed`: what it went through before (`via.py`); `mark`: the line in place of the route's own, or empty.
    `said_id`: the `X-Request-Id` that it came with, where that is a token, whoever sent it.
    `claims`: those of a verified token, where a route asks for them; None: there is none.
    `hops`: how many more an OPTIONS may make (`Max-Forwards`), or -1.
    `plain`: no body, no mark, and no field that Banyan reads for itself: what follows from those need not be looked at.
    Defaults stand on the class: interpreted, setting sixteen attributes costs a microsecond; compiled, they are slots.
    """

    host: str = ""
    host_value: bytes = b""
    host_at: int = -1
    length: int = 0
    managed: tuple[bytes, ...] = ()
    keep_alive: bool = True
    expect: bytes = b""
    upgrade: bytes = b""
    connection: tuple[bytes, ...] = ()
    te_trailers: bool = False
    binds: bool = False
    joined: bytes | None = None
    visit: RequestContext | None = None
    passed: tuple[bytes, ...] = ()
    claims: Mapping[str, Any] | None = None
    hops: int = -1
    said_id: bytes = b""
    mark: bytes = b""
    plain: bool = False

    def __init__(self, method: bytes, target: bytes, path: bytes, query: bytes, minor: int) -> None:
        """The request line's parts; `minor` is 1 for HTTP/1.1, 0 for HTTP/1.0."""
        self.method = method
        self.target = target
        self.path = path
        self.query = query
        self.minor = minor
        self.lines: list[bytes] = []
        self.fields: Mapping[bytes, list[bytes]] = _NOTHING

    def take_fields(self, known: RequestHead) -> None:
        """All that depends on the field lines alone, from a head that has the very same ones."""
        self.lines = known.lines
        self.fields = known.fields
        self.host = known.host
        self.host_value = known.host_value
        self.host_at = known.host_at
        self.keep_alive = known.keep_alive
        self.joined = known.joined
        self.plain = known.plain
        if known.plain:
            return  # the rest is as it stands on the class
        self.length = known.length
        self.managed = known.managed
        self.expect = known.expect
        self.upgrade = known.upgrade
        self.connection = known.connection
        self.te_trailers = known.te_trailers
        self.binds = known.binds

    def bear(self, mark: bytes) -> None:
        """Puts this line in place of the route's own mark."""
        self.mark = mark
        self.plain = False

    def put(self, name: bytes, *values: bytes) -> None:
        """Towards the upstream the field `name` has these values, none: it goes no further; what it is for us stays.

        As an upstream may read names: in any case, and an underscore for a hyphen. ValueError for what frames or
        names the request, and for a value that would end its line.
        """
        wanted = _as_read_behind(name)
        if wanted in _FRAMING or any(b"\r" in value or b"\n" in value for value in values):
            raise ValueError(f"a step may not put this into {name!r}")
        host = self.lines[self.host_at] if self.host_at >= 0 else None
        kept = [line for line in self.lines if _as_read_behind(line.partition(b":")[0]) != wanted]
        self.lines = [*kept, *[b"%b: %b" % (name, value) for value in values]]
        self.host_at = -1 if host is None else self.lines.index(host)
        self.joined = None

    def add(self, lines: Iterable[bytes]) -> None:
        """Towards the upstream these field lines as well, behind all others, among which none has such a name."""
        self.lines = [*self.lines, *lines]
        self.joined = None

    def leave_out_authorization(self) -> None:
        """`put(b"Authorization")` for who does it with every request: that name has no other spelling but capitals."""
        host = self.lines[self.host_at] if self.host_at >= 0 else None
        self.lines = [line for line in self.lines if line[:14].lower() != _AUTHORIZATION]
        self.host_at = -1 if host is None else self.lines.index(host)
        self.joined = None

    def note(self, name: bytes, value: bytes) -> None:
        """Remember a value of the wanted field `name` (lower case)."""
        if self.fields is _NOTHING:
            self.fields = {}
        self.fields.setdefault(name, []).append(value)  # type: ignore[attr-defined]
        if name == b"authorization" and value.lower().startswith(_BINDING):
            self.binds = True

    def first(self, name: bytes) -> bytes | None:
        """The first value of a wanted field (lower-case name), without surrounding blanks."""
        values = self.fields.get(name)
        return values[0] if values else None

    def block(self) -> bytes:
        """The field lines to forward, joined; remembered with the head, since most requests change none of them."""
        joined = self.joined
        if joined is None:
            joined = self.joined = b"\r\n".join(self.lines)
        return joined


def _as_read_behind(name: bytes) -> bytes:
    """A field's name as CGI and its heirs tell names apart."""
    return name.lower().replace(b"_", b"-")


class RequestReader:
    """Reads heads for one snapshot: it remembers what each field name means, bounded."""

    # fmt: off
    __slots__ = (
        "_blocks", "_hosts", "_kinds", "_methods", "_most_lines", "_nul", "_owned", "_recalled", "_small",
        "_underscores", "_wanted", "bounds",
    )
    # fmt: on

    def __init__(
        self,
        wanted: frozenset[bytes],
        bounds: HeadBounds = _USUAL_BOUNDS,
        *,
        underscores: bool = True,
        nul: bool = False,
        owned: Owned = NONE_OWNED,
    ) -> None:
        """`wanted`: lower-case names of the fields that routes, cohorts and predicates ask about.

        `underscores`: whether a field's name may hold one; `nul`: whether a target may hold `%00`; `owned`: the names
        that are Banyan's by `principal:`.
        """
        self._nul = nul
        self._owned = owned
        self.bounds = bounds
        self._recalled = min(bounds.line, bounds.head - _LONGEST_BLOCK)
        self._small = min(bounds.line, bounds.field, bounds.head)
        self._most_lines = bounds.fields + 3
        self._underscores = underscores
        self._wanted = wanted
        self._kinds: dict[bytes, int] = {}
        self._hosts: dict[bytes, str] = {}
        self._methods: set[bytes] = set()
        self._blocks: Memo[RequestHead] = Memo(_BLOCKS, _LONGEST_BLOCK)

    def recall(self, raw: bytes) -> RequestHead | None:
        """The head, when these very field lines were accepted before and the request line is plain; or None.

        Clients send the same fields with every request. All that depends on them is taken from the first time; the
        request line is checked anew, as strictly as llhttp does in origin form.
        """
        cut = raw.find(b"\r\n")
        known = self._blocks.get(raw[cut:])  # by all bytes behind the request line: nothing can differ unseen
        if known is None:
            return None
        parts = raw[:cut].split(b" ")
        if len(parts) != 3:
            return None
        method, target, version = parts
        if version != b"HTTP/1.1" or method not in self._methods or target.translate(None, _TARGET):
            return None
        path, _, query = target.partition(b"?")
        # What is rare or may be refused goes the long way, where every check has its own refusal.
        if cut > self._recalled or target[:1] != b"/" or target.find(b"%00") >= 0:
            return None
        head = RequestHead(method, target, path, query, 1)
        head.take_fields(known)
        return head

    def _remember(self, raw: bytes, head: RequestHead) -> None:
        # A method is known only from here on, since llhttp has taken it, and few are: clients may make some up. Where
        # `Max-Forwards` was counted down, the lines are not the client's bytes any more.
        if head.minor and len(self._methods) < _METHODS and _HOPS not in head.fields:
            self._methods.add(head.method)
            head.block()
            head.plain = _is_plain(head)
            known = RequestHead(b"", b"", b"", b"", 1)
            known.take_fields(head)
            self._blocks.put(raw[raw.find(b"\r\n") :], known)

    def read(self, raw: bytes) -> RequestHead | RequestRefusal:
        """`raw` is a whole head, up to and with its empty line."""
        lines = raw.split(b"\r\n")
        parts = lines[0].split(b" ")
        if len(parts) != 3:
            return RequestRefusal(400, "the request line must have exactly three parts")
        method, target, version = parts
        minor = 1 if version == b"HTTP/1.1" else 0 if version == b"HTTP/1.0" else -1
        if minor < 0:
            return RequestRefusal(505, "only HTTP/1.1 and HTTP/1.0 are spoken here")
        # Cheap tests let usual heads past the costly checks, each of which finds what exactly is wrong.
        if method not in _USUAL_METHODS and (refusal := _check_method(method)) is not None:
            return refusal
        if len(raw) > self._small and (refusal := _check_sizes(raw, lines, self.bounds)) is not None:
            return refusal
        if len(lines) > self._most_lines:
            return RequestRefusal(431, f"more than {self.bounds.fields} header fields", Shed.FIELDS)
        path, _, query = target.partition(b"?")
        head = RequestHead(method, target, path, query, minor)
        if not minor:
            head.keep_alive = False
        refusal = self._read_fields(head, lines)
        _count_hops(head)
        if refusal is not None:
            return refusal
        if target[:1] != b"/":
            return _other_form(head, nul=self._nul)
        if not is_acceptable(target, nul=self._nul):
            return _FORBIDDEN
        self._remember(raw, head)
        return head

    def _read_fields(self, head: RequestHead, lines: list[bytes]) -> RequestRefusal | None:
        """Sort the field lines; the loop is the hottest of the product, so it stands in one frame."""
        kinds, kept = self._kinds, head.lines
        special: list[tuple[int, bytes, bytes]] | None = None  # made only where needed: most heads have none
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
            elif kind == _WANTED:
                kept.append(line)
                head.note(name.lower(), value.strip(b" \t"))
            elif kind != _CONNECTION or value != _KEEP_ALIVE or not head.minor:
                if kind in _STAYS:
                    kept.append(line)  # framing goes on in its place; `_apply_framing` may rewrite it there
                if special is None:
                    special = []
                special.append((kind, line, value.strip(b" \t")))
        if (hosts != 1 or not head.host) and (refusal := _check_hosts(head, hosts)) is not None:
            return refusal
        return _apply(head, special) if special else None

    def _learn(self, name: bytes) -> int:
        kind = int(request_kind(name, self._wanted, self._owned))
        if not self._underscores and b"_" in name:
            kind = int(FieldKind.UNDERSCORE)
        if len(name) <= _MEMO_KEY:
            if len(self._kinds) >= _MEMO:
                self._kinds.clear()
            self._kinds[name] = kind
        return kind

    def _learn_host(self, value: bytes) -> str:
        host = normal_host(value.strip(b" \t")) or ""
        if host and len(value) <= _MEMO_KEY:
            if len(self._hosts) >= _MEMO:
                self._hosts.clear()
            self._hosts[value] = host
        return host


def _is_plain(head: RequestHead) -> bool:
    special = (head.length, head.managed, head.expect, head.upgrade, head.connection, head.te_trailers, head.binds)
    return not any(special) and b"traceparent" not in head.fields


def _count_hops(head: RequestHead) -> None:
    """RFC 9110 section 7.6.2: one hop less for whoever is next; what is no number passes as it is."""
    values = head.fields.get(_HOPS, ()) if head.method == b"OPTIONS" else ()
    if len(values) != 1 or not values[0].isdigit():
        return
    digits = values[0].lstrip(b"0")[:_MOST_HOP_DIGITS]
    head.hops = int(digits or b"0")
    for at, line in enumerate(head.lines):
        name = line.partition(b":")[0]
        if head.hops and name.lower() == _HOPS:
            head.lines[at] = b"%b: %d" % (name, head.hops - 1)


def _check_method(method: bytes) -> RequestRefusal | None:
    """The C parser skips empty lines before the method, and a bare LF or CR too, which must not pass as part of it."""
    if method in REFUSED_METHODS:
        return RequestRefusal(405, "CONNECT, TRACE and PRI are not passed on")
    return None if _METHOD.fullmatch(method) else RequestRefusal(400, "the method is not a token")


def _check_hosts(head: RequestHead, hosts: int) -> RequestRefusal | None:
    """One and valid; HTTP/1.0 may go without."""
    if hosts == 1:
        return RequestRefusal(400, "Host is not a valid host and port")
    return RequestRefusal(400, "exactly one Host field is required") if hosts or head.minor else None


def _check_sizes(raw: bytes, lines: list[bytes], bounds: HeadBounds) -> RequestRefusal | None:
    if len(lines[0]) > bounds.line:
        return RequestRefusal(414, f"the request line is longer than {bounds.line} bytes", Shed.REQUEST_LINE)
    if len(raw) > bounds.head or any(len(line) > bounds.field for line in lines[1:]):
        detail = f"a header field is longer than {bounds.field} bytes, or all of them than {bounds.head}"
        return RequestRefusal(431, detail, Shed.HEAD)
    return None


def _apply(head: RequestHead, special: list[tuple[int, bytes, bytes]]) -> RequestRefusal | None:
    """Work in the fields that are not simply passed on."""
    framed = False
    for kind, line, value in special:
        match kind:
            case FieldKind.CONTENT_LENGTH | FieldKind.TRANSFER_ENCODING:
                refusal = _TWICE if framed else _apply_framing(head, kind, line, value)
                if refusal is not None:
                    return refusal
                framed = True
            case FieldKind.CONNECTION:
                head.connection = (*head.connection, *connection_tokens(value))
            case FieldKind.TE:
                head.te_trailers = head.te_trailers or b"trailers" in connection_tokens(value)
            case FieldKind.EXPECT if head.minor:  # HTTP/1.0 knows no interim answers (RFC 9110 section 10.1.1)
                head.expect = value.lower() if not head.expect else b"?"
            case FieldKind.UPGRADE:
                head.upgrade = value.lower() if not head.upgrade else b"?"
            case FieldKind.UNDERSCORE:
                return _UNDERSCORE
            case FieldKind.MANAGED | FieldKind.TRACEPARENT | FieldKind.TRACESTATE:
                head.note(line.partition(b":")[0].lower(), value)
                head.managed = (*head.managed, line) if kind == FieldKind.MANAGED else head.managed
    _apply_connection(head)
    return None


def _apply_framing(head: RequestHead, kind: int, line: bytes, value: bytes) -> RequestRefusal | None:
    """The one field that says where the body ends; it goes on in canonical form (R2)."""
    if kind == FieldKind.CONTENT_LENGTH:
        if not value.isdigit() or len(value) > _MAX_DIGITS or int(value) > _MAX_LENGTH:
            return RequestRefusal(400, "Content-Length must be one decimal number below 2^63")
        head.length = int(value)
        canonical = b"%b: %d" % (line.partition(b":")[0], head.length)
    else:
        if head.minor == 0:
            return RequestRefusal(400, "Transfer-Encoding has no place in HTTP/1.0")
        if value.lower() != b"chunked":
            return RequestRefusal(501, "the only transfer coding understood is chunked")
        head.length = CHUNKED
        canonical = line.partition(b":")[0] + b": chunked"
    if line != canonical:  # leading zeros, other case: what two readers might read differently does not go on
        head.lines[head.lines.index(line)] = canonical
    return None


def _apply_connection(head: RequestHead) -> None:
    """What `Connection` names goes, but never what routing read: the upstream is to see what was decided on."""
    tokens = head.connection
    if not tokens:
        return
    if b"close" in tokens:
        head.keep_alive = False
    elif head.minor == 0 and b"keep-alive" in tokens:
        head.keep_alive = True
    named = {token for token in tokens if token not in PROTECTED and not is_managed(token)}
    named -= {b"close", b"keep-alive", b"upgrade", *head.fields}  # `fields` are those that routing read
    if named:
        host = head.lines[head.host_at] if head.host_at >= 0 else None
        head.lines[:] = [line for line in head.lines if line.partition(b":")[0].lower() not in named]
        head.host_at = head.lines.index(host) if host is not None else -1


def _other_form(head: RequestHead, *, nul: bool) -> RequestHead | RequestRefusal:
    """Absolute form (RFC 9112 section 3.2.2) and asterisk form (3.2.4)."""
    if head.target == b"*":
        return head if head.method == b"OPTIONS" else RequestRefusal(400, "the target * belongs to OPTIONS alone")
    scheme, found, after = head.target.partition(b"://")
    if not found or scheme.lower() not in (b"http", b"https"):
        return RequestRefusal(400, "the request target must begin with a slash")
    cut = min((at for at in (after.find(b"/"), after.find(b"?")) if at >= 0), default=len(after))
    authority, rest = after[:cut], after[cut:]
    if not _names_the_host(authority, head):
        return RequestRefusal(400, "the target's authority and Host do not agree")
    if not rest and head.method == b"OPTIONS":
        head.target = head.path = b"*"
        return head
    head.target = rest if rest[:1] == b"/" else b"/" + rest
    head.path, _, head.query = head.target.partition(b"?")
    return head if is_acceptable(head.target, nul=nul) else _FORBIDDEN


def _names_the_host(authority: bytes, head: RequestHead) -> bool:
    """Whether it is the Host that was sent; where none was (HTTP/1.0), it becomes the one that goes on."""
    host = normal_host(authority)
    if head.host_at >= 0:
        return bool(host) and authority.lower() == head.host_value.strip(b" \t").lower()
    head.host, head.host_value, head.host_at = host or "", authority, 0
    head.lines.insert(0, b"Host: " + authority)
    return bool(host)
