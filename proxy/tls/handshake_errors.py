"""What a failed handshake is called, and what to do about it."""

from __future__ import annotations

import ssl

from proxy.core.routing.route import Upstream

_CODE = " (_ssl.c:"


def sentence_of(error: BaseException, upstream: Upstream | None = None, asked: str = "") -> str:
    """The library's own words without its codes; where `upstream` is known, the key of routes.yaml that mends it.

    `asked`: the name that TLS asked for, where it was not the url's.
    """
    match error:
        case ssl.SSLCertVerificationError():
            sentence = f"certificate verify failed: {error.verify_message.rstrip('.')}"
            return f"{sentence}; {_cure(error, upstream, asked)}" if upstream is not None else sentence
        case ssl.SSLError(reason=str(reason)):
            return _plain(reason, upstream)
        case _:
            return str(error).partition(_CODE)[0]


def _cure(error: ssl.SSLCertVerificationError, upstream: Upstream, asked: str) -> str:
    key = f"upstreams.{upstream.name}.tls"
    match error.verify_code:
        case 62 | 64:  # hostname, address
            wanted = asked or upstream.tls.server_name or upstream.host
            if not upstream.follows_host:
                return f"it should hold {wanted}, or {key}.server_name should name what it holds"
            rest = f"or {key}.sni be upstream"
            return f"it should hold {wanted}, or the route match only hosts that it holds (match: {{host: …}}), {rest}"
        case 9 | 10:  # not yet, no longer
            return "have the upstream's certificate renewed, and look at both clocks"
        case _:
            held = upstream.tls.ca or "the system's own store"
            return f"{key}.ca (now {held}) must hold the authority that signed it"


def _plain(reason: str, upstream: Upstream | None) -> str:
    words = reason.lower().replace("_", " ")
    key = "" if upstream is None else f"upstreams.{upstream.name}.tls"
    if "CERTIFICATE_REQUIRED" in reason:
        cure = f"{key}.cert and key must name one that it accepts"
        return f"the upstream wants a client certificate ({words})" + (f"; {cure}" if key else "")
    if reason in ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "PACKET_LENGTH_TOO_LONG"):
        return f"the other end does not speak TLS ({words})" + (
            "; its url may have to begin with http://" if key else ""
        )
    return f"TLS failed: {words}"
