"""What requests are forgiven and what becomes of odd ones: `leniency`, `underscore_headers`, `request_id`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Annotated

from pydantic import BeforeValidator

from proxy.config.block import Block, Draft, KeysAt, Section, optional
from proxy.config.blocks.upstream import UpstreamKeys
from proxy.config.readers import scalars
from proxy.config.text.problem import FileProblem, Path
from proxy.core.http.trace import RequestIds


class Underscores(StrEnum):
    """What becomes of fields whose names hold an underscore."""

    ALLOW = "allow"
    REJECT = "reject"


class Keeping(StrEnum):
    """What becomes of an id that a client gave."""

    KEEP = "keep"
    REPLACE = "replace"


class LeniencyAtTop(Block):
    """What every request is forgiven."""

    leniency: list[scalars.RequestPoint] | None = optional(
        "Single points that every request is forgiven.", ["unknown_methods"]
    )
    underscore_headers: Annotated[Underscores, BeforeValidator(scalars.Choice(Underscores))] | None = optional(
        "What becomes of a request with a field whose name holds an underscore. Default allow.", "allow", "reject"
    )
    request_id: Annotated[Keeping, BeforeValidator(scalars.Choice(Keeping))] | None = optional(
        "What becomes of the X-Request-Id that a request comes with: keep or replace. Default: trusted_proxies' are "
        "kept, others' replaced.",
        "keep",
        "replace",
    )


class LeniencyOfRoute(Block):
    """What requests of one route are forgiven."""

    leniency: list[scalars.RequestPoint] | None = optional(
        "Single points that requests of this route are forgiven.", ["bare_lf"]
    )


def openings_stand_once(draft: Draft) -> Iterator[FileProblem]:
    """A point is opened once in a list, so that whoever closes it closes it."""
    said: list[tuple[Path, Sequence[str] | None]] = [(("leniency",), draft.top(LeniencyAtTop).leniency)]
    said += [(("routes", index, "leniency"), block.leniency) for index, block in draft.of_routes(LeniencyOfRoute)]
    said += [
        (("upstreams", name, "leniency"), block.leniency) for name, block in draft.of_upstreams(UpstreamKeys).items()
    ]
    for path, opened in said:
        for place, point in enumerate(opened or ()):
            if point in (opened or ())[:place]:
                yield draft.problem((*path, place), "stands twice; take one out")


def _at_top(keys: LeniencyAtTop, _: Draft) -> Mapping[str, object]:
    return {
        "leniency": frozenset(keys.leniency or ()),
        "underscores": keys.underscore_headers is not Underscores.REJECT,
        "request_id": RequestIds(keys.request_id or RequestIds.TRUSTED),
    }


LENIENCY = Section(
    top=KeysAt(LeniencyAtTop, _at_top),
    route=KeysAt(
        LeniencyOfRoute,
        lambda keys, _: {"leniency": frozenset(keys.leniency or ())},
        beside_respond=frozenset({"leniency"}),
    ),
    checks=(openings_stand_once,),
)
