"""What a probe finds is what serving meets: the same upstreams, asked by both."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from proxy.core.reachability.finding import RowOutcome
from tests.e2e.program import free_port
from tests.edge.authority import Authority
from tests.edge.conftest import Serve, serve  # noqa: F401 - a fixture
from tests.edge.raw_client import get
from tests.reachability.conftest import Behind
from tests.reachability.probing import probed

CASES: dict[str, tuple[str, dict[str, Any], bool]] = {
    "well": ("127.0.0.1", {}, True),
    "other name": ("other.internal", {}, False),
    "ended": ("127.0.0.1", {"ends": timedelta(hours=-1)}, False),
    "ends soon": ("127.0.0.1", {"ends": timedelta(days=1)}, True),
}


@pytest.mark.parametrize(("name", "dates", "good"), CASES.values(), ids=CASES)
async def test_a_probe_agrees_with_a_request(
    behind: Behind,
    authority: Authority,
    serve: Serve,  # noqa: F811 - the fixture
    name: str,
    dates: dict[str, Any],
    *,
    good: bool,
) -> None:
    """Where it fails, a request is answered with 502, and where it does not, with the upstream's 200."""
    upstream = await behind(authority.serving(authority.sign(name, **dates)))
    legacy = {"url": f"https://127.0.0.1:{upstream.port}", "tls": {"ca": str(authority.file)}}

    found = await probed(legacy)
    proxy = await serve(upstreams={"legacy": legacy})
    answer = await proxy.ask(get())

    assert (answer.status == 200, found.outcome is not RowOutcome.FAILED) == (good, good)
    assert answer.status in {200, 502}


async def test_both_are_refused_alike(serve: Serve) -> None:  # noqa: F811 - the fixture
    """At a port where nobody listens."""
    legacy = {"url": f"http://127.0.0.1:{free_port()}"}

    found = await probed(legacy)
    answer = await (await serve(upstreams={"legacy": legacy})).ask(get())

    assert (found.outcome, answer.status) == (RowOutcome.FAILED, 502)
