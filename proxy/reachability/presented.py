"""As whom an upstream is asked: the credential of its `auth:`, fetched as the clerk would, or a certificate, or nobody.

Rule 1: a token is fetched once for an endpoint, and sent to nobody but that upstream; nothing prints it.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import assert_never

from proxy.clerk.introspection.introspection_call import basic, read_secret
from proxy.clerk.upstream_auth.google_identity import KEY_FILE
from proxy.clerk.upstream_auth.source_calls import fetch_token
from proxy.clerk.upstream_auth.source_error import SourceError
from proxy.core.reachability.certificate_finding import SOON, named
from proxy.core.reachability.finding import End, Finding, ProbeRow, failed, fine, warned
from proxy.core.reachability.google_parties import NOBODY, GoogleParties, called_by
from proxy.core.reachability.google_refusal import GoogleAnswer, google_missing
from proxy.core.routing.route import Upstream
from proxy.core.secret import NO_TEXT, Secret
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
from proxy.reachability.endpoint_targets import EndpointTarget
from proxy.reachability.google_facts import google_parties
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
    """The row, and with what a request is sent; `who` for people, empty: as nobody. `parties` where Google is asked."""

    row: Finding
    who: str = ""
    credential: Credential | None = None
    parties: GoogleParties = NOBODY
    basic: Secret[str] = NO_TEXT

    def written(self, question: Question) -> bytes:
        """The request as it goes out."""
        if self.basic:
            first, _, rest = question.written.partition(b"\r\n")
            return b"%b\r\nAuthorization: %b\r\n%b" % (first, self.basic.reveal().encode("latin-1"), rest)
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


async def as_client(target: EndpointTarget) -> Presented:
    """As the client that routes.yaml names, by HTTP Basic; or as nobody."""
    if not target.client:
        return Presented(fine(ProbeRow.AS_WHOM, "nobody: it is asked without a credential"))
    place = target.secret
    where = place.file or "routes.yaml or the environment"
    try:
        secret = await asyncio.to_thread(read_secret, place)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        cure = f"this user has to find the secret of {target.key} there, as the process that serves does"
        return Presented(failed(ProbeRow.AS_WHOM, f"no secret in {where}: {why}", End.HERE, cure))
    row = fine(ProbeRow.AS_WHOM, f"the client {target.client}, its secret from {where}")
    return Presented(row, f"the client {target.client}", basic=Secret(basic(target.client, secret)))


async def _by_token(upstream: Upstream, auth: UpstreamAuth, resolver: Resolver, target_time: TargetTime) -> Presented:
    who, began = _who(auth.source), time.monotonic()
    try:
        async with target_time.within(TOKEN):
            token = await fetch_token(auth.source, resolver)
    except (SourceError, TimeoutError) as error:
        return Presented(await _no_token(upstream, auth.source, who, error))
    took, parties = ms_since(began), await _parties(upstream, auth.source, token.token.reveal())
    credential = Credential(auth)
    credential.adopt(token)
    until = "no end is known" if token.ends == _NEVER else f"until {day(token.ends)}"
    signed = f", signs for {auth.sigv4.service} in {auth.sigv4.region}" if auth.sigv4 else ""
    whose = f" of {parties.account}" if parties.account else ""
    row = fine(ProbeRow.AS_WHOM, f"{who}{whose}{signed}, {until}", took)
    return Presented(row, f"{who}{whose}", credential, parties)


async def _no_token(upstream: Upstream, source: TokenSource, who: str, error: Exception) -> Finding:
    """What Google's answer says is missing, where it is Google's; else whom to ask."""
    answered = error.answered if isinstance(error, SourceError) else None
    if answered is not None and isinstance(source, GoogleIdentity):
        parties = await _parties(upstream, source, "")
        asked = GoogleAnswer(status=answered.status, body=answered.body, making=True, parties=parties)
        missing = google_missing(asked)
        if missing is not None:
            return failed(ProbeRow.AS_WHOM, f"no token: {who}: {missing.said}", missing.change, missing.cure)
    said = f"no token: {who}: {str(error) or 'no answer in time'}"
    return failed(ProbeRow.AS_WHOM, said, *_cure(source, f"upstreams.{upstream.name}.auth"))


async def _parties(upstream: Upstream, source: TokenSource, token: str) -> GoogleParties:
    if not isinstance(source, GoogleIdentity):
        return NOBODY
    return await google_parties(called_by(upstream.host, source.audience), token)


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
    if isinstance(source, GoogleIdentity):
        return (
            End.HERE,
            f"run it on a host of Google's, or name a key file in {KEY_FILE}, as the process that serves has",
        )
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
