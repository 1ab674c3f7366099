from __future__ import annotations

from proxy.core.parity.rules.cluster import cluster_id
from proxy.core.parity.rules.difference import DifferenceKind


def test_a_cluster_has_the_same_name_everywhere() -> None:
    """The id is fixed for ever, since it stands in stores and commands."""
    assert cluster_id("orders.show", "$.total", DifferenceKind.NUM) == "10c50a41b1"


def test_other_clusters_have_other_names() -> None:
    """Route, path and kind all count, and run not into each other."""
    names = {
        cluster_id(route, path, kind)
        for route in ("a", "ab")
        for path in ("b$", "$", "\ud800")
        for kind in (DifferenceKind.NUM, DifferenceKind.TYPE)
    }

    assert len(names) == 12
    assert all(len(name) == 10 for name in names)
