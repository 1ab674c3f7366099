"""`banyan demo`: a migration in miniature, to watch and to play with."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from proxy.cli.help_text import FINE, FOUND, UNUSABLE, Lesson
from proxy.cli.options import JSON
from proxy.cli.terminal import leave

LESSON = Lesson(
    purpose="Play a migration in miniature: two systems, Banyan, traffic.",
    more="Starts a legacy customer service, the CRM that takes it over and Banyan between them, all on this machine; "
    "sends real traffic, compares both systems' answers in the shadow until a release answers alike, and moves one "
    "route step by step by editing routes.yaml. On a terminal everything then stays up for you to try, until Ctrl-C. "
    "Elsewhere, and with --once, it ends with a verdict.",
    example="banyan demo --once",
    exits={
        FINE: "no request failed, every share was as its split, nobody went back, nothing was lost",
        FOUND: "something of that was not so, or could not start",
        UNUSABLE: "wrong usage, or --dir is not an empty folder",
    },
)


def demo(
    *,
    once: Annotated[bool, typer.Option("--once", help="Play it through, judge it, and leave.")] = False,
    speed: Annotated[float, typer.Option(min=0.1, max=10.0, help="2 is twice as fast.")] = 1.0,
    directory: Annotated[Path | None, typer.Option("--dir", metavar="DIR", help="Keep its files there.")] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Where clients ask; 0 takes a free port.")] = 0,
    json: JSON = False,
) -> None:
    """See LESSON."""
    from proxy.demo.run import DemoOptions, run

    leave(run(DemoOptions(once=once, json=json, speed=speed, port=port, folder=directory)))
