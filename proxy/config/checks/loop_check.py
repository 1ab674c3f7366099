"""Upstreams that are Banyan itself, as far as the file alone says it.

Rule 1: numbers and `localhost` are looked at; a name is not asked for, and is found out when it is used.
Rule 2: the addresses of this machine's interfaces are asked for where nothing else decides.
"""

from __future__ import annotations

from collections.abc import Iterator

from proxy.config.checks.interfaces import addresses
from proxy.config.read import Draft
from proxy.config.text.problem import Path, Problem
from proxy.core.own_address import is_own


def upstreams_are_elsewhere(draft: Draft) -> Iterator[Problem]:
    """No upstream is where Banyan itself listens: its requests would come in again."""
    bound = {key: getattr(draft.settings, key) for key in ("listen", "admin")}
    for name, block in draft.upstreams.items():
        for place, each in enumerate(block.places):
            path: Path = ("upstreams", name, "url") if block.endpoints is None else (*_ends(name), place)
            for key, own in bound.items():
                if is_own(each.host, each.port, (own.host, own.port), _is_local):
                    line = draft.line((key,))
                    message = f"is where this proxy itself listens ({key}, line {line}): its requests would come in"
                    yield draft.problem(path, f"{message} again and again; name the system behind it")
                    break


def _ends(name: str) -> tuple[str, str, str]:
    return "upstreams", name, "endpoints"


def _is_local(address: str) -> bool:
    return address in addresses()


LOOP_RULES = (upstreams_are_elsewhere,)
