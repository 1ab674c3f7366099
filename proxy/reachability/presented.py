"""As whom an upstream is asked: the credential of its `auth:`, fetched as the clerk would, or a certificate, or nobody.

Rule 1: a token is fetched once for an endpoint, and sent to nobody but that upstream; nothing prints it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import assert_never

from proxy.clerk.upstream_auth.source_calls import fetch_token
from proxy.clerk.upstream_auth.source_error import SourceError
from proxy.core.reachability.certificate_finding import SOON, named
from proxy.core.reachability.finding import End, Finding, ProbeRow, failed, fine, warned
from proxy.core.routing.route import Upstream
from proxy.core.sigv4.signer import payload_hash
from proxy.core.upstream_auth.credential import Credential
from proxy.core.upstream_auth.token_source import (
    AwsChain,
    AwsEnvironment,
    AwsFile,
    BearerFile,
    ClientCredentials,
    GoogleIdentity,
    TokenSource,
    UpstreamAuth,
)
from proxy.names.resolver import Resolver
from proxy.reachability.question import Question
from proxy.reachability.target_time import TargetTime, ms_since
from proxy.tls.contexts import UnusableError, certificate_in
from proxy.tls.live_contexts import day

TOKEN = 10.0
"""Seconds that a source has."""
_NEVER = float("inf")
_HERE = frozenset({"file", "aws_environment", "aws_file"})
"""Sources that are on this host."""


@dataclass(frozen=True, slots=True)
class Presented:
    """The row, and with what a request is sent; `who` for people, empty: as nobody."""

    row: Finding
    who: str = ""
    credential: Credential | None = None

    def written(self, question: Question) -> bytes:
        """The request as it goes out."""
        if self.credential is None:
            return question.written
        hashed = payload_hash(b"") if self.credential.signs else b""
        return self.credential.apply(question.written, hashed, time.time())


async def presented(upstream: Upstream, host: str, resolver: Resolver, target_time: TargetTime) -> Presented:
    """What Banyan shows of itself; `host` is what the request's Host says."""
    if upstream.auth is not None:
        return await _by_token(upstream, upstream.auth, resolver, target_time)
    if upstream.tls.cert:
        return Presented(_certificate(upstream), f"the certificate in {upstream.tls.cert}")
    return Presented(fine(ProbeRow.AS_WHOM, f"nobody: Banyan has no credential for it; Host {host}"))


async def _by_token(upstream: Upstream, auth: UpstreamAuth, resolver: Resolver, target_time: TargetTime) -> Presented:
    key, who, began = f"upstreams.{upstream.name}.auth", _who(auth.source), time.monotonic()
    try:
        async with target_time.within(TOKEN):
            token = await fetch_token(auth.source, resolver)
    except (SourceError, TimeoutError) as error:
        said = f"no token: {who}: {str(error) or 'no answer in time'}"
        return Presented(failed(ProbeRow.AS_WHOM, said, *_cure(auth.source, key)))
    credential = Credential(auth)
    credential.adopt(token)
    until = "no end is known" if token.ends == _NEVER else f"until {day(token.ends)}"
    signed = f", signs for {auth.sigv4.service} in {auth.sigv4.region}" if auth.sigv4 else ""
    return Presented(fine(ProbeRow.AS_WHOM, f"{who}{signed}, {until}", ms_since(began)), who, credential)


def _who(source: TokenSource) -> str:
    """As whom a source lets Banyan come."""
    match source:
        case BearerFile():
            return f"the token in {source.path}"
        case ClientCredentials():
            return f"the client {source.client_id} of {source.url.partition('?')[0]}"
        case GoogleIdentity():
            return f"Google's identity token for {source.audience}"
        case AwsEnvironment():
            return "the AWS credentials of the environment"
        case AwsFile():
            return f"the AWS profile {source.profile} in {source.path}"
        case AwsChain():
            return "the AWS credentials that botocore finds"
        case _:
            assert_never(source)


def _cure(source: TokenSource, key: str) -> tuple[End, str]:
    """Who has to change something where a source gives nothing."""
    if source.kind in _HERE:
        return End.HERE, f"this user has to find it as {key} says: see the file, or the environment"
    return End.THERE, f"see what the source says to whom {key} names, and whether this host reaches it"


def _certificate(upstream: Upstream) -> Finding:
    """A client certificate, as TLS has shown it."""
    path, key = upstream.tls.cert, f"upstreams.{upstream.name}.tls.cert"
    try:
        certificate = certificate_in(path)
    except UnusableError as error:
        return failed(ProbeRow.AS_WHOM, str(error), End.HERE, f"mend {key}")
    said = f"the certificate in {path} ({named(certificate.names)}), until {day(certificate.ends)}"
    if certificate.ends - time.time() < SOON:
        return warned(ProbeRow.AS_WHOM, said, End.HERE, f"renew the certificate of {key}")
    return fine(ProbeRow.AS_WHOM, said)
