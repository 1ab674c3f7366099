"""What an upstream is asked with, ready to be put into a head: by workers, by the clerk's replays, by control's probes.

Rule 1: a token is never sent past its end (`renewal.end_of`), by wall time at the moment of sending.
Rule 2: the caller's own Authorization is replaced. Where Banyan signs, a request that its caller has signed stays as it
        is, byte by byte (`sigv4/signer.py` `is_signed`): who holds a credential asks `is_signed` first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from proxy.core.secret import NO_BYTES, Secret
from proxy.core.sigv4.signer import Signer, payload_hash
from proxy.core.sigv4.stamp import stamp_of
from proxy.core.upstream_auth.renewal import end_of
from proxy.core.upstream_auth.token_source import IssuedToken, UpstreamAuth, source_key

_AUTHORIZATION = b"authorization"
Field = tuple[str, str]


class Credential:
    """Of one `auth:`. `signs`: requests are signed, and the hash of their body is needed; `was_asked`: its source has
    given, or refused, a token at least once; `until`: the wall time up to which there is one to send.
    """

    __slots__ = (
        "_line",
        "_second",
        "_signer",
        "_stamp",
        "_token",
        "_waiting",
        "auth",
        "key",
        "signs",
        "until",
        "was_asked",
    )

    def __init__(self, auth: UpstreamAuth) -> None:
        """There is no token yet."""
        self.auth = auth
        self.key = source_key(auth.source)
        self.signs = auth.sigv4 is not None
        self.was_asked = False
        self.until = 0.0
        self._token: IssuedToken | None = None
        self._line: Secret[bytes] = NO_BYTES
        self._signer: Signer | None = None
        self._second = -1
        self._stamp = ""
        self._waiting: list[Callable[[], None]] = []

    def adopt(self, token: IssuedToken | None) -> None:
        """This is the newest; None: its source was asked, and has none. Whoever waits for the first hears of it."""
        self.was_asked = True
        if token is not None and token != self._token:
            self._token = token
            self.until = end_of(token)
            self._make_ready(token)
        waiting, self._waiting = self._waiting, []
        for hear in waiting:
            hear()

    def _make_ready(self, token: IssuedToken) -> None:
        scope = self.auth.sigv4
        if scope is not None:
            self._signer = Signer(scope.region, scope.service, token.access_key, token.token, token.session)
        else:
            self._line = Secret(b"Authorization: Bearer " + token.token.reveal().encode("ascii"))

    @property
    def mark(self) -> str:
        """Of the token that is sent now; empty: there was none."""
        return "" if self._token is None else self._token.mark

    @property
    def waiting(self) -> int:
        """How many wait for the first token."""
        return len(self._waiting)

    def await_first(self, hear: Callable[[], None]) -> None:
        """`hear` runs once, when its source has been asked for the first time."""
        self._waiting.append(hear)

    def is_good(self, now: float) -> bool:
        """Rule 1; `now` in unix seconds."""
        return now < self.until

    def apply(self, head: bytes, hashed: bytes, now: float) -> bytes:
        """A head with it, for a credential that is good now; both end with the empty line.

        `hashed` is the body's `payload_hash`, of interest only where it `signs`.
        """
        if self._signer is not None:
            return self._signer.sign(head, hashed, self._stamp_of(int(now)))
        lines = [line for line in head[:-4].split(b"\r\n") if line.partition(b":")[0].lower() != _AUTHORIZATION]
        return b"\r\n".join([*lines, self._line.reveal(), b"", b""])

    def fields_with(self, request: tuple[str, str], fields: Iterable[Field], body: bytes, now: float) -> list[Field]:
        """The same for who holds fields, `Host` among them: those to send. `request` is method and target."""
        lines = [f"{name}: {value}".encode("latin-1") for name, value in fields]
        head = b"\r\n".join([f"{request[0]} {request[1]} HTTP/1.1".encode("latin-1"), *lines, b"", b""])
        ready = self.apply(head, payload_hash(body) if self.signs else b"", now)
        parts = [line.decode("latin-1").partition(":") for line in ready[:-4].split(b"\r\n")[1:]]
        return [(name, value.strip()) for name, _, value in parts]

    def _stamp_of(self, second: int) -> str:
        if second != self._second:
            self._second, self._stamp = second, stamp_of(second)
        return self._stamp


class UpstreamCredentials:
    """Those of one process, by `auth:`; upstreams with the same one share it."""

    __slots__ = ("_by_auth", "_tokens")

    def __init__(self) -> None:
        """None was asked for."""
        self._by_auth: dict[UpstreamAuth, Credential] = {}
        self._tokens: Mapping[str, IssuedToken | None] = {}

    def follow(self, auths: Iterable[UpstreamAuth]) -> None:
        """These are asked for from now on; others stay with whoever still holds them, and are renewed no more."""
        self._by_auth = {auth: self.of(auth) for auth in auths}

    def of(self, auth: UpstreamAuth) -> Credential:
        """The one of this `auth:`."""
        found = self._by_auth.get(auth)
        if found is None:
            found = self._by_auth[auth] = Credential(auth)
            if found.key in self._tokens:
                found.adopt(self._tokens[found.key])
        return found

    def adopt(self, tokens: Mapping[str, IssuedToken | None]) -> None:
        """All that sources have given, by `source_key`."""
        self._tokens = tokens
        for credential in self._by_auth.values():
            if credential.key in tokens:
                credential.adopt(tokens[credential.key])
