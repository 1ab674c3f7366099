from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bench.load.hostile import Mode, serve
from bench.load.steady import Latencies, load
from bench.load.workload import Site
from bench.machine import free_ports
from bench.suites.shadow import TENTH, TWICE, WITH, WITHOUT, shadowing
from proxy.config.load import Loaded, load_text
from tests.config.given_files import NOTHING


@pytest.mark.parametrize(
    ("label", "sample", "second"),
    [(WITHOUT, 0.0, 0.02), (TENTH, 0.1, 0.0), (WITH, 1.0, 0.0), (TWICE, 1.0, 1.0)],
)
def test_each_contender_shadows_as_its_name_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, label: str, sample: float, second: float
) -> None:
    """The routes stand at shadow for all of them; only what is shadowed differs, and new can be another port."""
    monkeypatch.setattr("bench.peers.banyan.installed", lambda: tmp_path)
    started = shadowing(label, 7).launch(Site(folder=tmp_path, listen=1, admin=2, legacy=3, new=4, routes=2))
    loaded = load_text((tmp_path / "routes.yaml").read_text(), "routes.yaml", NOTHING)
    assert isinstance(loaded, Loaded), loaded
    routes = [each for each in loaded.snapshot.routes if each.stage == "shadow"]

    assert started.label == label
    assert [(each.shadow and (each.shadow.sample, each.shadow.second)) for each in routes] == [(sample, second)] * 2
    assert {each.effects for each in routes} == {"safe"}
    assert loaded.snapshot.upstreams["new"].port == 7


def test_ranks_are_the_nearest() -> None:
    """The 99th of a hundred is the 99th, the median of three the second; nothing answered is beyond all bounds."""
    assert Latencies([float(each) for each in range(100, 0, -1)]).rank(99) == 99.0
    assert Latencies([3.0, 1.0, 2.0]).rank(50) == 2.0
    assert Latencies().rank(99) == float("inf")


@pytest.mark.timing
async def test_a_steady_load_times_every_answer() -> None:
    """As many answers as were due; a side that resets fails each connection once."""
    ports = free_ports(2)
    modes = zip((Mode.GOOD, Mode.RESET), ports, strict=True)
    sides = [asyncio.ensure_future(serve(mode, port)) for mode, port in modes]
    await asyncio.sleep(0.1)
    good = await load(ports[0], "/x", rate=200, seconds=0.5, connections=4)
    reset = await load(ports[1], "/x", rate=200, seconds=0.5, connections=4)
    for side in sides:
        side.cancel()
    await asyncio.gather(*sides, return_exceptions=True)

    assert (len(good.milliseconds), good.failed) == (100, 0)
    assert (len(reset.milliseconds), reset.failed) == (0, 4)
