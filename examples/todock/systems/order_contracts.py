"""The order API's three contracts, as they are written down for both sides: one path, three kinds of clients.

    app 1   a form, `cd` and `su` for each item, `rev`; answered with texts, commas in amounts
    app 2   JSON, `items` of `code` and `count`, `revision`
    site    JSON, `cart` by code, `revision`

Rule: a count of 0 takes an item out.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, assert_never
from urllib.parse import parse_qs, urlencode

from examples.todock.systems.settings import SITE_HOST

PRICES = {"1001": 198, "1002": 248, "1003": 1080, "1004": 398, "1005": 98}
"""Yen, by the code of an item."""


class Contract(Enum):
    """Which of them a request is of."""

    APP_1 = "orders.app1"
    APP_2 = "orders.app2"
    SITE = "orders.site"


@dataclass(frozen=True, slots=True)
class Order:
    """Of a member and a week: counts by code."""

    revision: int
    counts: Mapping[str, int]

    @property
    def kept(self) -> dict[str, int]:
        """Without what was taken out."""
        return {code: count for code, count in sorted(self.counts.items()) if count}

    @property
    def total(self) -> int:
        """Yen."""
        return sum(PRICES[code] * count for code, count in self.counts.items())


def contract_of(host: str, generation: str) -> Contract:
    """By the host of the site, and by what an app says of itself."""
    if host.partition(":")[0] == SITE_HOST:
        return Contract.SITE
    return Contract.APP_1 if generation == "1" else Contract.APP_2


def read_order(contract: Contract, body: bytes) -> Order:
    """What a client of this contract has sent; ValueError or KeyError when it is none."""
    match contract:
        case Contract.APP_1:
            form = parse_qs(body.decode())
            return Order(int(form["rev"][0]), dict(zip(form["cd"], map(int, form["su"]), strict=True)))
        case Contract.APP_2:
            said = json.loads(body)
            return Order(said["revision"], {each["code"]: each["count"] for each in said["items"]})
        case Contract.SITE:
            said = json.loads(body)
            return Order(said["revision"], said["cart"])
        case _:
            assert_never(contract)


def sent_order(contract: Contract, order: Order) -> tuple[str, bytes]:
    """As such a client sends it: the type, and the body."""
    match contract:
        case Contract.APP_1:
            form = {"rev": order.revision, "cd": list(order.counts), "su": list(order.counts.values())}
            return "application/x-www-form-urlencoded", urlencode(form, doseq=True).encode()
        case Contract.APP_2:
            items = [{"code": code, "count": count} for code, count in order.counts.items()]
            return "application/json", json.dumps({"revision": order.revision, "items": items}).encode()
        case Contract.SITE:
            return "application/json", json.dumps({"revision": order.revision, "cart": dict(order.counts)}).encode()
        case _:
            assert_never(contract)


def said_order(contract: Contract, number: str, order: Order) -> dict[str, Any]:
    """What such a client is answered."""
    kept, total = order.kept, order.total
    match contract:
        case Contract.APP_1:
            return {"order_no": number, "cnt": str(len(kept)), "total": f"{total:,}", "rev": str(order.revision)}
        case Contract.APP_2:
            items = [{"code": code, "count": count} for code, count in kept.items()]
            return {"number": number, "items": items, "total": total, "revision": order.revision}
        case Contract.SITE:
            return {"orderNumber": number, "cart": kept, "totalYen": total, "revision": order.revision}
        case _:
            assert_never(contract)


def seen_order(contract: Contract, said: Mapping[str, Any]) -> tuple[int, int]:
    """What a client reads from an answer: the revision, and the total."""
    match contract:
        case Contract.APP_1:
            return int(said["rev"]), int(said["total"].replace(",", ""))
        case Contract.APP_2:
            return said["revision"], said["total"]
        case Contract.SITE:
            return said["revision"], said["totalYen"]
        case _:
            assert_never(contract)
