"""Contexts that follow their files: a new file is taken by the connections to come, a bad one leaves the old.

Rule 1: a look is a stat of each file; what changed is read whole and tried before anything is replaced.
Rule 2: what cannot be used is named in `problem` until it can; connections in flight never notice any of it.
Rule 3: the looks may be in a thread, one at a time; what they change is one reference.
"""

from __future__ import annotations

import os
import ssl
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from proxy.core.tls import ListenerTls, UpstreamTls
from proxy.tls.certificate import Certificate, fits
from proxy.tls.contexts import UnusableError, certificate_in, client_context, server_context

Signature = tuple[tuple[int, ...], ...]


class UpstreamContext:
    """The context of connections to one upstream; `context` is None while there never was a usable one."""

    def __init__(self, tls: UpstreamTls) -> None:
        """Reads the files; what is wrong with them stands in `problem`."""
        self.tls = tls
        self.context: ssl.SSLContext | None = None
        self.problem = ""
        self.ends: float | None = None
        """When the client certificate ends, in unix seconds; None where there is none."""
        self._seen: Signature = ()
        self.refresh(force=True)

    def to_use(self) -> ssl.SSLContext:
        """The context; raises OSError where there is none, which says why."""
        if self.context is None:
            message = f"its TLS cannot be set up: {self.problem}"
            raise OSError(message)
        return self.context

    def refresh(self, *, force: bool = False) -> bool:
        """Look at the files; whether they were read anew, with whatever result."""
        seen = signature(self.tls.files)
        if seen == self._seen and not force:
            return False
        self._seen = seen
        try:
            self.context, self.problem = client_context(self.tls), ""
            self.ends = certificate_in(self.tls.cert).ends if self.tls.cert else None
        except UnusableError as error:
            self.problem = str(error)
        return True


class ListenerContexts:
    """What clients are shown; `context` chooses among the certificates by the name that a client asks for."""

    def __init__(self, tls: ListenerTls, now: Callable[[], float] = time.time) -> None:
        """UnusableError when the files cannot be used; `now` is unix time."""
        self.tls = tls
        self.problem = ""
        self._now = now
        self._seen = signature(_files(tls))
        self.context, self._held = _load(tls)

    def refresh(self, *, force: bool = False) -> bool:
        """Look at the files; whether they were read anew, with whatever result."""
        seen = signature(_files(self.tls))
        if seen == self._seen and not force:
            return False
        self._seen = seen
        try:
            context, held = _load(self.tls)
            self._refuse_older(held)
        except UnusableError as error:
            self.problem = str(error)
        else:
            self.context, self._held, self.problem = context, held, ""
        return True

    @property
    def ends(self) -> list[float]:
        """When each certificate ends, in unix seconds."""
        return [certificate.ends for certificate in self._held]

    def _refuse_older(self, held: list[Certificate]) -> None:
        """A certificate that has ended never takes the place of one that has not."""
        now = self._now()
        for files, new, old in zip(self.tls.certificates, held, self._held, strict=True):
            if new.ends < now <= old.ends:
                raise UnusableError("cert", files.cert, f"has expired on {day(new.ends)}; the one before it serves on")


def signature(paths: Iterable[str]) -> Signature:
    """What tells one content of these files from another without reading them; of one that is not there, nothing."""
    marks: list[tuple[int, ...]] = []
    for path in paths:
        try:
            stat = os.stat(path)  # noqa: PTH116 -- a Path of each file at every look is not needed
        except (OSError, ValueError):
            marks.append(())
        else:
            marks.append((stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns))
    return tuple(marks)


def day(moment: float) -> str:
    """A unix time as `YYYY-MM-DD HH:MM UTC`."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _files(tls: ListenerTls) -> list[str]:
    paths = [path for files in tls.certificates for path in (files.cert, files.key)]
    return [*paths, tls.client_ca] if tls.client_ca else paths


def _load(tls: ListenerTls) -> tuple[ssl.SSLContext, list[Certificate]]:
    """The first certificate's context, which hands over to the others, and what each certificate says."""
    held = [certificate_in(files.cert) for files in tls.certificates]
    contexts = [server_context(files, tls) for files in tls.certificates]
    names = [files.hosts or certificate.names for files, certificate in zip(tls.certificates, held, strict=True)]
    default = contexts[0]
    if len(contexts) > 1:
        default.sni_callback = _chooser(list(zip(names, contexts, strict=True)))
    return default, held


def _chooser(
    choices: list[tuple[tuple[str, ...], ssl.SSLContext]],
) -> Callable[[ssl.SSLObject, str | None, ssl.SSLContext], None]:
    """What the library calls with the name that a client asks for; an exact name goes before one with `*`."""
    exact = {name: context for names, context in reversed(choices) for name in names}
    starred = [(name, context) for names, context in choices for name in names if name.startswith("*.")]

    def choose(connection: ssl.SSLObject, name: str | None, _first: ssl.SSLContext) -> None:
        host = (name or "").lower().removesuffix(".")  # clients send it as typed, though RFC 6066 section 3 says none
        context_for_name = exact.get(host) or next((context for star, context in starred if fits(star, host)), None)
        if context_for_name is not None:
            connection.context = context_for_name

    return choose
