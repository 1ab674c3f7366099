"""`python -m tests.simulation`: every figure of docs/judgement.md that is simulated, in some minutes."""

from __future__ import annotations

import logging

import structlog

from tests.simulation import changing, comparing, failing, guarding, learned_noise, sparing, sticking
from tests.simulation.guarding import HOUR, RATIOS, SHARES, Detection

SEED = 1


def main() -> None:
    """Print the tables."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    print("Seconds to the alarm, median / 95 % (bad answers of new until then)")
    for share in SHARES:
        cells = [shown(guarding.detection(share, ratio, 200, SEED)) for ratio in RATIOS]
        print(f"  split {share:.0%}: " + " | ".join(cells), flush=True)
    print("The same at 5 %, 10 times as bad, after 6 quiet hours")
    print("  " + shown(guarding.detection(0.05, 10.0, 40, SEED, quiet=6 * HOUR)), flush=True)
    print("False alarms in 30 days at 1.25 times as bad")
    for share in (0.05, 0.25):
        print(f"  split {share:.0%}: {guarding.false_alarms(share, 1.25, 30, SEED)}", flush=True)
    print("False rollbacks, both sides equal, 50 routes over 30 days")
    print(f"  {guarding.same_on_both_sides(50, 30, 2000.0, SEED)}", flush=True)
    print("False alarms in 20 days, sticky tenants, both sides equal: as requests come, and corrected")
    for bursts in (False, True):
        for split in (0.05, 0.25):
            raw, corrected = (
                sticking.false_alarms(split, 20, 100.0, SEED, bursts=bursts, corrected=each) for each in (False, True)
            )
            print(f"  {'bursts' if bursts else 'single'}, split {split:.0%}: {raw}, {corrected}", flush=True)
    _print_alone()
    print("Comparisons that prove a limit of 1 %, median, by the true rate")
    print(
        "  " + ", ".join(f"{rate:.2%}: {comparing.needed(0.01, rate, 200, SEED):.0f}" for rate in (0.0, 0.0025, 0.005))
    )
    print(f"Wrong proofs at the limit in 500 runs of 3,000: {comparing.wrongly_proved(0.01, 500, 3000, SEED)}")
    print(
        f"False regressions among 4,000 clean fields, 300 requests each: {comparing.false_regressions(4000, 300, SEED)}"
    )
    for new, noise in ((0.36, 0.30), (0.05, 0.01), (0.02, 0.0)):
        asked = comparing.found_after(new, noise, 100, SEED)
        print(f"  {noise:.0%} noise, {new:.0%} new: found after {asked:.0f} requests")
    learned_noise.show(SEED)
    changing.show(SEED)


def _print_alone() -> None:
    """Where new is alone."""
    for breaker in (False, True):
        state = "on" if breaker else "off"
        print(f"New alone fails 30, 50, 100 %, upstream's breaker {state}: seconds until the rollback")
        print("  reads with health / reads / writes with health / writes (longest of 20)")
        for tenants, rate, found in failing.cells(breaker=breaker, runs=5):
            print(f"  {tenants} tenants, {rate}/s: " + " | ".join(found), flush=True)
    print("New alone, false rollbacks in runs of 3 hours")
    print("  one tenant's own trouble: {} of {}".format(*sparing.own_trouble(3, SEED)), flush=True)
    print("  as bad as legacy was: {} of {}".format(*sparing.as_bad_as_legacy(3, SEED)), flush=True)
    print(f"  in 3 days, 200 sticky tenants that fail twenty at a time: {sparing.bursts(3, 100, SEED)}", flush=True)


def shown(found: Detection) -> str:
    """One cell."""
    return f"{found.half:.0f} / {found.most:.0f} ({found.failed:.0f})"


if __name__ == "__main__":
    main()
