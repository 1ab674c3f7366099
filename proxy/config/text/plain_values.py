"""Nodes → plain Python values: variables replaced, scalars resolved, every problem noted at its place.

Rule 1: a value that cannot be had becomes `BROKEN`, about which no later step says anything more.
Rule 2: a variable (`${NAME}`, `${NAME:-default}`) stands anywhere within a value, quoted or not, never in a key; what
        it brings is not read again. `:-` is the shell's: the default holds when the variable is missing or empty.
Rule 3: any other `$` is itself; `$$` is one `$`, so `$${X}` means the text `${X}`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from proxy.config.text.document import MapNode, Node, ScalarNode
from proxy.config.text.problem import FileProblem, FromEnvironment, Path, where
from proxy.config.text.scalar import Surprise, meaning, resolve

_ANYBODY = "; or anonymous, if anybody may call"
_MARK = re.compile(r"\$\$|\$\{(?P<inside>[^}]*)(?P<end>\}?)")
_INSIDE = re.compile(r"(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>.*))?", re.DOTALL)


class WrongVariable(NamedTuple):
    """A sentence; `lacks` is the variable that the environment has not, empty: it is no variable."""

    message: str
    lacks: str = ""


def substitute(text: str, env: Mapping[str, str]) -> tuple[str, list[WrongVariable]]:
    """The text with its variables replaced, and what is wrong with them."""
    wrong: list[WrongVariable] = []

    def replace(found: re.Match[str]) -> str:
        if found[0] == "$$":
            return "$"
        inside = _INSIDE.fullmatch(found["inside"])
        if inside is None or not found["end"]:
            cure = "write ${NAME} or ${NAME:-default}, or $${ to mean the text"
            wrong.append(WrongVariable(f"{found[0]} is no variable; {cure}"))
            return ""
        name, default = inside["name"], inside["default"]
        if name not in env and default is None:
            message = f"the environment has no {name}; set it, or give a default: ${{{name}:-…}}"
            wrong.append(WrongVariable(message, name))
        return env.get(name, "") if default is None else env.get(name) or default

    return _MARK.sub(replace, text), wrong


class Broken:
    """The one value that no schema accepts."""


BROKEN: Final = Broken()


class Reader:
    """Reads nodes; problems gather in `problems`. `shown` is how a problem names the way to its value."""

    def __init__(self, env: Mapping[str, str], shown: Callable[[Path], Path] = lambda path: path) -> None:
        self.problems: list[FileProblem] = []
        self._env = env
        self._shown = shown

    def value(self, node: Node, path: Path) -> object:
        """Dicts, lists, text, numbers, truth values, None, or `BROKEN`."""
        match node:
            case ScalarNode():
                return self._scalar(node, path)
            case MapNode():
                return {key: self.value(entry.value, (*path, key)) for key, entry in node.entries.items()}
            case _:
                return [self.value(item, (*path, at)) for at, item in enumerate(node.items)]

    def _scalar(self, node: ScalarNode, path: Path) -> object:
        if "$" in node.text:
            return self._variable(node, path)
        if not node.plain:
            return node.text
        found = resolve(node.text)
        if found is None:
            return self._broken(node, path, "is empty; give it a value, or take it out")
        if isinstance(found, Surprise):
            return self._broken(node, path, f"{found.message}{_ANYBODY if _says_who_may_call(path) else ''}")
        return found

    def _variable(self, node: ScalarNode, path: Path) -> object:
        text, wrong = substitute(node.text, self._env)
        for each in wrong:
            self._broken(node, path, each.message, each.lacks)
        if wrong:
            return BROKEN
        if "${" not in node.text:
            return text
        found = meaning(text) if node.plain else text
        return FromEnvironment.of(text, node.text) if isinstance(found, str) or not text else found

    def _broken(self, node: ScalarNode, path: Path, message: str, lacks: str = "") -> Broken:
        shown, line, column = where(self._shown(path)), node.line, node.column
        self.problems.append(
            FileProblem(file=node.file, line=line, column=column, where=shown, message=message, lacks=lacks)
        )
        return BROKEN


def _says_who_may_call(path: Path) -> bool:
    """Where neither truth value is an answer."""
    return path[-1:] == ("auth_default",) or (path[:1], path[-1:]) == (("routes",), ("auth",))
