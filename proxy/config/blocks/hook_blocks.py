"""The block `hooks`: who is told of moves.

Rule 1: a url may hold a token and a secret is one, so nothing of either is ever repeated, whatever is wrong with it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import BeforeValidator, WithJsonSchema

from proxy.config.blocks.base_block import Block, needed, optional
from proxy.config.readers import value_types
from proxy.config.readers.errors import fault
from proxy.core.routing.snapshot import Hook
from proxy.core.secret import Secret

_LEAST_SECRET = 16
_DEFAULT = Hook(url=Secret(""))


def read_hook_url(value: object) -> str:
    """`https://host[:port]/path`, with or without a query."""
    text = value if isinstance(value, str) else ""
    if not _is_url(text) or re.search(r"[\s\x00-\x1f\x7f]", text):
        raise fault("must be a url such as https://hooks.example.com/banyan", got="")
    if "@" in urlsplit(text).netloc:
        raise fault("must not hold a user or password; put a token into the path, or use secret", got="")
    return text


def _is_url(text: str) -> bool:
    try:
        found = urlsplit(text)
        return found.scheme in {"http", "https"} and bool(found.hostname) and (found.port is None or found.port > 0)
    except ValueError:
        return False


def read_secret(value: object) -> str:
    """Text that is long enough not to be guessed."""
    if isinstance(value, str) and len(value) >= _LEAST_SECRET:
        return value
    raise fault(f"must be a text of at least {_LEAST_SECRET} characters, best from the environment", got="")


HookUrl = Annotated[
    str, BeforeValidator(read_hook_url), WithJsonSchema({"type": "string", "pattern": r"^(https?://|\$\{)"})
]
SecretText = Annotated[str, BeforeValidator(read_secret), WithJsonSchema({"type": "string"})]


class HookBlock(Block):
    """A listener that is told of each move by a POST."""

    url: HookUrl = needed("Where to.", "https://hooks.example.com/banyan")
    secret: SecretText | None = optional(
        "Signs each message (HMAC-SHA256). Without it messages are not signed.", "only-for-trying-out"
    )
    timeout: value_types.LengthAboveZero | None = optional(f"For one attempt. Default {_DEFAULT.timeout:g}s.", "5s")


def hooks_of(blocks: Sequence[HookBlock] | None) -> tuple[Hook, ...]:
    """The core's values: defaults filled in."""
    return tuple(
        Hook(url=Secret(str(each.url)), secret=Secret(str(each.secret or "")), timeout=each.timeout or _DEFAULT.timeout)
        for each in blocks or ()
    )
