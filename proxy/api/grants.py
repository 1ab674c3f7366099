"""Tokens that exist once: families, what is told of before, and what leaves again, sealed. No token, in any shape."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

import msgspec

from proxy.api.view import View
from proxy.core.grants.family import FamilyState

StateWord = Annotated[str, msgspec.Meta(examples=[each.value for each in FamilyState])]


class GrantFamilyView(View, frozen=True, kw_only=True):
    """A token and all that came from it."""

    id: str
    """Of the family, in log and record as well."""
    provider: str
    """Its name in `grants`."""
    client: str
    """The client's id at the provider."""
    state: StateWord
    """Where it stands."""
    why: str = ""
    """`lost` or `refused` where consent is needed, `revoked` or `replaced` at the end; `limited`: it waits."""
    generation: int = 0
    """Of the current token; the first one is 0."""
    shown: Mapping[str, int] = {}
    """By system the newest generation that it has shown: what it is known to hold."""
    attempts: int = 0
    """Calls in a row whose outcome is unknown."""
    age: float = 0.0
    """Seconds since it last moved."""


class GrantsView(View, frozen=True, kw_only=True):
    """Families."""

    families: Sequence[GrantFamilyView]
    """Those that have not moved for the longest time first."""


class ConsentView(View, frozen=True, kw_only=True):
    """A grant that the provider has ended: its people have to consent anew."""

    provider: str
    """Its name in `grants`."""
    family: str
    """Its id."""
    client: str
    """The client's id at the provider."""
    why: str
    """`refused` by the provider, or `lost`: the outcome of an earlier call was never known."""


class ImportBody(View, frozen=True, kw_only=True):
    """Tokens that a system may bring though it adopts none."""

    provider: str
    """Its name in `grants`."""
    system: str
    """One of the provider's systems."""
    hashes: Sequence[str]
    """Of the tokens, in hex, as `banyan grants import` makes them with the key of routes.yaml."""


class ImportedView(View, frozen=True, kw_only=True):
    """What was told of."""

    taken: int
    """Hashes that are known now."""


class ReplayBody(View, frozen=True, kw_only=True):
    """That this host's spool is to be read into a database that was restored."""

    without: Sequence[str] = ()
    """Hosts that will not come back, and whose spools are lost."""


class ReplayedView(View, frozen=True, kw_only=True):
    """What came of it."""

    records: int
    """In this host's spool."""
    applied: int
    """That the database did not know."""
    missing: Sequence[str]
    """Hosts that have not replayed yet; none: token endpoints answer again."""


class ExportBody(View, frozen=True, kw_only=True):
    """Whose current tokens are to leave."""

    provider: str
    """Its name in `grants`."""
    system: str
    """Who is to get them: those that it has shown are left out."""


class SealedGrantView(View, frozen=True, kw_only=True):
    """One current token as the database has it."""

    id: str
    """The family, to which the seal is bound."""
    client: str
    """The client's id at the provider."""
    generation: int
    """Of the token."""
    sealed: str
    """Base64 of key id (4 bytes), nonce (12) and AES-256-GCM of the token, with the family's 16 bytes and `token` as
    associated data."""


class SealedGrantsView(View, frozen=True, kw_only=True):
    """Current tokens that a system is not known to hold."""

    grants: Sequence[SealedGrantView] = ()
    """By family."""
