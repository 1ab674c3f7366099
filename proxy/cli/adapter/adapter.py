"""`banyan adapter try`: what an adapter makes of a message, step by step; `banyan adapter new`: a file to begin."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from proxy.cli.help_text import FINE, FOUND, UNUSABLE, Lesson
from proxy.cli.options import CONFIG, JSON, ROUTES
from proxy.cli.terminal import Ink, complain, leave, painted

if TYPE_CHECKING:
    from proxy.cli.adapter.trial import ShownMessage, Trial
    from proxy.cli.adapter.written_message import WrittenMessage
    from proxy.core.translation.adapter_policy import AdapterPolicy

LESSON = Lesson(
    purpose="Try an adapter on a message without sending it, or begin one.",
    more="new: writes adapters/NAME.py beside routes.yaml, with the four functions of an adapter; it overwrites "
    "nothing.\n\n"
    "try: prints the message before and after, and between them each step that did something, with what it left. "
    "FILE holds a message as it goes over the wire (its first line, header fields, an empty line, the body), or a JSON "
    "body alone; - is standard input.",
    example="banyan adapter try contacts --request contact.json",
    exits={
        FINE: "it can be translated",
        FOUND: "it cannot; path, step and the status that a client would get are printed",
        UNUSABLE: "wrong usage, a file that cannot be read or written, or routes.yaml has no such adapter",
    },
)
_LONGEST = 1024 * 1024


class AdapterAction(StrEnum):
    """What to do."""

    TRY = "try"
    NEW = "new"


def adapter(
    action: Annotated[AdapterAction, typer.Argument(metavar="ACTION", help="try or new.")],
    name: Annotated[str, typer.Argument(metavar="NAME", help="A name in adapters.", show_default=False)],
    *,
    request: Annotated[
        str, typer.Option("--request", metavar="FILE", help="A request, as clients send it.", show_default=False)
    ] = "",
    answer: Annotated[
        str, typer.Option("--answer", metavar="FILE", help="An answer, as the other side gives it.", show_default=False)
    ] = "",
    config: CONFIG = ROUTES,
    json: JSON = False,
) -> None:
    """See LESSON."""
    from proxy.cli.adapter.trial import try_answer, try_request
    from proxy.cli.terminal import say_folded, say_json

    if action is AdapterAction.NEW:
        _begin(config, name)
        return
    if bool(request) is bool(answer):
        complain("name one of --request FILE and --answer FILE", "See `banyan adapter --help`.")
        leave(UNUSABLE)
    policy = _adapter(config, name)
    said = _message(request or answer, is_answer=bool(answer))
    trial = try_answer(policy, said) if answer else try_request(policy, said)
    if json:
        say_json(trial)
    else:
        say_folded(_lines(trial), hang=4)
    leave(FOUND if trial.after is None else FINE)


def _begin(config: Path, name: str) -> None:
    """Write the file, and say what to write in routes.yaml."""
    from proxy.cli.adapter.starting_file import starting_file
    from proxy.cli.terminal import say

    if not re.fullmatch(r"[A-Za-z0-9_-]{1,100}", name):
        complain(f"{name!r} is no name for a file.", "Use letters, digits, - and _.")
        leave(UNUSABLE)
    file = config.parent / "adapters" / f"{name}.py"
    try:
        file.parent.mkdir(exist_ok=True)
        with file.open("x", encoding="utf-8") as written:
            written.write(starting_file(name))
    except OSError as error:
        complain(f"{file} cannot be written: {error.strerror}", "Nothing is overwritten: take another name.")
        leave(UNUSABLE)
    say(f"{file} is written; it changes nothing yet. In {config}:")
    say(f"  adapters: {{ {name}: {{ speaks: legacy, code: adapters/{name}.py }} }}")
    say(f"and adapter: {name} on a route.")


def _adapter(config: Path, name: str) -> AdapterPolicy:
    """Of the file that `serve` would take; each of its adapters is some route's."""
    from proxy.cli.routes_file import load_or_leave
    from proxy.core.nearest import nearest
    from proxy.core.translation.adapter_policy import adapter_of

    found = [adapter_of(route.steps) for route in load_or_leave(config).snapshot.routes]
    known = {each.name: each for each in found if each is not None}
    if name not in known:
        meant = nearest(name, known)
        cure = f"Did you mean {meant}?" if meant else f"It has: {', '.join(sorted(known)) or 'none'}."
        complain(f"{config} has no adapter {name!r}.", cure)
        leave(UNUSABLE)
    return known[name]


def _message(file: str, *, is_answer: bool) -> WrittenMessage:
    from proxy.cli.adapter.written_message import read_message

    try:
        data = typer.get_binary_stream("stdin").read(_LONGEST) if file == "-" else Path(file).read_bytes()[:_LONGEST]
    except OSError as error:
        complain(f"the message cannot be read: {error}", "See `banyan adapter --help`.")
        leave(UNUSABLE)
    found = read_message(data, is_answer=is_answer)
    if isinstance(found, str):
        complain(f"{file} is not the message that was named: {found}", "See `banyan adapter --help`.")
        leave(UNUSABLE)
    return found


def _lines(trial: Trial) -> Iterator[str]:
    """For people."""
    yield f"adapter {trial.adapter} translates {trial.translates}"
    yield from _of_message("before", trial.before)
    for step in trial.steps:
        yield painted(step.step, Ink.STRONG)
        yield f"  {step.left}"
    if trial.after is not None:
        yield from _of_message("after", trial.after)
    else:
        yield painted(f"it cannot be translated, {trial.status}: {trial.problem}", Ink.BAD)


def _of_message(title: str, message: ShownMessage) -> Iterator[str]:
    yield painted(title, Ink.STRONG)
    yield f"  {message.start}"
    for line in message.fields:
        yield f"  {line}"
    for line in message.body.splitlines():
        yield f"  {line}"
