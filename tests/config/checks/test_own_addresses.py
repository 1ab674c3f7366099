from __future__ import annotations

import socket
from pathlib import Path

from proxy.config.checks.own_addresses import addresses

TRIE = """\
Main:
  +-- 0.0.0.0/0 3 0 5
     |-- 0.0.0.0
        /0 universe UNICAST
     |-- 192.0.2.0
        /24 link UNICAST
     |-- 192.0.2.2
        /32 host LOCAL
     |-- 192.0.2.255
        /32 link BROADCAST
Local:
     |-- 127.0.0.1
        /32 host LOCAL
"""
SIX = "fd000000000000000000000000000005 02 40 00 80     eth0\n"


def test_the_kernels_lists_are_read(tmp_path: Path) -> None:
    """Of the routing trie the addresses of interfaces alone; of IPv6 those of its list, in short form."""
    four, six = tmp_path / "four", tmp_path / "six"
    four.write_text(TRIE)
    six.write_text(SIX)

    assert addresses(four, six) == {"192.0.2.2", "127.0.0.1", "fd00::5"}


def test_where_the_kernel_does_not_say_there_are_none(tmp_path: Path) -> None:
    """A system without these lists has no addresses, and no error."""
    assert addresses(tmp_path / "none", tmp_path / "none") == frozenset()


def test_this_machine_has_what_it_can_be_reached_at() -> None:
    """An address that a socket of this machine speaks from is among them."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert server.getsockname()[0] in addresses()
