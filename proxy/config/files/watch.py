"""Notices that routes.yaml has changed, whatever the way, and says what the change means.

Rule 1: a look is a stat; the content is read when that differs, and at least every two seconds (R22): some file systems
        keep times too coarse to tell two edits apart.
Rule 2: what runs is compared by content, so a touched file is no change, and an older time is no reason to keep it.
Rule 3: a text that only lacks the end of what runs is taken for half-written: refused when it stops within a line,
        else taken once it has stayed so for `CUT`. SIGHUP takes it as it is.
Rule 4: a file that cannot be read is told once it has stayed so for a moment: editors move files out of the way.
Rule 5: a file that is read for routes.yaml (`named_files.py`) is looked at likewise, and taken over once it has stayed
        as it is for a moment; SIGHUP takes it at once.
Rule 6: where there are included files, all that differ are taken together, once all have stayed as they are for a
        moment; none of them may be half-written. Which files these are is known by a load: one that reads what was
        not seen to stay is put off by a moment. A missing one is a problem of the file that names it.
Rule 7: every problem is told once; when the file is again what runs, that is told too, as a load of the same text.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from proxy.config.load import Loaded, load_bytes, unreadable
from proxy.config.text.included_files import IncludedFiles
from proxy.config.text.named_files import NamedFiles
from proxy.config.text.problem import FileProblem
from proxy.config.text.source import Signature, read_source, signature_of
from proxy.config.text.written_texts import Texts

READ_EVERY = 2.0
SETTLE = 0.5
CUT = 3.0
"""Seconds for which a file stays as it is that is only shorter than what runs: whoever writes it may not be done."""
_NOTHING: Mapping[Path, bytes | str] = {}
_PUT_OFF = object()
"""What was told of a load that was put off: nothing that a file could be."""


def elapsed() -> float:
    """Seconds since a moment in the past that no change of the date moves (times(2))."""
    return os.times().elapsed


class FileWatch:
    """`poll` is meant to be called every 200 ms, from one thread at a time; it never raises."""

    def __init__(
        self,
        path: Path,
        env: Mapping[str, str],
        *,
        running: Texts,
        named: NamedFiles | None = None,
        now: Callable[[], float] = elapsed,
    ) -> None:
        """`running` is what runs, `named` what was read for it; `now` a clock that only goes forward."""
        self._path = path
        self._env = env
        self._now = now
        self._running = running.main.encode("utf-8")
        self._named = NamedFiles() if named is None else named
        self._included = IncludedFiles(path.parent, running.included)
        self._runs_included = _bytes_of(path, running)
        self._told: object = None
        self._waiting: tuple[object, float] | None = None
        self._seen: Signature | str | None = None
        self._read_at = 0.0
        self._forced = False

    def force(self) -> None:
        """Take the file at the next poll as it is, changed or not."""
        self._forced = True

    def poll(self) -> Loaded | list[FileProblem] | None:
        """What there is to take over or to tell since the last call; None when there is nothing."""
        forced, self._forced = self._forced, False
        now = self._now()
        signature = signature_of(self._path)
        is_same = signature == self._seen and not self._named.are_touched() and not self._included.are_touched()
        if is_same and now < self._read_at and not forced:
            return None
        found = read_source(self._path)
        self._seen, self._read_at = signature, now + READ_EVERY
        if isinstance(found, str):
            return self._tell_unreadable(found, now, forced=forced)
        if forced:
            return self._take(found.data, forced=True)
        if not found.steady:
            self._seen = None
            return None
        return self._compare(found.data, now)

    def _tell_unreadable(self, sentence: str, now: float, *, forced: bool) -> list[FileProblem] | None:
        if not forced and (sentence == self._told or not self._settled(sentence, now)):
            return None
        self._told = sentence
        return [unreadable(self._path, sentence)]

    def _compare(self, data: bytes, now: float) -> Loaded | list[FileProblem] | None:
        if self._included:
            return self._compare_all(data, now)
        changed = self._named.changed()
        if changed:
            return self._take(data) if self._settled(changed, now) else None
        if data == self._told:
            return None
        if data == self._running:
            self._waiting = None
            return None if self._told is None else self._take(data)
        if not self._running.startswith(data):
            return self._take(data)
        if not data.endswith(b"\n"):
            return self._refuse_half(self._path, data, self._running, data)
        return self._take(data) if self._settled(data, now, CUT) else None

    def _compare_all(self, data: bytes, now: float) -> Loaded | list[FileProblem] | None:
        """Rule 6."""
        included = self._included.changed()
        found = (data, included, self._named.changed())
        if found == self._told:
            return None
        last = self._running if self._told is None else self._told
        if data == last and not included and not found[2]:
            self._waiting = None
            return None
        if not self._settled(found, now):
            return None
        for path, new in {self._path: data, **included}.items():
            old = self._running if path == self._path else self._runs_included.get(path, b"")
            if isinstance(new, bytes) and old.startswith(new) and new != old and not new.endswith(b"\n"):
                return self._refuse_half(path, new, old, found)
        return self._take(data, {**self._included.found, **included})

    def _settled(self, what: object, now: float, after: float = SETTLE) -> bool:
        """Whether this was seen a moment ago too; if not, the next look is due when that moment has passed."""
        if self._waiting is None or self._waiting[0] != what:
            self._waiting = (what, now)
        due = self._waiting[1] + after
        self._read_at = min(self._read_at, due)
        return now >= due

    def _take(
        self, data: bytes, still: Mapping[Path, bytes | str] = _NOTHING, *, forced: bool = False
    ) -> Loaded | list[FileProblem] | None:
        """The load of what is there now; None: it has read of included files what is not known to be `still`."""
        self._named, self._included = NamedFiles(), IncludedFiles(self._path.parent)
        found = load_bytes(data, str(self._path), self._env, self._named, self._included)
        self._waiting = None
        if not forced and any(still.get(path) != read for path, read in self._included.found.items()):
            self._told = _PUT_OFF
            return None
        if isinstance(found, Loaded):
            self._running, self._told = data, None
            self._runs_included = _bytes_of(self._path, found.texts)
        else:
            self._told = data
        return found

    def _refuse_half(self, path: Path, data: bytes, old: bytes, told: object) -> list[FileProblem]:
        self._told, self._waiting = told, None
        message = (
            f"looks half-written: these are the first {len(data)} of the {len(old)} bytes that run; "
            "finish the write, or send SIGHUP to load it as it is"
        )
        line = data.count(b"\n") + 1
        return [FileProblem(file=str(path), line=line, column=1, where="", message=f"the file {message}")]


def _bytes_of(main: Path, texts: Texts) -> Mapping[Path, bytes]:
    """The included files that run, by where they lie."""
    return {main.parent / path: text.encode("utf-8") for path, text in texts.included.items()}
