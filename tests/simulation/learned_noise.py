"""The tables of docs/evidence.md: how soon noise is known, and what becomes of planted faults."""

from __future__ import annotations

from statistics import median

from tests.simulation.faults import FAULTS
from tests.simulation.learning import judged, until_known

RATES, REPEATS = (1, 20, 200), (0.0, 0.01, 0.1, 0.5)
KEYS = ("$.now", "$.request_id")
RUNS, MOST = 12, 6000
PAIRS = 80


def show(seed: int, runs: int = RUNS, pairs: int = PAIRS) -> None:
    """Print them."""
    print("Requests until a time and a random id are known, median / 95 %")
    for repeats in REPEATS[1:3]:
        for rate in RATES:
            found = [until_known(KEYS, rate, repeats, MOST, seed + run) for run in range(runs)]
            cells = [_cell([each[place] for each in found]) for place in range(len(KEYS))]
            print(f"  {repeats:.0%} come again, {rate}/s: {' | '.join(cells)}", flush=True)
    print("Pairs with a planted fault: in the end hidden, counted, waiting")
    totals = [0, 0, 0]
    for fault in FAULTS.values():
        for rate in RATES:
            for repeats in REPEATS:
                ended = judged(fault, rate, repeats, pairs, seed)
                totals = [total + more for total, more in zip(totals, ended[1:], strict=True)]
    print(f"  {len(FAULTS)} kinds, {len(RATES) * len(REPEATS)} settings: {totals}", flush=True)
    print("Pairs of equal sides: excused, counted, waiting")
    for replicas in (1, 2):
        totals = [0, 0, 0]
        for rate in RATES:
            for repeats in REPEATS:
                ended = judged(None, rate, repeats, 4 * pairs, seed, replicas)
                totals = [total + more for total, more in zip(totals, ended[1:], strict=True)]
        print(f"  {replicas} replicas: {totals}", flush=True)


def _cell(numbers: list[int]) -> str:
    return f"{median(numbers):.0f} / {sorted(numbers)[round(0.95 * (len(numbers) - 1))]}"
