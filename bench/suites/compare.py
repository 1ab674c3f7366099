"""How many pairs of answers a core compares per second: JSON of three sizes, reordered, and with three differences.

One process of a plain install, nothing but `proxy.core.parity.compare`; CPU time of the best of several rounds, since
other work on the machine only ever adds to it.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

from bench import compiled
from bench.bars import BarId, Measure
from bench.report import Report
from bench.rounds import Say
from bench.table import Table
from proxy.core.outcome import Side
from proxy.core.parity.compare import Outcome, compare
from proxy.core.parity.pair import CapturedAnswer, CapturedRequest, Pair
from proxy.core.parity.rules.rules import Rules

ROUNDS = 40
ROUND_SECONDS = 0.05
NOW = 1_800_000_000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """`items` make a document of about `kib`."""

    kib: int
    items: int
    bar: BarId


SIZES = (
    Size(kib=1, items=7, bar=BarId.COMPARE_1K),
    Size(kib=10, items=66, bar=BarId.COMPARE_10K),
    Size(kib=100, items=650, bar=BarId.COMPARE_100K),
)


def measure(say: Say, rounds: int = ROUNDS) -> Report:
    """Pairs per second for each size; the slower of the two kinds counts for the bar."""
    rows, measures = [], []
    for place, size in enumerate(SIZES):
        say(f"comparing {size.kib} KiB")
        same, changed = json.loads(compiled.run(__name__, str(place), str(rounds)))
        length = len(json.dumps(document(size.items)))
        rows.append((f"{size.kib} KiB", f"{length:,}", f"{same:,.0f}", f"{changed:,.0f}"))
        measures.append(Measure(bar=size.bar, value=min(same, changed)))
    return Report(suite="compare", tables=(_table(rows),), measures=tuple(measures))


def rates(size: Size, rounds: int) -> tuple[float, float]:
    """Pairs per second, reordered and with three differences, in this very process."""
    plain = document(size.items)
    same = _rate(_pair(plain, reordered(plain)), Outcome.MATCH, rounds)
    return same, _rate(_pair(plain, differing(size.items)), Outcome.MISMATCH, rounds)


def document(items: int) -> dict[str, object]:
    """A page of orders as an API would send it."""
    orders = [
        {
            "id": 1000 + place,
            "reference": f"ord-{place * 7919:08x}",
            "total": place * 37 % 9973 / 100,
            "paid": place % 3 == 0,
            "tags": ["web", "gift"],
            "address": {"city": "Bern", "zip": str(3000 + place), "note": None},
        }
        for place in range(items)
    ]
    return {"orders": orders, "count": items}


def differing(items: int) -> dict[str, object]:
    """The same page with a number, a text and a presence changed, in three of its orders."""
    changed = document(items)
    orders = changed["orders"]
    assert isinstance(orders, list)
    orders[items // 2]["total"] = 3
    orders[items // 3]["reference"] = "none"
    del orders[items // 4]["address"]["zip"]
    return changed


def reordered(value: object) -> object:
    """The same document, the keys of every object the other way round."""
    if isinstance(value, dict):
        return {key: reordered(value[key]) for key in reversed(value)}
    return [reordered(each) for each in value] if isinstance(value, list) else value


def _pair(legacy: object, new: object) -> Pair:
    return Pair(
        route="orders.list",
        request=CapturedRequest(method=b"GET", target=b"/orders?page=2", fields=((b"Host", b"shop.test"),), body=b""),
        legacy=_answer(legacy, b"Wed, 21 Oct 2026 07:28:00 GMT"),
        new=_answer(new, b"Wed, 21 Oct 2026 07:28:01 GMT"),
        second=None,
        cohort=7,
        at=NOW,
        request_id="r1",
        authoritative=Side.LEGACY,
        legacy_version="1",
        new_version="2",
    )


def _answer(tree: object, date: bytes) -> CapturedAnswer:
    body = json.dumps(tree).encode()
    fields = (
        (b"Date", date),
        (b"Server", b"shop"),
        (b"Content-Type", b"application/json"),
        (b"Content-Length", str(len(body)).encode()),
        (b"Cache-Control", b"no-cache, private"),
        (b"Vary", b"Accept, Accept-Encoding"),
        (b"X-Request-Id", date[-12:]),
        (b"X-Frame-Options", b"DENY"),
    )
    return CapturedAnswer(status=200, fields=fields, body=body, size=len(body), seconds=0.01)


def _rate(pair: Pair, expected: Outcome, rounds: int) -> float:
    """Comparisons per second of CPU time in the best round."""
    rules = Rules()
    assert compare(pair, rules, None, NOW).outcome is expected
    once = _seconds(pair, rules, 1)
    count = max(1, int(ROUND_SECONDS / max(once, 1e-6)))
    return count / min(_seconds(pair, rules, count) for _ in range(rounds))


def _seconds(pair: Pair, rules: Rules, count: int) -> float:
    begin = time.thread_time()
    for _ in range(count):
        compare(pair, rules, None, NOW)
    return time.thread_time() - begin


def _table(rows: Sequence[tuple[str, ...]]) -> Table:
    return Table(
        title="Comparing two answers",
        columns=("JSON", "bytes", "reordered, pairs/s", "three differences, pairs/s"),
        rows=tuple(rows),
        notes=("One core, eight header fields, no rules; each figure is the best round.",),
    )


if __name__ == "__main__":
    print(json.dumps(rates(SIZES[int(sys.argv[1])], int(sys.argv[2]))))
