"""`banyan schema`: the JSON Schema of routes.yaml, for editors."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from proxy.cli.help_text import FINE, UNUSABLE, Lesson
from proxy.cli.terminal import complain, leave, say

LESSON = Lesson(
    purpose="Print the JSON Schema of routes.yaml, for editors.",
    more="An editor with YAML support completes and checks the file when its first line is "
    "`# yaml-language-server: $schema=./routes.schema.json`.",
    example="banyan schema --write routes.schema.json",
    exits={FINE: "printed or written", UNUSABLE: "wrong usage, or the file cannot be written"},
)


def schema(
    *,
    write: Annotated[Path | None, typer.Option(metavar="FILE", help="Write it there instead of to stdout.")] = None,
    included: Annotated[bool, typer.Option("--included", help="That of a file which routes.yaml includes.")] = False,
) -> None:
    """See LESSON."""
    from proxy.config.jsonschema import schema_text

    text = schema_text(included=included)
    if write is None:
        say(text)
        return
    try:
        write.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        complain(f"{write} cannot be written: {error.strerror}", "Name a file in a folder that exists.")
        leave(UNUSABLE)
