"""A member: a card's number, a password, an app or the site, and the token that the identity provider gave."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from examples.todock.systems.order_contracts import Contract
from examples.todock.systems.settings import APP_HOST, FIRST_NUMBER, GENERATION, MEMBERS, SITE_HOST, UNCONFIRMED

USES = 30
"""Requests after which a member logs in anew."""
_CLIENTS = {Contract.APP_1: "app-1", Contract.APP_2: "app-2", Contract.SITE: "site"}
_GENERATIONS = {Contract.APP_1: "1", Contract.APP_2: "2"}


@dataclass(slots=True, kw_only=True)
class Member:
    """`subject`: as tokens name him; `revisions` by order, `totals` those that he was told; `uses` of his token."""

    number: str
    subject: str
    contract: Contract
    confirmed: bool
    token: str = ""
    uses: int = 0
    revisions: Counter[str] = field(default_factory=Counter)

    @property
    def form(self) -> dict[str, str]:
        """To log in with."""
        return {
            "grant_type": "password",
            "client_id": _CLIENTS[self.contract],
            "username": self.number,
            "password": f"secret of {self.number}",
        }

    @property
    def fields(self) -> dict[str, str]:
        """What his app, or his browser, says with each request."""
        said = {"Host": SITE_HOST if self.contract is Contract.SITE else APP_HOST, "X-Device": f"device-{self.number}"}
        if generation := _GENERATIONS.get(self.contract):
            said[GENERATION] = generation
        return said | ({"Authorization": f"Bearer {self.token}"} if self.token else {})


def members() -> list[Member]:
    """All that both sides know; the three kinds of clients by turns."""
    kinds = list(Contract)
    return [
        Member(
            number=str(FIRST_NUMBER + at),
            subject=f"member-{at + 1:02}",
            contract=kinds[at % len(kinds)],
            confirmed=at % UNCONFIRMED != UNCONFIRMED - 1,
        )
        for at in range(MEMBERS)
    ]


def forged(fields: dict[str, str]) -> dict[str, str]:
    """The same token with another signature, in its first character: the last one has bits that have to be zero."""
    head, claims, signature = fields["Authorization"].split(".")
    other = "B" if signature.startswith("A") else "A"
    return {**fields, "Authorization": f"{head}.{claims}.{other}{signature[1:]}"}
