"""`grants:`: a provider whose tokens exist once, at the top; and on a route which of its endpoints stands there.

Rule 1: a key is in a file or in the environment; nothing of one is ever repeated, whatever is wrong with it.
Rule 2: a route with `grants` has no stage: it is asked the same whichever system answers the rest.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from itertools import combinations
from pathlib import Path as FilePath
from typing import Annotated, Any, cast

from pydantic import BeforeValidator, create_model

from proxy.config.block import Block, Draft, KeysAt, Section, needed, optional, said_by
from proxy.config.blocks.match import AnyMatch
from proxy.config.blocks.server import MEMORY, ServerKeys
from proxy.config.blocks.tls import TlsAtTop
from proxy.config.blocks.upstream import UpstreamKeys
from proxy.config.readers import address, scalars, units
from proxy.config.readers.errors import fault
from proxy.config.readers.schema_patterns import TEXT, matching, words
from proxy.config.text.document import MapNode
from proxy.config.text.problem import FileProblem, Path
from proxy.core.grants.grant_policy import (
    LEAST_LEASE,
    MAX_SYSTEMS,
    GrantPolicy,
    GrantRole,
    GrantSystem,
    GrantUse,
    KeyPlace,
    Regress,
    Replaces,
)
from proxy.core.grants.token_hash import read_key
from proxy.core.nearest import nearest
from proxy.core.routing.route import Respond
from proxy.core.routing.snapshot import Network
from proxy.core.secret import Secret

_FILE = "file:"
_NO_KEY = "must be file: and the path of a key, or ${NAME} with 32 bytes in hex or base64"
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MEMBER = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,63}")
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
NOT_ANSWERED = Respond(status=503)
_DEFAULT = GrantPolicy(name="", upstream="", systems=(), hash_key=KeyPlace(), data_keys=())


def read_key_place(value: object) -> KeyPlace:
    """`file:PATH`, or the key itself, which comes from the environment."""
    text = value if isinstance(value, str) else ""
    if text.startswith(_FILE) and len(text) > len(_FILE) and "\0" not in text:
        return KeyPlace(file=text.removeprefix(_FILE))
    if text.startswith(_FILE) or read_key(text.encode()) is None:
        raise fault(_NO_KEY, got="")
    return KeyPlace(text=Secret(str(text)))


def read_until(value: object) -> float:
    """A date, from the beginning of which its ancestors are refused; in UTC."""
    text = value if isinstance(value, str) else ""
    try:
        if _DATE.fullmatch(text):
            return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()
    except ValueError:
        raise fault("is no date of the calendar") from None
    raise fault("must be a date such as 2027-03-31")


def read_member(value: object) -> str:
    """The name of a member of the provider's answers."""
    if isinstance(value, str) and _MEMBER.fullmatch(value):
        return str(value)
    raise fault("must be the name of a member of the answer, such as expires_in")


def read_use(value: object) -> object:
    """A name alone stands for the token endpoint."""
    return {"of": value} if isinstance(value, str) else value


KeyText = Annotated[KeyPlace, BeforeValidator(read_key_place), TEXT]
UntilDate = Annotated[float, BeforeValidator(read_until), matching(_DATE)]
Member = Annotated[str, BeforeValidator(read_member), matching(_MEMBER)]
RegressWord = Annotated[Regress, BeforeValidator(scalars.Choice(Regress)), words(Regress)]
ReplacesWord = Annotated[Replaces, BeforeValidator(scalars.Choice(Replaces)), words(Replaces)]
RoleWord = Annotated[GrantRole, BeforeValidator(scalars.Choice(GrantRole)), words(GrantRole)]


class GrantSystemKeys(Block):
    """A system that may hold copies of tokens."""

    adopt: scalars.Switch | None = optional(
        "Whether it may bring tokens that were never seen here. Default no.", *(True,)
    )
    until: UntilDate | None = optional("From this date (UTC) on its old tokens are refused.", "2027-03-31")


_FROM: Any = needed("Where it asks from, behind trusted_proxies.", ["10.1.0.0/16"])
GrantSystemBlock: type[GrantSystemKeys] = create_model(  # `from` is a word of Python's
    "GrantSystemBlock",
    __base__=GrantSystemKeys,
    __doc__=GrantSystemKeys.__doc__,
    __module__=__name__,
    **cast("dict[str, Any]", {"from": (list[address.NetworkText], _FROM)}),
)


class GrantKeysBlock(Block):
    """Keys of 32 bytes, in files or in the environment."""

    hash: KeyText = needed("What stands for tokens in the database is made with it.", "file:hash.key")
    data: list[KeyText] = needed("Tokens are sealed with the first; all of them open.", ["file:k2", "file:k1"])


class GrantBlock(Block):
    """A provider whose refresh tokens are good once."""

    upstream: scalars.Name = needed("The upstream that is the provider.", "aggregator")
    systems: dict[scalars.Name, GrantSystemBlock] = needed(  # type: ignore[valid-type]  # made above
        f"Who may hold copies, by name; 1 to {MAX_SYSTEMS}.", {"legacy": {"from": ["10.1.0.0/16"], "adopt": True}}
    )
    keys: GrantKeysBlock = needed("Keys of 32 bytes.", {"hash": "file:hash.key", "data": ["file:k1"]})
    grace: units.Length | None = optional(
        f"How long the provider takes a token that was used. Default {_DEFAULT.grace:g}s.", "30s"
    )
    timeout: units.LengthAboveZero | None = optional(
        f"Of a call to the provider. Default {_DEFAULT.timeout:g}s.", "60s"
    )
    wait: units.LengthAboveZero | None = optional(
        f"How long a client is kept waiting for it. Default {_DEFAULT.wait:g}s.", "20s"
    )
    lease: units.LengthAboveZero | None = optional(
        "After twice which another replica takes a call for lost. "
        f"At least {LEAST_LEASE:g}s; default {_DEFAULT.lease:g}s.",
        "60s",
    )
    min_left: units.Length | None = optional(
        "Of a stored access token's life; one with less, or with less than a tenth, is refreshed. "
        f"Default {_DEFAULT.min_left:g}s.",
        "60s",
    )
    keep: units.Span | None = optional(
        f"How long old tokens are known after every system has shown a newer one. Default {_DEFAULT.keep / 86400:g}d.",
        "7d",
    )
    regress: RegressWord | None = optional(
        f"What becomes of a system that shows an older token than before. Default {_DEFAULT.regress}.", "refuse"
    )
    replaces: ReplacesWord | None = optional(
        f"Whose old tokens a new consent takes over. Default {_DEFAULT.replaces}.", "id_token.sub"
    )
    heir: scalars.Name | None = optional("The one system that is served from now on, to end with this.", "new")
    relative: list[Member] | None = optional(
        f"Members of a stored answer that say what is left. Default {', '.join(_DEFAULT.relative)}.", ["expires_in"]
    )
    absolute: list[Member] | None = optional(
        f"Members that say when it was made. Default {', '.join(_DEFAULT.absolute)}.", ["created_at"]
    )


class GrantsAtTop(Block):
    """Providers."""

    grants: dict[scalars.Name, GrantBlock] | None = optional(
        "Providers whose refresh tokens are good once, by name; both systems hold copies.",
        {
            "aggregator": {
                "upstream": "aggregator",
                "systems": {"legacy": {"from": ["10.1.0.0/16"], "adopt": True}},
                "keys": {"hash": "file:hash.key", "data": ["file:k1"]},
            }
        },
    )


class GrantUseKeys(Block):
    """Which endpoint of which provider stands at a route."""

    of: scalars.Name = needed("A name in grants.", "aggregator")


_AS: Any = optional("Which endpoint it is. Default token.", "revocation")
GrantUseBlock: type[GrantUseKeys] = create_model(  # so is `as`
    "GrantUseBlock",
    __base__=GrantUseKeys,
    __doc__=GrantUseKeys.__doc__,
    __module__=__name__,
    **cast("dict[str, Any]", {"as": (RoleWord | None, _AS)}),
)
AnyUse = Annotated[
    GrantUseBlock,  # type: ignore[valid-type]  # made above
    BeforeValidator(read_use, json_schema_input_type=scalars.Name | GrantUseBlock),
]


class GrantsOfRoute(Block):
    """An endpoint of a provider."""

    grants: AnyUse | None = optional(
        "The token endpoint of this provider, instead of a stage; or its revocation endpoint.",
        "aggregator",
        {"of": "aggregator", "as": "revocation"},
    )


class _Route(GrantsOfRoute):
    """What the rules here ask of a route."""

    match: AnyMatch


def keys_can_be_had(draft: Draft) -> Iterator[FileProblem]:
    """A provider whose keys are not there would refuse everybody."""
    for name, block in (draft.top(GrantsAtTop).grants or {}).items():
        places = {("hash",): block.keys.hash} | {("data", at): place for at, place in enumerate(block.keys.data)}
        for path, place in places.items():
            if not place.file:
                continue
            found = draft.read_file(place.file)
            if isinstance(found, str):
                yield draft.problem(("grants", name, "keys", *path), f"the file {found}")
            elif read_key(found) is None:
                yield draft.problem(("grants", name, "keys", *path), "its file does not hold 32 bytes; make one anew")
        if not block.keys.data:
            yield draft.problem(("grants", name, "keys", "data"), "must name at least one key")


def systems_are_apart(draft: Draft) -> Iterator[FileProblem]:
    """An address is one system's, and the heir is one of them."""
    for name, block in (draft.top(GrantsAtTop).grants or {}).items():
        path: Path = ("grants", name, "systems")
        if not 1 <= len(block.systems) <= MAX_SYSTEMS:
            yield draft.problem(path, f"must name 1 to {MAX_SYSTEMS} systems")
        for (one, first), (other, second) in combinations(_systems(block).items(), 2):
            if any(a.version == b.version and a.overlaps(b) for a in _networks(first) for b in _networks(second)):
                yield draft.problem((*path, other, "from"), f"overlaps with {one}; an address belongs to one system")
        if block.heir is not None and block.heir not in block.systems:
            yield draft.problem(("grants", name, "heir"), f"must be one of its systems: {', '.join(block.systems)}")


def providers_are_upstreams(draft: Draft) -> Iterator[FileProblem]:
    """The provider is an upstream, and the lease is long enough to be renewed."""
    for name, block in (draft.top(GrantsAtTop).grants or {}).items():
        if draft.declared is not None and block.upstream not in draft.declared:
            meant = nearest(block.upstream, draft.declared)
            cure = f"did you mean {meant}?" if meant else "add it below upstreams"
            yield draft.problem(("grants", name, "upstream"), f'there is no upstream "{block.upstream}"; {cure}')
        if block.lease is not None and block.lease < LEAST_LEASE:
            message = f"must be at least {LEAST_LEASE:g}s: a statement may take 5s, and it is renewed each third"
            yield draft.problem(("grants", name, "lease"), message)


def tokens_are_kept_safely(draft: Draft) -> Iterator[FileProblem]:
    """Replicas share a database, and nobody listens on the way."""
    grants, server = draft.top(GrantsAtTop).grants, draft.top(ServerKeys)
    if not grants:
        return
    if server.state == MEMORY:
        message = "needs a database: tokens that exist once outlive this process; write state: embedded or an address"
        yield draft.problem(("grants",), message, at_key=True)
    if not server.listen.is_loopback and draft.top(TlsAtTop).tls is None:
        message = "can be reached from other machines, so tokens (grants) must not pass in the clear; add tls"
        yield draft.problem(("listen",), message)


def providers_are_asked_in_private(draft: Draft) -> Iterator[FileProblem]:
    """Secrets of clients and tokens pass to the provider as they pass to Banyan."""
    for name, block in (draft.top(GrantsAtTop).grants or {}).items():
        upstream = draft.of_upstreams(UpstreamKeys).get(block.upstream)
        places = () if upstream is None else upstream.places
        if any(place.scheme == "http" and place.host not in _LOOPBACK for place in places):
            message = (
                f"{block.upstream} is asked by http, so tokens and secrets pass in the clear; write https in its url"
            )
            yield draft.problem(("grants", name, "upstream"), message)


def endpoints_are_posts(draft: Draft) -> Iterator[FileProblem]:
    """Each stands before a provider that is declared, and takes POST alone (RFC 6749 section 3.2)."""
    declared = _declared(draft)
    for index, block in draft.of_routes(_Route):
        use = _use(block)
        if use is None:
            continue
        path: Path = ("routes", index)
        if use.of not in declared:
            names = ", ".join(declared) or "there is none"
            yield draft.problem((*path, "grants"), f'must be a name in grants ({names}), got "{use.of}"')
        if block.match.methods != frozenset({b"POST"}):
            yield draft.problem((*path, "match"), "a token endpoint takes POST alone; write match: POST and the path")


def _declared(draft: Draft) -> list[str]:
    """Every name, right or wrong."""
    entry = draft.root.entries.get("grants")
    return list(entry.value.entries) if entry is not None and isinstance(entry.value, MapNode) else []


def _systems(block: GrantBlock) -> Mapping[str, GrantSystemKeys]:
    return cast("Mapping[str, GrantSystemKeys]", block.systems)


def _networks(block: GrantSystemKeys) -> list[Network]:
    found: list[Network] = getattr(block, "from")
    return found


def _top(keys: GrantsAtTop, draft: Draft) -> Mapping[str, object]:
    return {"grants": {name: _policy(name, block, draft) for name, block in (keys.grants or {}).items()}}


def _policy(name: str, block: GrantBlock, draft: Draft) -> GrantPolicy:
    said = {key: value for key, value in said_by(block).items() if key not in {"systems", "keys"}}
    for members in said.keys() & {"relative", "absolute"}:
        said[members] = tuple(said[members])
    return GrantPolicy(
        name=name,
        systems=tuple(
            GrantSystem(
                name=system,
                networks=tuple(_networks(keys)),
                adopt=bool(keys.adopt),
                until=keys.until or 0.0,
            )
            for system, keys in _systems(block).items()
        ),
        hash_key=_place(block.keys.hash, draft),
        data_keys=tuple(_place(place, draft) for place in block.keys.data),
        **said,
    )


def _place(place: KeyPlace, draft: Draft) -> KeyPlace:
    return KeyPlace(file=str(FilePath(draft.directory, place.file).absolute())) if place.file else place


def _respond(keys: GrantsOfRoute, _: Draft) -> Mapping[str, object]:
    """Its step answers all of it; nothing goes to a side."""
    return {} if _use(keys) is None else {"respond": NOT_ANSWERED}


def _step(keys: GrantsOfRoute, _: Draft) -> GrantUse | None:
    use = _use(keys)
    return None if use is None else GrantUse(use.of, getattr(use, "as") or GrantRole.TOKEN)


def _use(keys: GrantsOfRoute) -> GrantUseKeys | None:
    return cast("GrantUseKeys | None", keys.grants)


def _secrets(draft: Draft) -> Iterator[Path]:
    for name, block in (draft.top(GrantsAtTop).grants or {}).items():
        if block.keys.hash.text:
            yield ("grants", name, "keys", "hash")
        for at, place in enumerate(block.keys.data):
            if place.text:
                yield ("grants", name, "keys", "data", at)


GRANTS = Section(
    top=KeysAt(GrantsAtTop, _top),
    route=KeysAt(GrantsOfRoute, _respond, beside_respond=frozenset({"grants"}), step=_step),
    checks=(
        providers_are_upstreams,
        systems_are_apart,
        keys_can_be_had,
        tokens_are_kept_safely,
        providers_are_asked_in_private,
        endpoints_are_posts,
    ),
    secrets=_secrets,
)
