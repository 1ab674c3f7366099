"""Whether the hot path is compiled here (`hatch_build.py`), which a wheel alone can have."""

from __future__ import annotations

from enum import StrEnum

from proxy.core import stage


class Build(StrEnum):
    """What the hot path runs as."""

    COMPILED = "compiled"
    INTERPRETED = "interpreted"


BUILD = Build.INTERPRETED if stage.__file__.endswith(".py") else Build.COMPILED
"""All that is compiled is compiled in one unit, so one file tells."""
SLOW = (
    "this build is interpreted: a request takes about 1.4 times the processor time of a compiled one. Install a wheel "
    "for this machine, or anew with a C compiler and Python's headers "
    "(on Debian: apt-get install gcc libc6-dev python3-dev)"
)
