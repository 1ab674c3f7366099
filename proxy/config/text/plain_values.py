"""Nodes → plain Python values: variables replaced, scalars resolved, every problem noted at its place.

A value that cannot be had becomes `BROKEN`, about which no later step says anything more.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from proxy.config.text.document import MapNode, Node, ScalarNode
from proxy.config.text.environment import substitute
from proxy.config.text.problem import FileProblem, FromEnvironment, Path, where
from proxy.config.text.scalar import Surprise, meaning, resolve


class Broken:
    """The one value that no schema accepts."""


BROKEN: Final = Broken()


class Reader:
    """Reads the nodes of one file; problems gather in `problems`."""

    def __init__(self, file: str, env: Mapping[str, str]) -> None:
        self.problems: list[FileProblem] = []
        self._file = file
        self._env = env

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
        return self._broken(node, path, found.message) if isinstance(found, Surprise) else found

    def _variable(self, node: ScalarNode, path: Path) -> object:
        text, wrong = substitute(node.text, self._env)
        for message in wrong:
            self._broken(node, path, message)
        if wrong:
            return BROKEN
        if "${" not in node.text:
            return text
        found = meaning(text) if node.plain else text
        return FromEnvironment.of(text, node.text) if isinstance(found, str) or not text else found

    def _broken(self, node: ScalarNode, path: Path, message: str) -> Broken:
        problem = FileProblem(file=self._file, line=node.line, column=node.column, where=where(path), message=message)
        self.problems.append(problem)
        return BROKEN
