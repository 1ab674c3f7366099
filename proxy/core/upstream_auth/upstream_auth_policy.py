"""`auth:` of a route's upstreams, as the policy of a step: what has to be there before a request of it is passed on."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar


class AuthAnswer(StrEnum):
    """Why a request to an upstream with `auth` is answered by Banyan."""

    NO_TOKEN = "no_upstream_token"  # noqa: S105 -- a reason


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamAuthPolicy:
    """Of a route one of whose upstreams has `auth`; bodies that are signed have at most `max_body` bytes."""

    max_body: int = 0
    key: ClassVar[str] = "upstreams.auth"
    fields: ClassVar[frozenset[bytes]] = frozenset({b"authorization"})
    answers: ClassVar[tuple[str, ...]] = tuple(reason.value for reason in AuthAnswer)
    is_remembered: ClassVar[bool] = True
