"""`principal:` at the top: what upstreams are told of who calls, on every route.

Rule 1: a field that Banyan or HTTP gives a meaning already is not to be named here, and no two names may read as one.
Rule 2: what Banyan alone sets no client can send, so no route may ask for it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from itertools import combinations
from pathlib import Path as FilePath
from typing import Annotated, cast
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field

from proxy.config.block import Block, Draft, KeysAt, Section, needed, optional, said_by
from proxy.config.blocks.identity.auth import ANONYMOUS, AuthAtTop, AuthOfRoute
from proxy.config.blocks.route import RouteWithAnswer
from proxy.config.checks.secret_files import complaint_of
from proxy.config.readers import scalars, units
from proxy.config.readers.errors import fault
from proxy.config.readers.schema_patterns import TEXT, matching
from proxy.config.readers.signing_keys import PublicKey, read_either, read_private
from proxy.config.readers.sources import TOKEN
from proxy.config.text.problem import FileProblem, Path
from proxy.core.auth.member_lookup import SUBJECT, MemberLookup
from proxy.core.auth.principal_policy import PrincipalField, PrincipalPolicy, RoutePrincipal
from proxy.core.auth.signed_principal import PrincipalKey, SignedPrincipal
from proxy.core.http.headers import is_free, spelled
from proxy.core.nearest import nearest
from proxy.core.routing.shadow_headers import CONDITIONS, CREDENTIALS
from proxy.core.secret import Secret

MOST_FIELDS = 16
MOST_PUBLISHED = 4
_CLAIM = re.compile(r"[\x21-\x7e]{1,256}")
_ISSUER = re.compile(r"[\x21-\x7e]{1,512}")
_URL = re.compile(r"https?://[^\s/?#]+/[^\s#]*")
_LOOKUP = MemberLookup(name="", url="")
_NOTHING = RoutePrincipal()
_FIELDS: Path = ("principal", "fields")
_TOKEN: Path = ("principal", "token")
_TOKEN_FIELD: Path = (*_TOKEN, "field")
_LOOKUP_FIELD: Path = ("principal", "lookup", "field")
_AT_VALUE = frozenset({_TOKEN_FIELD, _LOOKUP_FIELD})
_ONLY_FOR_SIDES = frozenset({*CONDITIONS, *CREDENTIALS})
"""What the other side of a shadow or of a write to both does not get."""


def read_name(value: object) -> str:
    """A field's name, as it is to be written."""
    if isinstance(value, str) and TOKEN.fullmatch(value) and spelled(value.encode("ascii")):
        return str(value)
    raise fault("is not the name of a header field")


def read_claim(value: object) -> str:
    """The name of a claim at the top of a token's payload."""
    if isinstance(value, str) and _CLAIM.fullmatch(value):
        return str(value)
    raise fault("must be the name of a claim, such as sub or scope")


def read_issuer(value: object) -> str:
    """A name of somebody: a URL, or any word."""
    if isinstance(value, str) and _ISSUER.fullmatch(value):
        return str(value)
    raise fault("must be a name such as https://banyan.example.com")


def read_lookup_url(value: object) -> str:
    """Where numbers are asked for."""
    text = value if isinstance(value, str) and value.isascii() and value.isprintable() else ""
    where = urlsplit(text) if _URL.fullmatch(text) else None
    if where is None or where.username is not None or text.count(SUBJECT) != 1 or SUBJECT in where.netloc:
        raise fault("must be a URL with {sub} in its path or query, such as http://members.internal/by-subject/{sub}")
    return text


FieldName = Annotated[str, BeforeValidator(read_name), TEXT]
Claim = Annotated[str, BeforeValidator(read_claim), matching(_CLAIM)]
LookupUrl = Annotated[str, BeforeValidator(read_lookup_url), matching(_URL)]
Issuer = Annotated[str, BeforeValidator(read_issuer), matching(_ISSUER)]


class SignedBlock(Block):
    """A signed token of who calls, for each upstream its own."""

    field: FieldName = needed("The request field that has it, as Banyan's own as the others.", "X-Principal")
    issuer: Issuer = needed("Its `iss`: the name by which upstreams know Banyan.", "https://banyan.example.com")
    key: scalars.FilePath = needed(
        "A file with the private key in PEM: EC on P-256, Ed25519, or RSA of 2048 bits or more.", "keys/2026-11.pem"
    )
    publish: Annotated[list[scalars.FilePath], Field(max_length=MOST_PUBLISHED)] | None = optional(
        "Files with keys whose public half is published as well: the next one ahead of its time, the one before for a "
        f"minute; at most {MOST_PUBLISHED}.",
        ["keys/2026-12.pem"],
    )
    audiences: dict[scalars.Name, Issuer] | None = optional(
        "Its `aud` by upstream. Default the upstream's name.", {"new": "https://orders.example.com"}
    )


class LookupBlock(Block):
    """A number that another system knows the caller by."""

    field: FieldName = needed("The request field that has it, as Banyan's own as the others.", "X-Member-Number")
    url: LookupUrl = needed(
        "Asked with GET; {sub} is the subject, percent-encoded. 200 has the number, 404 says that there is none.",
        "http://members.internal/by-subject/{sub}",
    )
    member: Claim | None = optional(
        "The member of the answer, a JSON object, that is the number. Without it the answer is, as text.", "number"
    )
    keep: units.LengthAboveZero | None = optional(f"How long a number holds. Default {_LOOKUP.keep:g}s.", "5m")
    keep_absent: units.LengthAboveZero | None = optional(
        f"How long it holds that there is none. Default {_LOOKUP.keep_absent:g}s.", "10s"
    )


class PrincipalBlock(Block):
    """What upstreams are told."""

    fields: Annotated[dict[FieldName, Claim], Field(max_length=MOST_FIELDS)] | None = optional(
        f"Request fields by name, each with the claim that it carries; at most {MOST_FIELDS}. They are Banyan's alone: "
        "whoever sends them, in whatever spelling, on whatever route, they are dropped.",
        {"X-Member": "sub", "X-Scopes": "scope"},
    )
    token: SignedBlock | None = optional(
        "The same as a token of a minute (RFC 9068); its keys are served at /.well-known/jwks.json of the admin port.",
        {"field": "X-Principal", "issuer": "https://banyan.example.com", "key": "keys/2026-11.pem"},
    )

    lookup: LookupBlock | None = optional(
        "A number of the caller that another system knows; requests wait for it, and get 503 where it cannot be had.",
        {"field": "X-Member-Number", "url": "http://members.internal/by-subject/{sub}"},
    )


class PrincipalAtTop(Block):
    """What upstreams are told of who calls."""

    principal: PrincipalBlock | None = optional(
        "What upstreams are told of who calls, as `auth` has verified it.", {"fields": {"X-Member": "sub"}}
    )


class PrincipalOfRoute(Block):
    """No key of its own: what is said at the top holds on every route."""


class _Route(RouteWithAnswer, AuthOfRoute):
    """What its step depends on."""


def names_are_free(draft: Draft) -> Iterator[FileProblem]:
    """Rule 1."""
    for name, path in _named(draft):
        lower = name.lower().encode("ascii")
        if not is_free(lower):
            message = "is a field that Banyan or HTTP gives a meaning already; take a name of your own: X-Member"
            yield draft.problem(path, message, at_key=path not in _AT_VALUE)
        elif lower in _ONLY_FOR_SIDES:
            message = "is taken for a client's own credentials or conditions, which shadows do not get; take another"
            yield draft.problem(path, message, at_key=path not in _AT_VALUE)


def names_are_apart(draft: Draft) -> Iterator[FileProblem]:
    """Rule 1: an upstream may read a name without its marks."""
    for (first, _), (second, path) in combinations(_named(draft), 2):
        if spelled(first.encode("ascii")) == spelled(second.encode("ascii")):
            message = f"reads as {first} to some upstreams; take one out"
            yield draft.problem(path, message, at_key=path not in _AT_VALUE)


def routes_do_not_ask(draft: Draft) -> Iterator[FileProblem]:
    """Rule 2: predicates, cohorts and steps."""
    owned = {spelled(name.encode("ascii")): name for name, _ in reversed(_named(draft))}
    for route in draft.built if owned else ():
        for asked in sorted(route.fields):
            if spelled(asked) in owned:
                name = owned[spelled(asked)]
                message = f"asks for {asked.decode('ascii')}, which no client can send: principal has Banyan set {name}"
                yield draft.problem(("routes", route.index), message)


def replacements_are_others(draft: Draft) -> Iterator[FileProblem]:
    """Of what shadows carry in the stead of credentials, none is a field that says who calls."""
    owned = {spelled(name.encode("ascii")) for name, _ in _named(draft)}
    for route in draft.built if owned else ():
        lines = () if route.shadow is None else route.shadow.replacements.reveal()
        if any(spelled(line.partition(b":")[0]) in owned for line in lines):
            message = "replaces a field of principal, which the shadow has as Banyan sets it; take it out"
            yield draft.problem(("routes", route.index, "shadow"), message)


def nobody_is_known(draft: Draft) -> Iterator[FileProblem]:
    """Without a policy there is no principal."""
    if draft.top(PrincipalAtTop).principal is not None and not draft.top(AuthAtTop).auth:
        message = "no policy checks who calls, so these fields are dropped from requests and never set; write auth"
        yield draft.problem(("principal",), message, at_key=True)


def keys_can_be_read(draft: Draft) -> Iterator[FileProblem]:
    """Each file holds a key, and each key stands once."""
    block = _token(draft)
    if block is None:
        return
    found = [((*_TOKEN, "key"), _key_in(draft, block.key, read_private))]
    found += [((*_TOKEN, "publish", at), _key_in(draft, file, read_either)) for at, file in enumerate(_more(block))]
    known: set[str] = set()
    for path, key in found:
        if isinstance(key, str):
            yield draft.problem(path, f"the file {key}")
        elif key.kid in known:
            yield draft.problem(path, "the file holds a key that stands here already; take it out")
        else:
            known.add(key.kid)


def signing_key_is_kept(draft: Draft) -> Iterator[FileProblem]:
    """Who has it is whomever he says."""
    token = _token(draft)
    complaint = "" if token is None else complaint_of(FilePath(draft.directory, str(token.key)))
    if complaint:
        yield draft.problem((*_TOKEN, "key"), complaint)


def audiences_are_upstreams(draft: Draft) -> Iterator[FileProblem]:
    """A name that is no upstream would leave one with another audience than was meant."""
    block, known = _token(draft), draft.declared
    if block is None or known is None:
        return
    for name in block.audiences or ():
        if name not in known:
            meant = nearest(str(name), known)
            cure = f"did you mean {meant}?" if meant else "name one of upstreams"
            yield draft.problem((*_TOKEN, "audiences", name), f'there is no upstream "{name}"; {cure}', at_key=True)


def _named(draft: Draft) -> list[tuple[str, Path]]:
    """All names that are to be Banyan's, each with its place."""
    block = draft.top(PrincipalAtTop).principal
    found: list[tuple[str, Path]] = [(str(name), (*_FIELDS, name)) for name in (block and block.fields) or ()]
    if block is not None and block.token is not None:
        found.append((str(block.token.field), _TOKEN_FIELD))
    if block is not None and block.lookup is not None:
        found.append((str(block.lookup.field), _LOOKUP_FIELD))
    return found


def _token(draft: Draft) -> SignedBlock | None:
    block = draft.top(PrincipalAtTop).principal
    return None if block is None else block.token


def _more(block: SignedBlock) -> list[str]:
    return [str(file) for file in block.publish or ()]


def _key_in(draft: Draft, file: str, read: Callable[[bytes], PublicKey | str]) -> PublicKey | str:
    found = draft.read_file(str(file))
    return found if isinstance(found, str) else read(found)


def _sets(draft: Draft) -> tuple[PrincipalField, ...]:
    block = draft.top(PrincipalAtTop).principal
    said = {} if block is None else block.fields or {}
    return tuple(PrincipalField(name=str(name), claim=str(claim)) for name, claim in said.items())


def _policy(_: PrincipalAtTop, draft: Draft) -> Mapping[str, object]:
    return {"principal": PrincipalPolicy(sets=_sets(draft), signed=_signed(draft), lookup=_lookup(draft))}


def _lookup(draft: Draft) -> MemberLookup | None:
    block = draft.top(PrincipalAtTop).principal
    if block is None or block.lookup is None:
        return None
    said = said_by(block.lookup)
    return MemberLookup(name=str(said.pop("field")), **said)


def _signed(draft: Draft) -> SignedPrincipal | None:
    """Of a file without problems: the keys can be read."""
    block = _token(draft)
    if block is None:
        return None
    key, pem = cast("PublicKey", _key_in(draft, block.key, read_private)), draft.read_file(str(block.key))
    more = [cast("PublicKey", _key_in(draft, file, read_either)) for file in _more(block)]
    return SignedPrincipal(
        name=str(block.field),
        issuer=str(block.issuer),
        signer=PrincipalKey(kid=key.kid, algorithm=key.algorithm, pem=Secret(cast("bytes", pem))),
        published=(key.jwk, *[each.jwk for each in more]),
        audiences={str(name): str(audience) for name, audience in (block.audiences or {}).items()},
    )


def _step(keys: _Route, draft: Draft) -> RoutePrincipal | None:
    """Where somebody may be known, and something goes to a side."""
    auth = keys.auth or draft.top(AuthAtTop).auth_default
    if keys.stage is None or auth is None or ANONYMOUS in auth.by:
        return None
    sets, token = draft.shared(_sets(draft)), _token(draft)
    lookup = _lookup(draft)
    policy = RoutePrincipal(
        sets=sets,
        signed="" if token is None else str(token.field),
        looked_up="" if lookup is None else lookup.name,
    )
    return None if policy == _NOTHING else draft.shared(policy)


PRINCIPAL = Section(
    top=KeysAt(PrincipalAtTop, _policy),
    route=KeysAt(PrincipalOfRoute, lambda _, __: {}, step=_step),
    checks=(
        names_are_free,
        names_are_apart,
        routes_do_not_ask,
        replacements_are_others,
        keys_can_be_read,
        audiences_are_upstreams,
    ),
    warnings=(nobody_is_known, signing_key_is_kept),
)
