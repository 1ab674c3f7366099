"""What an operator reads about a key that waits: the sentence, and the line to write."""

from __future__ import annotations

from json import dumps

from proxy.core.noise.groups import path_of


def line(key: str) -> str:
    """What to write under a route's `compare:` if the values of a key are generated; YAML on one line."""
    path = dumps(path_of(key), ensure_ascii=False)
    return f"noisy: [{{path: {path}, reason: generated, owner: NAME, until: never}}]"


def choice(key: str) -> str:
    """Both things that an operator can say of a key."""
    return f"if {path_of(key)} is generated, write `compare: {{{line(key)}}}`; if not, the same under `exact`"


def unknown(key: str) -> str:
    """Of a key about which nothing was found out."""
    return f"it differs, and whether legacy would repeat it is not known yet; {choice(key)}"
