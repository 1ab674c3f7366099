"""As whom PostgreSQL runs: it refuses root, and `initdb` refuses a user without a name.

Rule 1: a normal user with a name starts it as itself.
Rule 2: otherwise it gets a user namespace in which that very user is called nobody: files keep their owner, no system
user is made, and no folder is opened for others.
Rule 3: where user namespaces are forbidden, root starts it as the user nobody, to whom the data is given; a user
without a name cannot start it at all.
Rule 4: when Banyan dies, the kernel asks PostgreSQL to shut down (`setpriv --pdeathsig`, where there is one).
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from proxy.store.embedded.binaries import NoPostgres

_NOBODY = 65534
_NAMESPACE = ("unshare", "--user", f"--map-user={_NOBODY}", f"--map-group={_NOBODY}")
_DEATH_SIGNAL = ("setpriv", "--pdeathsig", "INT")


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """How to start its programs: `prefix` before the command; `user` to become, None to stay who we are."""

    prefix: tuple[str, ...] = ()
    user: int | None = None

    def own(self, folder: Path) -> None:
        """Make a folder's owner the one who will run there."""
        if self.user is not None and folder.stat().st_uid != self.user:
            os.chown(folder, self.user, self.user)

    @property
    def groups(self) -> list[int] | None:
        """Further groups: none for another user, our own for ourselves."""
        return None if self.user is None else []


def identity() -> Identity:
    """The first of the ways above that works here; NoPostgres when none does."""
    if os.geteuid() != 0 and _has_name():
        return Identity()
    if _runs((*_NAMESPACE, "true")):
        return Identity(prefix=_NAMESPACE)
    if os.geteuid() == 0:
        return Identity(user=_NOBODY)
    raise NoPostgres(
        f"user id {os.geteuid()} has no name here and may not make a user namespace, so PostgreSQL would not start: "
        "run Banyan as a user that /etc/passwd names, or use state: postgresql://… or memory"
    )


def until_we_die() -> tuple[str, ...]:
    """Before the command of a server that is not to outlive us."""
    return _DEATH_SIGNAL if _runs((*_DEATH_SIGNAL, "true")) else ()


def _has_name() -> bool:
    try:
        pwd.getpwuid(os.geteuid())
    except KeyError:
        return False
    return True


def _runs(command: tuple[str, ...]) -> bool:
    if shutil.which(command[0]) is None:
        return False
    return subprocess.run(command, capture_output=True, check=False, timeout=10).returncode == 0  # noqa: S603 - fixed
