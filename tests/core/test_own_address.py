from __future__ import annotations

import pytest

from proxy.core.own_address import is_own

LOCAL = {"10.0.0.5", "fd00::5"}


def own(host: str, port: int, bound: str, bound_port: int = 8080) -> bool:
    return is_own(host, port, (bound, bound_port), LOCAL.__contains__)


@pytest.mark.parametrize(
    ("host", "bound"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("localhost", "127.0.0.1"),
        ("LOCALHOST.", "::1"),
        ("localhost", "0.0.0.0"),
        ("127.0.0.9", "0.0.0.0"),
        ("0.0.0.0", "127.0.0.1"),
        ("0.0.0.0", "0.0.0.0"),
        ("::", "::"),
        ("::1", "::"),
        ("127.0.0.1", "::"),
        ("::ffff:127.0.0.1", "127.0.0.1"),
        ("10.0.0.5", "10.0.0.5"),
        ("10.0.0.5", "0.0.0.0"),
        ("10.0.0.5", "::"),
        ("fd00::5", "::"),
        ("fd00:0::5", "fd00::5"),
    ],
)
def test_what_ends_here_is_own(host: str, bound: str) -> None:
    """However it is written, an address whose connections come in at the bound socket is found, on its port alone."""
    assert own(host, 8080, bound)
    assert not own(host, 8081, bound)


@pytest.mark.parametrize(
    ("host", "bound"),
    [
        ("127.0.0.2", "127.0.0.1"),
        ("10.0.0.5", "127.0.0.1"),
        ("127.0.0.1", "10.0.0.5"),
        ("localhost", "10.0.0.5"),
        ("10.0.0.6", "0.0.0.0"),
        ("::1", "0.0.0.0"),
        ("::1", "127.0.0.1"),
        ("legacy.internal", "0.0.0.0"),
        ("localhost.example.com", "0.0.0.0"),
        ("", "0.0.0.0"),
        ("127.0.0.1", "/run/banyan.sock"),
    ],
)
def test_what_ends_elsewhere_is_not(host: str, bound: str) -> None:
    """Another address, another family, a name: nothing is refused that may be somebody else."""
    assert not own(host, 8080, bound)


def test_a_port_that_the_system_chooses_is_nobodys() -> None:
    """Port 0 says nothing of where the socket will be."""
    assert not own("127.0.0.1", 0, "127.0.0.1", 0)
