"""The `shadow:` blocks, of the file and of a route, and the policy that they stand for together.

Rule 1: what a route leaves out, the file says; what neither says is the default of `proxy.core.routing.shadow`.
Rule 2: the memory of captures is one worker's, so it stands at the top alone.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import BeforeValidator, WithJsonSchema

from proxy.config.blocks.base_block import Block, optional
from proxy.config.readers import scalars, value_types
from proxy.config.readers.errors import fault, one_of
from proxy.config.readers.match_values import read_field_name
from proxy.core.routing.shadow import MEMORY, Carry, ShadowPolicy
from proxy.core.secret import Secret

_PLAIN = ShadowPolicy()
_WORDS = (Carry.FORWARD.value, Carry.DROP.value)
_MOST_FIELDS = 16


class Writes(StrEnum):
    """What becomes of requests that are not safe."""

    NEVER = "never"
    DRY_RUN = "dry_run"


def read_credentials(value: object) -> object:
    """The short form, a word, as the mapping that it stands for."""
    if isinstance(value, dict):
        return value
    if value not in _WORDS:
        raise one_of(value, (*_WORDS, "{replace: {NAME: value}}"))
    return {"carry": value}


def read_line_name(value: object) -> str:
    """A header field's name, as it will be sent."""
    read_field_name(str(value))
    return str(value)


def read_line_value(value: object) -> str:
    """What a header field may hold."""
    if isinstance(value, str) and value and value == value.strip() and value.isascii() and value.isprintable():
        return str(value)
    raise fault("must be visible ASCII characters without blanks around them", got="")


def read_replacements(value: object) -> object:
    """A mapping of some fields."""
    if isinstance(value, dict) and 1 <= len(value) <= _MOST_FIELDS:
        return value
    raise fault(f"must be a mapping of 1 to {_MOST_FIELDS} header fields", got="")


_TEXT = WithJsonSchema({"type": "string"})
LineName = Annotated[str, BeforeValidator(read_line_name), _TEXT]
LineValue = Annotated[str, BeforeValidator(read_line_value), _TEXT]
FieldName = Annotated[str, BeforeValidator(read_line_name), _TEXT]
CarryWord = Annotated[str, BeforeValidator(scalars.Choice(Carry)), value_types.choices(*_WORDS)]
WritesWord = Annotated[Writes, BeforeValidator(scalars.Choice(Writes))]


class CredentialsBlock(Block):
    """What becomes of a client's credentials on the shadow's copy."""

    carry: CarryWord | None = optional("forward or drop; the same as that word alone.", *_WORDS)
    replace: (
        Annotated[
            dict[LineName, LineValue],
            BeforeValidator(read_replacements, json_schema_input_type=dict[LineName, LineValue]),
        ]
        | None
    ) = optional(
        "Fields that are sent where the client sent credentials.", {"Authorization": "Bearer of-a-test-account"}
    )


AnyCredentials = Annotated[
    CredentialsBlock, BeforeValidator(read_credentials, json_schema_input_type=CarryWord | CredentialsBlock)
]
"""The mapping, or a word alone."""


class ShadowBlock(Block):
    """How requests are sent to the other side as well, and what is kept of them."""

    sample: value_types.ShareOrFraction | None = optional(
        "Share of the requests that may be shadowed. Default 100% at stage shadow, 10% at canary (more while a step of "
        "the ramp needs it) and live; 0% is none.",
        "100%",
        0.1,
    )
    concurrency: value_types.Connections | None = optional(
        f"Most shadows of one worker at one upstream at once; more are shed. Default {_PLAIN.concurrency}.", 64
    )
    timeout: value_types.LengthAboveZero | None = optional(
        f"From a shadow's start to its last byte. Default {_PLAIN.timeout:g}s.", "5s"
    )
    max_body: value_types.Bytes | None = optional(
        "Largest body, of a request that is shadowed and of an answer that is compared whole; at most 2MiB are "
        "compared. Default 1MiB.",
        "1MiB",
    )
    credentials: AnyCredentials | None = optional(
        "Authorization, Cookie and their like on the shadow's copy. drop, the default: they are left out; forward: as "
        "the client sent them; replace: these fields instead.",
        "drop",
        {"replace": {"Authorization": "Bearer of-a-test-account"}},
    )
    second: value_types.ShareOrFraction | None = optional(
        "Share of the shadowed requests for which legacy is asked a second time, later, to learn what it does not "
        "repeat; always for the first 500 of a route in a worker. Only where the route declares effects: safe, and "
        "never with a session, code, token or cursor in the target. Default 2%; at 0% nothing is learned as noise: "
        "every value that differs counts, but for what compare says.",
        "2%",
    )
    writes: WritesWord | None = optional(
        "What is not safe. never, the default; dry_run: sent to new, marked, while new says that it will not do it.",
        "never",
        "dry_run",
    )
    version_header: FieldName | None = optional(
        "Field of an answer in which each side says its version: another one begins evidence anew.", "X-App-Version"
    )


class FileShadowBlock(ShadowBlock):
    """The same for every route, and what one worker may hold for all of them."""

    memory: value_types.Size | None = optional(
        "Most that the captures of one worker may hold; beyond, shadows are shed. Default 64MiB.", "64MiB"
    )


def policy_of(*blocks: ShadowBlock | None) -> ShadowPolicy:
    """One route's policy; a later block goes before an earlier one, key by key."""
    said: dict[str, object] = {}
    for block in blocks:
        if block is not None:
            said |= _said_by(block)
    return ShadowPolicy(**said)  # type: ignore[arg-type]  # names and types are the policy's


def _said_by(block: ShadowBlock) -> dict[str, object]:
    kept = ("sample", "concurrency", "timeout", "max_body", "second")
    said: dict[str, object] = {name: value for name in kept if (value := getattr(block, name)) is not None}
    if block.writes is not None:
        said["dry_run"] = block.writes is Writes.DRY_RUN
    if block.version_header is not None:
        said["version_header"] = block.version_header.lower().encode("ascii")
    if block.credentials is not None:
        fields = block.credentials.replace or {}
        said["replacements"] = Secret(tuple(f"{name}: {value}".encode("ascii") for name, value in fields.items()))
        said["carry"] = Carry.REPLACE if fields else Carry(block.credentials.carry or Carry.DROP)
    return said


def memory_of(block: FileShadowBlock | None) -> int:
    """The bound of one worker's captures in bytes."""
    return MEMORY if block is None or block.memory is None else block.memory
