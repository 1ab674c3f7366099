"""One PostgreSQL server process over one directory: made, started, watched, stopped. Nothing here awaits.

    DIRECTORY/data          PostgreSQL's own
    DIRECTORY/server.log    what it says, since the last start
    DIRECTORY/lock          held by the Banyan whose child the server is

Rule 1: it listens on a Unix socket in a folder of its own that nobody else may enter, and on no port.
Rule 2: a data directory is complete or not there: it is made under another name and then renamed.
Rule 3: a server that runs without the Banyan that started it is an orphan; it is ended before another starts. A process
id is believed only when that process is PostgreSQL over this very directory.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import signal
import stat
import subprocess
import tempfile
from pathlib import Path
from urllib.parse import quote

from proxy.store.embedded.binaries import Binaries, NoPostgres, binaries_for
from proxy.store.embedded.privilege import Identity, until_we_die

_LONGEST_SOCKET = 100
_SOCKET = ".s.PGSQL.5432"
_MODEST = ("shared_buffers=32MB", "max_connections=30", "log_min_messages=warning", "log_checkpoints=off")
_THROW_AWAY = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


class Server:
    """What can be done with the server of `directory`. `durable=False` is for data that nobody will miss."""

    def __init__(
        self, directory: Path, who: Identity, binaries: Binaries | None = None, *, durable: bool = True
    ) -> None:
        """Nothing is made or started."""
        self.directory = directory.absolute()
        self.data = self.directory / "data"
        self._who = who
        self._durable = durable
        self._binaries = binaries
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def sockets(self) -> Path:
        """Where the socket is: beside the data, or in the temporary directory when that path is too long for one."""
        inside = self.directory / "socket"
        if len(os.fsencode(inside / _SOCKET)) <= _LONGEST_SOCKET:
            return inside
        mark = hashlib.sha256(os.fsencode(self.directory)).hexdigest()[:16]
        return Path(tempfile.gettempdir(), f"banyan-{os.geteuid()}-{mark}")

    @property
    def address(self) -> str:
        """For a client on this machine."""
        return f"postgresql://postgres@/postgres?host={quote(str(self.sockets), safe='')}"

    @property
    def pid(self) -> int | None:
        """Of the server over this directory, whoever started it; None when there is none."""
        return next((pid for pid in (self._recorded(),) if pid and self._is_ours(pid)), None)

    def make(self) -> None:
        """The data directory, if there is none; blocks for a second."""
        self._binaries = self._binaries or binaries_for(self._major())
        self._private(self.directory)
        if self._major() is not None:
            return
        fresh = self.directory / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        command = [str(self._binaries.folder / "initdb"), "-D", str(fresh), "-U", "postgres", "-A", "trust"]
        command += ["--locale=C.UTF-8", "--encoding=UTF8", *([] if self._durable else ["--no-sync"])]
        made = subprocess.run(  # noqa: S603 - our own arguments
            [*self._who.prefix, *command],
            capture_output=True,
            text=True,
            check=False,
            cwd=self.directory,
            user=self._who.user,
            group=self._who.user,
            extra_groups=self._who.groups,
        )
        if made.returncode:
            raise NoPostgres(f"initdb failed in {self.directory}: {made.stderr.strip()[-500:]}")
        fresh.rename(self.data)

    def start(self) -> None:
        """Start it; it is ready when `ready` says so. Call it from a thread that lives as long as the server shall."""
        folder = (self._binaries or binaries_for(self._major())).folder
        self._private(self.sockets)
        self._forget_dead()
        settings = (
            "listen_addresses=",
            f"unix_socket_directories={self.sockets}",
            "unix_socket_permissions=0700",
            *_MODEST,
            *(() if self._durable else _THROW_AWAY),
        )
        options = [part for setting in settings for part in ("-c", setting)]
        with (self.directory / "server.log").open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own arguments
                [*self._who.prefix, *until_we_die(), str(folder / "postgres"), "-D", str(self.data), *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.directory,
                start_new_session=True,  # Ctrl-C is for Banyan, which then stops its server in order
                user=self._who.user,
                group=self._who.user,
                extra_groups=self._who.groups,
            )

    def ready(self) -> bool:
        """Whether the server takes connections now."""
        return self.pid is not None and self._line(7) == "ready" and (self.sockets / _SOCKET).exists()

    def ended(self) -> bool:
        """Whether the server that `start` started is no more (its end is noticed here)."""
        return self._process is None or self._process.poll() is not None

    def send(self, number: signal.Signals) -> None:
        """A signal to the server: SIGINT ends it in order, SIGQUIT at once, SIGKILL without a word."""
        if (pid := self.pid) is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def log_end(self) -> str:
        """The last 500 characters of the server's log."""
        try:
            return (self.directory / "server.log").read_text(encoding="utf-8", errors="replace").strip()[-500:]
        except OSError:
            return ""

    def _private(self, folder: Path) -> None:
        """A folder of the server's, closed to others; NoPostgres when somebody else's stands there."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {os.geteuid(), self._who.user}:
            raise NoPostgres(f"{folder} is not a directory of this user; move it away")
        folder.chmod(0o700)
        self._who.own(folder)

    def _major(self) -> int | None:
        try:
            return int((self.data / "PG_VERSION").read_text(encoding="ascii"))
        except FileNotFoundError:
            return None

    def _line(self, number: int) -> str:
        """Of postmaster.pid: 0 the process, 7 its state."""
        try:
            lines = (self.data / "postmaster.pid").read_text(encoding="utf-8", errors="replace").splitlines()
        except FileNotFoundError:
            return ""
        return lines[number].strip() if len(lines) > number else ""

    def _recorded(self) -> int | None:
        text = self._line(0)
        return int(text) if text.isdecimal() and int(text) > 1 else None

    def _is_ours(self, pid: int) -> bool:
        try:
            arguments = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            return False
        return os.fsencode(self.data) in arguments and arguments[0].endswith(b"postgres")

    def _forget_dead(self) -> None:
        """The process id of a dead server may be another's by now (often so in a container), and it would not start."""
        if self.pid is None:
            for left in (self.data / "postmaster.pid", self.sockets / _SOCKET, self.sockets / f"{_SOCKET}.lock"):
                left.unlink(missing_ok=True)
