"""Files with secrets that callers' and upstreams' blocks name: whether they are there, and who can get at them.

Rule 1: what is found is a warning: who renews a token may write it later, and a table that works goes on.
Rule 2: a secret that others can read is theirs as well; of one that they can change nobody knows whose it is.
"""

from __future__ import annotations

import stat
from pathlib import Path


def complaint_of(file: Path) -> str:
    """What is wrong with it, or nothing."""
    try:
        mode = stat.S_IMODE(file.stat().st_mode)
    except FileNotFoundError:
        return "the file is not there; until it is, what needs it is answered with 503"
    except OSError as error:
        return f"the file cannot be looked at: {error.strerror}"
    opened = " and ".join(word for bit, word in ((stat.S_IROTH, "read"), (stat.S_IWOTH, "change")) if mode & bit)
    return f"everybody on this machine can {opened} the file ({mode:03o}); chmod o= it" if opened else ""
