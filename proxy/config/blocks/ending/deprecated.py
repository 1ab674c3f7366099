"""`deprecated:` of a route: what its answers say of its end."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated

from pydantic import BeforeValidator

from proxy.config.block import Block, Draft, KeysAt, Section, needed, optional
from proxy.config.readers.errors import fault
from proxy.config.readers.schema_patterns import matching
from proxy.config.text.problem import FileProblem
from proxy.core.brownout.deprecation import DeprecationPolicy

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2})?(Z|[+-][0-9]{2}:[0-9]{2})")
_LINK = re.compile(r"https?://[!#-;=?-Z_a-z~-]{1,1000}")


def read_moment(value: object) -> float:
    """`2027-01-04T00:00Z`, or a day, which is its beginning in UTC; in quotes, since some readers see dates in them."""
    text = value if isinstance(value, str) else ""
    try:
        if _DATE.fullmatch(text):
            return datetime.fromisoformat(f"{text}T00:00:00+00:00").timestamp()
        if _MOMENT.fullmatch(text):
            return datetime.fromisoformat(text).timestamp()
    except ValueError:
        raise fault("is no date of the calendar") from None
    raise fault('must be a day such as "2027-01-31" in quotes, or a time with its zone such as "2027-01-31T12:00Z"')


def read_link(value: object) -> str:
    """What stands between the brackets of a Link field."""
    if isinstance(value, str) and _LINK.fullmatch(value):
        return str(value)
    raise fault("must be a URL such as https://docs.example.com/moving")


Moment = Annotated[float, BeforeValidator(read_moment), matching(_DATE, _MOMENT)]
Link = Annotated[str, BeforeValidator(read_link), matching(_LINK)]


class DeprecatedBlock(Block):
    """What answers say of their route's end."""

    since: Moment = needed("Since when nobody new should use it: Deprecation (RFC 9745).", "2026-12-01")
    sunset: Moment | None = optional("When it will be gone: Sunset (RFC 8594).", "2027-03-01")
    link: Link | None = optional("Where people read what to do: Link.", "https://docs.example.com/moving")


class DeprecatedKeys(Block):
    """How its end is said."""

    deprecated: DeprecatedBlock | None = optional(
        "What its answers say of its end: Deprecation, Sunset, Link.",
        {"since": "2026-12-01", "sunset": "2027-03-01", "link": "https://docs.example.com/moving"},
    )


def ends_come_in_order(draft: Draft) -> Iterator[FileProblem]:
    """RFC 9745, section 4: what is gone was deprecated before."""
    for index, block in draft.of_routes(DeprecatedKeys):
        said = block.deprecated
        if said is not None and said.sunset is not None and said.sunset < said.since:
            yield draft.problem(("routes", index, "deprecated", "sunset"), "must not come before since")


def _deprecated(keys: DeprecatedKeys, draft: Draft) -> DeprecationPolicy | None:
    said = keys.deprecated
    if said is None:
        return None
    return draft.shared(DeprecationPolicy(since=said.since, sunset=said.sunset, link=said.link or ""))


DEPRECATED = Section(route=KeysAt(DeprecatedKeys, lambda _, __: {}, step=_deprecated), checks=(ends_come_in_order,))
