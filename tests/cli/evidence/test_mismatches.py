from __future__ import annotations

import msgspec
import pytest
import yaml

from proxy.api.evidence import ClusterStanding, ClusterView
from proxy.config.blocks.compare import CompareBlock
from tests.cli.conftest import Banyan
from tests.cli.listening import listening

PAGE = "/api/routes/orders/mismatches"
WHY = "looks generated: differs in 412 of 412"


def cluster(state: ClusterStanding, accepted: str | None = None, why: str = "", kind: str = "time") -> ClusterView:
    return ClusterView(
        id="3f2a9c01d4e5",
        path="$.id",
        kind=kind,
        severity="medium",
        count=412,
        share=1.0,
        first_seen="2026-01-01T00:00:00.000Z",
        last_seen="2026-01-01T00:01:00.000Z",
        accepted=accepted,
        state=state,
        why=why,
    )


def page(*clusters: ClusterView) -> dict[str, bytes]:
    return {PAGE: msgspec.json.encode({"clusters": clusters})}


@pytest.mark.parametrize(
    ("given", "code", "told"),
    [
        (cluster(ClusterStanding.UNDECIDED, why=WHY), 1, True),
        (cluster(ClusterStanding.COUNTS, why=WHY), 1, True),
        (cluster(ClusterStanding.COUNTS), 1, False),
        (cluster(ClusterStanding.ACCEPTED, "noise", WHY), 0, False),
    ],
)
def test_what_waits_for_a_word_is_shown_with_its_reason(
    banyan: Banyan, given: ClusterView, code: int, *, told: bool
) -> None:
    """What is known of a value stands below the table where it counts or may count; only what is accepted is fine."""
    with listening(page(given)) as admin:
        result = banyan(f"mismatches orders --admin {admin.url}")

    assert result.exit_code == code
    assert (f"3f2a9c01d4e5  $.id: {WHY}" in result.stdout) == told
    assert ("undecided" in result.stdout) == (given.state is ClusterStanding.UNDECIDED)


@pytest.mark.parametrize(("state", "key"), [(ClusterStanding.UNDECIDED, "noisy"), (ClusterStanding.COUNTS, "ignore")])
def test_what_is_undecided_is_accepted_as_noise(banyan: Banyan, state: ClusterStanding, key: str) -> None:
    """The rule that is printed says that legacy does not repeat the value, and the file takes it."""
    with listening(page(cluster(state))) as admin:
        said = "--reason generated --owner team-orders --until never"
        result = banyan(f"accept orders 3f2a9c01d4e5 {said} --admin {admin.url}")

    block = yaml.safe_load(result.stdout)["compare"]
    assert (list(block), block[key][0]["path"]) == ([key], "$.id")
    assert CompareBlock.model_validate(block) is not None
    assert ("under time:" in result.stdout) == (key == "ignore")
