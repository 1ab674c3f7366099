"""Commands that the contract promises and this version does not have: they exist, and say so.

Rule 1: a script that calls one learns it by exit 2, never by silence or by a wrong exit 0.
Rule 2: each says what does the job until then.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import typer

from proxy.cli.help_text import UNUSABLE
from proxy.cli.terminal import complain, leave

LATER: Mapping[str, str] = {
    "probe": "`banyan status` shows what runs; ask an upstream itself with curl.",
}
"""Name of the command, and what to do instead."""

ANY_ARGUMENTS: dict[str, bool] = {"ignore_unknown_options": True, "allow_extra_args": True}
"""Settings that let such a command take whatever a later version would."""


def command_of(name: str) -> Callable[[typer.Context], None]:
    """The command `name`, which answers that it is not there yet."""

    def absent(_: typer.Context) -> None:
        complain(f"`{name}` is not in this version.", LATER[name])
        leave(UNUSABLE)

    return absent
