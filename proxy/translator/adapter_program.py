"""The process of one adapter, as the translators' process starts it: messages come in on standard input.

Rule 1: it begins with an empty environment, and gives up what it needs no more (`confinement.py`) before the first
        message: it opens no file and no socket, and takes so much memory and no more.
Rule 2: whatever is printed goes nowhere: what it says to its starter leaves by a descriptor of its own.
Rule 3: it keeps nothing from one message to the next.
Rule 4: a message is not held up by looking for garbage: what a body is made of is none yet, and to look at it again and
        again costs more than to translate it. It is looked for behind each message.
"""

from __future__ import annotations

import gc
import os
from typing import Final

from proxy.core.translation.adapter_policy import AdapterPolicy
from proxy.core.translation.body_steps import translate_body
from proxy.core.translation.translate_message import check_size, steps_for
from proxy.core.translation.untranslatable import Untranslatable
from proxy.link.translations import (
    Adapter,
    FromTranslator,
    Message,
    NotTranslated,
    Ready,
    Translated,
    frame_of,
    policy_of,
    read_by_adapter,
    refusal_of,
)
from proxy.translator.code_adapter import CodeAdapter
from proxy.translator.confinement import confine, leave_the_world, spend

BROKEN: Final = 70
"""The exit code of a process that was told something it cannot read (EX_SOFTWARE)."""


def main() -> None:
    """Until the starter closes its end."""
    way = leave_the_world()
    came, goes = _private_ends()
    first = _read(came)
    if first is None:
        return
    adapter = read_by_adapter(first)
    if not isinstance(adapter, Adapter):
        raise SystemExit(BROKEN)
    policy = policy_of(adapter)
    ready, code = _prepared(policy, way)
    _write(goes, frame_of(ready))
    gc.freeze()
    gc.disable()
    while (body := _read(came)) is not None:
        message = read_by_adapter(body)
        if isinstance(message, Message):
            spend(message.timeout)
            _write(goes, frame_of(_translated(policy, code, message)))
            gc.collect()


def _prepared(policy: AdapterPolicy, way: str) -> tuple[Ready, CodeAdapter | None]:
    """Rule 1: code is run for the first time once it can do no harm."""
    if policy.code is None:
        return Ready(confine(way)), None
    try:
        code = CodeAdapter(policy.code)
        code.prepare()
        way = confine(way)
        spend(policy.timeout)
        code.load()
    except Untranslatable as error:
        return Ready(way, error.why, int(error.step.rpartition(":")[2] or 0)), None
    except (SyntaxError, ValueError, ImportError) as error:
        return Ready(way, type(error).__name__, getattr(error, "lineno", 0) or 0), None
    return Ready(way), code


def _translated(policy: AdapterPolicy, code: CodeAdapter | None, message: Message) -> FromTranslator:
    try:
        if code is not None:
            return code.translate(policy, message)
        steps = steps_for(policy, message.status) if message.status else policy.request
        made = translate_body(message.body or b"", steps)
        check_size(policy, len(made))
    except Untranslatable as error:
        return refusal_of(message.id, error)
    except MemoryError:
        return NotTranslated(message.id, "$", "the body takes more memory than an adapter may have", "", 502)
    return Translated(message.id, made)


def _private_ends() -> tuple[int, int]:
    """Rule 2."""
    ends = os.dup(0), os.dup(1)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for end in (0, 1, 2):
        os.dup2(nowhere, end)
    os.close(nowhere)
    return ends


def _read(end: int) -> bytes | None:
    """The body of a frame; None: there are no more."""
    head = _exactly(end, 4)
    return None if head is None else _exactly(end, int.from_bytes(head, "big"))


def _exactly(end: int, size: int) -> bytes | None:
    parts = bytearray()
    while len(parts) < size:
        part = os.read(end, size - len(parts))
        if not part:
            return None
        parts += part
    return bytes(parts)


def _write(end: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(end, rest) :]


if __name__ == "__main__":
    main()
