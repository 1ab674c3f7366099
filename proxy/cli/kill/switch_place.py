"""Where the kill file of a routes.yaml is and where its Banyan is asked, as soon as that can be known.

Rule 1: a text that ran last is known to be good: two of its keys are read, and nothing else. Reading all of it costs
        most of a second's work, and whoever turns the switch has no second.
Rule 2: whatever is not plain is left to the code that loads: no text that ran, another text, a variable, a merge.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from proxy.cli.admin_address import url_of
from proxy.config.files import kill_file, lastgood
from proxy.core.own_address import DEFAULT_ADMIN
from proxy.whole_file import read_regular

_ADDRESS = re.compile(r"(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<four>[0-9.]+)):(?P<port>[0-9]{1,5})")
_TEXT = "tag:yaml.org,2002:str"
_KEYS = frozenset({"kill_file", "admin"})


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchPlace:
    """The kill file, and the admin address (`http://127.0.0.1:9090`)."""

    path: Path
    base: str


def switch_place(config: Path) -> SwitchPlace:
    """Of what runs by this file, or ran last; exit 2 where neither can be had."""
    plain = _plain(config)
    if plain is not None:
        return plain
    from proxy.cli.kill.loaded_table import snapshot_or_leave

    snapshot = snapshot_or_leave(config)
    return SwitchPlace(
        path=kill_file.place(snapshot.kill_file, config, os.environ),
        base=url_of(snapshot.admin),
    )


def _plain(config: Path) -> SwitchPlace | None:
    """By rule 1; None: rule 2."""
    try:
        text = read_regular(config).decode("utf-8")
    except (OSError, UnicodeDecodeError):
        return None
    kept = lastgood.load(lastgood.directory(config, os.environ))
    keys = _keys(text) if kept is not None and kept.main == text else None
    admin = None if keys is None else _address(keys.get("admin"))
    if keys is None or admin is None:
        return None
    return SwitchPlace(path=kill_file.place(keys.get("kill_file", ""), config, os.environ), base=url_of(admin))


def _keys(text: str) -> dict[str, str] | None:
    """What a good text says of both; None where that takes more than to read it."""
    import yaml

    top = yaml.compose(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    if top is None:
        return None
    found = {key.value: value for key, value in top.value}
    said = {name: found[name] for name in _KEYS if name in found}
    is_plain = all(node.tag == _TEXT and "$" not in node.value for node in said.values())
    return {name: node.value for name, node in said.items()} if is_plain and "<<" not in found else None


def _address(said: str | None) -> tuple[str, int] | None:
    if said is None:
        return DEFAULT_ADMIN
    found = _ADDRESS.fullmatch(said)
    return (found["six"] or found["four"], int(found["port"])) if found else None
