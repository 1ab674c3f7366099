from __future__ import annotations

from proxy.core.tls import VERIFIED, UpstreamTls


def test_the_files_of_an_upstream_are_those_that_are_named() -> None:
    """A path that is not said is no file."""
    assert UpstreamTls(ca="a", cert="b", key="c").files == ("a", "b", "c")
    assert UpstreamTls(ca="a").files == ("a",)


def test_an_upstream_without_a_block_is_verified() -> None:
    """Nothing has to be written to be safe."""
    assert VERIFIED.verify
    assert VERIFIED.files == ()
