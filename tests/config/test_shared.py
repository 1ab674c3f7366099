from __future__ import annotations

from proxy.config.load import Loaded, load_text
from proxy.config.shared import Shared

TABLE = """\
version: 1
listen: 127.0.0.1:8080
upstreams: {legacy: {url: "http://l"}, new: {url: "http://n"}}
routes:
  - {name: a, match: "GET /a/items/{id}", stage: canary, split: 12.5%, cohort: "header:X-Tenant"}
  - {name: b, match: "GET /b/items/{id}", stage: canary, split: 12.5%, cohort: "header:X-Tenant"}
"""


def test_equal_values_of_one_type_become_one() -> None:
    """What Python takes for equal but is of another type stays what it is."""
    shared = Shared()
    first, second = frozenset(["a", "b"]), frozenset(["b", "a"])

    assert shared.one(first) is shared.one(second) is first
    assert [shared.one(value) for value in (1, True, 1.0)] == [1, True, 1.0]
    assert [type(shared.one(value)) for value in (1, True, 1.0)] == [int, bool, float]


def test_routes_share_what_they_have_in_common() -> None:
    """Of a table's routes, equal methods, cohorts and splits are the same objects."""
    loaded = load_text(TABLE, "routes.yaml", {})
    assert isinstance(loaded, Loaded)
    one, other = loaded.snapshot.routes

    assert one.methods is other.methods
    assert one.cohort is other.cohort
    assert one.split is other.split
