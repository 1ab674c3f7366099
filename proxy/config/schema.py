"""What routes.yaml may say: all blocks, and the models that their keys make together.

Rule 1: a new block is a file in `blocks` and a line in `BLOCKS`; what loads, checks and describes the file reads that
        tuple. Its order is that of the keys in messages and in the JSON Schema.
Rule 2: what is promised but does not work yet is refused by its name (`NOT_LANDED`), never ignored.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, get_args, get_origin

from pydantic import Field, create_model

from proxy.config.block import Block, KeysAt
from proxy.config.blocks.compare import COMPARE
from proxy.config.blocks.ending.brownout import BROWNOUT
from proxy.config.blocks.ending.deprecated import DEPRECATED
from proxy.config.blocks.fallback import FALLBACK
from proxy.config.blocks.grants import GRANTS
from proxy.config.blocks.hooks import HOOKS
from proxy.config.blocks.identity.auth import AUTH
from proxy.config.blocks.identity.principal import PRINCIPAL
from proxy.config.blocks.identity.suspend import SUSPEND
from proxy.config.blocks.identity.upstream_auth import UPSTREAM_AUTH
from proxy.config.blocks.include import INCLUDE
from proxy.config.blocks.judge.judgement import JUDGEMENT
from proxy.config.blocks.judge.ramp_reach import REACH
from proxy.config.blocks.leniency import LENIENCY
from proxy.config.blocks.limits import LIMITS
from proxy.config.blocks.match import MatchBlock
from proxy.config.blocks.resolve import RESOLVE
from proxy.config.blocks.route import RESPOND, ROUTE, SIDES
from proxy.config.blocks.server import LOG, SERVER, TRUST
from proxy.config.blocks.shadow import SHADOW
from proxy.config.blocks.state.databases import DATABASES
from proxy.config.blocks.state.idempotency import IDEMPOTENCY
from proxy.config.blocks.state.writes import WRITES
from proxy.config.blocks.stickiness import STICKINESS
from proxy.config.blocks.tls import TLS
from proxy.config.blocks.translation.adapters import ADAPTERS
from proxy.config.blocks.upstream import UPSTREAM
from proxy.config.blocks.waits import WAITS
from proxy.config.readers import scalars

BLOCKS = (
    SERVER,
    INCLUDE,
    UPSTREAM,
    UPSTREAM_AUTH,
    RESOLVE,
    TRUST,
    ROUTE,
    STICKINESS,
    SIDES,
    JUDGEMENT,
    COMPARE,
    SHADOW,
    REACH,
    FALLBACK,
    WRITES,
    IDEMPOTENCY,
    ADAPTERS,
    BROWNOUT,
    DEPRECATED,
    RESPOND,
    AUTH,
    GRANTS,
    PRINCIPAL,
    WAITS,
    LIMITS,
    LENIENCY,
    TLS,
    LOG,
    DATABASES,
    SUSPEND,
    HOOKS,
)


@cache
def levels(level: str) -> tuple[KeysAt, ...]:
    """The keys of all blocks at `top`, `upstream` or `route`, in order."""
    return tuple(found for block in BLOCKS if (found := getattr(block, level)) is not None)


def _model(name: str, says: str, of: Iterable[KeysAt]) -> type[Block]:
    """One model of all these keys; fields of a base that stands later come first, hence the order."""
    bases = tuple(level.keys for level in of)[::-1]
    return create_model(name, __base__=bases, __doc__=says, __module__=__name__)


SettingsBlock = _model("SettingsBlock", "Everything but upstreams and routes.", levels("top"))
UpstreamBlock = _model("UpstreamBlock", "One system behind the proxy.", levels("upstream"))
RouteBlock = _model("RouteBlock", "What to do with one class of requests.", levels("route"))
_UPSTREAMS: Any = Field(
    default_factory=dict,
    description="The systems behind the proxy, by name. Those called legacy and new have these roles everywhere.",
    examples=[{"legacy": {"url": "http://legacy.internal:3000"}}],
)
_ROUTES: Any = Field(
    min_length=1,
    description="The most specific path wins, whatever the order here; then the route with more conditions.",
    examples=[[{"name": "rest", "match": "/**", "stage": "legacy"}]],
)
FileBlock: type[Block] = create_model(
    "FileBlock",
    __base__=SettingsBlock,
    __doc__="The whole of routes.yaml.",
    __module__=__name__,
    upstreams=(dict[scalars.Name, UpstreamBlock], _UPSTREAMS),  # type: ignore[valid-type]  # made above
    routes=(list[RouteBlock], _ROUTES),  # type: ignore[valid-type]  # made above
)


def holds_names(annotation: object) -> bool:
    """Whether a mapping of names stands in it."""
    return get_origin(annotation) is dict or any(map(holds_names, get_args(annotation)))


NAMED = frozenset(key for key, field in FileBlock.model_fields.items() if holds_names(field.annotation))
"""Keys at the top whose value is a mapping of names, each of which may stand in another file (`include`)."""

LATER: Mapping[type[Block], tuple[str, ...]] = {
    MatchBlock: ("graphql",),
    RouteBlock: ("handover",),
}
"""Where what is promised will stand."""
NOT_LANDED = frozenset(name for names in LATER.values() for name in names)
"""Blocks that are promised and that this version does not have."""
