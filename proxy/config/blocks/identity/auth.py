"""`auth:`: policies by which callers are checked, at the top; and on a route which of them it takes.

Rule 1: with any policy, every route says who may call it, be it that anybody may: nothing is open by omission.
Rule 2: off loopback, a route that anybody may call says why.
Rule 3: a key set in a file is read with this file; one at a URL is fetched while Banyan runs.
Long: what is right of a policy and what is right of the routes that name it are told by one another.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path as FilePath
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import BeforeValidator

from proxy.config.block import Block, Draft, KeysAt, Section, needed, optional, said_by
from proxy.config.blocks.identity.introspection import LOOPBACK, IntrospectionBlock, introspection_of
from proxy.config.blocks.match import Claims, claims_of
from proxy.config.blocks.server import ServerKeys
from proxy.config.checks.secret_files import complaint_of
from proxy.config.readers import scalars, units
from proxy.config.readers.errors import fault
from proxy.config.readers.schema_patterns import TEXT, matching, words
from proxy.config.text.document import ListNode, MapNode
from proxy.config.text.problem import FileProblem, Path
from proxy.core.auth.algorithm import Algorithm, algorithms_of
from proxy.core.auth.auth_policy import LEEWAY, JwtPolicy, RouteAuth
from proxy.core.auth.opaque_policy import OpaquePolicy
from proxy.core.auth.public_keys import read_public_keys
from proxy.core.nearest import nearest
from proxy.core.routing.predicate import ClaimHolds

ANONYMOUS = "anonymous"
_FILE = "file:"
_SCOPE = re.compile(r"[\x21\x23-\x5B\x5D-\x7E]+")
"""RFC 6749 section 3.3."""
_TYPE = re.compile(r"[A-Za-z0-9!#$&^_.+-]{1,127}")
_BY_KEYS = ("issuer", "audience", "algorithms")
_NOT_INTROSPECTED = ("algorithms", "typ", "leeway")
_LONGEST_LEEWAY = 300.0


def read_texts(value: object) -> object:
    """One text stands for a list of it."""
    return [value] if isinstance(value, str) else value


def read_text(value: object) -> str:
    """Text that is not empty and is on one line."""
    if isinstance(value, str) and value.strip() and value.isprintable():
        return str(value)
    raise fault("must be text on one line")


def read_scope(value: object) -> str:
    """One scope."""
    if isinstance(value, str) and _SCOPE.fullmatch(value):
        return str(value)
    raise fault("must be one scope, such as orders.read; of several make a list")


def read_type(value: object) -> str:
    """`at+jwt`, in lower case and without `application/`."""
    found = value.lower().removeprefix("application/") if isinstance(value, str) else ""
    if _TYPE.fullmatch(found):
        return found
    raise fault("must be what the header of a token says of its type, such as at+jwt")


def read_url(value: object) -> str:
    """Where a key set is fetched."""
    try:
        found = urlsplit(value) if isinstance(value, str) and value.isprintable() and " " not in value else None
        if found is not None and found.scheme in {"https", "http"} and found.hostname and not found.fragment:
            return str(value)
    except ValueError:
        pass
    raise fault("must be the URL of a key set, such as https://id.example.com/jwks", got="")


def read_algorithm(value: object) -> Algorithm:
    """One that a public key can verify."""
    if isinstance(value, str) and value.startswith("HS"):
        raise fault(f"{value} is made with a secret that every reader has: any of them could sign", got="", cure=_CURE)
    if value == "none":
        raise fault("none is no signature", got="", cure=_CURE)
    return scalars.Choice(Algorithm)(value)


_CURE = f"use one of {', '.join(Algorithm)}"


def read_route_auth(value: object) -> object:
    """A name, or a list of them, stands for a mapping."""
    if isinstance(value, bool):
        raise fault(
            "must be a name in auth, a list of them, or a mapping", cure=f"write {ANONYMOUS} if anybody may call"
        )
    return {"by": value} if isinstance(value, str | list) else value


Text = Annotated[str, BeforeValidator(read_text), TEXT]
Texts = Annotated[list[Text], BeforeValidator(read_texts, json_schema_input_type=Text | list[Text])]
Scope = Annotated[str, BeforeValidator(read_scope), matching(_SCOPE)]
Scopes = Annotated[list[Scope], BeforeValidator(read_texts, json_schema_input_type=Scope | list[Scope])]
Type = Annotated[str, BeforeValidator(read_type), TEXT]
Url = Annotated[str, BeforeValidator(read_url), TEXT]
AlgorithmWord = Annotated[Algorithm, BeforeValidator(read_algorithm), words(Algorithm)]
Names = Annotated[
    list[scalars.Name], BeforeValidator(read_texts, json_schema_input_type=scalars.Name | list[scalars.Name])
]


class KeysBlock(Block):
    """Where the key set is: one of these."""

    url: Url | None = optional("Fetched by HTTP, and again ahead of its age.", "https://id.example.com/jwks")
    file: scalars.FilePath | None = optional(
        "A file with a key set (JWKS), from the folder of this file; watched.", "jwks.json"
    )


class AuthPolicyBlock(Block):
    """By what a caller's token is checked."""

    issuer: Text | None = optional("Exactly what iss says. Needed with keys.", "https://id.example.com")
    audience: Texts | None = optional(
        "One of these has to be in aud: who this is, as the issuer knows it. Needed with keys.", ["orders"]
    )
    algorithms: list[AlgorithmWord] | None = optional(
        "Needed with keys: those that tokens may be signed by; a key has to be of that kind as well.",
        ["RS256", "ES256"],
    )
    keys: KeysBlock | None = optional(
        "The issuer's key set, if tokens are signed.",
        {"url": "https://id.example.com/jwks"},
        {"file": "jwks.json"},
    )
    introspection: IntrospectionBlock | None = optional(
        "Instead of keys: where tokens are asked for that say nothing by themselves (RFC 7662).",
        {"url": "https://id.example.com/introspect", "client": "banyan", "secret": "file:introspection.secret"},
    )
    leeway: units.Length | None = optional(f"By how much clocks may differ, at most 5m. Default {LEEWAY:g}s.", "30s")
    typ: Type | None = optional(
        "What the token's header has to say of its type (RFC 9068: at+jwt, which no ID token says). Default JWT, "
        "at+jwt or nothing.",
        "at+jwt",
    )
    scopes: Scopes | None = optional("Scopes that a token needs, all of them; others get 403.", ["orders.read"])
    claims: Claims | None = optional(
        "Claims that a token needs, by name: text, a list of texts, or true (present); others get 403.",
        {"tenant": ["acme", "globex"]},
    )
    subject: Text | None = optional("The claim that says who calls. Default sub.", "client_id")
    forward_token: scalars.Switch | None = optional(
        "Whether Authorization goes on to the upstream once it was checked. Default false.", *(True,)
    )


class RouteAuthBlock(Block):
    """Who may call, and what beside a policy he needs."""

    by: Names = needed("Policies in auth; the first that takes the token is who calls. Or anonymous.", ["members"])
    scopes: Scopes | None = optional("Scopes that a token needs beside those of its policy.", ["orders.write"])
    claims: Claims | None = optional("Claims that a token needs beside those of its policy.", {"tenant": "acme"})
    enforce: scalars.Switch | None = optional(
        "false: who would be refused is counted, and passes as if nothing were checked. Default true.", *(False,)
    )
    forward_token: scalars.Switch | None = optional(
        "Whether Authorization goes on to the upstream once it was checked. Default false.", *(True,)
    )


AnyRouteAuth = Annotated[
    RouteAuthBlock, BeforeValidator(read_route_auth, json_schema_input_type=Names | RouteAuthBlock)
]


class AuthAtTop(Block):
    """Policies, and who may call routes that do not say it."""

    auth: dict[scalars.Name, AuthPolicyBlock] | None = optional(
        "Policies by which callers are checked, by name.",
        {
            "members": {
                "issuer": "https://id.example.com",
                "audience": ["orders"],
                "algorithms": ["RS256"],
                "keys": {"url": "https://id.example.com/jwks"},
            }
        },
    )
    auth_default: AnyRouteAuth | None = optional(
        "Who may call a route that does not say it: as auth of a route.", "members", "anonymous"
    )
    allow_anonymous: Text | None = optional(
        "Why auth_default may be anonymous, off loopback.", "a balancer before it checks callers"
    )


class AuthOfRoute(Block):
    """Who may call it."""

    auth: AnyRouteAuth | None = optional(
        "Who may call: a name in auth, a list of them, a mapping; or anonymous, which is anybody. With any policy each "
        "route says it, unless auth_default does.",
        "members",
        ["members", "partners"],
        {"by": ["members"], "scopes": ["orders.write"]},
    )
    allow_anonymous: Text | None = optional("Why anybody may call it, off loopback.", "health checks")
    lends_identity: Text | None = optional(
        "Why anybody may call an upstream with auth through it, and so as Banyan.", "a public price list"
    )


def policies_are_whole(draft: Draft) -> Iterator[FileProblem]:
    """Each has a name of its own, somebody for whom its tokens are, and clocks that nearly agree."""
    for name, block in _policies(draft).items():
        path: Path = ("auth", name)
        if name == ANONYMOUS:
            yield draft.problem(path, "is what a route says that anybody may call; choose another name", at_key=True)
        for key in ("audience", "algorithms"):
            if getattr(block, key) == []:
                yield draft.problem((*path, key), "must name at least one")
        yield from _checked_one_way(path, block, draft)
        if block.leeway is not None and block.leeway > _LONGEST_LEEWAY:
            message = f"must be at most {_LONGEST_LEEWAY:g}s: for so long a token passes that has ended"
            yield draft.problem((*path, "leeway"), message)


def _checked_one_way(path: Path, block: AuthPolicyBlock, draft: Draft) -> Iterator[FileProblem]:
    """By keys, with all that they need; or by introspection, without what its endpoint has looked at."""
    if (block.keys is None) == (block.introspection is None):
        yield draft.problem(path, "must say one of keys and introspection", at_key=True)
    elif block.keys is not None:
        for key in _BY_KEYS:
            if getattr(block, key) is None:
                yield draft.problem((*path, key), "is missing")
    else:
        for key in _NOT_INTROSPECTED:
            if getattr(block, key) is not None:
                message = "has no meaning with introspection, whose endpoint has looked at that; take it out"
                yield draft.problem((*path, key), message, at_key=True)


def opaque_tokens_can_be_asked_for(draft: Draft) -> Iterator[FileProblem]:
    """Of one issuer on a route, as no token says whose it is; and not where every request would wait for nothing."""
    opaque = {name for name, block in _policies(draft).items() if block.introspection is not None}
    for path, block in _all_uses(draft):
        several = [at for at, name in enumerate(block.by) if name in opaque]
        for at in several[1:]:
            message = "is a second policy with introspection here: a token does not say which of them to ask"
            yield draft.problem(_place_of_name(draft, path, at), message)
        if several and block.enforce is False:
            message = "with introspection each request would wait for an answer that decides nothing; take it out"
            yield draft.problem((*path, "enforce"), message)


def key_sets_can_be_had(draft: Draft) -> Iterator[FileProblem]:
    """A key set is in one place, and one that is in a file has a key for each algorithm."""
    for name, block in _policies(draft).items():
        path: Path = ("auth", name, "keys")
        if block.keys is None:
            continue
        if (block.keys.url is None) == (block.keys.file is None):
            yield draft.problem(path, "must say one of url and file")
        elif block.keys.file is not None:
            found = _document(block.keys.file, draft)
            if isinstance(found, str):
                yield draft.problem((*path, "file"), found)
            else:
                yield from _unusable(found, name, block, block.keys.file, draft)


def _unusable(jwks: bytes, name: str, block: AuthPolicyBlock, file: str, draft: Draft) -> Iterator[FileProblem]:
    keys = json.loads(jwks)["keys"]
    can = frozenset[Algorithm]().union(*map(algorithms_of, keys))
    for at, algorithm in enumerate(block.algorithms or ()):
        if algorithm not in can:
            known = ", ".join(each for each in Algorithm if each in can) or "nothing"
            message = f"{algorithm} is made by no key of {file}; its keys make {known}"
            yield draft.problem(("auth", name, "algorithms", at), message)


def policies_are_known(draft: Draft) -> Iterator[FileProblem]:
    """Whatever names a policy names one that there is, once, and not beside `anonymous`."""
    known = _declared(draft)
    for path, block in _all_uses(draft):
        for at, name in enumerate(block.by):
            here = _place_of_name(draft, path, at)
            if name in block.by[:at]:
                yield draft.problem(here, f"{name} stands twice; take one out")
            elif name == ANONYMOUS and (len(block.by) > 1 or said_by(block).keys() != {"by"}):
                yield draft.problem(here, "anonymous is anybody: nothing can stand beside it")
            elif name not in known and name != ANONYMOUS:
                meant = nearest(name, known)
                cure = f"did you mean {meant}?" if meant else "add it below auth, or write anonymous"
                yield draft.problem(here, f'there is no policy "{name}" in auth; {cure}')
        if not block.by:
            yield draft.problem(path, "must name at least one policy, or anonymous")


def policies_are_used(draft: Draft) -> Iterator[FileProblem]:
    """A policy that no route asks protects nothing, though it looks so."""
    if any(route.claims_read for route in draft.built):
        return  # all of them are asked there
    used = {name for _, block in _all_uses(draft) for name in block.by}
    for name in _policies(draft):
        if name not in used and name != ANONYMOUS:
            message = f"no route asks it; write auth: {name} on one, or auth_default: {name}, or take it out"
            yield draft.problem(("auth", name), message, at_key=True)


def routes_say_who_may_call(draft: Draft) -> Iterator[FileProblem]:
    """Rule 1."""
    top = draft.top(AuthAtTop)
    if not top.auth or draft.root.entries.get("auth_default") is not None:
        return  # one that is wrong is told where it stands
    for index, block in draft.of_routes(AuthOfRoute):
        if block.auth is None:
            message = (
                "does not say who may call it; write auth: and a policy, auth: anonymous, or auth_default at the top"
            )
            yield draft.problem(("routes", index), message)


def claims_have_a_policy(draft: Draft) -> Iterator[FileProblem]:
    """Claims are those of a token that a policy has verified: without any, they would never hold."""
    if draft.root.entries.get("auth") is not None:
        return
    for route in draft.built:
        if route.claims_read:
            by_match = any(isinstance(each, ClaimHolds) for each in route.predicates)
            path: Path = ("routes", route.index, "match", "jwt") if by_match else ("routes", route.index, "cohort")
            yield draft.problem(path, "reads claims, and there is no policy that verifies a token; add one to auth")


def anonymous_has_a_reason(draft: Draft) -> Iterator[FileProblem]:
    """Rule 2; a reason without anything that it is for was forgotten there."""
    off_loopback = not draft.top(ServerKeys).listen.is_loopback
    for path, auth, reason in _places(draft):
        if auth is not None and ANONYMOUS in auth.by:
            if reason is None and off_loopback:
                message = "anybody may call it, from other machines too; write allow_anonymous: and why, beside it"
                yield draft.problem((*path, _key(path)), message)
        elif reason is not None:
            key = _key(path)
            message = f"is a reason for nothing: {key} is not anonymous here; take it out"
            yield draft.problem((*path, "allow_anonymous"), message, at_key=True)


def secrets_are_kept(draft: Draft) -> Iterator[FileProblem]:
    """Of those by which tokens are asked for."""
    for name, block in _policies(draft).items():
        file = block.introspection.secret.file if block.introspection is not None else ""
        complaint = complaint_of(FilePath(draft.directory, file)) if file else ""
        if complaint:
            yield draft.problem(("auth", name, "introspection", "secret"), complaint)


def key_sets_come_from_their_issuer(draft: Draft) -> Iterator[FileProblem]:
    """Without TLS, whoever is on the way gives keys of his own, and is then any caller that he likes."""
    for name, block in _policies(draft).items():
        found = urlsplit((block.keys.url if block.keys is not None else None) or "")
        if found.scheme == "http" and found.hostname not in LOOPBACK:
            message = "whoever is on the way can give keys of his own and be any caller; write https"
            yield draft.problem(("auth", name, "keys", "url"), message)


def nobody_is_refused(draft: Draft) -> Iterator[FileProblem]:
    """A remark: it is how one begins, and is easily left there."""
    auth = draft.top(AuthAtTop).auth_default
    if auth is not None and auth.enforce is False:
        message = "nobody is refused on routes that do not say auth themselves; take enforce out once callers are known"
        yield draft.problem(("auth_default", "enforce"), message)


def _key(path: Path) -> str:
    return "auth" if path else "auth_default"


def _places(draft: Draft) -> Iterator[tuple[Path, RouteAuthBlock | None, str | None]]:
    """The top and every route, with what is said there."""
    top = draft.top(AuthAtTop)
    yield (), top.auth_default, top.allow_anonymous
    for index, block in draft.of_routes(AuthOfRoute):
        yield ("routes", index), block.auth, block.allow_anonymous


def _all_uses(draft: Draft) -> Iterator[tuple[Path, RouteAuthBlock]]:
    for path, auth, _ in _places(draft):
        if auth is not None:
            yield (*path, _key(path)), auth


def _policies(draft: Draft) -> Mapping[str, AuthPolicyBlock]:
    return draft.top(AuthAtTop).auth or {}


def _declared(draft: Draft) -> Sequence[str]:
    """Every name, right or wrong."""
    entry = draft.root.entries.get("auth")
    return list(entry.value.entries) if entry is not None and isinstance(entry.value, MapNode) else []


def _place_of_name(draft: Draft, path: Path, at: int) -> Path:
    """Of one of its names: in the mapping, in the list, or all that is there."""
    node: Any = draft.root
    for part in path:
        node = node.entries[str(part)].value if isinstance(node, MapNode) else node.items[part]
    if isinstance(node, MapNode):
        return (*path, "by", at)
    return (*path, at) if isinstance(node, ListNode) else path


def _document(file: str, draft: Draft) -> bytes | str:
    """The key set of a file, or why it has none."""
    found = draft.read_file(file)
    if isinstance(found, str):
        return f"the file {found}"
    keys = read_public_keys(found)
    if isinstance(keys, str):
        return f"its file cannot be used: {keys}"
    if keys.refused:
        return f"its file holds what is no key for this: {'; '.join(keys.refused)}; take that out"
    return keys.jwks


def _top(keys: AuthAtTop, draft: Draft) -> Mapping[str, object]:
    of_keys = [block.keys for block in (keys.auth or {}).values() if block.keys is not None]
    files = {each.file for each in of_keys if each.file is not None}
    return {
        "auth": {name: _policy(name, block, draft) for name, block in (keys.auth or {}).items()},
        "key_sets": {_FILE + file: _document(file, draft) for file in sorted(files)},
    }


def _policy(name: str, block: AuthPolicyBlock, draft: Draft) -> JwtPolicy | OpaquePolicy:
    said = {key: value for key, value in said_by(block).items() if key not in {"keys", "claims", "introspection"}}
    for several in said.keys() & {"audience", "algorithms", "scopes"}:
        said[several] = frozenset(said[several])
    if block.introspection is not None:
        introspection = introspection_of(block.introspection, draft.directory)
        return OpaquePolicy(name=name, introspection=introspection, claims=claims_of(block.claims), **said)
    keys = block.keys or KeysBlock()
    source = keys.url or f"{_FILE}{keys.file}"
    return JwtPolicy(name=name, source=source, claims=claims_of(block.claims), **said)


def _step(keys: AuthOfRoute, draft: Draft) -> RouteAuth | None:
    auth = keys.auth or draft.top(AuthAtTop).auth_default
    if auth is None or ANONYMOUS in auth.by:
        return None
    return RouteAuth(
        policies=tuple(auth.by),
        scopes=frozenset(auth.scopes or ()),
        claims=claims_of(auth.claims),
        enforce=auth.enforce is not False,
        forward_token=bool(auth.forward_token),
    )


def _secrets(draft: Draft) -> Iterator[Path]:
    for name, block in _policies(draft).items():
        if block.introspection is not None and block.introspection.secret.text:
            yield ("auth", name, "introspection", "secret")


def _addresses(draft: Draft) -> Iterator[Path]:
    for name, block in _policies(draft).items():
        if block.keys is not None and block.keys.url is not None:
            yield ("auth", name, "keys", "url")


AUTH = Section(
    top=KeysAt(AuthAtTop, _top),
    route=KeysAt(AuthOfRoute, lambda _, __: {}, beside_respond=frozenset({"auth", "allow_anonymous"}), step=_step),
    checks=(
        policies_are_whole,
        opaque_tokens_can_be_asked_for,
        key_sets_can_be_had,
        policies_are_known,
        policies_are_used,
        routes_say_who_may_call,
        claims_have_a_policy,
        anonymous_has_a_reason,
    ),
    warnings=(secrets_are_kept, key_sets_come_from_their_issuer),
    remarks=(nobody_is_refused,),
    secrets=_secrets,
    addresses=_addresses,
)
