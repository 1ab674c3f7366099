"""The API that a discovery is measured against, and the suite on a small scale."""

from __future__ import annotations

from holds.learning.discovery import discover, flood
from holds.learning.known_api import known_api, shape_of, traffic


def test_the_truth_is_what_was_asked_for() -> None:
    """So many endpoints, each once, the same for the same seed; those of published migrations among them."""
    api = known_api(7, 120)
    shapes = [each.shape for each in api]

    assert len(shapes) == len(set(shapes)) == 120
    assert shapes == [each.shape for each in known_api(7, 120)] != [each.shape for each in known_api(8, 120)]
    assert ("PATCH", "/customers/{}") in shapes


def test_every_endpoint_is_called() -> None:
    """By paths that it takes, and beside them scanners come."""
    api = known_api(7, 60)
    seen = list(traffic(api, 7, 1_000))
    methods = {each.method for each in api}

    assert {each.method for each in seen} <= methods | {"GET", "POST", "HEAD"}
    assert 1_005 < len(seen) < 1_050
    assert not [each.path for each in seen if "{" in each.path]


def test_it_is_found() -> None:
    """Most of it, with little beside it, on an API of its own."""
    found = discover(known_api(50, 80), 50, 6_000)

    assert min(found.precision, found.recall) > 0.9, found.wrong


def test_a_flood_is_bounded() -> None:
    """Places do not grow with paths."""
    assert flood(20_000).places < 3_000
    assert shape_of("/a/{id}/b/{name}") == "/a/{}/b/{}"
