"""The names of services: a zone, the name server that reads it, and a resolver setting in which only that one is asked.

The machine's own /etc is never touched: those who are to know the names run in a mount namespace, in which
/etc/resolv.conf names this server. Where none can be made (it takes root), services are called by address.
"""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from examples.stage.children import Children

TTL = 1
_PORT = 53
_NETWORKS = range(1, 250)
_MOUNT = 'mount --bind "$0/resolv.conf" /etc/resolv.conf && mount --bind "$0/nsswitch.conf" /etc/nsswitch.conf'


@dataclass(frozen=True, slots=True)
class Names:
    """`prefix` stands before a command that is to know them; without any, nobody does."""

    zone: Path
    prefix: tuple[str, ...]

    @property
    def are_known(self) -> bool:
        """Whether services are called by name."""
        return bool(self.prefix)

    def say(self, addresses: Mapping[str, str]) -> None:
        """From now on these, all at once."""
        fresh = self.zone.with_suffix(".new")
        fresh.write_text("".join(f"{name} {TTL} {address}\n" for name, address in addresses.items()), encoding="ascii")
        os.replace(fresh, self.zone)  # noqa: PTH105 -- both are paths, and replace is the point


@contextmanager
def known_names(folder: Path, children: Children, addresses: Mapping[str, str]) -> Iterator[Names]:
    """The name server runs for as long as the children do."""
    listening = _bound()
    made = Names(folder / "zone", () if listening is None else _prefix(folder, listening.getsockname()[0]))
    made.say(addresses)
    if listening is None:
        yield made
        return
    with listening:
        if made.are_known:
            words = ("examples.insurance.systems.name_server", str(made.zone), str(listening.fileno()))
            children.python("name-server", *words, hands_down=(listening.fileno(),))
        yield made


def _bound() -> socket.socket | None:
    """At the first address of loopback whose port 53 is free: resolvers ask at no other port."""
    for network in _NETWORKS:
        listening = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            listening.bind((f"127.53.{network}.1", _PORT))
        except PermissionError:
            listening.close()
            return None
        except OSError:
            listening.close()
        else:
            return listening
    return None


def _prefix(folder: Path, server: str) -> tuple[str, ...]:
    """Empty where no such namespace can be made."""
    (folder / "resolv.conf").write_text(f"nameserver {server}\n", encoding="ascii")
    (folder / "nsswitch.conf").write_text("hosts: files dns\n", encoding="ascii")
    prefix = ("unshare", "--mount", "--propagation", "private", "sh", "-c", f'{_MOUNT} && exec "$@"', str(folder))
    try:
        tried = subprocess.run([*prefix, "true"], capture_output=True, check=False)  # noqa: S603 -- our own words
    except OSError:
        return ()
    return prefix if tried.returncode == 0 else ()
