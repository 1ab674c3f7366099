"""What a process begins with: the file if it is good, else the last good one with a loud warning, else nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from proxy.app.code_problems import importable
from proxy.config.checks.tls_files import BadFile, newly_bad
from proxy.config.files import lastgood
from proxy.config.load import Loaded, load_file, load_texts
from proxy.config.text.named_files import NamedFiles
from proxy.config.text.problem import FileProblem
from proxy.config.text.written_texts import Texts
from proxy.core.routing.snapshot import Snapshot
from proxy.tls.live_contexts import ListenerContexts


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """`problems` are those of the file when `snapshot` is the last good one.

    `contexts` are what clients are shown, as loaded before the first child was born: who is born later and finds files
    that cannot be used serves with these. `named` are the files that were read for `texts`.
    """

    snapshot: Snapshot
    texts: Texts
    warnings: Sequence[str] = ()
    problems: Sequence[FileProblem] = ()
    bad_files: tuple[BadFile, ...] = ()
    contexts: ListenerContexts | None = None
    named: NamedFiles = field(default_factory=NamedFiles)

    def again(self, config: Path, env: Mapping[str, str]) -> Start:
        """For a child that is born later; addresses stay those that were bound."""
        found = _of_several(config, env) or first_start(config, env)
        if not isinstance(found, Start) or newly_bad(found.bad_files, self.snapshot, found.snapshot):
            return self
        mine = self.snapshot
        tls = mine.tls if mine.tls is None or found.snapshot.tls is None else found.snapshot.tls
        bound = replace(found.snapshot, listen=mine.listen, admin=mine.admin, workers=mine.workers, tls=tls)
        return replace(found, snapshot=bound, contexts=self.contexts)

    def with_contexts(self) -> Start | Sequence[FileProblem]:
        """Ready to have children, or what is wrong with the listener's files."""
        if self.snapshot.tls is None:
            return self
        bad = [file.problem for file in self.bad_files if not file.upstream and not file.usable]
        return bad or replace(self, contexts=ListenerContexts(self.snapshot.tls))


def first_start(config: Path, env: Mapping[str, str]) -> Start | Sequence[FileProblem]:
    """The start, or why there is none."""
    found = importable(load_file(config, env), config)
    if isinstance(found, Loaded):
        return _started(found)
    kept = lastgood.load(lastgood.directory(config, env))
    if kept is None:
        return found
    last = load_texts(kept, config, env)
    if not isinstance(last, Loaded):
        return found
    return replace(_started(last), problems=found)


def _of_several(config: Path, env: Mapping[str, str]) -> Start | None:
    """What ran last, where it was of several files: an edit of some of them is not taken before all are still, and
    control, who watches them, is not asked here. None: it was of one.
    """
    kept = lastgood.load(lastgood.directory(config, env))
    if kept is None or not kept.included:
        return None
    last = load_texts(kept, config, env)
    return _started(last) if isinstance(last, Loaded) else None


def _started(loaded: Loaded) -> Start:
    return Start(
        snapshot=loaded.snapshot,
        texts=loaded.texts,
        warnings=loaded.warnings,
        bad_files=loaded.bad_files,
        named=loaded.named,
    )
