"""Whether the code of a table's adapters can be imported: told as what is wrong with the file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from proxy.config.load import Loaded
from proxy.config.text.problem import FileProblem
from proxy.core.routing.snapshot import Snapshot
from proxy.core.translation.adapter_policy import adapter_of

if TYPE_CHECKING:
    from proxy.app.reloads import Watch


class ImportingWatch:
    """A watch that also tells of code that cannot be imported."""

    def __init__(self, watch: Watch, config: Path) -> None:
        """`watch` reads the files."""
        self._watch = watch
        self._config = config

    def poll(self) -> Loaded | list[FileProblem] | None:
        """As `Watch` says."""
        found = self._watch.poll()
        return None if found is None else importable(found, self._config)

    def force(self) -> None:
        """As `Watch` says."""
        self._watch.force()


def importable(found: Loaded | list[FileProblem], config: Path) -> Loaded | list[FileProblem]:
    """The same, or what is wrong with its adapters' code."""
    return (code_problems(found.snapshot, config) or found) if isinstance(found, Loaded) else found


def code_problems(snapshot: Snapshot, config: Path) -> list[FileProblem]:
    """Each adapter's code is run once, in a process as it will have; what cannot be imported, by file and line."""
    from proxy.translator.code_trial import import_problem  # noqa: PLC0415 -- few files have code, and need what starts it

    adapters = {adapter_of(route.steps): None for route in snapshot.routes if route.steps}
    found = []
    for adapter in adapters:
        if adapter is not None and adapter.code is not None and (problem := import_problem(adapter)) is not None:
            file = str(config.parent / adapter.code.file)
            message = f"does not import: {problem.problem}"
            found.append(FileProblem(file=file, line=problem.line or 1, column=1, where="", message=message))
    return found
