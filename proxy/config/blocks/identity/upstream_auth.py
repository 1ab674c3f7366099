"""`auth:` of an upstream: as whom Banyan calls it.

Rule 1: a secret comes from the environment or a file, a token from a file or from who issues it; neither stands in
        routes.yaml.
Rule 2: exactly one source. What is signed is read whole before, so its bound must be said.
Rule 3: whom nobody checks is not called for as Banyan by omission: such a route says why it lends Banyan's identity.
        A file without policies on loopback says it of nobody: who calls is on this machine.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from pathlib import Path as FilePath
from typing import Annotated, assert_never
from urllib.parse import urlsplit

from pydantic import BeforeValidator

from proxy.config.block import Block, Draft, KeysAt, Section, needed, optional
from proxy.config.blocks.identity.auth import ANONYMOUS, AuthAtTop, AuthOfRoute
from proxy.config.blocks.identity.introspection import read_secret_place
from proxy.config.blocks.route import RouteWithAnswer, SideKeys
from proxy.config.blocks.server import ServerKeys
from proxy.config.checks.secret_files import complaint_of
from proxy.config.readers import scalars, units
from proxy.config.readers.errors import fault
from proxy.config.readers.schema_patterns import TEXT, beginning, matching, words
from proxy.config.text.problem import FileProblem, Path
from proxy.core.auth.opaque_policy import SecretPlace
from proxy.core.routing.predicate import HostIs
from proxy.core.routing.route import HostMode, Route
from proxy.core.upstream_auth.token_source import (
    AwsChain,
    AwsEnvironment,
    AwsFile,
    BearerFile,
    ClientCredentials,
    GoogleIdentity,
    SigV4Scope,
    TokenSource,
    UpstreamAuth,
)
from proxy.core.upstream_auth.upstream_auth_policy import UpstreamAuthPolicy

_SCHEME = re.compile(r"https?://")
_PART = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_ODD = re.compile(r"[^!-~]")
_VISIBLE = re.compile(r"[ -~]{1,1000}")
_AWS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
_SOURCES = ("bearer", "client_credentials", "google_identity", "sigv4")


class CredentialsWord(StrEnum):
    """Where the credentials that sign are."""

    ENVIRONMENT = "environment"
    FILE = "file"
    CHAIN = "chain"


def read_token_url(value: object) -> str:
    """`https://host[:port]/path`."""
    text = value if isinstance(value, str) else ""
    if not _is_url(text):
        raise fault("must be a url such as https://id.example.com/token", got="")
    if "@" in urlsplit(text).netloc:
        raise fault("must not hold a user or password; write client_id and client_secret", got="")
    return text


def _is_url(text: str) -> bool:
    try:
        found = urlsplit(text)
        return bool(_SCHEME.match(text) and found.hostname) and found.port != 0 and not _ODD.search(text)
    except ValueError:
        return False


def read_visible(value: object) -> str:
    """A text of visible characters of ASCII."""
    if isinstance(value, str) and _VISIBLE.fullmatch(value):
        return str(value)
    raise fault("must be a text of visible characters", got="")


def read_part(value: object) -> str:
    """A part of what a signature is for."""
    if isinstance(value, str) and _PART.fullmatch(value):
        return str(value)
    raise fault("must be a name of AWS in lower case, such as eu-west-1 or execute-api")


def read_client_secret(value: object) -> SecretPlace:
    """`file:PATH`, or the secret itself, which comes from the environment."""
    return read_secret_place(read_visible(value))


TokenUrl = Annotated[str, BeforeValidator(read_token_url), beginning(_SCHEME)]
VisibleText = Annotated[str, BeforeValidator(read_visible), TEXT]
AwsName = Annotated[str, BeforeValidator(read_part), matching(_PART)]
CredentialsFrom = Annotated[CredentialsWord, BeforeValidator(scalars.Choice(CredentialsWord)), words(CredentialsWord)]


class BearerBlock(Block):
    """A bearer token that somebody else renews."""

    file: scalars.FilePath = needed("The file that holds it, looked at each second.", "/run/secrets/legacy-token")


class ClientCredentialsBlock(Block):
    """A bearer token of an OAuth provider."""

    url: TokenUrl = needed("Its token endpoint.", "https://id.example.com/token")
    client_id: VisibleText = needed("Who Banyan is there.", "banyan")
    client_secret: Annotated[SecretPlace, BeforeValidator(read_client_secret), TEXT] = needed(
        "Its secret: file: and a path, read anew for each token; or from the environment.", "file:legacy.secret"
    )
    scope: VisibleText | None = optional("What is asked for.", "policies:read policies:write")
    audience: VisibleText | None = optional("For whom, where the provider wants to know.", "https://legacy.internal")


class GoogleIdentityBlock(Block):
    """An identity token of Google."""

    audience: VisibleText = needed("For whom: the URL of the service.", "https://legacy-abc.a.run.app")


class SigV4Block(Block):
    """AWS Signature Version 4 of each request."""

    region: AwsName = needed("The region that is signed for.", "eu-west-1")
    service: AwsName = needed("The service that is signed for.", "execute-api", "lambda", "s3")
    credentials: CredentialsFrom = needed(
        "Where they are. environment: AWS_ACCESS_KEY_ID and its like; file: a file of profiles; chain: wherever "
        "botocore finds them, which is an extra (aws).",
        "environment",
        "file",
        "chain",
    )
    file: scalars.FilePath | None = optional("The file of profiles.", "/run/secrets/aws")
    profile: VisibleText | None = optional("Its profile. Default default.", "legacy")
    max_body: units.Bytes = needed(
        "Largest body: it is read whole, since its hash is signed; a larger one is answered with 413.", "1MiB"
    )


class AuthBlock(Block):
    """As whom an upstream is called: one of these."""

    bearer: BearerBlock | None = optional("With a token from a file.", {"file": "/run/secrets/legacy-token"})
    client_credentials: ClientCredentialsBlock | None = optional(
        "With a token of an OAuth provider (RFC 6749 section 4.4).",
        {"url": "https://id.example.com/token", "client_id": "banyan", "client_secret": "only-for-trying-out"},
    )
    google_identity: GoogleIdentityBlock | None = optional(
        "With an identity token of Google, by google-auth, which is an extra (google).",
        {"audience": "https://legacy-abc.a.run.app"},
    )
    sigv4: SigV4Block | None = optional(
        "Signed, unless the caller has signed the request itself.",
        {"region": "eu-west-1", "service": "execute-api", "credentials": "environment", "max_body": "1MiB"},
    )


class UpstreamAuthKeys(Block):
    """As whom an upstream is called."""

    auth: AuthBlock | None = optional(
        "As whom Banyan calls it: the caller's own Authorization is replaced. Without it that goes on as it is.",
        {"bearer": {"file": "/run/secrets/legacy-token"}},
    )


class _NoKeys(Block):
    """A route says nothing of it: its upstreams do."""


class _Route(RouteWithAnswer, AuthOfRoute):
    """Who calls whom through it."""


def one_source(draft: Draft) -> Iterator[FileProblem]:
    """An upstream is called as one."""
    for name, block in draft.of_upstreams(UpstreamAuthKeys).items():
        if block.auth is None:
            continue
        said = [key for key in _SOURCES if getattr(block.auth, key) is not None]
        path: Path = ("upstreams", name, "auth")
        if not said:
            yield draft.problem(path, f"is empty; say one of {', '.join(_SOURCES)}")
        elif len(said) > 1:
            yield draft.problem((*path, said[1]), f"and {said[0]} exclude each other; take one out", at_key=True)


def files_are_named(draft: Draft) -> Iterator[FileProblem]:
    """UpstreamCredentials in a file have one, and others have none."""
    for name, block in draft.of_upstreams(UpstreamAuthKeys).items():
        signed = None if block.auth is None else block.auth.sigv4
        if signed is None:
            continue
        path: Path = ("upstreams", name, "auth", "sigv4")
        from_file = signed.credentials is CredentialsWord.FILE
        if from_file and signed.file is None:
            yield draft.problem((*path, "file"), "is missing; name the file that holds the credentials")
        for key in () if from_file else ("file", "profile"):
            if getattr(signed, key) is not None:
                message = f"has no meaning with credentials: {signed.credentials}; take it out"
                yield draft.problem((*path, key), message, at_key=True)


def nobody_is_lent_to_unsaid(draft: Draft) -> Iterator[FileProblem]:
    """Rule 3; a reason may stay where callers are checked, so that `enforce` is turned on and off by itself."""
    needs_reason = bool(draft.top(AuthAtTop).auth) or not draft.top(ServerKeys).listen.is_loopback
    for index, block in draft.of_routes(_Route):
        called = [] if block.stage is None else _called_as_banyan(block, draft)
        has_legacy = block.stage is not None and block.stage.facts.has_legacy  # else no order leads back to it
        lends = _is_open(block, draft) and any(has_legacy or name == (block.new or "new") for name in called)
        if lends and needs_reason and block.lends_identity is None and not _is_told_already(block, draft):
            message = (
                f"anybody may call {called[0]} through it as Banyan; write auth: and a policy, or lends_identity: and "
                "why, or lead it to an upstream without auth"
            )
            path: Path = ("routes", index) if block.auth is None else ("routes", index, "auth")
            yield draft.problem(path, message)
        elif block.lends_identity is not None and not called:
            message = "is a reason for nothing: none of its upstreams has auth; take it out"
            yield draft.problem(("routes", index, "lends_identity"), message, at_key=True)


def _is_told_already(keys: AuthOfRoute, draft: Draft) -> bool:
    """That anybody may call it from other machines has no reason either: one mistake makes one problem."""
    top = draft.top(AuthAtTop)
    auth, reason = (top.auth_default, top.allow_anonymous) if keys.auth is None else (keys.auth, keys.allow_anonymous)
    is_anonymous = auth is not None and ANONYMOUS in auth.by
    return is_anonymous and reason is None and not draft.top(ServerKeys).listen.is_loopback


def _is_open(keys: AuthOfRoute, draft: Draft) -> bool:
    """Whether anybody passes: by its word, for want of policies, or since nothing is enforced."""
    auth = keys.auth or draft.top(AuthAtTop).auth_default
    return auth is None or ANONYMOUS in auth.by or auth.enforce is False


def clear_tokens(draft: Draft) -> Iterator[FileProblem]:
    """A bearer token without TLS is whoever's who listens; a signature is good for one request alone."""
    for name, block in draft.of_upstreams(UpstreamAuthKeys).items():
        upstream = draft.snapshot.upstreams.get(name)
        if block.auth is None or block.auth.sigv4 is not None or upstream is None or upstream.scheme != "http":
            continue
        if upstream.host not in _LOOPBACK:
            yield draft.problem(("upstreams", name, "auth"), "its token goes over the wire in the clear; write https")


def callers_choose_no_host(draft: Draft) -> Iterator[FileProblem]:
    """Many front ends tell by Host which of their services is asked: who calls is not to say whom Banyan calls."""
    for name, block in draft.of_upstreams(UpstreamAuthKeys).items():
        upstream = draft.snapshot.upstreams.get(name)
        if block.auth is None or upstream is None or upstream.host_mode is HostMode.UPSTREAM:
            continue
        leading = (route for route in draft.built if name in (route.legacy, route.new) and not _names_its_host(route))
        if upstream.host not in _LOOPBACK and not upstream.host.startswith("/") and any(leading):
            message = "its callers choose the Host under which it is called as Banyan; write host: upstream"
            yield draft.problem(("upstreams", name, "auth"), message)


def secrets_are_kept(draft: Draft) -> Iterator[FileProblem]:
    """Files with tokens and credentials are there, for Banyan alone."""
    for name, block in draft.of_upstreams(UpstreamAuthKeys).items():
        for path, file in () if block.auth is None else _files(block.auth):
            complaint = complaint_of(FilePath(_beside(draft, file)))
            if complaint:
                yield draft.problem(("upstreams", name, "auth", *path), complaint)


def _files(block: AuthBlock) -> Iterator[tuple[Path, str]]:
    """Those that hold secrets, by the way to their keys."""
    if block.bearer is not None:
        yield ("bearer", "file"), block.bearer.file
    if block.client_credentials is not None and block.client_credentials.client_secret.file:
        yield ("client_credentials", "client_secret"), block.client_credentials.client_secret.file
    if block.sigv4 is not None and block.sigv4.file:
        yield ("sigv4", "file"), block.sigv4.file


def environment_is_whole(draft: Draft) -> Iterator[FileProblem]:
    """Neither half signs by itself; where both are missing, `check` may run on another machine than Banyan."""
    for name, block in draft.of_upstreams(UpstreamAuthKeys).items():
        signed = None if block.auth is None else block.auth.sigv4
        if signed is None or signed.credentials is not CredentialsWord.ENVIRONMENT:
            continue
        missing = [each for each in _AWS if not draft.env.get(each)]
        if len(missing) == 1:
            message = f"{missing[0]} is not in the environment, though its other half is; set both"
            yield draft.problem(("upstreams", name, "auth", "sigv4", "credentials"), message)


def _names_its_host(route: Route) -> bool:
    return route.respond is not None or any(isinstance(each, HostIs) and each.exact for each in route.predicates)


_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def _secrets(draft: Draft) -> Iterator[Path]:
    for name, block in draft.of_upstreams(UpstreamAuthKeys).items():
        asked = None if block.auth is None else block.auth.client_credentials
        if asked is not None and asked.client_secret.text:
            yield ("upstreams", name, "auth", "client_credentials", "client_secret")


def _source(block: AuthBlock, draft: Draft) -> TokenSource:
    if block.bearer is not None:
        return BearerFile(path=_beside(draft, block.bearer.file))
    if (asked := block.client_credentials) is not None:
        return ClientCredentials(
            url=asked.url,
            client_id=asked.client_id,
            client_secret=asked.client_secret.text,
            secret_file=_beside(draft, asked.client_secret.file) if asked.client_secret.file else "",
            scope=asked.scope or "",
            audience=asked.audience or "",
        )
    if block.google_identity is not None:
        return GoogleIdentity(audience=block.google_identity.audience)
    return AwsEnvironment() if block.sigv4 is None else _aws(block.sigv4, draft)


def _aws(block: SigV4Block, draft: Draft) -> TokenSource:
    match block.credentials:
        case CredentialsWord.ENVIRONMENT:
            return AwsEnvironment()
        case CredentialsWord.FILE:
            return AwsFile(path=_beside(draft, block.file or ""), profile=block.profile or "default")
        case CredentialsWord.CHAIN:
            return AwsChain()
        case _ as never:
            assert_never(never)


def _beside(draft: Draft, path: str) -> str:
    """As written, from the folder of routes.yaml."""
    return str(FilePath(draft.directory, path).absolute())


def _build(keys: UpstreamAuthKeys, draft: Draft) -> Mapping[str, object]:
    if keys.auth is None:
        return {}
    signed = keys.auth.sigv4
    scope = (
        None if signed is None else SigV4Scope(region=signed.region, service=signed.service, max_body=signed.max_body)
    )
    return {"auth": UpstreamAuth(source=_source(keys.auth, draft), sigv4=scope)}


def _called_as_banyan(keys: SideKeys, draft: Draft) -> list[str]:
    """Which of a route's upstreams have `auth`."""
    blocks = draft.of_upstreams(UpstreamAuthKeys)
    sides = (keys.legacy or "legacy", keys.new or "new")
    return [name for name in sides if name in blocks and blocks[name].auth is not None]


def _policy(keys: SideKeys, draft: Draft) -> UpstreamAuthPolicy | None:
    """A step before the requests of every route one of whose upstreams has `auth`."""
    blocks = draft.of_upstreams(UpstreamAuthKeys)
    said = [auth for name in _called_as_banyan(keys, draft) if (auth := blocks[name].auth) is not None]
    bounds = [auth.sigv4.max_body for auth in said if auth.sigv4 is not None]
    return UpstreamAuthPolicy(max_body=min(bounds, default=0)) if said else None


UPSTREAM_AUTH = Section(
    upstream=KeysAt(UpstreamAuthKeys, _build),
    route=KeysAt(_NoKeys, lambda _, __: {}, step=_policy),
    checks=(one_source, files_are_named, nobody_is_lent_to_unsaid),
    warnings=(clear_tokens, callers_choose_no_host, secrets_are_kept, environment_is_whole),
    secrets=_secrets,
)
