"""A client of one version reads the answers of another."""

from __future__ import annotations

import msgspec
import pytest

from proxy.api.grants import GrantsView
from proxy.api.history import HistoryView
from proxy.api.idempotency import UndecidedKeysView
from proxy.api.journal import JournalPageView
from proxy.api.kill import KillView
from proxy.api.orders import MovedView
from proxy.api.recent import NowView
from proxy.api.routes import RouteDetailView, RoutesView
from proxy.api.suspension import SuspensionsView
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


@pytest.mark.parametrize("kind", [HistoryView, JournalPageView, UndecidedKeysView, GrantsView, SuspensionsView])
def test_who_answers_something_else_is_not_read_as_nothing(kind: type[View]) -> None:
    """A page without the list that it is about is no page of Banyan's, whatever else it says."""
    with pytest.raises(msgspec.ValidationError, match="missing required field"):
        msgspec.json.decode(b'{"status": "ok"}', type=kind)


def test_a_stage_that_comes_later_is_read() -> None:
    """An older client shows a word that it does not know."""
    body = b'{"name": "a", "runs": {"stage": "frozen", "split": 0, "reason": ""}, "state": "asleep", "verdict": "wait"}'
    read = msgspec.json.decode(body, type=RouteDetailView)

    assert (read.runs.stage, read.state, read.verdict) == ("frozen", "asleep", "wait")
