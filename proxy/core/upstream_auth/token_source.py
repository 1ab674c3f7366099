"""Where Banyan's own credentials come from: `auth:` of an upstream, as its block has read it.

Rule 1: equal sources are one source: it is asked once for all upstreams that name it.
Rule 2: a source prints nothing that could be used: its secrets are `Secret`.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from hashlib import sha256
from typing import ClassVar

from proxy.core.secret import NO_TEXT, Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class BearerFile:
    """A bearer token in a file that somebody else renews."""

    path: str
    kind: ClassVar[str] = "file"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientCredentials:
    """A bearer token of an OAuth provider (RFC 6749 section 4.4); `scope` and `audience` may be empty."""

    url: str
    client_id: str
    client_secret: Secret[str]
    secret_file: str = ""
    scope: str = ""
    audience: str = ""
    kind: ClassVar[str] = "client_credentials"


@dataclass(frozen=True, slots=True, kw_only=True)
class GoogleIdentity:
    """An identity token of Google for an audience."""

    audience: str
    kind: ClassVar[str] = "google_identity"


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsEnvironment:
    """AWS credentials in the environment of the process: AWS_ACCESS_KEY_ID and its like."""

    kind: ClassVar[str] = "aws_environment"


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsFile:
    """AWS credentials in a file of profiles, as the AWS command line writes it."""

    path: str
    profile: str = "default"
    kind: ClassVar[str] = "aws_file"


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsChain:
    """AWS credentials by botocore's own chain: environment, files, container, instance."""

    kind: ClassVar[str] = "aws_chain"


LOCAL = (BearerFile, AwsEnvironment, AwsFile)
"""Sources that are here: looking at them asks nobody."""
TokenSource = BearerFile | ClientCredentials | GoogleIdentity | AwsEnvironment | AwsFile | AwsChain


@dataclass(frozen=True, slots=True, kw_only=True)
class SigV4Scope:
    """What requests are signed for; a body of more than `max_body` bytes is not read, and so not signed."""

    region: str
    service: str
    max_body: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamAuth:
    """`auth:` of an upstream; `sigv4` None: the token goes along as it is."""

    source: TokenSource
    sigv4: SigV4Scope | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedToken:
    """What a source has given, at `issued` and good until `ends`, both unix seconds; `ends` infinite: nobody knows.

    `token` is a bearer token, or the secret key of the AWS `access_key`, with the token of a `session` or without.
    """

    token: Secret[str]
    issued: float
    ends: float = float("inf")
    access_key: str = ""
    session: Secret[str] = NO_TEXT

    @property
    def mark(self) -> str:
        """Names it without giving it away: it is told by who was refused with it."""
        return _digest(self.access_key, self.token.reveal(), self.session.reveal())


def source_key(source: TokenSource) -> str:
    """Names a source between processes: equal sources have the same, others have another."""
    values = [getattr(source, each.name) for each in fields(source)]
    return _digest(source.kind, *[value.reveal() if isinstance(value, Secret) else value for value in values])


def _digest(*parts: str) -> str:
    return sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()[:16]
