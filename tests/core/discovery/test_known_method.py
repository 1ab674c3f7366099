from __future__ import annotations

from proxy.config.blocks.match import METHODS
from proxy.core.discovery.known_method import OTHER, known_method


def test_every_method_that_a_match_can_name_is_known() -> None:
    """Any other one is no name of its own."""
    assert [known_method(method) for method in METHODS] == list(METHODS)
    assert known_method("get") == known_method("FOO") == OTHER
