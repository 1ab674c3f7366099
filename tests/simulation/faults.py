"""Faults of new, planted in the answers that `tests.simulation.learning` draws: none of them may ever be excused."""

from __future__ import annotations

from collections.abc import Callable

from tests.simulation.learning import START, Asked, Body, Fault, kept, stamp, uuid

SELDOM = 0.03


def _set(name: str, value: Callable[[Asked, Body], object]) -> Fault:
    def fault(asked: Asked, legacy: Body, new: Body) -> None:
        new[name] = value(asked, legacy)

    return fault


def _seldom(fault: Fault) -> Fault:
    """In 3 % of the answers."""

    def sometimes(asked: Asked, legacy: Body, new: Body) -> None:
        if asked.dice.random() < SELDOM:
            fault(asked, legacy, new)

    return sometimes


def _number(legacy: Body, name: str) -> float:
    value = legacy[name]
    assert isinstance(value, int | float)
    return value


def _page(line: Callable[[Asked, Body], str]) -> Fault:
    """Another first line; the second says how long it took."""

    def fault(asked: Asked, legacy: Body, new: Body) -> None:
        lines = new["lines"]
        assert isinstance(lines, list)
        new["lines"] = [line(asked, legacy), lines[1]]

    return fault


_STRANGER = "another's"
FAULTS: dict[str, Fault] = {
    "now is 1 s ahead": _set("now", lambda asked, _: stamp(asked.new_at + 1.002)),
    "now is 1 s behind": _set("now", lambda asked, _: stamp(asked.new_at - 0.998)),
    "now is an hour off": _set("now", lambda asked, _: stamp(asked.new_at + 3600)),
    "now has microseconds": _set("now", lambda asked, _: stamp(asked.new_at + 0.002123, "microseconds")),
    "now has no zone": _set("now", lambda asked, _: stamp(asked.new_at + 0.002)[:-1]),
    "now stands still": _set("now", lambda *_: stamp(START - 100)),
    "now in whole seconds is 1 s ahead": _set("at", lambda asked, _: int(asked.new_at + 1.002)),
    "expires a minute late": _set("expires", lambda asked, _: stamp(asked.new_at + 960, "seconds")),
    "expires a minute late, seldom": _seldom(_set("expires", lambda asked, _: stamp(asked.new_at + 960, "seconds"))),
    "created is now": _set("created", lambda asked, _: stamp(asked.new_at)),
    "created is an hour off": _set(
        "created", lambda asked, _: stamp(START - kept(asked.order, "created").uniform(1e4, 1e7) + 3600)
    ),
    "created is another time": _set(
        "created", lambda asked, _: stamp(START - kept(asked.order, "other").uniform(1e4, 1e7))
    ),
    "created is cut to seconds": _set("created", lambda _, legacy: str(legacy["created"])[:-5] + ".000Z"),
    "id is made anew": _set("id", lambda asked, _: f"ord{asked.dice.getrandbits(48):012x}"),
    "id is another order's": _set("id", lambda asked, _: f"ord{kept(asked.order + 1, 'id').getrandbits(48):012x}"),
    "id is another order's, seldom": _seldom(
        _set("id", lambda asked, _: f"ord{kept(asked.order + 1, 'id').getrandbits(48):012x}")
    ),
    "request id stands still": _set("request_id", lambda *_: "0b9f63c2-8a45-4c1e-a7d0-93f5e2b1c6d8"),
    "request id is the order's": _set("request_id", lambda asked, _: uuid(kept(asked.order, "request"))),
    "request id is the client's": _set("request_id", lambda asked, _: asked.trace),
    "the client's trace is made anew": _set("trace", lambda asked, _: f"tr{asked.dice.getrandbits(64):016x}"),
    "the next page is another": _set(
        "next",
        lambda asked, _: f"https://shop.test/orders?after=cur{kept(asked.order, _STRANGER).getrandbits(64):016x}",
    ),
    "the next page is elsewhere": _set("next", lambda _, legacy: str(legacy["next"]).replace("/orders", "/v2/orders")),
    "status is another": _set(
        "status", lambda _, legacy: {"open": "paid", "paid": "sent", "sent": "open"}[str(legacy["status"])]
    ),
    "status is drawn": _set("status", lambda asked, _: asked.dice.choice(["open", "paid", "sent"])),
    "status is another, seldom": _seldom(
        _set("status", lambda _, legacy: "held" if legacy["status"] == "open" else "open")
    ),
    "gift is the other": _set("gift", lambda _, legacy: not legacy["gift"]),
    "total is 1 % more": _set("total", lambda _, legacy: round(_number(legacy, "total") * 1.01) + 1),
    "total is 100 more": _set("total", lambda _, legacy: int(_number(legacy, "total")) + 100),
    "total is drawn": _set("total", lambda asked, _: asked.dice.randrange(100, 99_999)),
    "total is drawn, seldom": _seldom(_set("total", lambda asked, _: asked.dice.randrange(100, 99_999))),
    "weight is rounded": _set("weight", lambda _, legacy: round(_number(legacy, "weight"), 1)),
    "took is in seconds": _set("took", lambda _, legacy: round(_number(legacy, "took") / 1000, 5)),
    "a page's number is drawn": _page(lambda asked, _: f"Order of {asked.dice.randrange(20, 99)} things"),
    "a page's word is another": _page(lambda asked, _: f"Order with {kept(asked.order, 'n').randrange(1, 20)} things"),
}
