"""The processes of a story: they are waited for within bounds, and end with it."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest

from examples.stage import children as stage
from examples.stage.children import Children, StoryError
from examples.stage.commands import run_to_end
from tests.waiting import until


def command(code: str) -> list[str]:
    return [sys.executable, "-c", code]


async def test_a_word_that_is_never_said_ends_the_story(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With what was waited for, instead of waiting for ever for a process that hangs."""
    monkeypatch.setattr(stage, "PATIENCE", 0.2)
    with Children(tmp_path) as children:
        child = children.start("service", command("import time; time.sleep(600)"))
        with pytest.raises(StoryError, match="for service to say 'listening'"):
            await children.until_said(child, "listening")


async def test_a_process_that_ends_meanwhile_is_told(tmp_path: Path) -> None:
    """By its last words."""
    with Children(tmp_path) as children:
        child = children.start("service", command("raise SystemExit('no port')"))
        with pytest.raises(StoryError, match="service ended with 1: no port"):
            await children.until_said(child, "listening")


async def test_a_command_ends_with_the_story(tmp_path: Path) -> None:
    """Whoever interrupts it while a command runs leaves no command behind."""
    said = tmp_path / "pid"
    code = f"import os, time; open({str(said)!r}, 'w').write(f'{{os.getpid()}} '); time.sleep(600)"
    running = asyncio.ensure_future(run_to_end(command(code)))
    await until(lambda: said.exists() and said.read_text().endswith(" "))
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running

    process = Path("/proc", said.read_text().strip())
    await until(lambda: not process.exists())


async def test_what_a_command_says_and_how_it_leaves() -> None:
    """Both of its outputs, in their order, and what it was given."""
    code = "import sys; print(sys.stdin.read(), flush=True); print('wrong', file=sys.stderr); sys.exit(3)"
    said = await run_to_end(command(code), given="word", env=dict(os.environ))

    assert (said.code, said.text) == (3, "word\nwrong\n")
