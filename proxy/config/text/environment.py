"""`${NAME}`, `${NAME:-default}` and `$$` in the values of routes.yaml.

Rule 1: a variable stands anywhere within a value, quoted or not, never in a key; what it brings is not read again.
Rule 2: `:-` is the shell's: the default holds when the variable is missing or empty.
Rule 3: any other `$` is itself; `$$` is one `$`, so `$${X}` means the text `${X}`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

_MARK = re.compile(r"\$\$|\$\{(?P<inside>[^}]*)(?P<end>\}?)")
_INSIDE = re.compile(r"(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>.*))?", re.DOTALL)


def substitute(text: str, env: Mapping[str, str]) -> tuple[str, list[str]]:
    """The text with its variables replaced, and what is wrong with them."""
    wrong: list[str] = []

    def replace(found: re.Match[str]) -> str:
        if found[0] == "$$":
            return "$"
        inside = _INSIDE.fullmatch(found["inside"])
        if inside is None or not found["end"]:
            wrong.append(f"{found[0]} is no variable; write ${{NAME}} or ${{NAME:-default}}, or $${{ to mean the text")
            return ""
        name, default = inside["name"], inside["default"]
        if name not in env and default is None:
            wrong.append(f"the environment has no {name}; set it, or give a default: ${{{name}:-…}}")
        return env.get(name, "") if default is None else env.get(name) or default

    return _MARK.sub(replace, text), wrong


def cores() -> int:
    """How many processors this process may run on."""
    return len(os.sched_getaffinity(0))
