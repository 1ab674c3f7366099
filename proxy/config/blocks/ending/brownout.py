"""`brownout:` of a route: how its end, or that of a field, is tried.

Rule 1: a brown-out ends by itself, within a year: nobody has to think of it.
Rule 2: whose calls go without is known from a token alone: `clients` stand only where a policy of `auth` is asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Final

from pydantic import BeforeValidator, Field, WithJsonSchema

from proxy.config.block import Block, Draft, KeysAt, Section, needed, optional
from proxy.config.blocks.ending.deprecated import Moment
from proxy.config.blocks.identity.auth import ANONYMOUS, AuthAtTop, AuthOfRoute
from proxy.config.blocks.route import RouteWithSides
from proxy.config.blocks.translation.step_values import PathText
from proxy.config.readers import units
from proxy.config.readers.errors import fault
from proxy.config.readers.schema_patterns import TEXT
from proxy.config.text.problem import FileProblem, Path
from proxy.core.brownout.brownout_policy import GONE, UNAVAILABLE, BrownoutPolicy

DAY: Final = 86_400.0
LONGEST: Final = 366 * DAY
SHARE: Final = 0.01
RETRY_AFTER: Final = 60.0
_CLIENT = re.compile(r"[ -~]{1,200}")


def read_client(value: object) -> str:
    """A client as its token names it."""
    if isinstance(value, str) and _CLIENT.fullmatch(value):
        return str(value)
    raise fault("must be the name of a client, of 1 to 200 characters")


def read_status(value: object) -> int:
    """503, come again; or 410, as if it were gone."""
    if value in (UNAVAILABLE, GONE) and isinstance(value, int):
        return int(value)
    raise fault("must be 503, which asks to come again, or 410, as if it were gone")


Clients = Annotated[list[Annotated[str, BeforeValidator(read_client), TEXT]], Field(min_length=1, max_length=200)]
Status = Annotated[int, BeforeValidator(read_status), WithJsonSchema({"enum": [UNAVAILABLE, GONE]})]


class BrownoutBlock(Block):
    """What some calls go without, whose, and until when."""

    field: PathText | None = optional(
        "The member of a JSON answer that is absent. Default: the endpoint itself, which Banyan answers.",
        "$.loyalty_rank",
        "$.items[*].legacy_code",
    )
    clients: Clients | None = optional(
        "Whose calls: clients that auth has verified, by client_id or azp of their token, else its subject. Default "
        "everybody's.",
        ["shop-app", "billing"],
    )
    share: units.Share | None = optional(
        "The share of each client's calls, its first one among them. Default 1%.", "1%"
    )
    until: Moment = needed(
        "When it ends by itself, at most a year ahead: a time with its zone, or a day in UTC; in quotes.",
        "2027-01-31",
        "2027-01-31T12:00Z",
    )
    answer: Status | None = optional("Without field: 503 or 410. Default 503.", 503)
    retry_after: units.LengthAboveZero | None = optional(
        f"With a 503, when clients are told to come again. Default {RETRY_AFTER:g}s.", "60s"
    )


class BrownoutKeys(Block):
    """How the end of a route, or of a field, is tried."""

    brownout: BrownoutBlock | None = optional(
        "For a share of the calls a field is absent, or there is no answer: who needs it shows. Ends by itself, by "
        "banyan kill and at the first alarm of the route.",
        {"field": "$.loyalty_rank", "share": "1%", "until": "2027-01-31"},
    )


class _Route(RouteWithSides, BrownoutKeys, AuthOfRoute):
    """What rules here ask of a route."""


def brownouts_fit(draft: Draft) -> Iterator[FileProblem]:
    """Each says one thing, of calls that there are, to an end."""
    for index, block in draft.of_routes(_Route):
        if block.brownout is not None:
            path: Path = ("routes", index, "brownout")
            yield from _values_fit(draft, path, block.brownout)
            yield from _route_fits(draft, path, block, block.brownout)


def _values_fit(draft: Draft, path: Path, said: BrownoutBlock) -> Iterator[FileProblem]:
    if said.field is not None and not said.field.names_member:
        message = "must lead to a member, such as $.rank or $.items[*].rank: what is no member cannot be absent"
        yield draft.problem((*path, "field"), message)
    for key in ("answer", "retry_after") if said.field is not None else ():
        if getattr(said, key) is not None:
            message = f"{key} belongs to the endpoint's own brown-out; take it or field out"
            yield draft.problem((*path, key), message, at_key=True)
    if said.retry_after is not None and said.answer == GONE:
        yield draft.problem((*path, "retry_after"), "a 410 is not tried again; take it out", at_key=True)
    if said.share == 0.0:
        yield draft.problem((*path, "share"), "must be above 0 %; without a brown-out take it out")
    if said.until > draft.now + LONGEST:
        yield draft.problem((*path, "until"), "must be at most a year ahead: it ends though nobody thinks of it")


def _route_fits(draft: Draft, path: Path, block: _Route, said: BrownoutBlock) -> Iterator[FileProblem]:
    if block.stage is not None and block.stage.facts.ends and (block.split is None or block.split >= 1.0):
        yield draft.problem(path, "has no meaning at stage retired, where nobody answers; take it out", at_key=True)
    if said.clients is not None and not _is_asked(draft, block):
        message = "need a policy: nobody on this route is verified; write auth: NAME, or take clients out"
        yield draft.problem((*path, "clients"), message)


def _is_asked(draft: Draft, block: _Route) -> bool:
    """Rule 2."""
    auth = block.auth or draft.top(AuthAtTop).auth_default
    return auth is not None and ANONYMOUS not in auth.by


def brownouts_over(draft: Draft) -> Iterator[FileProblem]:
    """One whose time is over does nothing any more."""
    for index, block in draft.of_routes(BrownoutKeys):
        if block.brownout is not None and draft.now >= block.brownout.until:
            yield draft.problem(("routes", index, "brownout", "until"), "is over, so nothing is absent any more")


def _brownout(keys: BrownoutKeys, draft: Draft) -> BrownoutPolicy | None:
    said = keys.brownout
    if said is None:
        return None
    return draft.shared(
        BrownoutPolicy(
            share=SHARE if said.share is None else said.share,
            until=said.until,
            field=said.field,
            clients=frozenset(said.clients or ()),
            status=said.answer or UNAVAILABLE,
            retry_after=max(int(said.retry_after or RETRY_AFTER), 1),
        )
    )


BROWNOUT = Section(
    route=KeysAt(BrownoutKeys, lambda _, __: {}, step=_brownout), checks=(brownouts_fit,), warnings=(brownouts_over,)
)
