"""How this Banyan runs."""

from __future__ import annotations

from proxy.core import build


def test_a_checkout_runs_interpreted_and_says_so() -> None:
    """The file that was read is the source itself; what it costs is a sentence."""
    assert build.__file__.endswith(".py")
    assert build.BUILD is build.Build.INTERPRETED
    assert "interpreted" in build.SLOW
