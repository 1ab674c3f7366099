"""docs/grants.md: its routes.yaml loads, what opens an export opens one, and its metrics are those that there are."""

from __future__ import annotations

import base64
import json
import re
import textwrap
from pathlib import Path
from uuid import UUID

import pytest

from proxy.clerk.grants.sealing import TOKEN, Sealer
from proxy.config.load import Loaded, load_text
from proxy.control.fleet.grants_seen import GrantsSeen, StandingFamilies
from proxy.control.metrics.grant_metrics import collect_grants
from proxy.core.secret import Secret
from proxy.link.messages import GrantCounts

TEXT = (Path(__file__).parents[2] / "docs/grants.md").read_text(encoding="utf-8")
ENVIRONMENT = {"GRANTS_HASH_KEY": "11" * 32, "GRANTS_DATA_KEY": "22" * 32}


def fence(language: str) -> str:
    found = re.search(rf"^ *```{language}\n(.*?)^ *```", TEXT, re.DOTALL | re.MULTILINE)
    assert found is not None
    return textwrap.dedent(found[1])


def test_the_example_loads() -> None:
    """Without a problem."""
    found = load_text(fence("yaml"), "routes.yaml", ENVIRONMENT)
    assert isinstance(found, Loaded), found
    assert [system.name for system in found.snapshot.grants["aggregator"].systems] == ["legacy", "new"]


def test_what_is_exported_is_opened_as_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the data key alone."""
    monkeypatch.chdir(tmp_path)
    family, key = UUID(int=3), b"k" * 32
    sealed = Sealer([Secret(key)]).seal(family, TOKEN, Secret(b"the token"))
    Path("data-2.key").write_text(key.hex())
    Path("sealed.jsonl").write_text(json.dumps({"id": str(family), "sealed": base64.b64encode(sealed).decode()}) + "\n")
    names: dict[str, object] = {}
    exec(fence("python"), names)

    assert names["token"] == b"the token"


def test_its_metrics_are_those_that_there_are() -> None:
    """Each by its name, and every word of an outcome or alarm that is counted."""
    seen = GrantsSeen()
    told: list[object] = []
    seen.tell = told.append
    counts = [("aggregator", "taken", 2)]
    seen.take(GrantCounts(counts, [("aggregator", 0.5)], counts, counts, [("aggregator", "f", "card", "lost")]))
    seen.take(GrantCounts(counts, [("aggregator", 0.5)], [], [], []))
    seen.families = [StandingFamilies(provider="aggregator", state="unknown", count=3, oldest=61.0)]
    samples = {sample.name: sample.value for metric in collect_grants(seen) for sample in metric.samples}

    assert samples == {
        "banyan_grant_families": 3,
        "banyan_grant_oldest_seconds": 61.0,
        "banyan_grant_calls_total": 4,
        "banyan_grant_call_seconds_total": 1.0,
        "banyan_grant_stored_total": 2,
        "banyan_grant_alarms_total": 2,
    }
    assert all(f"`{name}`" in TEXT for name in samples)
    assert len(told) == 1
    assert list(collect_grants(None)) == []
