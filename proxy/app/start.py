"""What a process begins with: the file if it is good, else the last good one with a loud warning, else nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from proxy.config import lastgood
from proxy.config.load import Loaded, load_file, load_text
from proxy.config.problem import Problem
from proxy.core.snapshot import Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """`problems` are those of the file when `snapshot` is the last good one."""

    snapshot: Snapshot
    text: str
    warnings: Sequence[str] = ()
    problems: Sequence[Problem] = ()

    def again(self, config: Path, env: Mapping[str, str]) -> Start:
        """For a child that is born later; addresses stay those that were bound."""
        found = first_start(config, env)
        if not isinstance(found, Start):
            return self
        bound = replace(
            found.snapshot, listen=self.snapshot.listen, admin=self.snapshot.admin, workers=self.snapshot.workers
        )
        return replace(found, snapshot=bound)


def first_start(config: Path, env: Mapping[str, str]) -> Start | Sequence[Problem]:
    """The start, or why there is none."""
    found = load_file(config, env)
    if isinstance(found, Loaded):
        return Start(snapshot=found.snapshot, text=found.text, warnings=found.warnings)
    text = lastgood.load(lastgood.directory(config, env))
    if text is None:
        return found
    last = load_text(text, str(config), env)
    if not isinstance(last, Loaded):
        return found
    return Start(snapshot=last.snapshot, text=text, warnings=last.warnings, problems=found)
