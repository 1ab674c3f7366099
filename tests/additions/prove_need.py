"""Prints what the judge does with the first route of a routes.yaml whose evidence is good, and what it needs."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from proxy.config.load import Loaded, load_file
from proxy.core.judge.ramp import checks
from proxy.core.judge.verdict import judge
from tests.core.judge.cases import FIVE, GOOD, NOW, QUARTER, case, standing

if __name__ == "__main__":
    loaded = load_file(Path(sys.argv[1]), {})
    assert isinstance(loaded, Loaded), loaded
    ramp = loaded.snapshot.routes[0].ramp
    assert ramp is not None
    for asked in map(int, sys.argv[2:]):
        measures = replace(GOOD, asked=asked)
        print(f"asked {asked}: {judge(case(ramp=ramp, measures=measures)).action}")
        for check in checks(ramp, standing(FIVE), QUARTER, measures, NOW):
            print(f"  {check.state}: {check.sentence}")
