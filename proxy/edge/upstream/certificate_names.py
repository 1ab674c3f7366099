"""Which names an upstream's certificates hold, where clients say the name (`by_host`), and whose failure a lack is.

Rule 1: a handshake that fails over its name is the client's doing where this name was never held and another one is
        held now: the upstream is there, under its own names. It is not asked again, and nothing is held against it.
Rule 2: it is the upstream's where the name was held before, or where none is held: a certificate that was exchanged
        for a wrong one must not pass for what clients do. What is wrong with a certificate besides always is.
Rule 3: that the url's name is held proves nothing as long as no client has said it: it stands in for what is no name,
        and a certificate that holds it alone serves nobody.
Rule 4: at most `MOST` names are remembered; the one whose handshake is the oldest goes.
"""

from __future__ import annotations

import ssl
from dataclasses import replace
from typing import TYPE_CHECKING

from proxy.core.outcome import Blame, Failure, Refused
from proxy.edge.upstream.dial import Dialler

if TYPE_CHECKING:
    from proxy.core.routing.route import Upstream
    from proxy.edge.instance import Here
    from proxy.edge.upstream.address import UpstreamAddress
    from proxy.edge.upstream.connection import UpstreamConnection
    from proxy.tls.live_contexts import UpstreamContext

MOST = 256
_MISMATCHES = frozenset({62, 64})
"""OpenSSL's codes: the certificate holds another hostname, or another address."""
_ALERTS = ("UNRECOGNIZED_NAME", "ALERT_INTERNAL_ERROR", "ALERT_HANDSHAKE_FAILURE")
"""How servers may end a handshake that asks for a name that they lack; where another name is held, it is the name."""


class CertificateNames:
    """Names for which handshakes with one upstream have succeeded, in one worker."""

    __slots__ = ("_names", "_own", "own_asked")

    def __init__(self, own: str) -> None:
        """`own` is the url's name; `own_asked`: a client has asked for it."""
        self._names: dict[str, bool] = {}
        self._own = own
        self.own_asked = False

    def takes(self, name: str) -> None:
        """A handshake for it has succeeded."""
        self._names.pop(name, None)
        if len(self._names) >= MOST:
            del self._names[next(iter(self._names))]
        self._names[name] = True

    def lacks(self, name: str) -> bool:
        """A handshake has failed over its name; whether that is the client's doing (rules 1 and 2)."""
        if name in self._names:
            self._names[name] = False
            return False
        return any(held and (other != self._own or self.own_asked) for other, held in self._names.items())

    def was_held(self, name: str) -> bool:
        """Whether a handshake for it has ever succeeded."""
        return name in self._names


class DiallerByName(Dialler):
    """Opens connections whose handshakes ask for one name."""

    __slots__ = ("_held", "_name")

    def __init__(
        self, upstream: Upstream, here: Here, shared: UpstreamContext | None, name: str, held: CertificateNames
    ) -> None:
        """`held` is shared by all names of the upstream."""
        super().__init__(upstream, here, shared)
        self._name = name
        self._held = held

    @property
    def server_name(self) -> str:
        """The name, whatever the address is called."""
        return self._name

    async def dial(self, address: UpstreamAddress, length: float) -> UpstreamConnection | Failure:
        """As `Dialler.dial`; a success proves the name."""
        outcome = await super().dial(address, length)
        if not isinstance(outcome, Failure):
            self._held.takes(self._name)
        return outcome

    def _failure(self, error: OSError) -> Failure:
        """As `Dialler._failure`, blamed on the client by rules 1 and 2."""
        failure = super()._failure(error)
        if not _is_over_name(error) or not self._held.lacks(self._name):
            return failure
        return replace(failure, blame=Blame.CLIENT, refused=Refused.MISDIRECTED)


def _is_over_name(error: OSError) -> bool:
    match error:
        case ssl.SSLCertVerificationError():
            return error.verify_code in _MISMATCHES
        case ssl.SSLError(reason=str(reason)):
            return reason.endswith(_ALERTS)
        case _:
            return False
