from __future__ import annotations

import ssl
from dataclasses import replace

import pytest

from proxy.core.routing.route import Upstream
from proxy.core.tls import Sni, UpstreamTls
from proxy.tls.handshake_errors import sentence_of

UPSTREAM = Upstream(name="new", scheme="https", host="new.internal", port=443)


def failure(reason: str) -> ssl.SSLError:
    error = ssl.SSLError(1, f"[SSL: {reason}] {reason.lower()} (_ssl.c:1007)")
    error.reason = reason
    return error


@pytest.mark.parametrize(
    ("reason", "alone", "cure"),
    [
        (
            "TLSV13_ALERT_CERTIFICATE_REQUIRED",
            "the upstream wants a client certificate (tlsv13 alert certificate required)",
            "; upstreams.new.tls.cert and key must name one that it accepts",
        ),
        (
            "WRONG_VERSION_NUMBER",
            "the other end does not speak TLS (wrong version number)",
            "; its url may have to begin with http://",
        ),
        ("UNSUPPORTED_PROTOCOL", "TLS failed: unsupported protocol", ""),
    ],
)
def test_a_failure_is_a_sentence(reason: str, alone: str, cure: str) -> None:
    """The library's codes are left out; for an upstream the cure is said."""
    assert sentence_of(failure(reason)) == alone
    assert sentence_of(failure(reason), UPSTREAM) == alone + cure


def mismatch() -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_code, error.verify_message = 62, "Hostname mismatch, certificate is not valid for 'crm.test'."
    return error


def test_the_cure_of_a_name_that_is_not_held_is_one_that_the_file_takes() -> None:
    """Where the name follows Host, `server_name` is refused: the route is narrowed, or the name is the url's."""
    tls = UpstreamTls(sni=Sni.HOST)
    follows = replace(UPSTREAM, tls=tls)
    fixed = sentence_of(mismatch(), UPSTREAM)
    followed = sentence_of(mismatch(), follows, "crm.test")

    assert fixed.endswith("; it should hold new.internal, or upstreams.new.tls.server_name should name what it holds")
    assert "; it should hold crm.test, or the route match only hosts that it holds (match: {host: …})" in followed
    assert followed.endswith(", or upstreams.new.tls.sni be upstream")
    assert "server_name" not in followed


def test_other_errors_keep_their_words() -> None:
    """A refused connection is what it was."""
    assert sentence_of(ConnectionRefusedError(111, "Connection refused"), UPSTREAM) == "[Errno 111] Connection refused"
