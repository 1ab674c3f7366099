"""A client of one version reads the answers of another."""

from __future__ import annotations

import msgspec
import pytest

from proxy.api.kill import KillView
from proxy.api.orders import MovedView
from proxy.api.recent import NowView
from proxy.api.routes import RouteDetailView, RoutesView
from proxy.api.view import View


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b'{"revision": "r", "routes": [{"name": "a"}]}', RoutesView),
        (b'{"revision": "r", "routes": [], "workers": [{"worker": 1}], "tls": [{"key": "tls"}]}', RoutesView),
        (b'{"revision": "r", "routes": [], "down": [{"upstream": "new"}], "standing": {}}', RoutesView),
        (b'{"name": "a", "cohorts": {"sources": [{"source": "client_ip"}]}}', RouteDetailView),
        (b'{"on": true, "workers": [{"worker": 0}]}', KillView),
        (b'{"route": "a", "from": {"stage": "live"}, "runs": {"stage": "live"}}', MovedView),
        (b'{"side": null}', NowView),
    ],
)
def test_what_an_older_server_does_not_say_has_a_default(body: bytes, kind: type[View]) -> None:
    """As much as the first clients could do without."""
    assert isinstance(msgspec.json.decode(body, type=kind), kind)


def test_a_stage_that_comes_later_is_read() -> None:
    """An older client shows a word that it does not know."""
    body = b'{"name": "a", "runs": {"stage": "frozen", "split": 0, "reason": ""}, "state": "asleep", "verdict": "wait"}'
    read = msgspec.json.decode(body, type=RouteDetailView)

    assert (read.runs.stage, read.state, read.verdict) == ("frozen", "asleep", "wait")
