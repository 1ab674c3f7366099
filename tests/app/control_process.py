"""The control process alone, given what a supervisor would give it: CONFIG ADMIN_FD LINK_FD LAST_GOOD."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from pathlib import Path

from proxy.app.control import ControlInputs, serve_control
from proxy.config.files import kill_file
from proxy.config.files.watch import FileWatch
from proxy.config.load import Loaded, load_file
from proxy.config.readers import suspended_file
from proxy.log import Sink, set_up


def main(config: Path, admin: int, link: int, last_good: Path) -> None:
    sink = Sink(1)
    set_up("control", sink, console=False)
    env = dict(os.environ)
    loaded = load_file(config, env)
    problems = []
    if not isinstance(loaded, Loaded):
        problems, loaded = loaded, load_file(last_good, env)
    assert isinstance(loaded, Loaded), loaded
    given = ControlInputs(
        admin=socket.socket(fileno=admin),
        link=socket.socket(fileno=link),
        snapshot=loaded.snapshot,
        watch=FileWatch(config, env, running=loaded.texts),
        remember=lambda good: last_good.write_text(good.texts.main),
        kill_file=lambda written: kill_file.place(written, config, {}),
        suspended_file=lambda written: suspended_file.place(written, config),
        directory=last_good.parent,
        problems=problems,
        warnings=loaded.warnings,
    )
    asyncio.run(serve_control(given))
    sink.close()


main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]))
