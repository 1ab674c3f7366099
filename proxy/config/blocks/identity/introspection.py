"""`introspection:` of a policy: where tokens that say nothing by themselves are asked for (RFC 7662)."""

from __future__ import annotations

from pathlib import Path as FilePath
from typing import Annotated
from urllib.parse import SplitResult, urlsplit

from pydantic import BeforeValidator

from proxy.config.block import Block, needed, optional
from proxy.config.readers import units
from proxy.config.readers.errors import fault
from proxy.config.readers.schema_patterns import TEXT
from proxy.core.auth.opaque_policy import KEEP, Introspection, SecretPlace
from proxy.core.secret import Secret

LONGEST_KEEP = 300.0
_FILE = "file:"
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


def read_endpoint(value: object) -> str:
    """A URL; tokens and a secret pass there, so that it is https but on this machine."""
    found = _parts(value)
    if found is None or found.scheme not in {"https", "http"} or not found.hostname or found.fragment:
        raise fault("must be the URL of an introspection endpoint, such as https://id.example.com/introspect", got="")
    if found.scheme == "http" and found.hostname not in LOOPBACK:
        raise fault("must be https: tokens and a secret pass there", got="")
    return str(value)


def _parts(value: object) -> SplitResult | None:
    if not isinstance(value, str) or not value.isprintable() or " " in value or "@" in value:
        return None
    try:
        return urlsplit(value)
    except ValueError:
        return None


def read_client(value: object) -> str:
    """As whom it is asked."""
    if isinstance(value, str) and value.isprintable() and value.strip():
        return str(value)
    raise fault("must be the name of a client that may ask there, such as banyan")


def read_secret_place(value: object) -> SecretPlace:
    """`file:PATH`, or the secret itself, which comes from the environment."""
    text = value if isinstance(value, str) else ""
    if text.startswith(_FILE) and len(text) > len(_FILE) and "\0" not in text:
        return SecretPlace(file=text.removeprefix(_FILE))
    if not text or text.startswith(_FILE) or not text.isprintable():
        raise fault("must be file: and the path of a secret, or ${NAME} of the environment", got="")
    return SecretPlace(text=Secret(text))


def read_keep(value: object) -> float:
    """Up to five minutes."""
    found = units.read_length(value)
    if found > LONGEST_KEEP:
        raise fault(f"must be at most {LONGEST_KEEP:g}s: for so long a token is good that was revoked")
    return found


class IntrospectionBlock(Block):
    """Where a token is asked for, as which client."""

    url: Annotated[str, BeforeValidator(read_endpoint), TEXT] = needed(
        "The endpoint of RFC 7662.", "https://id.example.com/introspect"
    )
    client: Annotated[str, BeforeValidator(read_client), TEXT] = needed("As which client it is asked.", "banyan")
    secret: Annotated[SecretPlace, BeforeValidator(read_secret_place), TEXT] = needed(
        "That client's secret: file: and a path, read anew for each question; or from the environment.",
        "file:introspection.secret",
    )
    keep: Annotated[float, BeforeValidator(read_keep), TEXT] | None = optional(
        "How long an answer is believed, at most until the token's end: for so long a token is good that was revoked. "
        f"Default {KEEP:g}s.",
        "10s",
    )


def introspection_of(block: IntrospectionBlock, directory: str) -> Introspection:
    """The core's value; a relative path of a secret counts from this directory."""
    secret, keep = block.secret, KEEP if block.keep is None else block.keep
    if secret.file:
        secret = SecretPlace(file=str(FilePath(directory, secret.file).absolute()))
    return Introspection(url=block.url, client=block.client, secret=secret, keep=keep)
